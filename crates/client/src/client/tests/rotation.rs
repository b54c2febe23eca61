//! Another identity, under requests.

use claviger_auth_core::PublishIdentity;
use tokio::sync::Notify;

use super::*;

/// Tells when a slow request has come, and when it is to be answered.
#[derive(Default)]
struct Gate {
    arrived: Notify,
    open: Notify,
}

/// Says which certificate a request came with; to `/slow` once the gate is open.
async fn witness(stage: &Stage, gate: &Arc<Gate>) -> SocketAddr {
    let (acceptor, protocol) = (TlsAcceptor::from(Arc::new(stage.demanding())), stage.protocol);
    let gate = Arc::clone(gate);
    serve(move |tcp| {
        let (acceptor, gate) = (acceptor.clone(), Arc::clone(&gate));
        async move {
            let tls = acceptor.accept(tcp).await.unwrap();
            let certificate = tls.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            let service = service_fn(move |request: Request<Incoming>| {
                let (certificate, gate) = (certificate.clone(), Arc::clone(&gate));
                async move {
                    if request.uri().path() == "/slow" {
                        gate.arrived.notify_one();
                        gate.open.notified().await;
                    }
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(certificate)))
                }
            });
            let io = TokioIo::new(tls);
            if protocol == HTTP_2 {
                let _ = conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
            } else {
                let _ = conn::http1::Builder::new().serve_connection(io, service).await;
            }
        }
    })
    .await
    .0
}

async fn seen(client: &Client<Full<Bytes>>, uri: String) -> Bytes {
    let response = client.clone().oneshot(request(&uri)).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn no_connection_outlives_its_identity_and_no_request_fails() {
    for (version, protocol) in [(&TLS12, HTTP_1), (&TLS12, HTTP_2), (&TLS13, HTTP_1), (&TLS13, HTTP_2)] {
        let stage = Stage::new(version, protocol);
        let gate = Arc::new(Gate::default());
        let address = witness(&stage, &gate).await;
        let tls = stage.tls().with_identity(stage.identity()).build().unwrap();
        let client = Client::builder(tls.clone()).build();
        let old = seen(&client, https(address, "/")).await;
        assert_eq!(seen(&client, https(address, "/")).await, old);
        let slow = tokio::spawn({
            let client = client.clone();
            async move { seen(&client, https(address, "/slow")).await }
        });
        gate.arrived.notified().await;

        let before = client.thumbprint();
        tls.replace_identity(stage.identity()).unwrap();
        assert_ne!(client.thumbprint(), before, "the client publishes the new one");
        let new = seen(&client, https(address, "/")).await;
        assert_ne!(new, old, "{version:?} {protocol:?}");
        for _ in 0..20 {
            assert_eq!(seen(&client, https(address, "/")).await, new);
        }
        gate.open.notify_one();
        assert_eq!(slow.await.unwrap(), old, "what was under way ends over the connection that it had");
        assert_eq!(seen(&client, https(address, "/")).await, new);
    }
}
