//! Which member may depend on which: the table of ARCHITECTURE, and nothing beside it.

use crate::{tidy::Problem, workspace::Package};

/// What a member may depend on, be it only in its tests.
#[derive(Debug)]
enum Allowed {
    /// Whatever can be depended on.
    All,
    Only(&'static [&'static str]),
}

const ARROWS: &[(&str, Allowed)] = &[
    ("claviger", Allowed::All),
    ("claviger-auth-core", Allowed::Only(&["claviger-error", "claviger-origin"])),
    ("claviger-basic", Allowed::Only(&["claviger-auth-core"])),
    (
        "claviger-clara",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-client",
            "claviger-input-file",
            "claviger-mtls",
            "claviger-oauth-cc",
            "claviger-token-endpoint",
        ]),
    ),
    (
        "claviger-clarify",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-basic",
            "claviger-client",
            "claviger-input-file",
            "claviger-mtls",
            "claviger-oauth-cc",
            "claviger-spool",
            "claviger-token-endpoint",
        ]),
    ),
    (
        "claviger-clarus",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-client",
            "claviger-mtls",
            "claviger-oauth-cc",
            "claviger-token-endpoint",
        ]),
    ),
    (
        "claviger-clazar",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-client",
            "claviger-mtls",
            "claviger-oauth-cc",
            "claviger-token-endpoint",
        ]),
    ),
    ("claviger-client", Allowed::Only(&["claviger-auth-core", "claviger-mtls"])),
    (
        "claviger-demo",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-clara",
            "claviger-clarify",
            "claviger-clarus",
            "claviger-clazar",
            "claviger-client",
            "claviger-mtls",
            "claviger-sandbox",
        ]),
    ),
    ("claviger-error", Allowed::Only(&[])),
    ("claviger-input-file", Allowed::Only(&[])),
    ("claviger-kept-secret", Allowed::Only(&["claviger-error", "claviger-private-file", "claviger-seal"])),
    (
        "claviger-login",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-oauth-code",
            "claviger-profiles",
            "claviger-session-store-file",
            "claviger-token-endpoint",
            "claviger-token-store-file",
        ]),
    ),
    ("claviger-mtls", Allowed::Only(&["claviger-auth-core", "claviger-input-file"])),
    ("claviger-oauth-cc", Allowed::Only(&["claviger-auth-core", "claviger-token-endpoint"])),
    ("claviger-oauth-code", Allowed::Only(&["claviger-auth-core", "claviger-token-endpoint"])),
    ("claviger-origin", Allowed::Only(&["claviger-error"])),
    ("claviger-per-customer", Allowed::Only(&["claviger-auth-core"])),
    ("claviger-private-file", Allowed::Only(&["claviger-auth-core"])),
    (
        "claviger-profiles",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-basic",
            "claviger-clara",
            "claviger-clarify",
            "claviger-clarus",
            "claviger-clazar",
            "claviger-client",
            "claviger-input-file",
            "claviger-kept-secret",
            "claviger-mtls",
            "claviger-oauth-cc",
            "claviger-oauth-code",
            "claviger-seal",
            "claviger-token-endpoint",
        ]),
    ),
    ("claviger-replay", Allowed::Only(&["claviger-auth-core"])),
    // Shares no code with the client side: one misreading of a document cannot pass on both.
    ("claviger-sandbox", Allowed::Only(&["claviger-sandbox-stage"])),
    ("claviger-sandbox-stage", Allowed::Only(&[])),
    ("claviger-seal", Allowed::Only(&["claviger-error"])),
    (
        "claviger-session-store-file",
        Allowed::Only(&[
            "claviger-auth-core",
            "claviger-oauth-code",
            "claviger-private-file",
            "claviger-seal",
        ]),
    ),
    ("claviger-spool", Allowed::Only(&["claviger-auth-core", "claviger-private-file"])),
    ("claviger-test-kit", Allowed::Only(&["claviger-auth-core"])),
    ("claviger-tests", Allowed::All),
    ("claviger-token-endpoint", Allowed::Only(&["claviger-auth-core"])),
    ("claviger-token-store-file", Allowed::Only(&["claviger-auth-core", "claviger-private-file"])),
    ("claviger-tonic", Allowed::Only(&["claviger-auth-core", "claviger-mtls"])),
    ("xtask", Allowed::Only(&[])),
];

