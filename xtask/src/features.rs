//! `cargo xtask features`: each published package with none of its features, then with each alone.

use crate::{
    Context,
    command::{Result, cargo, execute},
    workspace::Package,
};

/// Checks the packages one by one: together they would lend each other features that one alone lacks.
pub(crate) fn run(context: &Context) -> Result<()> {
    for package in context.workspace.packages.iter().filter(|package| package.is_published) {
        for arguments in commands(package) {
            execute(cargo(&["check"]).args(arguments))?;
        }
    }
    Ok(())
}

fn commands(package: &Package) -> Vec<Vec<&str>> {
    let bare = vec!["--package", &package.name, "--no-default-features"];
    let mut commands = vec![bare.clone()];
    for feature in package.features.iter().filter(|feature| *feature != "default") {
        commands.push([&bare[..], &["--features", feature]].concat());
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_each_feature_alone() {
        let features = ["default", "client", "reload"].map(str::to_owned).to_vec();
        let package = Package { name: "p".to_owned(), features, ..Package::default() };
        let commands: Vec<_> = commands(&package).into_iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            commands,
            [
                "--package p --no-default-features",
                "--package p --no-default-features --features client",
                "--package p --no-default-features --features reload",
            ]
        );
    }
}
