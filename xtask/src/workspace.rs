//! What `cargo metadata` says of this workspace.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use crate::command::{Result, cargo};

/// The workspace we stand in.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder below the root, with `/` between the parts.
    pub(crate) folder: String,
    pub(crate) is_published: bool,
    pub(crate) is_library: bool,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    /// `public-dependencies` of `[package.metadata.claviger]`.
    pub(crate) public: Vec<String>,
}

/// One line of a member's dependency tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_normal: bool,
    pub(crate) is_optional: bool,
    /// Whether it is a member too.
    pub(crate) is_sibling: bool,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let output = cargo(&["metadata", "--format-version", "1", "--no-deps"]).output()?;
        if !output.status.success() {
            return Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Self::parse(&serde_json::from_slice(&output.stdout)?)
    }

    fn parse(metadata: &Value) -> Result<Self> {
        let path = |name: &str| metadata.get(name).and_then(Value::as_str).map(PathBuf::from);
        let root = path("workspace_root").ok_or("cargo metadata names no workspace_root")?;
        let target = path("target_directory").ok_or("cargo metadata names no target_directory")?;
        let mut packages = Vec::new();
        for package in list(metadata, "packages") {
            let manifest = PathBuf::from(text(package, "manifest_path"));
            let folder = manifest.parent().and_then(|folder| folder.strip_prefix(&root).ok());
            let folder = folder.ok_or_else(|| format!("{} is outside the workspace", manifest.display()))?;
            packages.push(parse_package(package, folder.to_string_lossy().replace('\\', "/")));
        }
        Ok(Self { root, target, packages })
    }
}

impl Package {
    /// Where its manifest is, below the root.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Whether it is a library that others may take.
    pub(crate) fn is_published_library(&self) -> bool {
        self.is_library && self.is_published
    }
}

fn parse_package(package: &Value, folder: String) -> Package {
    let kinds = list(package, "targets").flat_map(|target| list(target, "kind"));
    let metadata = package.pointer("/metadata/claviger").unwrap_or(&Value::Null);
    Package {
        name: text(package, "name"),
        folder,
        // `publish = false` comes as an empty list of registries, no word of it as null.
        is_published: package.get("publish").is_none_or(Value::is_null),
        is_library: kinds.filter_map(Value::as_str).any(|kind| kind == "lib"),
        features: features(package).into_keys().collect(),
        dependencies: list(package, "dependencies").map(parse_dependency).collect(),
        public: list(metadata, "public-dependencies").filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn parse_dependency(dependency: &Value) -> Dependency {
    Dependency {
        // As the manifest calls it: two major versions of one package have different names there.
        name: dependency
            .get("rename")
            .and_then(Value::as_str)
            .map_or_else(|| text(dependency, "name"), str::to_owned),
        is_normal: dependency.get("kind").is_none_or(Value::is_null),
        is_optional: dependency.get("optional").and_then(Value::as_bool).unwrap_or(false),
        is_sibling: dependency.get("path").is_some(),
    }
}

fn features(package: &Value) -> BTreeMap<String, Value> {
    package.get("features").and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_cargo_says() {
        let workspace = Workspace::parse(&json!({
            "workspace_root": "/w",
            "target_directory": "/t",
            "packages": [{
                "name": "claviger-mtls",
                "manifest_path": "/w/crates/mtls/Cargo.toml",
                "publish": null,
                "targets": [{"kind": ["lib"]}],
                "features": {"default": [], "reload": []},
                "metadata": {"claviger": {"public-dependencies": ["http"]}},
                "dependencies": [
                    {"name": "http", "kind": null, "optional": false},
                    {"name": "claviger-auth-core", "kind": "dev", "optional": false, "path": "/w/crates/auth-core"},
                ],
            }],
        }))
        .unwrap();

        let package = &workspace.packages[0];
        assert_eq!(package.manifest(), "crates/mtls/Cargo.toml");
        assert_eq!(package.features, ["default", "reload"]);
        assert_eq!(package.public, ["http"]);
        assert!(package.is_published_library());
        assert!(package.dependencies[0].is_normal && !package.dependencies[0].is_sibling);
        assert!(!package.dependencies[1].is_normal && package.dependencies[1].is_sibling);
    }

    #[test]
    fn knows_the_unpublished() {
        let package = parse_package(&json!({"name": "x", "publish": []}), "x".to_owned());
        assert!(!package.is_published);
    }
}
