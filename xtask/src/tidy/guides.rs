//! What the guides show is what is compiled and run: each listing is the example that its mark names.

use crate::{command::Result, tidy::Problem};

/// What stands before the listing of a file: `<!-- crates/x/examples/y.rs -->`.
fn listed(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- ")?.strip_suffix(" -->").filter(|path| path.ends_with(".rs"))
}

/// Writes each marked listing anew, as `read` has the file.
pub(crate) fn write(guide: &str, read: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut text = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(path) = listed(line) else { continue };
        // Whatever is listed now, its fences included.
        let mut fences = 0;
        for _ in lines.by_ref().take_while(|line| {
            fences += usize::from(line.starts_with(FENCE));
            fences < 2
        }) {}
        if fences < 2 {
            return Err(format!("{path} is not followed by a listing").into());
        }
        text.push_str(&format!("{FENCE}rust\n{}\n{FENCE}\n", read(path)?.trim_end()));
    }
    Ok(text)
}

/// Compares a guide with what it lists.
pub(crate) fn check(
    path: &str,
    guide: &str,
    read: impl Fn(&str) -> Result<String>,
) -> Result<Option<Problem>> {
    let is_same = write(guide, read).map_err(|error| format!("{path}: {error}"))? == guide;
    Ok((!is_same).then(|| {
        Problem::new(path, "shows an example as it is not", "let `cargo xtask tidy --bless` write it anew")
    }))
}

const FENCE: &str = "```";

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = "# A guide\n\n<!-- a.rs -->\n```rust\nfn main() {}\n```\n\nThat is all.\n";

    fn file(text: &str) -> impl Fn(&str) -> Result<String> {
        move |path| if path == "a.rs" { Ok(text.to_owned()) } else { Err("no such file".into()) }
    }

    #[test]
    fn knows_a_listing_that_is_not_the_file() {
        assert_eq!(check("docs/a.md", GUIDE, file("fn main() {}\n")).unwrap(), None);
        let problem = check("docs/a.md", GUIDE, file("fn main() { work() }\n")).unwrap().unwrap();
        assert!(problem.to_string().starts_with("docs/a.md: shows an example as it is not"));
    }

    #[test]
    fn writes_it_anew_and_nothing_else() {
        let written = write(GUIDE, file("fn a() {}\n\nfn b() {}\n")).unwrap();
        assert_eq!(written, GUIDE.replace("fn main() {}", "fn a() {}\n\nfn b() {}"));
    }

    #[test]
    fn does_not_guess() {
        assert!(check("docs/a.md", "<!-- b.rs -->\n```rust\n```\n", file("")).is_err());
        assert!(check("docs/a.md", "<!-- a.rs -->\nno listing\n", file("")).is_err());
    }
}
