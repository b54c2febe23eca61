//! Versions, package data and lints are written once, in the workspace's manifest, and inherited.

use toml::{Table, Value};

use crate::{command::Result, tidy::Problem, workspace::Package};

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const OF_ALL: [&str; 3] = ["edition", "license", "rust-version"];
const OF_PUBLISHED: [&str; 6] = ["authors", "categories", "homepage", "keywords", "repository", "version"];

/// Looks through a member's manifest.
pub(crate) fn check(package: &Package, text: &str) -> Result<Vec<Problem>> {
    let path = package.manifest();
    let manifest: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
    let mut problems = Vec::new();

    let data = table(&manifest, "package");
    let published = if package.is_published { &OF_PUBLISHED[..] } else { &[] };
    for name in
        OF_ALL.iter().chain(published).filter(|name| !inherits(data.and_then(|data| data.get(**name))))
    {
        problems.push(Problem::new(
            &path,
            format!("has a {name} of its own"),
            format!("write {name}.workspace = true"),
        ));
    }
    let version = data.and_then(|data| data.get("version")).and_then(Value::as_str);
    if !package.is_published && version.is_some_and(|version| version != "0.0.0") {
        problems.push(Problem::new(&path, "has a version though it is not published", "write 0.0.0"));
    }
    if !inherits(manifest.get("lints")) {
        problems.push(Problem::new(&path, "does not inherit the lints", "write [lints] workspace = true"));
    }
    for (name, _) in dependencies(&manifest).filter(|(_, value)| !inherits(Some(value))) {
        let remedy =
            format!("put the version into [workspace.dependencies] and write {name}.workspace = true");
        problems.push(Problem::new(&path, format!("does not inherit {name}"), remedy));
    }
    Ok(problems)
}

/// All dependency tables, also those for one platform.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let platforms = table(manifest, "target").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = platforms.chain([manifest]);
    tables.flat_map(|of| DEPENDENCIES.iter().filter_map(|name| table(of, name))).flatten()
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

fn table<'a>(of: &'a Table, name: &str) -> Option<&'a Table> {
    of.get(name).and_then(Value::as_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
        [package]
        version = '0.0.0'
        edition.workspace = true
        license.workspace = true
        rust-version.workspace = true
        [dependencies]
        http.workspace = true
        tokio = { workspace = true, features = ['rt'] }
        [lints]
        workspace = true
    ";

    fn problems(is_published: bool, text: &str) -> usize {
        check(&Package { is_published, ..Package::default() }, text).unwrap().len()
    }

    #[test]
    fn wants_everything_inherited() {
        assert_eq!(problems(false, GOOD), 0);
        for (right, wrong) in [
            ("edition.workspace = true", "edition = '2024'"),
            ("license.workspace = true", ""),
            ("http.workspace = true", "http = '1'"),
            ("tokio = { workspace = true, features = ['rt'] }", "tokio = { version = '1' }"),
            ("[lints]\n        workspace = true", ""),
            ("'0.0.0'", "'0.1.0'"),
            ("[dependencies]", "[target.'cfg(unix)'.dev-dependencies]\nrustix = '1'\n[dependencies]"),
        ] {
            assert_eq!(problems(false, &GOOD.replace(right, wrong)), 1, "{wrong}");
        }
    }

    #[test]
    fn wants_more_of_what_is_published() {
        assert_eq!(problems(true, GOOD), OF_PUBLISHED.len());
    }

    #[test]
    fn does_not_guess_at_half_a_manifest() {
        assert!(check(&Package::default(), "[package").is_err());
    }
}
