//! What the web app is made from, as one hash.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

const INPUTS: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "domain",
    "frontend",
    "rust-toolchain.toml",
    "xtask/src/wasm.rs",
    "xtask/src/web",
    "xtask/src/web.rs",
];

/// The hash of every input's path and content.
pub(super) fn hash(root: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    for input in INPUTS {
        for file in files(&root.join(input))? {
            let path = file.strip_prefix(root)?.to_string_lossy().into_owned();
            let content = fs::read(&file).with_context(|| format!("could not read {path}"))?;
            hasher.update(format!("{path}\0{}\0", content.len()));
            hasher.update(content);
        }
    }
    Ok(hex::encode(hasher.finalize()))
}

/// Every file at or below a path, in the order of their paths; none where nothing is.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            found.extend(files(&entry?.path())?);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_names_and_contents() {
        let root = std::env::temp_dir().join(format!("easel-inputs-{}", std::process::id()));
        fs::create_dir_all(root.join("frontend/src")).unwrap();
        fs::write(root.join("frontend/src/a.rs"), "one").unwrap();
        let first = hash(&root).unwrap();

        fs::write(root.join("frontend/src/a.rs"), "two").unwrap();
        let edited = hash(&root).unwrap();
        fs::rename(root.join("frontend/src/a.rs"), root.join("frontend/src/b.rs")).unwrap();
        let renamed = hash(&root).unwrap();
        fs::write(root.join("frontend/src/b.rs"), "one").unwrap();
        fs::rename(root.join("frontend/src/b.rs"), root.join("frontend/src/a.rs")).unwrap();
        let back = hash(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();

        assert_ne!(first, edited);
        assert_ne!(edited, renamed);
        assert_eq!(first, back);
    }
}
