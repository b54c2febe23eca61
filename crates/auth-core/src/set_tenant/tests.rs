use http::{Request, Response};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::Origin;

const HEADER: HeaderName = HeaderName::from_static("x-tenant");

fn origin() -> Origin {
    Origin::https("https://api.example").unwrap()
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

/// Sends a request through the layer; gives what arrived, or the kind of the refusal.
async fn send(layer: &SetTenantLayer, request: Request<()>) -> Result<Vec<String>, ErrorKind> {
    let service = service_fn(|request: Request<()>| async move {
        let values = request.headers().get_all(HEADER);
        let values: Vec<_> = values.iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        Ok::<_, BoxError>(Response::new(values))
    });
    match layer.layer(service).oneshot(request).await {
        Ok(response) => Ok(response.into_body()),
        Err(error) => Err(Error::find(&*error).unwrap().kind()),
    }
}

fn get(uri: &str, named: Option<&str>, header: Option<&str>) -> Request<()> {
    let mut request = Request::get(uri).body(()).unwrap();
    if let Some(named) = named {
        request.extensions_mut().insert(tenant(named));
    }
    if let Some(header) = header {
        request.headers_mut().insert(HEADER, header.parse().unwrap());
    }
    request
}

fn ours(named: Option<&str>, header: Option<&str>) -> Request<()> {
    get("https://api.example/", named, header)
}

#[tokio::test]
async fn fixed_is_fixed() {
    let layer = SetTenantLayer::fixed(HEADER, tenant("acme"), origin());
    assert_eq!(send(&layer, ours(None, None)).await.unwrap(), ["acme"]);
    assert_eq!(send(&layer, ours(Some("other"), None)).await, Err(ErrorKind::Tenant));
}

#[tokio::test]
async fn required_is_required() {
    let layer = SetTenantLayer::required(HEADER, origin());
    assert_eq!(send(&layer, ours(Some("acme"), None)).await.unwrap(), ["acme"]);
    assert_eq!(send(&layer, ours(None, None)).await, Err(ErrorKind::Tenant));
}

#[tokio::test]
async fn optional_sends_none_for_none() {
    let layer = SetTenantLayer::optional(HEADER, origin());
    assert_eq!(send(&layer, ours(Some("acme"), None)).await.unwrap(), ["acme"]);
    assert!(send(&layer, ours(None, None)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_header_that_is_there_is_refused_or_replaced_and_never_kept() {
    let layers = [
        (SetTenantLayer::fixed(HEADER, tenant("acme"), origin()), None, vec!["acme"]),
        (SetTenantLayer::required(HEADER, origin()), Some("acme"), vec!["acme"]),
        (SetTenantLayer::optional(HEADER, origin()), None, vec![]),
    ];
    for (layer, named, arrives) in layers {
        assert_eq!(send(&layer, ours(named, Some("evil"))).await, Err(ErrorKind::Tenant));
        let layer = layer.with_existing_header(ExistingHeader::Replace);
        assert_eq!(send(&layer, ours(named, Some("evil"))).await.unwrap(), arrives);
    }
}

#[tokio::test]
async fn goes_to_its_own_origin_only() {
    let layer = SetTenantLayer::fixed(HEADER, tenant("acme"), origin());
    let foreign = || get("https://evil.example/", None, None);
    assert_eq!(send(&layer, foreign()).await, Err(ErrorKind::Origin));
    let layer = layer.with_foreign_origin(ForeignOrigin::PassWithout);
    assert!(send(&layer, foreign()).await.unwrap().is_empty());
    let own = get("https://evil.example/", None, Some("mine"));
    assert_eq!(send(&layer, own).await.unwrap(), ["mine"], "it is sent as it came");
}

#[test]
fn refuses_what_is_no_name() {
    for bad in ["", " ", " acme", "acme ", "a\r\nX-Evil: 1", "a\0"] {
        assert_eq!(Tenant::new(bad).unwrap_err().kind(), ErrorKind::Tenant, "{bad:?}");
    }
}

#[test]
fn shows_no_name() {
    let layer = SetTenantLayer::fixed(HEADER, tenant("acme"), origin());
    assert!(!format!("{layer:?}").contains("acme"));
}
