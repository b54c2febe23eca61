//! Whose types stand in our interfaces: the dependencies whose next major version would be a breaking change of ours.
//!
//! Each library names them in `[package.metadata.claviger] public-dependencies`; siblings count by themselves. In the
//! workspace's manifest they stand under `# PUBLIC`.

pub(crate) mod signatures;

use std::collections::BTreeSet;

use crate::{tidy::Problem, workspace::Package};

const ROOT: &str = "Cargo.toml";
const MARK: &str = "# PUBLIC";

/// Compares the libraries' lists with their dependencies and with the block in the workspace's manifest.
pub(crate) fn check(packages: &[Package], root_manifest: &str) -> Vec<Problem> {
    let block = block(root_manifest);
    let mut problems = Vec::new();
    for package in packages {
        for name in &package.public {
            if !package.dependencies.iter().any(|dependency| dependency.is_normal && dependency.name == *name)
            {
                problems.push(Problem::new(
                    package.manifest(),
                    format!("lists {name} as public and does not depend on it"),
                    "take it out of public-dependencies",
                ));
            }
            if !block.contains(name.as_str()) {
                problems.push(Problem::new(
                    ROOT,
                    format!("{name} is public in {} and not under `{MARK}`", package.name),
                    "move it there, or keep its types out of the interface",
                ));
            }
        }
    }
    for name in block {
        if !packages.iter().any(|package| package.public.iter().any(|public| public == name)) {
            problems.push(Problem::new(
                ROOT,
                format!("{name} stands under `{MARK}` and is public in no library"),
                "move it, or list it in [package.metadata.claviger] public-dependencies of whose interface has it",
            ));
        }
    }
    problems
}

/// The names from the mark to the next empty line.
fn block(manifest: &str) -> BTreeSet<&str> {
    let lines = manifest.lines().skip_while(|line| !line.starts_with(MARK)).skip(1);
    let lines = lines.take_while(|line| !line.trim().is_empty());
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const MANIFEST: &str =
        "[workspace.dependencies]\n# PUBLIC: …\nhttp = \"1\"\n\n# Inside only.\nhyper = \"1\"\n";

    fn package(public: &[&str], dependencies: &[&str]) -> Package {
        let dependency =
            |name: &&str| Dependency { name: (*name).to_owned(), is_normal: true, ..Dependency::default() };
        Package {
            public: public.iter().map(|name| (*name).to_owned()).collect(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Package::default()
        }
    }

    #[test]
    fn agrees_with_the_block() {
        assert_eq!(check(&[package(&["http"], &["http", "hyper"])], MANIFEST), []);
    }

    #[test]
    fn sees_one_that_is_no_dependency() {
        assert!(check(&[package(&["http"], &["hyper"])], MANIFEST)[0].what.contains("does not depend on it"));
    }

    #[test]
    fn sees_one_outside_the_block() {
        let problems = check(&[package(&["http", "hyper"], &["http", "hyper"])], MANIFEST);
        assert!(problems[0].what.contains("not under"));
    }

    #[test]
    fn sees_one_in_the_block_that_no_library_has() {
        assert!(check(&[package(&[], &["http"])], MANIFEST)[0].what.contains("public in no library"));
    }
}
