//! The secret and the token stand on the wire, and in no text.

use super::*;

const SECRET: &str = "canary-secret";
const ISSUED: &str = "canary-token";
const PARAMETER: &str = "canary-parameter";

/// What a server may say with a canary in it, none of it a good answer.
fn bodies() -> Vec<String> {
    let all = format!("{SECRET} {ISSUED} {PARAMETER}");
    let mut bodies = vec![String::new(), "{}".to_owned(), all.clone(), format!("<html>{all}</html>")];
    for echo in [SECRET, ISSUED, PARAMETER, &all] {
        bodies.extend([
            format!(r#"{{"error":"{echo}"}}"#),
            format!(r#"{{"error":"invalid_client","error_description":"{echo}","error_uri":"{echo}"}}"#),
            format!(r#"{{"{echo}":"{echo}","error":{{"message":"{echo}"}}}}"#),
            format!(r#"{{"access_token":"{echo}","token_type":"{echo}"}}"#),
            format!(r#"{{"access_token":"{echo} \u00e4"}}"#),
            format!(r#"{{"access_token":"{echo}","#),
            format!(r#"{{"access_token":"{echo}""{echo}"}}"#),
            format!(r#"["{echo}"]"#),
            format!(r#""{echo}""#),
        ]);
    }
    bodies
}

fn builder(method: Method) -> TokenEndpointBuilder {
    let client = ClientAuthentication::new(method, "acme").with_secret(SECRET.into());
    TokenEndpoint::builder("https://auth.example/token?key=canary-parameter", client)
        .with_header(HeaderName::from_static("x-tenant"), HeaderValue::from_static(PARAMETER))
}

fn request() -> TokenRequest {
    TokenRequest::client_credentials().with_parameter("extra", PARAMETER)
}

/// Collects every text of an error, its advice and its sources.
fn texts(error: &Error) -> String {
    let mut all = format!("{error:?} {error:#?} {} {:?}", error.advice(), error.subject());
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        all += &format!(" {error} {error:?}");
        next = error.source();
    }
    all
}

fn assert_clean(text: &str, of: &str) {
    // The last two: base64 of the beginning of the secret, and of `acme:` with it.
    for canary in ["canary", "Y2FuYXJ5", "YWNtZTpjYW5hcnkt"] {
        assert!(!text.contains(canary), "{canary} in {text}, of {of}");
    }
}

#[tokio::test]
async fn is_found_on_the_wire() {
    for (method, expected) in [
        (Method::ClientSecretBasic, "Basic YWNtZTpjYW5hcnktc2VjcmV0"),
        (Method::ClientSecretBasicRaw, "Basic YWNtZTpjYW5hcnktc2VjcmV0"),
        (Method::ClientSecretPost, "&client_secret=canary-secret"),
        (Method::Json, r#""client_secret":"canary-secret""#),
    ] {
        let service = service_fn(move |request: Request<Full<Bytes>>| async move {
            let mut sent = format!("{} ", request.uri());
            for value in request.headers().values() {
                sent += value.to_str().unwrap();
            }
            let body = request.into_body().collect().await.unwrap().to_bytes();
            sent += std::str::from_utf8(&body).unwrap();
            assert!(sent.contains(expected), "{sent}");
            assert_eq!(sent.matches(PARAMETER).count(), 3, "in the query, the header and the body: {sent}");
            let answer = format!(r#"{{"access_token":"{ISSUED}"}}"#);
            Ok::<_, Infallible>(response(200, answer))
        });
        let endpoint = builder(method).build(service).unwrap();
        let answer = endpoint.request(&request()).await.unwrap();
        assert_eq!(answer.access_token().expose_secret(), ISSUED);

        let shown = format!("{answer:?} {answer:#?} {endpoint:?} {endpoint:#?} {:?}", request());
        assert!(shown.contains("acme") && shown.contains("extra"), "the texts are there: {shown}");
        assert_clean(&shown, "Debug");
        assert_clean(&format!("{:?} {:#?}", builder(method), builder(method)), "the builder");
    }
}

#[tokio::test]
async fn is_in_no_error() {
    let mut failures = 0;
    for status in [200, 201, 204, 302, 400, 401, 403, 404, 405, 418, 429, 496, 500, 503, 511] {
        for body in bodies() {
            let sent = body.clone();
            let endpoint = answering(builder(Method::ClientSecretPost), move || {
                let mut response = response(status, sent.clone());
                for name in ["location", "retry-after", "content-type", "www-authenticate", "x-echo"] {
                    response.headers_mut().insert(name, HeaderValue::from_static(SECRET));
                }
                response
            });
            if let Err(error) = endpoint.request(&request()).await {
                failures += 1;
                assert_eq!(error.subject(), Some("https://auth.example/token"));
                assert_clean(&texts(&error), &format!("{status} {body}"));
            }
        }
    }
    assert_eq!(failures, 15 * bodies().len(), "every answer is a failing one");
}

#[tokio::test]
async fn is_in_no_error_of_the_transport() {
    for endpoint in [failing(|| SECRET), failing(|| std::io::Error::other(SECRET))] {
        assert_clean(&texts(&refusal(&endpoint).await), "a transport's error");
    }
}

/// A foreign error that says in each of its texts what it was sent, as h2 quotes the debug data of a GOAWAY.
#[derive(Debug)]
struct Echo {
    _said: &'static str,
    source: Option<BoxError>,
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection error received: unspecific protocol error detected (b\"{ECHO}\")")
    }
}

impl std::error::Error for Echo {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

const ECHO: &str = "you sent Basic YWNtZTpjYW5hcnktc2VjcmV0";

fn echo(source: Option<BoxError>) -> BoxError {
    Box::new(Echo { _said: ECHO, source })
}

fn ours(what: &'static str, source: BoxError) -> BoxError {
    Box::new(Error::new(ErrorKind::Tls, what).with_source(source))
}

fn reset() -> BoxError {
    Box::new(std::io::Error::new(std::io::ErrorKind::ConnectionReset, echo(None)))
}

#[tokio::test]
async fn is_in_no_error_beside_or_below_ours() {
    let chains: [fn(BoxError) -> BoxError; 5] = [
        |cause| cause,
        |cause| ours("outer", cause),
        |cause| echo(Some(ours("outer", cause))),
        |cause| echo(Some(ours("outer", echo(Some(ours("inner", cause)))))),
        |cause| Box::new(std::io::Error::other(ours("outer", Box::new(std::io::Error::other(cause))))),
    ];
    for (index, chain) in chains.into_iter().enumerate() {
        for cause in [|| echo(None), reset] {
            let text = texts(&refusal(&failing(move || chain(cause()))).await);
            assert!(format!("{:?}", chain(cause())).contains("YWNtZTpjYW5hcnkt"), "it was there to be found");
            assert_clean(&text, &format!("chain {index}"));
            assert_eq!(text.contains("outer"), index > 0, "ours is kept: {text}");
            assert_eq!(text.contains("inner"), index == 3, "ours is kept: {text}");
            let is_reset = format!("{:?}", cause()).contains("ConnectionReset");
            assert_eq!(text.contains("connection reset"), is_reset, "so is what I/O says: {text}");
        }
    }
}
