//! `claviger token`: gets an access token, and shows it only when told to.

use std::fmt::Write as _;

use claviger_auth_core::{AccessToken, Error, ErrorKind};
use claviger_login::Keeper;
use claviger_profiles::Stack;
use claviger_token_endpoint::TokenEndpoint;
use secrecy::ExposeSecret;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    args::{Choice, TokenArguments},
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
    arguments: TokenArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let profile = settings::load(choice, None, environment)?;
    let keeper = settings::keeper(choice, environment);
    let stack = Stack::new(&profile, |requests| keeper.keep(requests))?;
    let Some(tokens) = stack.tokens() else {
        return Err(Error::new(
            ErrorKind::Configuration,
            "the profile fetches no tokens: what it sends was given, if it sends anything",
        )
        .with_advice("use it with claviger request, or choose another profile with --profile")
        .into());
    };
    if arguments.revoke && keeper.session().is_some() {
        return Err(Error::new(ErrorKind::Configuration, "the profile's tokens come of a login")
            .with_advice("take the whole session back, with claviger logout")
            .into());
    }
    if arguments.revoke {
        return revoke(endpoint(&stack)?, &keeper).await;
    }
    let token = tokens.token().await?;
    let withheld = stack.withheld_scopes(&token);
    if !withheld.is_empty() {
        console::warn(&format!("asked for and not granted: {}", withheld.join(" ")));
    }
    if arguments.introspect {
        return print(&format!("{}\n", printable(endpoint(&stack)?.introspect(&token).await?.json())));
    }
    let view = if arguments.show { View::Shown } else { View::Hidden };
    let text = if arguments.json {
        as_json(&token, view, keeper.source())
    } else {
        as_text(&token, view, keeper.source())
    };
    print(&text)
}

fn print(text: &str) -> Result<Exit, Failure> {
    let mut data = Data::new();
    data.write(text.as_bytes())?;
    data.finish()?;
    Ok(Exit::Done)
}

/// Finds where tokens are revoked and looked up.
fn endpoint(stack: &Stack) -> Result<&TokenEndpoint, Error> {
    stack.endpoint().ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "this provider is not known to revoke tokens or to look them up")
            .with_advice("use a custom profile with an issuer that names such endpoints")
    })
}

/// Takes the kept token back. None is fetched for that.
async fn revoke(endpoint: &TokenEndpoint, keeper: &Keeper) -> Result<Exit, Failure> {
    let Some(store) = keeper.store() else {
        return Err(Error::new(
            ErrorKind::Configuration,
            "no tokens are kept, so there is none to take back",
        )
        .with_advice("leave --no-cache out")
        .into());
    };
    let unusable = |error| Failure::new(Exit::Other, error, "delete the folder of kept tokens");
    match store.kept().await.map_err(unusable)? {
        Some(token) => {
            endpoint.revoke(&token).await?;
            store.forget(&token).await.map_err(unusable)?;
        }
        None => console::warn("no token is kept: there is nothing to take back"),
    }
    Ok(Exit::Done)
}

#[derive(Clone, Copy)]
enum View {
    Hidden,
    Shown,
}

impl View {
    /// No part of a hidden token is shown: of a short one it might be the most.
    fn of(self, token: &AccessToken) -> &str {
        match self {
            Self::Hidden => HIDDEN,
            Self::Shown => token.expose_secret(),
        }
    }
}

fn as_text(token: &AccessToken, view: View, source: &str) -> Zeroizing<String> {
    let life = match token.expires_in() {
        Some(life) => format!("{} s", life.as_secs()),
        None => "(not told)".to_owned(),
    };
    let scope = scope(token).unwrap_or_else(|| "(not told)".to_owned());
    Zeroizing::new(format!(
        "access_token  {}\ntoken_type    {BEARER}\nexpires_in    {life}\nscope         {scope}\nsource        {source}\n",
        view.of(token)
    ))
}

fn as_json(token: &AccessToken, view: View, source: &str) -> Zeroizing<String> {
    let value = json!({
        "token_type": BEARER,
        "expires_in": token.expires_in().map(|life| life.as_secs()),
        "scope": scope(token),
        "source": source,
    });
    // The token is put in by hand: a serde_json value would leave a copy behind that is not wiped.
    let rest = value.to_string();
    let rest = rest.strip_prefix('{').unwrap_or_default();
    let token = view.of(token);
    let mut text = Zeroizing::new(String::with_capacity(2 * token.len() + rest.len() + 32));
    text.push_str("{\"access_token\":\"");
    for character in token.chars() {
        // A token is visible ASCII: nothing else wants an escape.
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push_str("\",");
    text.push_str(rest);
    text.push('\n');
    text
}

/// Writes the characters that a terminal would obey as JSON does: those of C1, too, which it lets stand raw.
///
/// Outside of a string, where an escape is none, JSON has line ends and tabs alone.
fn printable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' | '\r' | '\t' => text.push(character),
            // Writing to a String does not fail.
            _ if character.is_control() => drop(write!(text, "\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text
}

fn scope(token: &AccessToken) -> Option<String> {
    (!token.scopes().is_empty()).then(|| token.scopes().join(" "))
}

const HIDDEN: &str = "(hidden; --show prints it)";
/// The only type that the token endpoint's reader lets through (RFC 6750).
const BEARER: &str = "Bearer";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

    fn token() -> AccessToken {
        let token = AccessToken::bearer(&"sword\"fi\\sh".into()).unwrap();
        token.with_expires_in(Duration::from_secs(300)).with_scopes(["a", "b"])
    }

    #[test]
    fn hides_every_part_of_the_token() {
        for text in [as_text(&token(), View::Hidden, "cache"), as_json(&token(), View::Hidden, "cache")] {
            assert!(!text.contains("sw") && !text.contains("sh\\") && text.contains("--show"), "{}", *text);
        }
        assert!(as_text(&token(), View::Shown, "cache").contains("access_token  sword\"fi\\sh\n"));
    }

    #[test]
    fn what_a_server_says_of_a_token_moves_no_cursor() {
        let said = "{\n\t\"active\": true, \"sub\": \"a\u{9b}2J\u{7f}b\\u001b ü\"\r\n}";
        let shown = printable(said);
        assert!(!shown.contains(['\u{9b}', '\u{7f}', '\u{1b}']), "{shown:?}");
        let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        assert_eq!(read(&shown), read(said));
    }

    #[test]
    fn writes_json_that_reads_back() {
        let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        let value = read(&as_json(&token(), View::Shown, "cache"));
        assert_eq!(
            value,
            json!({
                "access_token": "sword\"fi\\sh", "token_type": "Bearer", "expires_in": 300, "scope": "a b",
                "source": "cache",
            })
        );
        let bare = AccessToken::bearer(&"t".into()).unwrap();
        let value = read(&as_json(&bare, View::Hidden, "cache"));
        assert_eq!((&value["expires_in"], &value["scope"]), (&Value::Null, &Value::Null));
        assert_eq!(value["access_token"], HIDDEN);
    }
}
