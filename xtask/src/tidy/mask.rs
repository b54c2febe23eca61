//! Rust source with its comments and texts blotted out, so that a search finds code only.

/// Returns `text` with blanks for comments and `"` for the letters of literals; lines stay where they were.
pub(crate) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let in_word = masked.ends_with(is_of_word);
        let (length, fill) = token(rest, next, in_word);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        match fill {
            None => masked.push_str(token),
            Some(fill) => {
                masked.extend(token.chars().map(|letter| if letter == '\n' { letter } else { fill }))
            }
        }
        rest = after;
    }
    masked
}

/// Whether `letter` can stand within a name.
pub(crate) fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// How long the token at the start of `rest` is, and what hides it.
fn token(rest: &str, next: char, in_word: bool) -> (usize, Option<char>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Some(' '));
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Some(' '));
    }
    if !in_word && let Some(length) = raw_text(rest) {
        return (length, Some('"'));
    }
    match next {
        '"' => (quoted(rest), Some('"')),
        '\'' => match letter_literal(rest) {
            Some(length) => (length, Some('"')),
            None => (1, None),
        },
        _ => (next.len_utf8(), None),
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match tail.chars().next() {
                Some(letter) => at += letter.len_utf8(),
                None => break,
            }
        }
    }
    rest.len()
}

fn raw_text(rest: &str) -> Option<usize> {
    let bare = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let opened = bare.trim_start_matches('#');
    let hashes = bare.len() - opened.len();
    let body = opened.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A literal like `'x'`; a lifetime is none.
fn letter_literal(rest: &str) -> Option<usize> {
    let mut letters = rest.char_indices().skip(1);
    let (_, first) = letters.next()?;
    if first == '\\' {
        let (escaped, letter) = letters.next()?;
        let after = escaped + letter.len_utf8();
        return rest.get(after..)?.find('\'').map(|at| after + at + 1);
    }
    letters.next().filter(|(_, letter)| *letter == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        mask(text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hides_comments() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), "a c g");
    }

    #[test]
    fn hides_texts_of_every_form() {
        for text in [
            r#""x""#,
            r#""x\"x""#,
            "r\"x\"",
            "r#\"x\"x\"#",
            "br#\"x\"#",
            "b\"x\"",
            r"'x'",
            r"'\''",
            r"'\u{78}'",
        ] {
            let masked = mask(&format!("({text})"));
            assert!(!masked.contains('x') && masked.ends_with(')'), "{text} became {masked}");
        }
    }

    #[test]
    fn keeps_lifetimes_names_and_lines() {
        assert_eq!(
            words("fn f<'a>(r: &'a str) -> r#type { 'é' }"),
            "fn f<'a>(r: &'a str) -> r#type { \"\"\" }"
        );
        assert_eq!(mask("\"a\nb\"\n//c\nd").lines().count(), 4);
    }

    #[test]
    fn comes_to_an_end_in_half_a_file() {
        for text in ["/* a", "\"a", "r#\"a\"", "'", "'\\", "\"\\"] {
            mask(text);
        }
    }
}
