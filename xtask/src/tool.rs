//! The checkers that Rust does not bring: compiled once into the cache, at a fixed version.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::{process, workspace};

/// A program on crates.io. Built without optimisation: they run for seconds, and compiling counts.
struct Tool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
}

const DENY: Tool = Tool { package: "cargo-deny", program: "cargo-deny", version: "0.20.2" };
const MACHETE: Tool = Tool { package: "cargo-machete", program: "cargo-machete", version: "0.9.2" };
const MUTANTS: Tool =
    Tool { package: "cargo-mutants", program: "cargo-mutants", version: "27.1.0" };
const TYPOS: Tool = Tool { package: "typos-cli", program: "typos", version: "1.52.0" };

/// Refuses misspelt words, unused dependencies, and licences or sources that `deny.toml` does not name.
pub(crate) fn check() -> Result<()> {
    process::run(&mut TYPOS.command()?)?;
    process::run(MACHETE.command()?.args(["--with-metadata", "."]))?;
    process::run(DENY.command()?.args(["check", "bans", "licenses", "sources"]))?;

    let fetch = &mut DENY.command()?;
    if process::succeeds_within(fetch.args(["fetch", "db"]), Duration::from_secs(30)) {
        process::run(DENY.command()?.args(["check", "--disable-fetch", "advisories"]))
    } else {
        println!("the advisory database cannot be reached: advisories were not checked");
        Ok(())
    }
}

/// The program that puts faults into code.
pub(crate) fn mutants() -> Result<Command> {
    MUTANTS.command()
}

impl Tool {
    fn command(&self) -> Result<Command> {
        let mut command = Command::new(self.ensure()?);
        command.current_dir(workspace::root());
        Ok(command)
    }

    fn ensure(&self) -> Result<PathBuf> {
        let folder =
            workspace::cache().join("tools").join(format!("{}-{}", self.package, self.version));
        let program = folder.join("bin").join(self.program);
        if program.exists() {
            return Ok(program);
        }
        println!("compiling {} {}, once", self.package, self.version);
        fs::create_dir_all(&folder)?;
        let mut install = process::cargo();
        install.args(["install", "--quiet", "--debug", "--locked", "--root"]).arg(&folder);
        install.args(["--version", self.version, self.package]);
        // Not among our own results.
        install.env_remove("CARGO_TARGET_DIR");
        process::run(&mut install)?;
        Ok(program)
    }
}
