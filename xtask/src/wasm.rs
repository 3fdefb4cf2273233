//! A compiler for `wasm32-unknown-unknown`: rustup's target, or Debian's compiler with a `std` of our own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::{debian, process, workspace};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const RUSTUP_PATIENCE: Duration = Duration::from_secs(60);

/// Who compiles for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The pinned toolchain, with its target installed.
    Pinned,
    /// Debian's, which brings the sources of `std` but not the target.
    Debian,
}

impl Toolchain {
    /// The toolchain that is there, or the one that can be had. rustup is asked for its target once:
    /// when it cannot download it, that is remembered.
    pub(crate) fn ensure() -> Result<Self> {
        if target_is_there() {
            return Ok(Self::Pinned);
        }
        let refused = workspace::cache().join("rustup-has-no-wasm");
        if process::find("rustup").is_some() && !refused.exists() {
            println!("asking rustup for the target {TARGET}");
            let mut rustup = Command::new("rustup");
            rustup.args(["target", "add", TARGET]).current_dir(workspace::root());
            if process::succeeds_within(&mut rustup, RUSTUP_PATIENCE) && target_is_there() {
                return Ok(Self::Pinned);
            }
            println!("rustup could not get it; Debian's compiler will do");
            fs::create_dir_all(workspace::cache())?;
            fs::write(refused, "Remove this file to ask rustup again.\n")?;
        }
        debian::ensure(
            &["rustc-web", "rust-web-src", "lld"],
            "compile the web app (or: rustup target add wasm32-unknown-unknown)",
        )?;
        Ok(Self::Debian)
    }

    /// Cargo, ready to be given a command for the browser, its results in `<target>/wasm`.
    pub(crate) fn cargo(self, command: &str) -> Command {
        let mut cargo = process::cargo();
        cargo.args([command, "--target", TARGET, "--target-dir"]).arg(target());
        if self == Self::Debian {
            cargo.arg("-Zbuild-std=std,panic_abort");
            cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
            // What `cargo run` put there is for the pinned toolchain.
            cargo.env_remove("LD_LIBRARY_PATH");
        }
        cargo
    }
}

/// What is built for the browser, apart from the rest: another compiler may have made it.
pub(crate) fn target() -> std::path::PathBuf {
    workspace::target().join("wasm")
}

fn target_is_there() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(workspace::root());
    process::output(&mut rustc).is_ok_and(|folder| Path::new(&folder).is_dir())
}
