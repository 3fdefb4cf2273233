//! The peer of the web app: the same cards in a bare React Flow page, bundled by vite, once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, web, workspace};

/// Where the page lies, compressed as our own is. Fails where there is no node, or npm has no network.
pub(crate) fn ensure() -> Result<PathBuf> {
    let folder = workspace::cache().join("react-flow");
    let page = folder.join("page");
    let sources = web::files(&workspace::root().join("xtask/react-flow"))?;
    let copy = |source: &PathBuf| source.file_name().map(|name| folder.join(name));
    let is_copied = |source: &PathBuf| {
        copy(source).is_some_and(|it| fs::read(it).ok() == fs::read(source).ok())
    };
    if page.exists() && sources.iter().all(is_copied) {
        return Ok(page);
    }

    let node = process::find("node").context("there is no node")?;
    let npm = process::find("npm").context("there is no npm")?;
    println!("bundling the React Flow page, once");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    for source in &sources {
        fs::copy(source, copy(source).context("a file has a name")?)?;
    }
    let install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    process::output(Command::new(npm).args(install).current_dir(&folder))?;
    let build = ["node_modules/vite/bin/vite.js", "build", "--logLevel=error"];
    process::output(Command::new(node).args(build).current_dir(&folder))?;
    web::compress(&folder.join("dist"))?;
    fs::rename(folder.join("dist"), &page)?;
    Ok(page)
}
