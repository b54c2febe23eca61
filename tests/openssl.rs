//! OpenSSL: as another TLS client, and as another TLS server. As the writer of most keys there are, see `zoo`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use claviger_auth_core::ErrorKind;
use claviger_mtls::{Tls, Trust};
use http::StatusCode;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    authority::Authority,
    clara_sandbox::{ClaraSandbox, get, ours, transport},
    real_software::{Running, Says, folder_with, needs, run},
};

/// openssl in a folder of the test's own.
struct OpenSsl {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl OpenSsl {
    fn new() -> Option<Self> {
        Some(Self { program: needs("openssl")?, folder: tempfile::tempdir().unwrap() })
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(arguments.split(' '));
        command
    }
}

#[tokio::test]
async fn s_client_is_let_in_with_the_certificate_over_either_version_of_tls() {
    let sandbox = ClaraSandbox::start().await;
    let Some(openssl) = OpenSsl::new() else { return };
    sandbox.sandbox.write_dir(openssl.folder.path()).unwrap();
    let address = sandbox.clara().address();
    let request = format!("GET /api/v3/users HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let connect = format!("s_client -quiet -verify_return_error -CAfile ca.pem -connect {address}");
    let identity = "-cert clara/client.crt -key clara/client.key";
    for version in ["-tls1_2", "-tls1_3"] {
        let output = run(openssl.command(&format!("{connect} {version} {identity}")), &*request).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with("HTTP/1.1 401"), "{version}: {said}");
    }
    assert_eq!(sandbox.counts(), (0, 2));
    let output = run(openssl.command(&connect), &*request).await;
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.is_empty() && why.contains("certificate required"), "{said}{why}");
    assert_eq!(sandbox.counts(), (0, 2));
}

#[tokio::test]
async fn s_server_sees_our_certificate_over_either_version_of_tls() {
    let Some(openssl) = OpenSsl::new() else { return };
    let authority = Authority::new("Some Authority");
    let (server, client) = (authority.server(), authority.client("acme"));
    let folder = folder_with([
        ("ca.pem", authority.pem.clone()),
        ("server.crt", server.certificate),
        ("server.key", server.key),
    ]);
    let tls = || Tls::builder(Trust::given([authority.pem.as_bytes()]).unwrap());
    for version in ["-tls1_2", "-tls1_3"] {
        let (_running, url) = serve(&openssl, folder.path(), version).await;
        let shown = transport(tls().with_identity(client.identity()).with_http1_only());
        let response = shown.oneshot(get(&url)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let page = response.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("CN = acme") || page.contains("CN=acme"), "{version}: {page}");

        let error = transport(tls().with_http1_only()).oneshot(get(&url)).await.map_err(ours).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{version}: {error}");
    }
}

/// Starts a server that demands a certificate, and tells its URL.
async fn serve(openssl: &OpenSsl, folder: &Path, version: &str) -> (Running, String) {
    let demand = "-Verify 1 -verify_return_error -CAfile ca.pem -cert server.crt -key server.key";
    let mut command = openssl.command(&format!("s_server -accept 127.0.0.1:0 {version} {demand} -www"));
    let mut running = Running::start(command.current_dir(folder), Says::OnStdout);
    let address =
        running.wait_for_line(|line| line.strip_prefix("ACCEPT ").map(|rest| rest.trim().to_owned()));
    let url = format!("https://{}/", address.await);
    (running, url)
}
