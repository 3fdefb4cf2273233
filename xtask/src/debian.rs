//! Debian's packages: installed when they are missing and we may, otherwise asked for in a sentence.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

use anyhow::{Result, bail};

use crate::process;

/// Whether we may install packages: root, on a Debian (or a child of it).
fn may_install() -> bool {
    is_root() && Path::new("/etc/debian_version").exists() && process::find("apt-get").is_some()
}

/// Whether we are root, as the kernel sees it.
pub(crate) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Installs those packages that are missing. `purpose` ends the sentence "… is needed to …".
pub(crate) fn ensure(packages: &[&str], purpose: &str) -> Result<()> {
    let missing: Vec<_> = packages.iter().copied().filter(|it| !is_installed(it)).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing, purpose) }
}

/// Installs packages, or their newest version.
pub(crate) fn install(packages: &[&str], purpose: &str) -> Result<()> {
    let names = packages.join(" ");
    if !may_install() {
        bail!("{names} is needed to {purpose}. Install it (as root: apt-get install {names})");
    }

    println!("installing {names}: needed to {purpose}");
    static UPDATED: Once = Once::new();
    let mut updated = Ok(());
    UPDATED.call_once(|| updated = process::output(apt_get().arg("update")).map(drop));
    updated?;
    let install = ["install", "--yes", "--no-install-recommends"];
    process::output(apt_get().args(install).args(packages))?;
    Ok(())
}

fn is_installed(package: &str) -> bool {
    let query = ["--show", "--showformat", "${db:Status-Status}", package];
    process::output(Command::new("dpkg-query").args(query)).is_ok_and(|state| state == "installed")
}

fn apt_get() -> Command {
    let mut apt_get = Command::new("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive");
    apt_get.args(["--quiet", "-o", "Acquire::Retries=3", "-o", "Acquire::http::Timeout=30"]);
    apt_get
}
