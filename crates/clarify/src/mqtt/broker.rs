//! Where the broker is, and how it is spoken to.

use std::time::Duration;

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::Uri;

/// Says where a broker is, and what it is told.
///
/// # Example
///
/// ```
/// use claviger_clarify::mqtt::Broker;
///
/// assert_eq!(Broker::production().address(), "mqtt.clarify.io:8883");
/// assert_eq!(Broker::new("mqtts://broker.example")?.address(), "broker.example:8883");
/// assert!(Broker::new("mqtt://broker.example").is_err(), "the password would go in clear");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broker {
    uri: Uri,
    address: String,
    client_id: Option<String>,
    keep_alive: Duration,
    topic: String,
    window: usize,
}

impl Broker {
    /// Takes the URL of a broker: `mqtts://HOST[:PORT]`, port 8883 by default. To this very machine, named as
    /// `localhost`, `127.0.0.0/8` or `[::1]`, plain `mqtt://` is taken too, with port 1883.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is anything else, or names a user or a path.
    pub fn new(url: &str) -> Result<Self, Error> {
        let wrong = |what| Error::new(ErrorKind::Configuration, what).with_advice(WRITE_URL);
        let (scheme, port, rest) = match url.trim().split_once("://") {
            Some(("mqtts", rest)) => ("https", 8883, rest),
            Some(("mqtt", rest)) => ("http", 1883, rest),
            _ => return Err(wrong("this is no mqtts URL")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let uri: Uri = format!("{scheme}://{rest}/").parse().map_err(|_| wrong("this is no mqtts URL"))?;
        let host = match uri.authority() {
            Some(authority) if !authority.as_str().contains('@') && !rest.contains(['/', '?', '#']) => {
                authority.host()
            }
            _ => return Err(wrong("the broker's URL has more than a host and a port")),
        };
        if host.is_empty() {
            return Err(wrong("the broker's URL names no host"));
        }
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(port));
        let uri: Uri = format!("{scheme}://{address}/").parse().map_err(|_| wrong("this is no mqtts URL"))?;
        if Origin::of_with_loopback(&uri).is_err() {
            return Err(wrong("the password goes to mqtts URLs only").with_subject(address));
        }
        let (keep_alive, topic) = (Duration::from_secs(30), "dataframe".to_owned());
        Ok(Self { uri, address, client_id: None, keep_alive, topic, window: 20 })
    }

    /// Takes Clarify's own, `mqtts://mqtt.clarify.io:8883`.
    #[must_use]
    pub fn production() -> Self {
        Self::new(PRODUCTION).expect("the URL below is one")
    }

    /// Uses this client id. A broker closes the connection of whoever else uses the same. Default: `claviger` and 15
    /// random hexadecimal digits, which every broker must take (MQTT 3.1.1 §3.1.3.1).
    #[must_use]
    pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets after how long a silence, of either side, the broker is asked whether it is still there. If it says nothing
    /// for twice as long, or acknowledges no frame, or takes nothing for as long, the connection is given up. Whole seconds, from 1 to 65,535. Default: 30 s.
    #[must_use]
    pub fn with_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.keep_alive = Duration::from_secs(keep_alive.as_secs().clamp(1, u16::MAX.into()));
        self
    }

    /// Publishes to this topic. Default: `dataframe`.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into();
        self
    }

    /// Sets how many frames may be on their way, sent and not yet acknowledged; from 1 to 1,000. Default: 20.
    #[must_use]
    pub fn with_window(mut self, frames: usize) -> Self {
        self.window = frames.clamp(1, 1_000);
        self
    }

    /// Returns host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Refuses a topic that is none.
    pub(super) fn check(&self) -> Result<(), Error> {
        // MQTT 3.1.1 §4.7.1 and §4.7.3: wildcards are for subscribers.
        let is_long = self.topic.len() > usize::from(u16::MAX);
        if self.topic.is_empty() || self.topic.contains(['+', '#', '\0']) || is_long {
            return Err(Error::new(ErrorKind::Configuration, "this is no topic to publish to")
                .with_advice("name one topic, without wildcards; Clarify's is dataframe"));
        }
        Ok(())
    }

    /// As the connector knows it: `https` for TLS.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    pub(super) fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }
}

const PRODUCTION: &str = "mqtts://mqtt.clarify.io:8883";
const WRITE_URL: &str = "write it as mqtts://mqtt.clarify.io:8883; mqtt:// is for this very machine only";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_host_and_a_port() {
        for (url, address) in [
            ("mqtts://mqtt.clarify.io", "mqtt.clarify.io:8883"),
            (" mqtts://a:1/\n", "a:1"),
            ("mqtts://[::1]", "[::1]:8883"),
            ("mqtt://localhost", "localhost:1883"),
            ("mqtt://127.0.0.1:1", "127.0.0.1:1"),
        ] {
            assert_eq!(Broker::new(url).unwrap().address(), address, "{url}");
        }
    }

    #[test]
    fn refuses_the_rest_and_quotes_no_password() {
        for (url, what) in [
            ("", "this is no mqtts URL"),
            ("mqtt.clarify.io:8883", "this is no mqtts URL"),
            ("https://mqtt.clarify.io", "this is no mqtts URL"),
            ("mqtts://", "this is no mqtts URL"),
            ("mqtts://a b", "this is no mqtts URL"),
            ("mqtts://acme:swordfish@a", "the broker's URL has more than a host and a port"),
            ("mqtts://a/b", "the broker's URL has more than a host and a port"),
            ("mqtts://a?b", "the broker's URL has more than a host and a port"),
            ("mqtt://a", "the password goes to mqtts URLs only (a:1883)"),
            (
                "mqtt://127.0.0.1.evil.example",
                "the password goes to mqtts URLs only (127.0.0.1.evil.example:1883)",
            ),
        ] {
            let error = Broker::new(url).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.kind()), (what, ErrorKind::Configuration), "{url}");
        }
    }

    #[test]
    fn publishes_to_no_wildcard() {
        let broker = Broker::production;
        broker().check().unwrap();
        for topic in ["", "#", "a/+/b", "a\0"] {
            assert!(broker().with_topic(topic).check().is_err(), "{topic:?}");
        }
    }
}
