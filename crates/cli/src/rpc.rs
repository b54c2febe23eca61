//! `claviger rpc`: one call of a method of Clarify's, its result to stdout.

use claviger_auth_core::{BoxError, Error, ErrorKind};
use claviger_clarify::{ApiVersion, CallError, RpcCall, RpcError};
use claviger_profiles::Stack;
use serde_json::value::RawValue;

use crate::{
    args::{Choice, RpcArguments},
    console,
    console::Data,
    environment::Environment,
    exit::Exit,
    failure::Failure,
    input, settings,
};

/// Runs the command.
pub(crate) async fn run(
    choice: &Choice,
    arguments: RpcArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let call = build(&arguments)?;
    let profile = settings::load(choice, None, environment)?;
    let keeper = settings::keeper(choice, environment);
    let stack = Stack::new(&profile, |requests| keeper.keep(requests))?;
    match stack.call(call).await {
        Ok(_) if arguments.notify => Ok(Exit::Done),
        Ok(answer) => {
            let mut data = Data::new();
            data.write_json(answer.json())?;
            data.write(b"\n")?;
            data.finish()?;
            Ok(Exit::Done)
        }
        Err(CallError::Rpc(error)) => {
            tell(&error);
            Ok(Exit::Api)
        }
        Err(CallError::Answer(error)) => Err(answered(error)),
        Err(error) => Err(BoxError::from(error).into()),
    }
}

/// Makes the call. No word of the parameters is in an error.
fn build(arguments: &RpcArguments) -> Result<RpcCall, Error> {
    let params = arguments.params.as_deref().map(params).transpose()?;
    let call = match arguments.notify {
        true => RpcCall::notification(&arguments.method, &params),
        false => RpcCall::new(&arguments.method, &params),
    }?;
    let version = arguments.api_version.as_deref().map(ApiVersion::new).transpose();
    let version = version.map_err(|error| error.with_subject("--api-version"))?;
    Ok(version.into_iter().fold(call, RpcCall::with_api_version))
}

/// Takes the parameters as they are written: a number keeps all its digits.
fn params(typed: &str) -> Result<Box<RawValue>, Error> {
    let bad = |what, place| {
        Error::new(ErrorKind::Configuration, what).with_subject(place).with_advice(WRITE_PARAMS)
    };
    let json: Box<RawValue> =
        serde_json::from_slice(&input::read(PARAMS, typed, LARGEST)?).map_err(|error| {
            let place = format!("{PARAMS}, line {}, column {}", error.line(), error.column());
            bad("the parameters are no JSON", place)
        })?;
    match json.get().as_bytes().first() {
        Some(b'{' | b'[') => Ok(json),
        _ => Err(bad("the parameters are neither an object nor an array", PARAMS.to_owned())),
    }
}

/// Says what Clarify says: whoever calls a method has asked for it.
fn tell(error: &RpcError) {
    console::note(&error.to_string());
    console::because(error.message());
    error.details().iter().for_each(|detail| console::because(detail));
    console::advise(error.advice());
}

/// By the status: as with `request --fail`.
fn answered(error: Error) -> Failure {
    let exit = match error.status().map(|status| status.as_u16()) {
        Some(401 | 403) => Exit::Refused,
        Some(_) => Exit::Api,
        None => Exit::of(error.kind()),
    };
    let advice = error.advice();
    Failure::new(exit, error, advice)
}

/// Clarify takes about as much.
const LARGEST: u64 = 8 * 1024 * 1024;
const PARAMS: &str = "PARAMS_JSON";
const WRITE_PARAMS: &str =
    "write them in single quotes, such as '{\"query\":{\"limit\":5}}', or give a file with @FILE";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, Command};

    fn built(words: &[&str]) -> Result<RpcCall, Error> {
        let words = ["claviger", "rpc", "a.b"].iter().chain(words);
        let Command::Rpc(arguments) = args::parse(words).unwrap().command else { panic!("another command") };
        build(&arguments)
    }

    #[test]
    fn takes_parameters_as_they_are_written() {
        let written = "{\"a\": 1.10, \"b\": 12345678901234567890123}";
        assert_eq!(params(&format!(" {written}\n")).unwrap().get(), written);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "[1,\n2]\n").unwrap();
        assert_eq!(params(&format!("@{}", file.path().display())).unwrap().get(), "[1,\n2]");
        for words in [&[][..], &["{}"], &["[]", "--notify"], &["--api-version", "1.2alpha1"]] {
            assert_eq!(built(words).unwrap().method(), "a.b");
        }
    }

    #[test]
    fn refuses_what_are_no_parameters_and_does_not_repeat_it() {
        for (bad, text) in [
            ("swordfish", "the parameters are no JSON (PARAMS_JSON, line 1, column 1)"),
            ("{\"swordfish\":}", "the parameters are no JSON (PARAMS_JSON, line 1, column 14)"),
            ("", "the parameters are no JSON (PARAMS_JSON, line 1, column 0)"),
            ("\"swordfish\"", "the parameters are neither an object nor an array (PARAMS_JSON)"),
            ("null", "the parameters are neither an object nor an array (PARAMS_JSON)"),
            ("@/no/such/file", "the body cannot be read (PARAMS_JSON, /no/such/file)"),
        ] {
            let error = built(&[bad]).unwrap_err();
            assert_eq!((error.to_string(), error.kind()), (text.to_owned(), ErrorKind::Configuration));
            assert!(!format!("{error:?} {}", error.advice()).contains("swordfish"));
        }
        let error = built(&["--api-version", "v1"]).unwrap_err();
        assert_eq!(error.to_string(), "this does not name a version of Clarify's API (--api-version)");
    }

    #[test]
    fn takes_no_more_than_clarify_does() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, vec![b' '; 8 * 1024 * 1024 + 1]).unwrap();
        let error = params(&format!("@{}", file.path().display())).unwrap_err();
        assert!(error.to_string().starts_with("the body cannot be read (PARAMS_JSON, "), "{error}");
        assert!(format!("{error:?}").contains("TooLarge"), "{error:?}");
    }

    #[test]
    fn a_status_ends_as_with_request() {
        let of = |error: Error| answered(error).exit() as u8;
        let error = || Error::new(ErrorKind::Protocol, "no");
        let by_status =
            [400_u16, 401, 403, 404, 503].map(|status| of(error().with_status(status.try_into().unwrap())));
        assert_eq!(by_status, [1, 3, 3, 1, 1]);
        assert_eq!(of(error()), 5);
    }
}
