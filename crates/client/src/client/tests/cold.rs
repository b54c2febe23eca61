//! Many requests at once where there is no connection.

use std::{future::poll_fn, pin::pin};

use tokio::{
    sync::{Barrier, Notify},
    task::JoinSet,
};

use super::*;

const MANY: usize = 1_000;

fn client_of(stage: &Stage) -> Client<Full<Bytes>> {
    Client::builder(stage.tls().with_identity(stage.identity()).build().unwrap()).build()
}

fn stranger_to(stage: &Stage) -> Client<Full<Bytes>> {
    Client::builder(stage.tls().build().unwrap()).build()
}

async fn crowd(client: &Client<Full<Bytes>>, uri: &str, size: usize) -> Vec<Result<StatusCode, Error>> {
    let mut tasks = JoinSet::new();
    for _ in 0..size {
        let (client, request) = (client.clone(), request(uri));
        tasks.spawn(async move {
            match client.oneshot(request).await {
                Ok(response) => Ok(response.status()),
                Err(error) => Err(Error::find(&*error).expect("one of ours").clone()),
            }
        });
    }
    tasks.join_all().await
}

fn all_well(results: &[Result<StatusCode, Error>]) {
    for result in results {
        assert_eq!(result.as_ref().unwrap(), &StatusCode::OK);
    }
}

/// Begins to connect for a request.
async fn begin(response: Pin<&mut ResponseFuture>) {
    let mut response = Some(response);
    poll_fn(|cx| {
        assert!(response.take().unwrap().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn one_connection_is_made_for_all() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = stage.serve().await;
    all_well(&crowd(&client_of(&stage), &https(address, "/"), MANY).await);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_connection_is_made_for_all_on_several_threads() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = stage.serve().await;
    all_well(&crowd(&client_of(&stage), &https(address, "/"), MANY).await);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_first_one_leaves_and_the_others_go_on() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = stage.serve().await;
    let (mut client, uri) = (client_of(&stage), https(address, "/"));
    let mut second = pin!(client.call(request(&uri)));
    {
        let mut first = pin!(client.call(request(&uri)));
        begin(first.as_mut()).await;
        begin(second.as_mut()).await;
    }
    assert_eq!(second.await.unwrap().status(), StatusCode::OK);
    assert_eq!(connections.load(Ordering::Relaxed), 1, "what the first one began was not in vain");
}

#[tokio::test]
async fn the_first_one_stays_and_is_not_polled_and_the_others_go_on() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = stage.serve().await;
    let (mut client, uri) = (client_of(&stage), https(address, "/"));
    let mut first = pin!(client.call(request(&uri)));
    begin(first.as_mut()).await;
    all_well(&crowd(&client, &uri, MANY).await);
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nobody_is_left_and_the_next_one_connects_anew() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, _) = stage.serve().await;
    let (mut client, uri) = (client_of(&stage), https(address, "/"));
    begin(pin!(client.call(request(&uri)))).await;
    all_well(&crowd(&client, &uri, 1).await);
}

#[tokio::test]
async fn a_failure_to_connect_is_shared() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = serve(|tcp| async move { drop(tcp) }).await;
    let (client, uri) = (client_of(&stage), https(address, "/"));
    for attempts in 1..=2 {
        for result in crowd(&client, &uri, MANY).await {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Connect);
        }
        assert_eq!(connections.load(Ordering::Relaxed), attempts, "no failure is final");
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_at_once_fails_for_all_who_were_to_share_it() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let acceptor = TlsAcceptor::from(Arc::new(stage.lenient()));
    let (address, connections) = serve(move |tcp| {
        let accepted = acceptor.accept(tcp);
        async move { drop(accepted.await) }
    })
    .await;
    for result in crowd(&client_of(&stage), &https(address, "/"), MANY).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Connect);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refused_certificate_is_told_to_all() {
    for version in [&TLS12, &TLS13] {
        let stage = Stage::new(version, HTTP_2);
        let (address, connections) = stage.serve().await;
        for result in crowd(&stranger_to(&stage), &https(address, "/"), MANY).await {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ClientCertificate);
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn nobody_waits_for_another_over_http_1() {
    const FEW: usize = 20;
    let stage = Stage::new(&TLS13, HTTP_1);
    let acceptor = TlsAcceptor::from(Arc::new(stage.demanding()));
    let together = Arc::new(Barrier::new(FEW));
    let (address, connections) = serve(move |tcp| {
        let (accepted, together) = (acceptor.accept(tcp), Arc::clone(&together));
        async move {
            let answer = service_fn(move |request| {
                let together = Arc::clone(&together);
                async move {
                    together.wait().await;
                    echo(request).await
                }
            });
            let io = TokioIo::new(accepted.await.unwrap());
            let _ = conn::http1::Builder::new().keep_alive(false).serve_connection(io, answer).await;
        }
    })
    .await;
    let (client, uri) = (client_of(&stage), https(address, "/"));
    for bursts in 1..=2 {
        all_well(&crowd(&client, &uri, FEW).await);
        assert_eq!(connections.load(Ordering::Relaxed), bursts * FEW);
    }
}

#[tokio::test]
async fn one_connection_is_made_after_the_server_has_closed_one() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let acceptor = TlsAcceptor::from(Arc::new(stage.demanding()));
    let (close, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (closing, has_closed) = (Arc::clone(&close), Arc::clone(&closed));
    let (address, connections) = serve(move |tcp| {
        let accepted = acceptor.accept(tcp);
        let (close, closed) = (Arc::clone(&closing), Arc::clone(&has_closed));
        async move {
            let io = TokioIo::new(accepted.await.unwrap());
            let builder = conn::http2::Builder::new(TokioExecutor::new());
            let mut connection = pin!(builder.serve_connection(io, service_fn(echo)));
            tokio::select! {
                _ = connection.as_mut() => {}
                () = close.notified() => {
                    connection.as_mut().graceful_shutdown();
                    // It is over when the client has hung up.
                    let _ = connection.await;
                    closed.notify_one();
                }
            }
        }
    })
    .await;
    let (client, uri) = (client_of(&stage), https(address, "/"));
    for count in 1..=3 {
        all_well(&crowd(&client, &uri, MANY).await);
        assert_eq!(connections.load(Ordering::Relaxed), count);
        close.notify_one();
        closed.notified().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_speaks_is_given_up_by_all_at_once() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = serve(|mut tcp| async move {
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let start = tokio::time::Instant::now();
    for result in crowd(&client_of(&stage), &https(address, "/"), MANY).await {
        assert!(result.unwrap_err().to_string().starts_with("no connection within the time allowed"));
    }
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_runtime_that_stops_while_it_connects_strands_nobody_elsewhere() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let (address, connections) = stage.serve().await;
    let (client, uri) = (client_of(&stage), https(address, "/"));
    let (mut theirs, their_uri) = (client.clone(), uri.clone());
    let stopped = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut response = Box::pin(theirs.call(request(&their_uri)));
        runtime.block_on(begin(response.as_mut()));
        drop(runtime);
        response
    });
    let abandoned = stopped.join().unwrap();
    all_well(&crowd(&client, &uri, MANY).await);
    assert!((1..=2).contains(&connections.load(Ordering::Relaxed)), "theirs and ours");
    drop(abandoned);
}
