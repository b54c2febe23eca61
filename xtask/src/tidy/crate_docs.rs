//! The front page of each library: four headings, and not more than a page or two.

use crate::tidy::{Problem, source::Source};

const HEADINGS: [&str; 4] = ["# What it does", "# Where it sits", "# Example", "# What it does not do"];
const LINES: usize = 60;

/// Reads the `//!` lines at the head of a `lib.rs`.
pub(crate) fn check(root: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    let docs: Vec<&str> =
        root.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    if docs.len() > LINES {
        problems.push(Problem::new(
            &root.path,
            format!("has {} lines of crate docs, more than {LINES}", docs.len()),
            "move the detail to the types it is about",
        ));
    }
    let headings: Vec<&str> = docs.into_iter().filter(|line| HEADINGS.contains(line)).collect();
    if headings != HEADINGS {
        problems.push(Problem::new(
            &root.path,
            format!("its crate docs have the headings {headings:?}"),
            format!("give them these four, in this order: {HEADINGS:?}"),
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(headings: &[&str], more: usize) -> Source {
        let lines: String = headings.iter().map(|heading| format!("//! {heading}\n//!\n")).collect();
        Source::new(
            "crates/x/src/lib.rs",
            format!("//! First.\n{lines}{}mod a;\n", "//! more\n".repeat(more)),
        )
    }

    #[test]
    fn wants_four_headings_in_order() {
        assert_eq!(check(&root(&HEADINGS, 0)), []);
        assert_eq!(check(&root(&HEADINGS[..3], 0)).len(), 1);
        let mut turned = HEADINGS;
        turned.reverse();
        assert_eq!(check(&root(&turned, 0)).len(), 1);
    }

    #[test]
    fn wants_it_short() {
        assert_eq!(check(&root(&HEADINGS, 51)), []);
        assert_eq!(check(&root(&HEADINGS, 52)).len(), 1);
    }
}
