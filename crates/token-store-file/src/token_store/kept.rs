//! A kept token as text: what stands in its file.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use claviger_auth_core::AccessToken;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Owner;

/// Holds what is known of a token that was fetched once.
#[derive(Debug)]
pub(super) struct Kept {
    token: AccessToken,
    issued: SystemTime,
    /// It came in the place of one that was rejected.
    is_replacement: bool,
    secret_check: Option<u16>,
}

impl Kept {
    /// Takes a token that was asked for at `asked`: its life counts from there.
    ///
    /// None if it is bound to another certificate than the one that it was asked for with.
    pub(super) fn new(token: AccessToken, asked: SystemTime, owner: &Owner) -> Option<Self> {
        let fits = token.binding().is_none() || token.binding() == owner.certificate;
        let secret_check = owner.secret_check(&token);
        fits.then_some(Self { token, issued: asked, is_replacement: false, secret_check })
    }

    /// Takes note that it came in the place of one that was rejected.
    pub(super) fn with_replacement(self, is_replacement: bool) -> Self {
        Self { is_replacement, ..self }
    }

    /// Hands the token out with the age and the life that it has now, if it is any good to this owner.
    pub(super) fn hand_out(&self, now: SystemTime, owner: &Owner) -> Option<AccessToken> {
        // Issued in the future: somebody set the clock back, and its age is anybody's guess.
        let age = now.duration_since(self.issued).ok()?;
        // The cache would give a token of unknown life that much once more, each time it is handed out.
        let life = self.token.expires_in().unwrap_or(UNKNOWN_LIFE);
        let leeway = (life / 10).min(LONGEST_LEEWAY);
        let is_fresh = age < life.saturating_sub(leeway);
        let is_of_this_secret = self.secret_check == owner.secret_check(&self.token);
        // The cache throws no young token away, so that what always rejects costs no token request each time. One
        // that replaced none has cost none yet: however young, it may have been revoked between two processes.
        let told_age = if self.is_replacement { age } else { age.max(MATURE) };
        (is_fresh && is_of_this_secret)
            .then(|| self.token.clone().with_age(told_age).with_expires_in(life.saturating_sub(age)))
    }

    /// Writes it as JSON: the bytes for the file, which lay the token open.
    ///
    /// None if JSON would have to write a token otherwise than it is: no token of RFC 6750 has such characters.
    pub(super) fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let access_token = self.token.expose_secret();
        let form = Form {
            version: VERSION,
            access_token: (!access_token.contains(['"', '\\'])).then_some(access_token)?,
            token_type: BEARER,
            issued_at_millis: self.issued.duration_since(UNIX_EPOCH).ok()?.as_millis().try_into().ok()?,
            expires_in: self.token.expires_in().map(|life| life.as_secs()),
            scope: self.token.scopes().iter().map(Cow::from).collect(),
            bound: self.token.binding().is_some(),
            is_replacement: self.is_replacement,
            secret_check: self.secret_check,
        };
        let others: usize = form.scope.iter().map(|scope| 6 * scope.len() + 4).sum();
        // With room for it all, so that no copy is left behind where the buffer grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(access_token.len() + others + 512));
        serde_json::to_writer(&mut *bytes, &form).ok()?;
        bytes.push(b'\n');
        Some(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote. The errors are words without contents.
    pub(super) fn decode(bytes: &[u8], owner: &Owner) -> Result<Self, &'static str> {
        let Version { version } = serde_json::from_slice(bytes).map_err(|_| DAMAGED)?;
        if version != VERSION {
            return Err("it was written by another version of this program");
        }
        let form: Form<'_> = serde_json::from_slice(bytes).map_err(|_| DAMAGED)?;
        let mut token = AccessToken::bearer(&SecretString::from(form.access_token))
            .map_err(|_| DAMAGED)?
            .with_scopes(form.scope);
        if form.token_type != BEARER {
            return Err(DAMAGED);
        }
        if let Some(life) = form.expires_in {
            token = token.with_expires_in(Duration::from_secs(life));
        }
        if form.bound {
            token = token.with_binding(owner.certificate.ok_or(DAMAGED)?);
        }
        let issued = UNIX_EPOCH.checked_add(Duration::from_millis(form.issued_at_millis)).ok_or(DAMAGED)?;
        Ok(Self { token, issued, is_replacement: form.is_replacement, secret_check: form.secret_check })
    }
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The file. The token is borrowed from memory that is wiped.
#[derive(Deserialize, Serialize)]
struct Form<'a> {
    version: u32,
    access_token: &'a str,
    token_type: &'a str,
    issued_at_millis: u64,
    expires_in: Option<u64>,
    /// Not borrowed: a scope may stand with escapes.
    scope: Vec<Cow<'a, str>>,
    bound: bool,
    is_replacement: bool,
    secret_check: Option<u16>,
}

