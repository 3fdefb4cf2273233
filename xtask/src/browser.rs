//! A Chromium for the tests that use Easel as a person would.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{debian, process};

const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The browser that is there, or Debian's. The fonts are those that the app asks for first, so that
/// screenshots look the same everywhere.
pub(crate) fn ensure() -> Result<PathBuf> {
    let find = || NAMES.iter().find_map(|name| process::find(name));
    if let Some(browser) = find() {
        return Ok(browser);
    }
    debian::ensure(
        &["chromium", "fonts-inter", "fonts-jetbrains-mono"],
        "use Easel as a person would, in a real browser",
    )?;
    find().context("chromium is installed but not on the PATH")
}
