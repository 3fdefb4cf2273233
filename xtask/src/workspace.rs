//! Where things lie: the clone, what is built from it, and what outlives it.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The root of the clone. Cargo says at run time where that is: one target directory may serve
/// several clones, and then this program may have been built in another.
#[must_use]
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        manifest.parent().expect("xtask lies one folder below the root").to_path_buf()
    });
    &ROOT
}

/// What cargo builds into: `CARGO_TARGET_DIR`, else `target`.
pub(crate) fn target() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root().join(target),
        None => root().join("target"),
    });
    &TARGET
}

/// What is worth keeping between clones: `EASEL_CACHE`, else `~/.cache/easel`.
pub(crate) fn cache() -> &'static Path {
    static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
        let chosen = env::var_os("EASEL_CACHE").map(|cache| root().join(cache));
        let of_user = || env::home_dir().map(|home| home.join(".cache/easel"));
        chosen.or_else(of_user).unwrap_or_else(|| target().join("cache"))
    });
    &CACHE
}

/// The built web app, which the server embeds.
pub(crate) fn web_dist() -> PathBuf {
    target().join("web/dist")
}
