//! The images that the tests deploy, made here and without a registry.
//!
//! Each is a root file system packed once into the cache and imported into the engine. An image
//! carries the hash of its recipe, so that a changed recipe replaces it.

mod recipe;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::recipe::Recipe;
use crate::engine::Engine;
use crate::rootfs::Rootfs;
use crate::{process, workspace};

const LABEL: &str = "easel.test.recipe";

/// Brings every test image into the engine; those that are there already cost one question each.
pub(crate) fn ensure(engine: &Engine) -> Result<()> {
    for recipe in recipe::ALL {
        if is_there(engine, recipe) {
            println!("{}: there", recipe.image);
            continue;
        }
        let tar = tar(recipe).with_context(|| format!("could not make {}", recipe.image))?;
        import(engine, recipe, &tar)?;
        println!("{}: imported", recipe.image);
    }
    Ok(())
}

fn is_there(engine: &Engine, recipe: &Recipe) -> bool {
    let format = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
    let inspect = ["image", "inspect", "--format", &format, recipe.image];
    process::output(engine.docker().args(inspect)).is_ok_and(|label| label == recipe.hash())
}

fn import(engine: &Engine, recipe: &Recipe, tar: &Path) -> Result<()> {
    let label = format!("LABEL {LABEL}={}", recipe.hash());
    let mut import = engine.docker();
    import.arg("import");
    for change in recipe.settings.iter().copied().chain([label.as_str()]) {
        import.args(["--change", change]);
    }
    process::output(import.arg(tar).arg(recipe.image))?;
    Ok(())
}

/// The packed root file system of a recipe, from the cache or made now.
fn tar(recipe: &Recipe) -> Result<PathBuf> {
    let cache = folder();
    fs::create_dir_all(&cache)?;
    let tar = cache.join(format!("{}-{}.tar", recipe.file_name(), recipe.hash()));
    // Whoever comes second finds it made.
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    if tar.exists() {
        return Ok(tar);
    }

    println!("{}: making it (its log: {})", recipe.image, cache.join("log").display());
    let root = Rootfs::new(&cache)?;
    recipe.fill(&root)?;
    root.pack(&tar)?;
    Ok(tar)
}

/// Where the packed root file systems are kept.
pub(crate) fn folder() -> PathBuf {
    workspace::cache().join("images")
}
