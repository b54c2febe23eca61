//! The packets of MQTT 3.1.1 that a publisher sends and gets, and no others.

use claviger_auth_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// What a broker answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// CONNACK, with its return code.
    Connected(u8),
    /// PUBACK, with the packet id.
    Acknowledged(u16),
    /// PINGRESP.
    Pong,
}

/// Writes a CONNECT packet (§3.1) for a session that ends with its connection: the spool knows what is left.
///
/// # Errors
///
/// [`Configuration`](ErrorKind::Configuration): a text that no packet can carry (§1.5.3).
pub(super) fn connect(
    client_id: &str,
    keep_alive: u16,
    user: &str,
    password: &SecretString,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    const USER_PASSWORD_AND_CLEAN_SESSION: u8 = 0b1100_0010;
    let texts = [client_id, user, password.expose_secret()];
    if texts.iter().any(|text| text.len() > usize::from(u16::MAX) || text.contains('\0')) {
        return Err(Error::new(
            ErrorKind::Configuration,
            "client id, user name or password is longer than 65,535 bytes, or has a zero byte",
        ));
    }
    let length = 10 + texts.iter().map(|text| 2 + text.len()).sum::<usize>();
    // Not to grow, for that would leave copies of the password behind.
    let mut packet = Zeroizing::new(Vec::with_capacity(length + 5));
    packet.push(0x10);
    put_length(&mut packet, length);
    put_text(&mut packet, "MQTT");
    packet.extend([4, USER_PASSWORD_AND_CLEAN_SESSION]);
    packet.extend(keep_alive.to_be_bytes());
    texts.iter().for_each(|text| put_text(&mut packet, text));
    Ok(packet)
}

/// Writes a PUBLISH packet (§3.3) with QoS 1, not to be retained.
pub(super) fn publish(into: &mut Vec<u8>, topic: &str, id: u16, is_resent: bool, payload: &[u8]) {
    into.push(if is_resent { 0x3A } else { 0x32 });
    put_length(into, 2 + topic.len() + 2 + payload.len());
    put_text(into, topic);
    into.extend(id.to_be_bytes());
    into.extend(payload);
}

/// PINGREQ (§3.12).
pub(super) const PING: [u8; 2] = [0xC0, 0];
/// DISCONNECT (§3.14).
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Takes the first answer off `bytes`; none until it is there as a whole.
pub(super) fn take(bytes: &mut Vec<u8>) -> Result<Option<Answer>, Error> {
    let (answer, length) = match bytes[..] {
        [0x20, 2, _, code, ..] => (Answer::Connected(code), 4),
        [0x40, 2, high, low, ..] => (Answer::Acknowledged(u16::from_be_bytes([high, low])), 4),
        [0xD0, 0, ..] => (Answer::Pong, 2),
        [] | [0x20 | 0x40 | 0xD0] | [0x20 | 0x40, 2] | [0x20 | 0x40, 2, _] => return Ok(None),
        _ => {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the server does not answer as an MQTT 3.1.1 broker",
            )
            .with_advice("check the host name and the port: Clarify's is mqtt.clarify.io:8883"));
        }
    };
    bytes.drain(..length);
    Ok(Some(answer))
}

/// §2.2.3. A payload is far below the 256 MiB that it can tell.
fn put_length(into: &mut Vec<u8>, mut length: usize) {
    while length > 0x7F {
        into.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    into.push(length as u8);
}

/// §1.5.3. It was looked at before that it is not longer.
fn put_text(into: &mut Vec<u8>, text: &str) {
    into.extend((text.len() as u16).to_be_bytes());
    into.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connects_with_user_and_password() {
        let packet = connect("me", 30, "acme", &"swordfish".into()).unwrap();
        let expected = b"\x10\x1f\0\x04MQTT\x04\xc2\0\x1e\0\x02me\0\x04acme\0\x09swordfish";
        assert_eq!(packet[..], expected[..]);
        assert!(packet.capacity() >= packet.len() && packet.capacity() == 31 + 5, "it did not grow");
        for bad in ["a\0".to_owned(), "a".repeat(65_536)] {
            assert!(connect("me", 30, "acme", &bad.into()).is_err());
        }
    }

    #[test]
    fn publishes_once_and_again() {
        let mut packets = Vec::new();
        publish(&mut packets, "dataframe", 0x102, false, b"{}");
        publish(&mut packets, "d", 1, true, &[b'x'; 123]);
        let (first, second) = packets.split_at(17);
        assert_eq!(first, b"\x32\x0f\0\x09dataframe\x01\x02{}");
        assert_eq!(second[..8], *b"\x3a\x80\x01\0\x01d\0\x01");
        assert_eq!(second.len(), 3 + 128);
    }

    #[test]
    fn writes_lengths_as_the_standard_s_table_has_them() {
        // MQTT 3.1.1, table 2.4.
        for (length, written) in [
            (0, &[0][..]),
            (127, &[0x7F]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (268_435_455, &[0xFF, 0xFF, 0xFF, 0x7F]),
        ] {
            let mut bytes = Vec::new();
            put_length(&mut bytes, length);
            assert_eq!(bytes, written);
        }
    }

    #[test]
    fn takes_answers_however_they_are_cut() {
        let stream = b"\x20\x02\0\x05\x40\x02\x01\x02\xd0\0\x40\x02\0\x01";
        let (mut bytes, mut answers) = (Vec::new(), Vec::new());
        for byte in stream {
            bytes.push(*byte);
            answers.extend(take(&mut bytes).unwrap());
        }
        let acknowledged = Answer::Acknowledged;
        assert_eq!(answers, [Answer::Connected(5), acknowledged(0x102), Answer::Pong, acknowledged(1)]);
        assert!(bytes.is_empty());
    }

    #[test]
    fn knows_what_is_no_broker() {
        for bytes in [&b"HTTP/1.1 400"[..], b"\x20\x03", b"\x30", b"\x40\x82", b"\x16\x03\x01", b"\xd0\x01"] {
            assert_eq!(take(&mut bytes.to_vec()).unwrap_err().kind(), ErrorKind::Protocol, "{bytes:?}");
        }
    }
}
