//! A compiler for `wasm32-unknown-unknown`: the pinned toolchain with the target that rustup has for it, or
//! Debian's, which compiles its own `std`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::{debian, process, workspace};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const DEBIANS_RUSTC: &str = "/usr/bin/rustc";
/// Of the workspace's manifest.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");
const RUSTUP_PATIENCE: Duration = Duration::from_secs(60);

/// Who compiles for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The pinned toolchain, with its target installed.
    Pinned,
    /// Debian's, which brings the sources of `std` in place of the target.
    Debian,
}

impl Toolchain {
    /// The toolchain that is there, or the one that can be had. rustup is asked for the target once:
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
        let packages = ["rustc-web", "rust-web-src", "lld"];
        let purpose = "compile the web app (or: rustup target add wasm32-unknown-unknown)";
        debian::ensure(&packages, purpose)?;
        if !is_new_enough() {
            debian::install(&packages, purpose)?;
        }
        if !is_new_enough() {
            bail!(
                "{DEBIANS_RUSTC} is older than {NEEDED}, which Easel needs: enable Debian's security \
                 updates (bookworm-security) and run this again"
            );
        }
        Ok(Self::Debian)
    }

    /// Cargo, ready to be given a command for the browser, its results in `<target>/wasm`.
    pub(crate) fn cargo(self, command: &str) -> Command {
        let mut cargo = process::cargo();
        cargo.args([command, "--target", TARGET, "--target-dir"]).arg(target());
        if self == Self::Debian {
            cargo.arg("-Zbuild-std=std,panic_abort");
            cargo.env("RUSTC", DEBIANS_RUSTC).env("RUSTC_BOOTSTRAP", "1");
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

fn is_new_enough() -> bool {
    let version = process::output(Command::new(DEBIANS_RUSTC).arg("--version"));
    version.is_ok_and(|version| numbers(version.trim_start_matches("rustc ")) >= numbers(NEEDED))
}

/// `1.96.0 (of a day)` as numbers that compare.
fn numbers(version: &str) -> Vec<u32> {
    let version = version.split_whitespace().next().unwrap_or_default();
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("1.100.0 (abc 2027-01-01)") > numbers("1.95"));
        assert!(numbers("1.85.0 (4d91de4e4 2025-02-17)") < numbers("1.95"));
    }
}
