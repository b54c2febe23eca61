//! Asks for a secret.

use std::{
    io::{self, IsTerminal, Read},
    process,
};

use claviger_auth_core::{Error, ErrorKind};
#[cfg(unix)]
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use tokio::task;
use zeroize::Zeroizing;

use crate::under_way::interrupted;

/// Asks for a secret: on a terminal without showing what is typed, else it is standard input, less its last line end.
///
/// Who is interrupted meanwhile (SIGINT, SIGTERM) leaves the terminal as it was, and ends the program with 130 or 143.
///
/// # Errors
///
/// [`Configuration`](ErrorKind::Configuration) if standard input cannot be read, is no text, or is too long to be a
/// secret.
#[expect(clippy::exit, reason = "it stands for the signal, which asks nobody either")]
pub async fn ask(question: String) -> Result<SecretString, Error> {
    let unreadable = |error: io::Error| {
        Error::new(ErrorKind::Configuration, "the secret cannot be read from standard input")
            .with_source(error)
            .with_advice("type it at a terminal, or pipe it in")
    };
    if !io::stdin().is_terminal() {
        return read(io::stdin().lock()).map_err(unreadable);
    }
    let terminal = Terminal::remembered();
    let asked = task::spawn_blocking(move || rpassword::prompt_password(question));
    let code = tokio::select! {
        asked = asked => match asked.map_err(io::Error::other).flatten() {
            // Ctrl-C is a character like others while it reads.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 130,
            asked => return asked.map(SecretString::from).map_err(unreadable),
        },
        code = interrupted() => code,
    };
    terminal.restore();
    process::exit(code)
}

/// How a terminal was before it hid what is typed.
struct Terminal {
    #[cfg(unix)]
    before: Option<Termios>,
}

#[cfg(unix)]
impl Terminal {
    fn remembered() -> Self {
        Self { before: tcgetattr(io::stdin()).ok() }
    }

    fn restore(self) {
        if let Some(before) = self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

/// Windows restores it by itself.
#[cfg(not(unix))]
impl Terminal {
    fn remembered() -> Self {
        Self {}
    }

    fn restore(self) {}
}

fn read(input: impl Read) -> io::Result<SecretString> {
    // With room for it all, so that no copy is left behind where the buffer grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    input.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text).into())
}

/// As long as what profiles take for a secret.
const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn reads_one_line_and_leaves_its_end_out() {
        let text = |input: &[u8]| read(input).map(|secret| secret.expose_secret().to_owned());
        for input in ["a b", "a b\n", "a b\r\n"] {
            assert_eq!(text(input.as_bytes()).unwrap(), "a b");
        }
        assert_eq!(text(b"a\nb\n").unwrap(), "a\nb", "whoever takes it refuses that");
        assert!(text(b"\xff").is_err() && text(&vec![b'a'; LONGEST + 1]).is_err());
    }
}
