//! The `easel` command: the server and its command line.

use clap::Parser;
use easel::{Surroundings, args::Arguments, command, console::Console, exit};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let around = Surroundings::read();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("easel: cannot start: {error}");
            return ExitCode::from(exit::Exit::CannotStart as u8);
        }
    };
    let ended = runtime.block_on(command::run(arguments, &around));
    // Whatever still hangs has had its time: a stop that was asked for is not held up by it.
    runtime.shutdown_background();
    match ended {
        Ok(()) => match Console::lost() {
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
