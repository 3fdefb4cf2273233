//! The `easel` command: the server and its command line.

use clap::Parser;
use easel::{ProcessEnv, args::Arguments, command, console::Console, exit};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let env = ProcessEnv::read();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("easel: cannot start: {error}");
            return ExitCode::from(exit::Exit::CannotStart as u8);
        }
    };
    let ended = runtime.block_on(command::run(arguments, &env));
    // Whatever still hangs has had its time: a stop that was asked for is not held up by it.
    runtime.shutdown_background();
    match ended {
        Ok(()) => match Console::write_error() {
            None => ExitCode::SUCCESS,
            Some(why) => {
                eprintln!("easel: the answer could not be written: {why}");
                ExitCode::from(exit::Exit::Failed as u8)
            }
        },
        Err(error) => {
            eprintln!("easel: {}", exit::sentence(&error));
            ExitCode::from(exit::code(&error))
        }
    }
}
