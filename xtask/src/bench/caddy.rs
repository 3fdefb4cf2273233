//! The peer of the idle memory: Caddy, compiled from its own source by Go, once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

const VERSION: &str = "v2.11.9";

/// Where Caddy lies. Fails where there is no Go, or it cannot be compiled.
pub(crate) fn ensure() -> Result<PathBuf> {
    let tools = workspace::cache().join("tools");
    let caddy = tools.join(format!("caddy-{VERSION}"));
    if caddy.exists() {
        return Ok(caddy);
    }
    let go = process::find("go").context("there is no Go")?;
    println!("compiling Caddy {VERSION}, once");
    let bin = tools.join("go");
    fs::create_dir_all(&bin)?;
    let module = format!("github.com/caddyserver/caddy/v2/cmd/caddy@{VERSION}");
    process::output(
        Command::new(go).args(["install", "-ldflags=-s -w", &module]).env("GOBIN", &bin),
    )?;
    fs::rename(bin.join("caddy"), &caddy)?;
    Ok(caddy)
}
