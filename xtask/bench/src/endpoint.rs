//! The issuer behind plain HTTP on the loopback interface, for peers that bring their own client.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::issuer::Issuer;

type Issuers = Mutex<HashMap<String, (Arc<Issuer>, Duration)>>;

static ISSUERS: LazyLock<Issuers> = LazyLock::new(Issuers::default);

/// The port, once somebody asked for it. The server has a thread of its own: some peers block theirs.
static PORT: LazyLock<u16> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a port");
    listener.set_nonblocking(true).expect("a socket can be told not to block");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(serve(listener));
    });
    port
});

/// Puts `issuer` behind a URL; its tokens live as long as is said here.
pub fn publish(issuer: &Arc<Issuer>, life: Duration) -> String {
    let mut issuers = ISSUERS.lock().expect("nobody panics with the lock");
    let path = format!("/{}", issuers.len());
    issuers.insert(path.clone(), (Arc::clone(issuer), life));
    format!("http://127.0.0.1:{}{path}", *PORT)
}

async fn serve(listener: TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the socket does not block");
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer)),
        );
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let _ = request.into_body().collect().await;
    let found = ISSUERS.lock().expect("nobody panics with the lock").get(&path).cloned();
    let Some((issuer, life)) = found else { return Ok(plain(StatusCode::NOT_FOUND, "{}".to_owned())) };
    let life = if issuer.is_priming() { 0 } else { life.as_secs() };
    Ok(match issuer.issue().await {
        Ok(token) => plain(
            StatusCode::OK,
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life}}}"#),
        ),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"temporarily_unavailable"}"#.to_owned()),
    })
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
