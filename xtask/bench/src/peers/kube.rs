//! kube-client: `Config::auth_layer` with an exec plugin, which is this program; 60 s ahead.

use std::{
    env,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use kube_client::{
    Config,
    client::{ConfigExt, middleware::AuthLayer},
    config::{AuthInfo, ExecConfig, ExecInteractiveMode},
};
use serde_json::{Value, json};
use tower::{BoxError, Layer};

use crate::{
    endpoint,
    peer::{Answer, Caller, Inner, Layered, Peer, Setup},
};

const AHEAD: Duration = Duration::from_secs(60);

/// Its layer.
#[derive(Clone)]
pub struct Kube(Arc<AuthLayer>);

impl Peer for Kube {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let url = endpoint::publish(&setup.issuer, setup.due + AHEAD);
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": env::current_exe()?,
            "args": ["plugin", url],
            "provideClusterInfo": false,
        });
        let mut exec: ExecConfig = serde_json::from_value(exec)?;
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
        let mut config = Config::new(setup.origin.parse()?);
        config.auth_info = AuthInfo { exec: Some(exec), ..AuthInfo::default() };
        // It runs the plugin when it is built. That token is worth nothing.
        setup.issuer.prime(true);
        let layer = config.auth_layer();
        setup.issuer.prime(false);
        Ok(Self(Arc::new(layer?.ok_or("no layer")?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(self.0.layer(inner))
    }
}

/// What the plugin does: asks the endpoint, and says what kube wants to hear.
pub fn plugin(url: &str) -> io::Result<()> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or_default();
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let body: Value = serde_json::from_str(body)?;
    let Some(token) = body.get("access_token") else { return Err(io::Error::other("refused")) };
    let life = body.get("expires_in").and_then(Value::as_u64).unwrap_or(0);
    let end = jiff::Timestamp::now() + Duration::from_secs(life);
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": end.to_string()},
    });
    io::stdout().write_all(credential.to_string().as_bytes())
}
