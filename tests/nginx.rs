//! Another server's demand for a client certificate.

use std::{net::SocketAddr, process::Command};

use claviger_auth_core::{Error, ErrorKind};
use claviger_clara::{ClaraLayer, Client, Config, Country, Credentials};
use claviger_mtls::{Identity, Tls, Trust};
use http::StatusCode;
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::{
    authority::{Authority, Issued},
    clara_sandbox::{Full, get, ours, transport},
    real_software::{Running, Says, folder_with, free_address, needs},
};

/// nginx as a provider: a token endpoint that gives everybody the same token, and an API that says who asks.
pub(crate) struct Nginx {
    pub(crate) authority: Authority,
    /// A client certificate that is on its list of revoked ones.
    pub(crate) revoked: Issued,
    address: SocketAddr,
    _running: Running,
    _folder: tempfile::TempDir,
}

impl Nginx {
    pub(crate) async fn start(verify: &str, protocols: &str) -> Option<Self> {
        let program = needs("nginx")?;
        let authority = Authority::new("Some Authority");
        let revoked = authority.client("revoked");
        loop {
            let address = free_address().await;
            let server = authority.server();
            let folder = folder_with([
                ("ca.pem", authority.pem.clone()),
                ("crl.pem", authority.revoke(&revoked)),
                ("server.crt", server.certificate),
                ("server.key", server.key),
                ("nginx.conf", settings(address, verify, protocols)),
            ]);
            let mut command = Command::new(&program);
            command.arg("-p").arg(folder.path()).args(["-e", "error.log", "-c", "nginx.conf"]);
            let mut running = Running::start(&mut command, Says::OnStdout);
            // Else somebody else took the port in the meantime.
            if running.listens_on(address).await {
                return Some(Self { authority, revoked, address, _running: running, _folder: folder });
            }
            let log = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(log.contains("Address already in use"), "{log}");
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::given([self.authority.pem.as_bytes()]).unwrap()
    }

    pub(crate) fn config(&self, identity: Identity) -> Config {
        Config::new(Country::Mexico, Credentials::new("acme", "swordfish".into(), identity))
            .with_api_url(&self.url(""))
            .unwrap()
            .with_trust(self.trust())
    }

    /// What it says to a client with this certificate, or with none.
    pub(crate) async fn says_to(&self, identity: Option<Identity>) -> (StatusCode, String) {
        let tls = Tls::builder(self.trust());
        let tls = match identity {
            Some(identity) => tls.with_identity(identity),
            None => tls,
        };
        say(transport(tls).oneshot(get(&self.url("/"))).await.unwrap()).await
    }

    /// The failure of a stack that has no certificate, or one of another authority.
    async fn refuses(&self, identity: Option<Identity>) -> Error {
        let tls = Tls::builder(self.trust());
        let client = transport(match identity {
            Some(identity) => tls.with_identity(identity),
            None => tls,
        });
        let config = self.config(self.authority.client("acme").identity());
        let service = ClaraLayer::new(&config, client.clone()).unwrap().layer(client);
        service.oneshot(get(&self.url("/"))).await.map_err(ours).unwrap_err()
    }
}

async fn say(response: http::Response<hyper::body::Incoming>) -> (StatusCode, String) {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, String::from_utf8_lossy(&body).into_owned())
}

fn settings(address: SocketAddr, verify: &str, protocols: &str) -> String {
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};"))
        .join(" ");
    format!(
        "daemon off; master_process off; pid nginx.pid;
        events {{}}
        http {{
            access_log off; {folders}
            server {{
                listen {address} ssl http2;
                ssl_certificate server.crt; ssl_certificate_key server.key;
                ssl_protocols {protocols};
                ssl_client_certificate ca.pem; ssl_crl crl.pem; ssl_verify_client {verify};
                location = /oauth/token {{
                    default_type application/json;
                    return 200 '{{\"access_token\":\"from-nginx\",\"token_type\":\"Bearer\",\"expires_in\":300}}';
                }}
                location = /who {{
                    return 200 '$ssl_protocol $server_protocol $ssl_client_serial';
                }}
                location / {{
                    return 200 '$ssl_protocol|$ssl_client_verify|$ssl_client_s_dn|$http_authorization';
                }}
            }}
        }}"
    )
}

#[tokio::test]
async fn sees_certificate_and_token_over_either_version_of_tls() {
    for version in ["TLSv1.2", "TLSv1.3"] {
        let Some(nginx) = Nginx::start("on", version).await else { return };
        let client: Client<Full> =
            Client::new(&nginx.config(nginx.authority.client("acme").identity())).unwrap();
        let (status, said) = say(client.oneshot(get("/")).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(said, format!("{version}|SUCCESS|CN=acme|Bearer from-nginx"));
    }
}

#[tokio::test]
async fn its_page_about_a_missing_certificate_becomes_an_error_that_says_so() {
    let Some(nginx) = Nginx::start("on", "TLSv1.2 TLSv1.3").await else { return };
    // The handshake passes; what is missing is said by a page with status 400.
    let (status, page) = nginx.says_to(None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("No required SSL certificate was sent"), "{page}");
    let error = nginx.refuses(None).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::ClientCertificate, Some(StatusCode::BAD_REQUEST)));
    assert!(error.to_string().contains("demands a client certificate"), "{error}");
    assert!(error.advice().contains("client certificate"), "{}", error.advice());
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_in_the_same_way() {
    let Some(nginx) = Nginx::start("on", "TLSv1.2 TLSv1.3").await else { return };
    let foreign = Authority::new("Somebody Else's Authority").client("acme").identity();
    let (status, page) = nginx.says_to(Some(foreign.clone())).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{page}");
    let error = nginx.refuses(Some(foreign)).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::ClientCertificate, Some(StatusCode::BAD_REQUEST)));
    assert!(error.advice().contains("client certificate"), "{}", error.advice());
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_in_the_same_way() {
    for version in ["TLSv1.2", "TLSv1.3"] {
        let Some(nginx) = Nginx::start("on", version).await else { return };
        let (status, page) = nginx.says_to(Some(nginx.revoked.identity())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("The SSL certificate error"), "{page}");
        let error = nginx.refuses(Some(nginx.revoked.identity())).await;
        assert_eq!(error.kind(), ErrorKind::ClientCertificate);
        let (status, _) = nginx.says_to(Some(nginx.authority.client("acme").identity())).await;
        assert_eq!(status, StatusCode::OK, "another of the same authority is let in");
    }
}

#[tokio::test]
async fn a_server_that_only_asks_takes_both() {
    let Some(nginx) = Nginx::start("optional", "TLSv1.2 TLSv1.3").await else { return };
    let (status, said) = nginx.says_to(None).await;
    assert_eq!((status, &*said), (StatusCode::OK, "TLSv1.3|NONE||"));
    let (status, said) = nginx.says_to(Some(nginx.authority.client("acme").identity())).await;
    assert_eq!((status, &*said), (StatusCode::OK, "TLSv1.3|SUCCESS|CN=acme|"));
}
