//! Set-up, build and test automation: `cargo xtask <task>`.

mod bare;
mod bench;
mod browser;
mod check;
mod coverage;
mod debian;
mod engine;
mod image;
mod mutants;
mod process;
mod registry;
mod rootfs;
mod serve;
mod tool;
mod wasm;
mod web;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use self::bare::ReadmeCommand;
use self::check::Section;
use self::wasm::Toolchain;

/// Easel's automation. Each task sets up what it needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Set up, build and start Easel
    Run {
        /// Passed on to `easel serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run every check and test
    Test {
        /// Only this section
        #[arg(long)]
        only: Option<Section>,
    },
    /// Set up what `run` and `test` need, and build nothing
    Setup,
    /// Build the web app into `target/web/dist`
    Web,
    /// Start a Docker engine when none answers
    Engine,
    /// Make the test images and import them into the engine
    Images,
    /// Measure the budgets, beside their floors
    Bench(bench::Options),
    /// Put small faults into the code, one by one, and say which ones no test notices
    Mutants(mutants::Options),
    /// Write docs/coverage.md from the rows that tests name
    Coverage,
    /// Run one of the README's commands on a Debian that has nothing but Rust
    Bare { command: ReadmeCommand },
}

fn main() -> ExitCode {
    match Task::parse().carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Task {
    fn carry_out(self) -> Result<()> {
        match self {
            Self::Run { arguments } => serve::run(&arguments)?,
            Self::Test { only } => check::run(only)?,
            Self::Setup => set_up()?,
            Self::Web => web::build()?,
            Self::Engine => println!("a Docker engine answers at {}", engine::ensure()?),
            Self::Bench(options) => bench::run(&options)?,
            Self::Mutants(options) => mutants::run(&options)?,
            Self::Coverage => coverage::write(workspace::root())?,
            Self::Bare { command } => bare::run(command)?,
            Self::Images => image::ensure(&engine::ensure()?)?,
        }
        Ok(())
    }
}

fn set_up() -> Result<()> {
    println!("web app: compiled by the {:?} toolchain", Toolchain::ensure()?);
    let engine = engine::ensure()?;
    println!("engine: {engine}");
    image::ensure(&engine)?;
    registry::ensure()?;
    println!("browser: {}", browser::ensure()?.display());
    Ok(())
}
