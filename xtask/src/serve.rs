//! `cargo xtask run`: sets up what is missing, builds Easel and becomes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{engine, process, web, workspace};

/// Ends only where Easel could not be started; after that this process *is* Easel, and gets its signals.
pub(crate) fn run(arguments: &[OsString]) -> Result<()> {
    web::build()?;
    if let Err(error) = engine::ensure() {
        eprintln!("{error:#}. Easel starts without it and waits for one.");
    }
    process::run(process::cargo().args(["build", "--release", "--locked", "--package", "easel"]))?;
    let easel = workspace::target().join("release/easel");
    let error = Command::new(&easel).arg("serve").args(arguments).exec();
    Err(error).with_context(|| format!("could not start {}", easel.display()))
}
