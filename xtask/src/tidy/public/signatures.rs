//! Finds, by reading the text, signatures with types of a dependency that is not public.
//!
//! A heuristic: it follows `use`, not macros and not re-exports of re-exports. Here `pub` means reachable, since
//! `unreachable_pub` holds for the whole workspace.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    tidy::{Problem, mask::is_of_word, source::Source},
    workspace::Package,
};

/// Looks through the library's code; of each dependency it tells the first place.
pub(crate) fn check(package: &Package, sources: &[&Source]) -> Vec<Problem> {
    let private: BTreeSet<String> = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.is_normal && !dependency.is_sibling)
        .filter(|dependency| !package.public.contains(&dependency.name))
        .map(|dependency| dependency.name.replace('-', "_"))
        .collect();
    let types: BTreeSet<&str> =
        sources.iter().flat_map(|source| source.production()).filter_map(declared).collect();
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for source in sources {
        let imports = imports(source, &private);
        for (line, signature) in signatures(source, &types) {
            for name in mentioned(&signature, &imports, &private) {
                if seen.insert(name.to_owned()) {
                    problems.push(Problem::new(
                        source.place(line),
                        format!("{name} stands in the interface, first here: `{}`", signature.trim()),
                        "keep it inside, or list it in [package.metadata.claviger] public-dependencies",
                    ));
                }
            }
        }
    }
    problems
}

/// The private dependencies whose names stand in `signature`.
fn mentioned<'a>(
    signature: &'a str,
    imports: &'a BTreeMap<String, String>,
    private: &BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let imported = words(signature).filter_map(|word| imports.get(word)).map(String::as_str);
    let is_export = signature.trim_start().starts_with("pub use ");
    let spelled = words(signature)
        .filter(|word| private.contains(*word) && (is_export || signature.contains(&format!("{word}::"))));
    imported.chain(spelled).collect()
}

/// The names that `use` brings in from private dependencies, each with where it comes from.
fn imports(source: &Source, private: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut imports = BTreeMap::new();
    let code: String = source.production().flat_map(|(_, line)| [line, " "]).collect();
    for statement in code.split(';') {
        let Some(path) = statement.trim().strip_prefix("use ") else { continue };
        let Some(dependency) = words(path).next().filter(|word| private.contains(*word)) else { continue };
        // Whatever is followed by `::` is a module on the way, what is followed by `as` has another name here.
        for part in path.split(['{', '}', ',']) {
            let last = words(part).next_back().filter(|_| !part.trim_end().ends_with("::"));
            if let Some(name) = last.filter(|name| *name != "_" && *name != "self") {
                imports.insert(name.to_owned(), dependency.to_owned());
            }
        }
    }
    imports
}

/// What the outside sees: each from its keyword up to its body, with the line where it begins.
fn signatures(source: &Source, types: &BTreeSet<&str>) -> Vec<(usize, String)> {
    let mut signatures: Vec<(usize, String)> = Vec::new();
    let mut derives = String::new();
    let mut is_open = false;
    let mut block: Option<Block> = None;
    let mut depth = 0_usize;
    for (number, line) in source.production() {
        let text = line.trim();
        if let Some(inside) = &mut block {
            inside.is_entered |= depth > inside.depth;
        }
        block = block.filter(|block| !block.is_entered || depth > block.depth);
        if text.starts_with("#[derive") {
            derives.push_str(text);
        } else if !is_open {
            let is_implementation = implemented(text).is_some_and(|name| types.contains(name));
            let is_member = block.as_ref().is_some_and(|block| block.shows(depth, text));
            if is_implementation || is_member || text.starts_with("pub ") {
                let derived = if declared((number, line)).is_some() { derives.as_str() } else { "" };
                signatures.push((number, derived.to_owned()));
                is_open = true;
            }
            if is_implementation {
                block = Some(Block { depth, members: &["type "], is_entered: false });
            } else if text.starts_with("pub trait ") {
                block = Some(Block { depth, members: &["async fn ", "fn ", "type "], is_entered: false });
            }
            if !text.starts_with('#') {
                derives.clear();
            }
        }
        if is_open && let Some((_, signature)) = signatures.last_mut() {
            let end = end(text);
            signature.push(' ');
            signature.push_str(end.and_then(|end| text.get(..end)).unwrap_or(text));
            is_open = end.is_none();
        }
        depth = (depth + text.matches('{').count()).saturating_sub(text.matches('}').count());
    }
    signatures
}