const VERSION: u32 = 1;
/// The only type that the token endpoint's reader lets through (RFC 6750).
const BEARER: &str = "Bearer";
const DAMAGED: &str = "it is damaged";
/// As the cache has them.
const UNKNOWN_LIFE: Duration = Duration::from_secs(300);
const LONGEST_LEEWAY: Duration = Duration::from_secs(10);
/// No cache takes a token of this age for a young one.
const MATURE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use claviger_auth_core::Thumbprint;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
    }

    fn token() -> AccessToken {
        AccessToken::bearer(&"swordfish".into()).unwrap()
    }

    fn owner() -> Owner {
        Owner { certificate: Some(Thumbprint::from_sha256([7; 32])), client_secret: Some("s".into()) }
    }

    fn again(token: AccessToken) -> Kept {
        let bytes = Kept::new(token, at(0), &owner()).unwrap().encode().unwrap();
        Kept::decode(&bytes, &owner()).unwrap()
    }

    #[test]
    fn comes_back_as_it_was_but_older() {
        let whole = token().with_expires_in(Duration::from_secs(3600)).with_scopes(["a", "b"]);
        let whole = whole.with_binding(owner().certificate.unwrap());
        let back = again(whole).hand_out(at(100), &owner()).unwrap();
        assert_eq!(back.header(), token().header());
        assert_eq!(back.expires_in().unwrap().as_secs(), 3500);
        assert_eq!(back.scopes(), ["a", "b"]);
        assert_eq!(back.binding(), owner().certificate);
        let odd = ["say \"a\"", "a\\b", "a\u{1b}b", "\u{9b}"];
        assert_eq!(again(token().with_scopes(odd)).hand_out(at(1), &owner()).unwrap().scopes(), odd);
    }

    #[test]
    fn only_a_replacement_is_young() {
        for (is_replacement, ages) in [(true, [1, 400]), (false, [300, 400])] {
            let kept =
                Kept::new(token().with_expires_in(Duration::from_secs(3600)), at(0), &owner()).unwrap();
            let bytes = kept.with_replacement(is_replacement).encode().unwrap();
            let kept = Kept::decode(&bytes, &owner()).unwrap();
            let age = |seconds| kept.hand_out(at(seconds), &owner()).unwrap().age().as_secs();
            assert_eq!([age(1), age(400)], ages);
        }
    }

    #[test]
    fn ends_a_little_before_its_life_does_and_when_the_clock_is_set_back() {
        let hour = again(token().with_expires_in(Duration::from_secs(3600)));
        assert!(hour.hand_out(at(3589), &owner()).is_some());
        assert!(hour.hand_out(at(3590), &owner()).is_none());
        assert!(hour.hand_out(at(0) - Duration::from_secs(1), &owner()).is_none());
        let short = again(token().with_expires_in(Duration::from_secs(20)));
        assert!(short.hand_out(at(17), &owner()).is_some() && short.hand_out(at(18), &owner()).is_none());
        let unknown = again(token());
        assert_eq!(unknown.hand_out(at(100), &owner()).unwrap().expires_in(), Some(Duration::from_secs(200)));
        assert!(unknown.hand_out(at(290), &owner()).is_none());
        assert!(again(token().with_expires_in(Duration::ZERO)).hand_out(at(0), &owner()).is_none());
    }

    #[test]
    fn is_for_those_with_the_same_secret() {
        let kept = again(token());
        let of = |secret: Option<&str>| Owner { client_secret: secret.map(Into::into), ..owner() };
        assert!(kept.hand_out(at(1), &of(Some("s"))).is_some());
        assert!(kept.hand_out(at(1), &of(Some("t"))).is_none());
        assert!(kept.hand_out(at(1), &of(None)).is_none());
    }

    #[test]
    fn says_what_is_wrong_without_quoting() {
        let good = Kept::new(token(), at(0), &owner()).unwrap().encode().unwrap();
        let good = String::from_utf8(good.to_vec()).unwrap();
        assert!(good.contains("swordfish"), "the token was there to be found");
        for bad in [
            "",
            "{",
            "swordfish",
            "{\"version\":\"swordfish\"}",
            good.get(..good.len() / 2).unwrap(),
            &good.replace("swordfish", "sword fish"),
            &good.replace("swordfish", "sword\\u0066ish"),
            &good.replace("Bearer", "swordfish"),
            &good.replace("1800000000000", "\"swordfish\""),
        ] {
            let said = Kept::decode(bad.as_bytes(), &owner()).unwrap_err();
            assert_eq!(said, DAMAGED, "{bad}");
        }
        let foreign = good.replace("\"version\":1", "\"version\":2,\"more\":[]");
        assert!(Kept::decode(foreign.as_bytes(), &owner()).unwrap_err().contains("another version"));
        let kept = Kept::decode(good.as_bytes(), &owner()).unwrap();
        assert!(!format!("{kept:?}").contains("swordfish"));
    }

    #[test]
    fn keeps_no_token_that_would_not_come_back() {
        let quoted = AccessToken::bearer(&"sword\"fish".into()).unwrap();
        assert!(Kept::new(quoted, at(0), &owner()).unwrap().encode().is_none());
        let bound = token().with_binding(Thumbprint::from_sha256([8; 32]));
        assert!(Kept::new(bound, at(0), &owner()).is_none());
    }
}
