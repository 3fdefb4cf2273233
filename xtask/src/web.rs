//! The web app: compiled, bound, hashed, compressed, and laid out as the server embeds it.

mod asset;
mod inputs;
mod page;

pub(crate) use self::inputs::files;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use self::asset::Assets;
use self::page::Page;
use crate::wasm::{self, Toolchain};
use crate::{process, workspace};

const PACKAGE: &str = "easel-frontend";
/// What a first visit may transfer, in bytes, compressed.
const MOST: u64 = 900_000;

/// Builds the web app, unless nothing that goes into it has changed.
pub(crate) fn build() -> Result<()> {
    let dist = workspace::web_dist();
    let seen = dist.with_file_name("inputs");
    let inputs = inputs::hash(workspace::root())?;
    if dist.exists() && fs::read_to_string(&seen).is_ok_and(|seen| seen == inputs) {
        println!("the web app is up to date");
        return Ok(());
    }

    let module = compile()?;
    let bound = bind(&module)?;
    let fresh = dist.with_file_name("dist.new");
    let _ = fs::remove_dir_all(&fresh);
    let transferred = lay_out(&bound, &fresh)?;
    check_size(transferred)?;

    // Never a moment with half of it.
    let stale = dist.with_file_name("dist.old");
    let _ = fs::remove_dir_all(&stale);
    if dist.exists() {
        fs::rename(&dist, &stale)?;
    }
    fs::rename(&fresh, &dist)?;
    let _ = fs::remove_dir_all(&stale);
    fs::write(seen, inputs)?;
    Ok(())
}

/// The web app's module as cargo leaves it.
fn compile() -> Result<PathBuf> {
    let toolchain = Toolchain::ensure()?;
    let arguments = ["--profile", "web", "--package", PACKAGE, "--bin", PACKAGE];
    process::run(toolchain.cargo("build").args(arguments))?;
    Ok(wasm::target().join(wasm::TARGET).join("web").join(PACKAGE).with_extension("wasm"))
}

/// The module with its JavaScript, in a folder.
fn bind(module: &Path) -> Result<PathBuf> {
    let folder = wasm::target().join("bound");
    let _ = fs::remove_dir_all(&folder);
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .out_name("easel")
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)
        .context("wasm-bindgen could not bind the web app")?;
    Ok(folder)
}

/// The folder as the server embeds it; the answer is what a first visit transfers, in bytes.
fn lay_out(bound: &Path, dist: &Path) -> Result<u64> {
    let frontend = workspace::root().join("frontend");
    let mut assets = Assets::new(dist)?;
    let mut page = Page::new(fs::read_to_string(frontend.join("index.html"))?);

    let module = fs::read(bound.join("easel_bg.wasm"))?;
    let mut script = fs::read_to_string(bound.join("easel.js"))?;
    for snippet in files(&bound.join("snippets"))? {
        let path = snippet.strip_prefix(bound)?;
        let hashed = assets.add(path, fs::read(&snippet)?)?;
        script = script.replace(&format!("./{}", path.display()), &format!("./{hashed}"));
    }
    let module_bytes = module.len();
    let wasm = assets.add(Path::new("easel.wasm"), module)?;
    let script = assets.add(Path::new("easel.js"), script.into())?;
    page.fill("wasm-bytes", &module_bytes.to_string());
    let boot = fs::read_to_string(frontend.join("boot.js"))?;
    let boot = assets.add(Path::new("boot.js"), page::boot(&boot, &script, &wasm).into())?;
    let css = assets.add(Path::new("easel.css"), stylesheet(&frontend.join("styles"))?.into())?;

    for (name, asset) in [("js", script), ("wasm", wasm), ("boot", boot), ("css", css)] {
        page.fill(name, &assets.url(&asset));
    }
    for file in files(&frontend.join("assets"))? {
        let name = file.strip_prefix(frontend.join("assets"))?;
        let asset = assets.add_for_later(name, fs::read(&file)?)?;
        page.fill(&name.to_string_lossy(), &assets.url(&asset));
    }
    let app = page.hash();
    page.fill("app", &app);

    assets.finish(page.finish()?.into_bytes(), &app)
}

/// Puts beside each file of a folder what a server sends in its place.
pub(crate) fn compress(folder: &Path) -> Result<()> {
    for file in files(folder)? {
        asset::write(&file, &fs::read(&file)?)?;
    }
    Ok(())
}

/// Says how much a first visit transfers; fails when it is too much.
fn check_size(transferred: u64) -> Result<()> {
    let kilobytes = transferred.div_ceil(1_000);
    if transferred > MOST {
        bail!(
            "the web app has grown to {kilobytes} kB (brotli), and may have {} kB: make it smaller",
            MOST / 1_000
        );
    }
    println!("the web app is {kilobytes} kB (brotli)");
    Ok(())
}

/// Every stylesheet, one after the other in the order of their names.
fn stylesheet(folder: &Path) -> Result<String> {
    let sheets = files(folder)?.into_iter().filter(|it| it.extension() == Some("css".as_ref()));
    let sheets = sheets.map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(sheets.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_app_that_has_grown_too_big_is_told_so() {
        check_size(MOST).unwrap();

        let error = check_size(MOST + 1).unwrap_err().to_string();

        assert!(error.contains("make it smaller"), "{error}");
    }
}