/// A public trait, or an implementation for a public type.
struct Block {
    /// How deep in braces it stands.
    depth: usize,
    /// What in it the outside sees, by how it begins.
    members: &'static [&'static str],
    /// Whether its own brace has come.
    is_entered: bool,
}

impl Block {
    fn shows(&self, depth: usize, text: &str) -> bool {
        depth == self.depth + 1 && self.members.iter().any(|member| text.starts_with(member))
    }
}

/// Where on this line a signature ends, if it does.
fn end(text: &str) -> Option<usize> {
    let starts_with = |names: &[&str]| names.iter().any(|name| text.starts_with(name));
    if starts_with(&["pub use "]) {
        return text.find(';');
    }
    if starts_with(&["pub const ", "pub static "]) && !text.contains("fn ") {
        return text.find(['=', ';']);
    }
    let is_field = text.starts_with("pub ") && text.ends_with(',') && !text.contains('(');
    text.find(['{', ';']).or(is_field.then_some(text.len()))
}

/// The public type that a line declares.
fn declared((_, line): (usize, &str)) -> Option<&str> {
    let rest = line.trim().strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "union "];
    kinds.iter().find_map(|kind| rest.strip_prefix(kind)).and_then(|rest| words(rest).next())
}

/// The type that a line implements a trait for.
fn implemented(line: &str) -> Option<&str> {
    let (_, target) = line.strip_prefix("impl")?.split_once(" for ")?;
    words(target).next()
}

fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(|letter| !is_of_word(letter)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const IMPORTS: &str = "//! Docs.\nuse http::Request;\nuse hyper_util::{client::{Client, legacy}, rt as runtime};\n\
        use serde::Deserialize;\npub struct Ours {\n    inner: Client,\n}\n";

    fn problems(code: &str) -> Vec<String> {
        let dependency =
            |name: &str| Dependency { name: name.to_owned(), is_normal: true, ..Dependency::default() };
        let package = Package {
            dependencies: ["http", "hyper-util", "serde"].map(dependency).to_vec(),
            public: vec!["http".to_owned()],
            ..Package::default()
        };
        let source = Source::new("crates/x/src/a.rs", format!("{IMPORTS}{code}"));
        check(&package, &[&source]).into_iter().map(|problem| problem.what).collect()
    }

    #[test]
    fn lets_public_types_and_private_uses_pass() {
        for code in [
            "pub fn new(request: Request<()>) -> Self {\n    let client = Client::new();\n}\n",
            "pub(crate) fn new(client: Client) {}\n",
            "fn new(client: Client) {}\n",
            "#[derive(Deserialize)]\nstruct Wire {\n    a: u8,\n}\n",
            "impl From<Client> for Private {}\n",
            "impl Clone for Ours {\n    fn clone(&self) -> Self {\n        Client::new();\n    }\n}\n",
            "pub trait Open {\n    fn open(&self) {\n        fn inner(client: Client) {}\n    }\n}\n",
            "pub const LIMIT: usize = legacy::LIMIT;\n",
            "// pub fn new(client: Client)\n",
        ] {
            assert_eq!(problems(code), [""; 0], "{code}");
        }
    }

    #[test]
    fn finds_private_types_in_the_interface() {
        for code in [
            "pub fn new(client: Client) -> Self {}\n",
            "pub fn new(\n    first: u8,\n    client: Client,\n) -> Self {\n}\n",
            "pub fn new() -> hyper_util::client::Client {}\n",
            "pub fn spawn(how: runtime::TokioExecutor) {}\n",
            "pub struct Open {\n    pub inner: Client,\n}\n",
            "pub struct Open(pub Client);\n",
            "pub use hyper_util::client::Client;\n",
            "pub use hyper_util;\n",
            "#[derive(Debug, Deserialize)]\npub struct Open {\n    a: u8,\n}\n",
            "impl From<Client> for Ours {\n}\n",
            "impl<S> Service<S> for Ours\nwhere\n    S: Clone,\n{\n    type Response = Client;\n}\n",
            "pub trait Open {\n    fn open(&self) -> Client;\n}\n",
            "pub fn each() -> impl Iterator<Item = Client> {}\n",
            "pub const CLIENT: Client = Client::new();\n",
        ] {
            assert_eq!(problems(code).len(), 1, "{code}");
        }
    }

    #[test]
    fn names_the_dependency() {
        assert!(
            problems("pub fn new(client: Client) {}\n")[0].starts_with("hyper_util stands in the interface")
        );
    }
}
