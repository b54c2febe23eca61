//! A transport that decodes what was not to be encoded: the bound holds for what comes out.

use tower::ServiceBuilder;
use tower_http::decompression::DecompressionLayer;

use super::*;

/// 16 MiB of spaces, in 16 KiB: by gzip.
const BOMB: &[u8] = include_bytes!("bomb.gz");

#[tokio::test]
async fn a_bomb_is_bounded_where_the_transport_decodes_it() {
    let answer = || {
        let mut response = response(200, BOMB);
        response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
        response
    };
    let service = service_fn(move |request: Request<Full<Bytes>>| async move {
        assert_eq!(request.headers()["accept-encoding"], "identity", "none was asked for");
        Ok::<_, Infallible>(answer())
    });
    let decoding = ServiceBuilder::new().layer(DecompressionLayer::new()).service(service);
    let error = refusal(&basic().build(decoding).unwrap()).await;
    assert_eq!(error.to_string(), format!("the token endpoint's answer is larger than 1 MiB ({SHOWN}, 200)"));

    let error = refusal(&answering(basic(), answer)).await;
    assert!(error.to_string().contains("compressed, which was not asked for"), "{error}");
}
