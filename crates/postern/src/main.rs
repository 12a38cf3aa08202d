//! The binary `postern`. It reads the command line and says what came of it; everything else is in the library.
//!
//! Exit codes: 0 success, 1 failure, 2 bad usage.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use postern::cli::Cli;
use postern::{failure, process};

fn main() -> ExitCode {
    // clap itself ends the process on bad usage, with 2
    let cli = Cli::parse();
    process::prepare();
    let mut out = io::stdout();
    match postern::run(cli, &mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // where standard error is gone as well, the exit code says it
            let _said = writeln!(io::stderr(), "{}", failure::shown(&error));
            ExitCode::FAILURE
        }
    }
}
