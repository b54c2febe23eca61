//! `cargo xtask tidy`: the rules of this workspace that no compiler knows.
//!
//! Each check is a function from text to [`Problem`]s, with a test that shows how it fails.

mod arrows;
mod crate_docs;
mod guides;
mod manifests;
mod mask;
mod places;
mod public;
mod secrets;
mod sizes;
mod source;
mod stand_ins;

use std::{fmt, fs, path::Path};

use crate::{Context, command::Result, tidy::source::Source, workspace::Workspace};

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `path` or `path:line`, below the root.
    place: String,
    what: String,
    /// What to do about it.
    remedy: String,
}

impl Problem {
    fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}

/// The step.
pub(crate) fn run(context: &Context) -> Result<()> {
    let workspace = &context.workspace;
    let sources = source::load(workspace)?;
    if context.options.bless {
        fs::write(workspace.root.join(secrets::LIST), secrets::list(&sources))?;
        for (path, guide) in guides(&workspace.root)? {
            let read = |path: &str| Ok(fs::read_to_string(workspace.root.join(path))?);
            fs::write(workspace.root.join(path), guides::write(&guide, read)?)?;
        }
    }
    let problems = check(workspace, &sources)?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => {
            println!("{} files are tidy", sources.len());
            Ok(())
        }
        1 => Err("1 problem".into()),
        number => Err(format!("{number} problems").into()),
    }
}

fn check(workspace: &Workspace, sources: &[Source]) -> Result<Vec<Problem>> {
    let read = |path: &str| {
        let text = fs::read_to_string(workspace.root.join(path));
        text.map_err(|error| format!("could not read {path}: {error}"))
    };
    let packages = &workspace.packages;
    let root_manifest = read("Cargo.toml")?;

    let mut problems = arrows::check(packages);
    problems.extend(places::check(&top_level(&workspace.root)?));
    problems.extend(public::check(packages, &root_manifest));
    for package in packages {
        problems.extend(manifests::check(package, &read(&package.manifest())?)?);
        let own: Vec<&Source> = sources.iter().filter(|source| source.belongs_to(package)).collect();
        problems.extend(sizes::check_package(package, &own));
        if package.is_published_library() {
            // The sandbox is for tests, where no program's versions are held up by its own.
            if !matches!(&*package.name, "claviger-sandbox" | "claviger-sandbox-stage") {
                problems.extend(public::signatures::check(package, &own));
            }
            let root = own.iter().find(|source| source.path == format!("{}/src/lib.rs", package.folder));
            problems.extend(root.iter().flat_map(|root| crate_docs::check(root)));
        }
    }
    for source in sources {
        problems.extend(sizes::check_file(source));
        problems.extend(places::check_module(source));
        problems.extend(stand_ins::check(source));
    }
    problems.extend(stand_ins::check_fences("README.md", &read("README.md").unwrap_or_default()));
    for (path, guide) in guides(&workspace.root)? {
        problems.extend(guides::check(&path, &guide, |path| Ok(read(path)?))?);
    }
    problems.extend(secrets::check(sources, &read(secrets::LIST).unwrap_or_default()));
    Ok(problems)
}

/// The guides, each with its path below the root.
fn guides(root: &Path) -> Result<Vec<(String, String)>> {
    let mut guides = Vec::new();
    for entry in fs::read_dir(root.join("docs"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            guides.push((format!("docs/{name}"), fs::read_to_string(entry.path())?));
        }
    }
    guides.sort();
    Ok(guides)
}

fn top_level(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_and_what_to_do() {
        let problem = Problem::new("src/lib.rs:3", "a line is wrong", "write it right");
        assert_eq!(problem.to_string(), "src/lib.rs:3: a line is wrong; write it right");
    }
}
