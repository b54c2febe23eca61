//! `claviger completions` and `claviger man`: made from what `args` defines, so that they cannot differ from it.

use clap::{Command, CommandFactory};

use crate::{
    args::{Arguments, CompletionsArguments, EXIT_CODES},
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
    let man = clap_mangen::Man::new(with_usage(command.clone()));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    // One page for all: nobody wants to install a dozen files.
    let commands = || command.get_subcommands().filter(|command| command.get_name() != "help");
    page.extend_from_slice(b".SH COMMANDS\n");
    for command in commands() {
        item(command.get_name(), &about(command), &mut page);
    }
    for command in commands() {
        section(command, &mut page)?;
    }
    page.extend_from_slice(b".SH \"EXIT STATUS\"\n");
    for (code, meaning) in EXIT_CODES {
        item(code, meaning, &mut page);
    }
    Ok(page)
}

fn section(command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = clap_mangen::Man::new(with_usage(command.clone()));
    page.extend_from_slice(format!(".SH {}\n", command.get_name().to_uppercase()).as_bytes());
    page.extend_from_slice(format!("{}.\n.PP\n", escaped(&about(command))).as_bytes());
    for part in [clap_mangen::Man::render_synopsis_section, clap_mangen::Man::render_options_section] {
        let mut text = Vec::new();
        part(&man, &mut text)?;
        // What is a section on a page of its own is a part of the command's here.
        page.extend_from_slice(String::from_utf8_lossy(&text).replace(".SH ", ".SS ").as_bytes());
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if !after.is_empty() {
        page.extend_from_slice(format!(".PP\n.nf\n{}\n.fi\n", escaped(&after)).as_bytes());
    }
    Ok(())
}

/// Puts the usage of `--help` in the place of a list of options without their values.
fn with_usage(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    command.override_usage(usage.trim_start_matches("Usage: ").to_owned())
}

fn item(name: &str, words: &str, page: &mut Vec<u8>) {
    page.extend_from_slice(format!(".TP\n{name}\n{}\n", escaped(words)).as_bytes());
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('-', "\\-")
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

    #[test]
    fn the_manual_has_the_usual_sections_and_refers_to_no_page_that_is_not_there() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for part in [
            ".SH COMMANDS",
            ".SH \"EXIT STATUS\"",
            ".TP\n3\ncredentials refused\n",
            "request\\fR [OPTIONS] <METHOD>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        for (code, meaning) in EXIT_CODES {
            let help = Arguments::command().render_help().to_string().replace('\n', " ");
            assert!(help.contains(&format!(" {code} {meaning}")), "{help}");
        }
        for part in ["EXTRA", "(1)", "[\\fB\\-\\-config\\fR]"] {
            assert!(!page.contains(part), "{part}\n{page}");
        }
    }
}
