//! Nothing stands in for what is not there: no ignored test, no example that is not compiled, no gap left open.

use crate::tidy::{Problem, mask::is_of_word, source::Source};

// In two parts, or this file would break its own rule.
const MACROS: [&str; 2] = [concat!("to", "do!"), concat!("unimple", "mented!")];
const MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

/// Looks through one file.
pub(crate) fn check(source: &Source) -> Vec<Problem> {
    let mut problems = check_fences(&source.path, &source.text);
    for (number, code) in source.code() {
        if code.trim_start().starts_with("#[ignore") {
            let remedy = "mend the test or remove it; one that needs software skips itself with `needs`";
            problems.push(Problem::new(source.place(number), "ignores a test", remedy));
        }
        for found in MACROS.iter().filter(|name| code.contains(*name)) {
            problems.push(Problem::new(
                source.place(number),
                format!("has {found}"),
                "write what belongs there",
            ));
        }
    }
    for (number, line) in (1..).zip(source.text.lines()) {
        for mark in MARKS.iter().filter(|mark| contains_word(line, mark)) {
            problems.push(Problem::new(
                source.place(number),
                format!("has {mark}"),
                "do it now, or file an issue",
            ));
        }
    }
    problems
}

/// Every example is compiled, and run unless the line before or behind its opening says `no_run:` and why not.
pub(crate) fn check_fences(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut previous = "";
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        if let Some(info) = fence(path, line) {
            let words: Vec<&str> = info.split([',', ' ']).collect();
            if words.iter().any(|word| word.starts_with("ignore")) {
                let remedy = "let it compile; a text that is no Rust is a `text` fence";
                problems.push(Problem::new(format!("{path}:{number}"), "an example is ignored", remedy));
            }
            let next = lines.peek().map_or("", |(_, next)| next);
            if words.contains(&"no_run") && ![previous, next].iter().any(|line| line.contains("no_run:")) {
                let remedy = "let it run against a fake, or begin it with `// no_run: why`";
                problems.push(Problem::new(format!("{path}:{number}"), "an example does not run", remedy));
            }
        }
        previous = line;
    }
    problems
}

/// What stands behind the three ticks, where a fence begins.
fn fence<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = if path.ends_with(".md") {
        line
    } else {
        line.strip_prefix("///").or(line.strip_prefix("//!"))?.trim()
    };
    line.strip_prefix("```")
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).is_some_and(|text| text.ends_with(is_of_word));
        let after = line.get(at + word.len()..).is_some_and(|text| text.starts_with(is_of_word));
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> usize {
        check(&Source::new("crates/x/src/a.rs", text)).len()
    }

    #[test]
    fn refuses_ignored_tests_and_gaps() {
        assert_eq!(problems("#[test]\nfn a() { not_a_todo(); }\n// XAXX010101000 is a tax identifier\n"), 0);
        assert_eq!(problems("#[test]\n#[ignore]\nfn a() {}\n"), 1);
        assert_eq!(problems("    #[ignore = \"slow\"]\n"), 1);
        for word in MACROS.iter().chain(&MARKS) {
            assert_eq!(problems(&format!("let a = {word}();\n")), 1, "{word}");
        }
    }

    #[test]
    fn refuses_ignored_examples() {
        assert_eq!(problems("/// ```ignore\n/// a\n/// ```\n"), 1);
        assert_eq!(problems("//! ```rust,ignore\n"), 1);
        assert_eq!(problems("/// ```\n/// a\n/// ```\n"), 0);
        assert_eq!(check_fences("README.md", "```rust,ignore\n").len(), 1);
    }

    #[test]
    fn wants_a_reason_for_what_does_not_run() {
        assert_eq!(problems("/// ```no_run\n"), 1);
        assert_eq!(problems("// no_run: opens a browser\n/// ```no_run\n"), 0);
        assert_eq!(problems("/// ```no_run\n/// // no_run: opens a browser\n"), 0);
    }
}
