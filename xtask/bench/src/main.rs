//! The benchmark; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match claviger_bench::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
