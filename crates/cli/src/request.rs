//! `claviger request`: one authenticated request, its answer to stdout.

mod message;
mod status;

use claviger_auth_core::{Error, ErrorKind};
use claviger_profiles::Stack;
use http::{Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::{
    args::{Choice, RequestArguments},
    certificate,
    certificate::Verdict,
    console,
    console::Data,
    environment::Environment,
    exit::Exit,
    failure::Failure,
    settings,
};

/// Runs the command.
pub(crate) async fn run(
    choice: &Choice,
    arguments: RequestArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let profile = settings::load(choice, arguments.tenant.clone(), environment)?;
    let keeper = settings::keeper(choice, environment);
    let stack = Stack::new(&profile, |requests| keeper.keep(requests))?;
    let url = stack.base().locate(&arguments.target)?;
    let request = message::build(&arguments, url, stack.own_headers())?;
    let authentication = stack.authentication();
    let response = stack.send(request).await?;
    let status = response.status();
    let mut page = Vec::new();
    let written = write(response, arguments.include, &mut page).await;
    let verdict = Verdict::of(status, &page);
    if let Some((words, advice)) = status::words(status, authentication, verdict) {
        console::note(&words);
        console::advise(advice);
    }
    written?;
    Ok(if arguments.fail { status::judge(status, verdict) } else { Exit::Done })
}

/// Passes the answer on as it arrives. The start of one with status 400 is put into `page` too: it may be about the
/// client certificate.
async fn write(response: Response<Incoming>, include: bool, page: &mut Vec<u8>) -> Result<(), Failure> {
    let mut data = Data::new();
    let (head, mut body) = response.into_parts();
    let room = if head.status == StatusCode::BAD_REQUEST { certificate::LARGEST_PAGE } else { 0 };
    if include {
        data.write(&head_of(&head))?;
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Error::new(ErrorKind::Protocol, "the answer broke off")
                .with_advice("try again; what was printed is not the whole answer")
                .with_source(error)
        })?;
        if let Some(bytes) = frame.data_ref() {
            page.extend(bytes.iter().take(room.saturating_sub(page.len())));
            data.write(bytes)?;
        }
    }
    data.finish()
}

fn head_of(head: &http::response::Parts) -> Vec<u8> {
    let version = match head.version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let mut text = format!("{version} {}\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_head_as_it_came() {
        let response = Response::builder()
            .version(Version::HTTP_2)
            .status(201)
            .header("set-cookie", "a=b")
            .header("x-latin", http::HeaderValue::from_bytes(b"\xe4").unwrap());
        let (head, ()) = response.body(()).unwrap().into_parts();
        assert_eq!(head_of(&head), b"HTTP/2 201 Created\nset-cookie: a=b\nx-latin: \xe4\n\n");
    }
}
