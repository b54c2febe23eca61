//! Every row of the table in the documentation, as it stands there.

use super::*;

const TABLE: &str = include_str!("../answers.md");
const CONTENT_TYPES: [&str; 4] =
    ["application/json", "application/json;charset=utf-8", "text/html", "application/octet-stream"];
const BODIES: [&str; 4] = ["", "<html>", r#"{"error":"of its own"}"#, "sword"];

/// What is in the first code span of a cell, or its words where there is none.
fn cell(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
}

fn statuses(cell: &str) -> Vec<u16> {
    match cell {
        "any 2xx" => vec![200, 201, 299],
        "any 3xx" => vec![300, 301, 302, 303, 304, 307, 308],
        status => vec![status.parse().unwrap()],
    }
}

/// Builds over a transport that answers so, whatever it takes to do that.
fn answering_with(status: u16, content_type: &str, body: &str) -> TokenEndpoint {
    static LARGE: [u8; 1 << 16] = [b' '; 1 << 16];
    let (encoding, frames, frame, end) = match body {
        "compressed" => ("gzip", 1, &b"\x1f\x8b\x08"[..], End::Ends),
        "it breaks off" => ("", 1, &b"{"[..], End::BreaksOff),
        "more than 1 MiB" => ("", 17, &LARGE[..], End::Ends),
        "nothing" => ("identity", 0, &b""[..], End::Ends),
        body => ("", 1, body.to_owned().leak().as_bytes(), End::Ends),
    };
    let mut builder = Response::builder().status(status);
    for (name, value) in [("content-type", content_type), ("content-encoding", encoding)] {
        if !matches!(value, "" | "none") {
            builder = builder.header(name, value);
        }
    }
    let head = builder.body(()).unwrap();
    let service = service_fn(move |_| {
        let body = Frames { left: Arc::new(AtomicUsize::new(frames)), frame, end };
        let (parts, ()) = head.clone().into_parts();
        async move { Ok::<_, Infallible>(Response::from_parts(parts, body)) }
    });
    basic().build(service).unwrap()
}

#[tokio::test]
async fn every_row_of_the_documentation_holds() {
    let mut tried = 0;
    for row in TABLE.lines().skip(2) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(cell).collect();
        let [status, content_type, body, kind] = cells[..] else { panic!("{row}") };
        let content_types = if content_type == "any" { &CONTENT_TYPES[..] } else { &[content_type] };
        let bodies = if body == "any" { &BODIES[..] } else { &[body] };
        for status in statuses(status) {
            for content_type in content_types {
                for body in bodies {
                    let endpoint = answering_with(status, content_type, body);
                    let answer = endpoint.request(&TokenRequest::client_credentials()).await;
                    let found = match &answer {
                        Ok(_) => "(a token)".to_owned(),
                        Err(error) => format!("{:?}", error.kind()),
                    };
                    assert_eq!(found, kind, "{row}: {status} {content_type} {body} {answer:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
}
