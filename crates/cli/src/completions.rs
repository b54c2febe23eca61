//! `claviger completions` and `claviger man`: made from what `args` defines, so that they cannot differ from it.

use clap::{Command, CommandFactory};

use crate::{
    args::{Arguments, CompletionsArguments},
    console::Data,
    exit::Exit,
    failure::Failure,
};

/// Prints a script for a shell.
pub(crate) fn run(arguments: CompletionsArguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "claviger", &mut script);
    print(&script)
}

/// Prints the manual page, in the format of `man`: the program's, then that of each command.
pub(crate) fn man() -> Result<Exit, Failure> {
    let page = page().map_err(Failure::of_output)?;
    print(&page)
}

fn page() -> std::io::Result<Vec<u8>> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    // One page for all: nobody wants to install a dozen files.
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        section(command, &mut page)?;
    }
    Ok(page)
}

fn section(command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    page.extend_from_slice(format!(".SH {}\n", command.get_name().to_uppercase()).as_bytes());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.extend_from_slice(format!("{about}.\n.PP\n").as_bytes());
    for part in [clap_mangen::Man::render_synopsis_section, clap_mangen::Man::render_options_section] {
        let mut text = Vec::new();
        part(&man, &mut text)?;
        // What is a section on a page of its own is a part of the command's here.
        page.extend_from_slice(String::from_utf8_lossy(&text).replace(".SH ", ".SS ").as_bytes());
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if !after.is_empty() {
        page.extend_from_slice(b".PP\n.nf\n");
        page.extend_from_slice(after.replace('\\', "\\\\").replace('-', "\\-").as_bytes());
        page.extend_from_slice(b"\n.fi\n");
    }
    Ok(())
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut data = Data::new();
    data.write(bytes)?;
    data.finish()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "claviger", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }

    #[test]
    fn the_manual_has_every_command_and_its_options() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for part in [".SH CHECK", ".SH REQUEST", "no\\-cache", "include", "listen"] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches(".TH ").count(), 1);
    }
}