/// Arrows that stand behind a feature: who only wants the layers does not compile the client.
const OPTIONAL: &[(&str, &str)] = &[
    ("claviger-clara", "claviger-client"),
    ("claviger-clarify", "claviger-client"),
    ("claviger-clarify", "claviger-spool"),
    ("claviger-clarus", "claviger-client"),
    ("claviger-clazar", "claviger-client"),
];

/// Arrows of examples and tests alone: an example shows a crate in a whole stack.
const SHOWN: &[(&str, &str)] = &[
    ("claviger-clara", "claviger-replay"),
    ("claviger-oauth-cc", "claviger-client"),
    ("claviger-oauth-cc", "claviger-mtls"),
    ("claviger-oauth-cc", "claviger-replay"),
    ("claviger-session-store-file", "claviger-token-endpoint"),
    ("claviger-tonic", "claviger-client"),
    ("claviger-tonic", "claviger-oauth-cc"),
    ("claviger-tonic", "claviger-replay"),
    ("claviger-tonic", "claviger-token-endpoint"),
];

/// Compares the members' dependencies with the table.
pub(crate) fn check(packages: &[Package]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in packages {
        match ARROWS.iter().find(|(name, _)| *name == package.name) {
            Some((_, allowed)) => problems.extend(check_package(package, allowed)),
            None => problems.push(Problem::new(
                package.manifest(),
                format!("{} is not in the table of arrows", package.name),
                "decide what it may depend on, in xtask/src/tidy/arrows.rs and ARCHITECTURE.md",
            )),
        }
    }
    problems
}

fn check_package(package: &Package, allowed: &Allowed) -> Vec<Problem> {
    let mut problems = Vec::new();
    for dependency in package.dependencies.iter().filter(|dependency| dependency.is_sibling) {
        let (from, to) = (package.name.as_str(), dependency.name.as_str());
        let is_allowed = match allowed {
            Allowed::All => true,
            Allowed::Only(names) => {
                names.contains(&to) || !dependency.is_normal && SHOWN.contains(&(from, to))
            }
        };
        if !is_allowed {
            problems.push(Problem::new(
                package.manifest(),
                format!("{from} must not depend on {to}"),
                "see the table of arrows in ARCHITECTURE.md",
            ));
        } else if dependency.is_normal && !dependency.is_optional && OPTIONAL.contains(&(from, to)) {
            problems.push(Problem::new(
                package.manifest(),
                format!("{from} may depend on {to} only by a feature"),
                "make it optional",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, to: &str, is_optional: bool) -> Package {
        let dependency = Dependency { name: to.to_owned(), is_normal: true, is_optional, is_sibling: true };
        Package { name: name.to_owned(), dependencies: vec![dependency], ..Package::default() }
    }

    fn problems(package: Package) -> Vec<Problem> {
        check(&[package])
    }

    #[test]
    fn allows_the_table() {
        assert_eq!(problems(package("claviger-client", "claviger-mtls", false)), []);
        assert_eq!(problems(package("claviger", "claviger-sandbox", false)), []);
        assert_eq!(problems(package("claviger-clara", "claviger-client", true)), []);
    }

    #[test]
    fn refuses_another_arrow() {
        for (from, to) in [
            ("claviger-sandbox", "claviger-auth-core"),
            ("claviger-sandbox-stage", "claviger-auth-core"),
            ("claviger-mtls", "claviger-client"),
        ] {
            assert_eq!(problems(package(from, to, false)).len(), 1, "{from} to {to}");
        }
    }

    #[test]
    fn refuses_one_in_the_tests_alone() {
        let mut package = package("claviger-clara", "claviger-sandbox", false);
        package.dependencies[0].is_normal = false;
        assert_eq!(problems(package).len(), 1);
    }

    #[test]
    fn allows_an_example_what_it_shows() {
        let mut package = package("claviger-oauth-cc", "claviger-client", false);
        assert_eq!(check(&[package.clone()]).len(), 1);
        package.dependencies[0].is_normal = false;
        assert_eq!(check(&[package]), []);
    }

    #[test]
    fn wants_the_client_behind_a_feature() {
        assert!(
            problems(package("claviger-clara", "claviger-client", false))[0]
                .what
                .contains("only by a feature")
        );
    }

    #[test]
    fn refuses_one_provider_under_another() {
        assert_eq!(problems(package("claviger-clarify", "claviger-clara", false)).len(), 1);
    }

    #[test]
    fn refuses_a_member_without_a_row() {
        let stranger = Package { name: "claviger-new".to_owned(), ..Package::default() };
        assert!(problems(stranger)[0].what.contains("not in the table"));
    }
}
