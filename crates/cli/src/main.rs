//! `claviger`: authenticated requests from the command line.
//!
//! The way through: `args` (what was typed) and `settings` (which file and profile) → `claviger_profiles` (what is
//! meant, layers and client) → the command, one module each → `exit`. Only `environment` reads variables, only
//! `console` writes to the process's outputs.

mod args;
mod certificate;
mod check;
mod completions;
mod console;
mod environment;
mod exit;
mod failure;
mod input;
mod login;
mod publish;
mod request;
mod rpc;
mod sandbox;
mod settings;
mod token;

use std::process::ExitCode;

use crate::{
    args::{Arguments, Command},
    environment::Environment,
    exit::Exit,
    failure::Failure,
};

fn main() -> ExitCode {
    let arguments = match args::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads is no failure.
            let _ = error.print();
            return if error.use_stderr() { Exit::Settings.into() } else { Exit::Done.into() };
        }
    };
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(failure) => {
            console::fail(&failure);
            failure.exit().into()
        }
    }
}

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    // Should one be installed already, it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Other, error, "check how many threads you may have (ulimit -u)")
    })?;
    let environment = Environment::of_process();
    let choice = &arguments.choice;
    let exit = runtime.block_on(async {
        match arguments.command {
            Command::Check(check) => check::run(choice, check, &environment).await,
            Command::Completions(completions) => completions::run(completions),
            Command::Demo => demo(&program()).await,
            Command::Login(login) => login::log_in(choice, login, &environment).await,
            Command::Logout => login::log_out(choice, &environment).await,
            Command::Man => completions::man(),
            Command::Publish(publish) => publish::run(choice, publish, &environment).await,
            Command::Request(request) => request::run(choice, request, &environment).await,
            Command::Rpc(call) => rpc::run(choice, call, &environment).await,
            Command::Sandbox(sandbox) => sandbox::run(sandbox, &program()).await,
            Command::Secret(secret) => login::secret(choice, &secret, &environment).await,
            Command::Status(status) => login::status(choice, status, &environment).await,
            Command::Token(token) => token::run(choice, token, &environment).await,
        }
    });
    runtime.block_on(claviger_login::sessions_stored());
    // A connection that is still open, or a name that is still being looked up, holds nobody up.
    runtime.shutdown_background();
    exit
}

/// `claviger demo`: its text goes to stdout.
async fn demo(program: &str) -> Result<Exit, Failure> {
    match claviger_demo::run(program, &mut |text| console::write(text)).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) => match error.downcast() {
            Ok(error) => Err(Failure::of_output(*error)),
            Err(error) => Err(error.into()),
        },
    }
}

/// What to type for this program: as it was typed.
fn program() -> String {
    match std::env::args_os().next() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "claviger".to_owned(),
    }
}
