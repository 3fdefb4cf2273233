//! Files that a browser may keep for ever: named by their content, compressed once at build time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The folder being laid out.
pub(super) struct Assets {
    dist: PathBuf,
    /// What a first visit loads of it, compressed, in bytes.
    weight: u64,
}

impl Assets {
    pub(super) fn new(dist: &Path) -> Result<Self> {
        fs::create_dir_all(dist.join("assets"))?;
        Ok(Self { dist: dist.to_owned(), weight: 0 })
    }

    /// Adds a file under its hashed name, which is the answer (relative to `assets/`).
    pub(super) fn add(&mut self, name: &Path, content: Vec<u8>) -> Result<String> {
        let name = hashed(name, &content)?;
        self.weight += write(&self.dist.join("assets").join(&name), &content)?;
        Ok(name)
    }

    /// Adds a file that no page loads with itself, but only once something that it draws needs it.
    pub(super) fn add_for_later(&mut self, name: &Path, content: Vec<u8>) -> Result<String> {
        let name = hashed(name, &content)?;
        write(&self.dist.join("assets").join(&name), &content)?;
        Ok(name)
    }

    /// Where a browser finds an asset.
    pub(super) fn url(&self, name: &str) -> String {
        format!("/assets/{name}")
    }

    /// The page itself, which keeps its name, and the hash by which an old tab knows that it is one.
    /// The answer is what all of it weighs, compressed, in bytes.
    pub(super) fn finish(self, page: Vec<u8>, app: &str) -> Result<u64> {
        let page = write(&self.dist.join("index.html"), &page)?;
        fs::write(self.dist.join("app.txt"), app)?;
        Ok(self.weight + page)
    }
}

/// `easel.js` becomes `easel.<hash>.js`.
fn hashed(name: &Path, content: &[u8]) -> Result<String> {
    let extension = name.extension().context("an asset has an extension")?.to_string_lossy();
    let stem = name.with_extension("");
    let hash = hex::encode(&Sha256::digest(content)[..8]);
    Ok(format!("{}.{hash}.{extension}", stem.display()))
}

/// The file, and beside it what is smaller; the answer is the size of its brotli, or its own.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<u64> {
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    fs::write(path, content)?;
    let name = path.as_os_str().to_string_lossy();
    let packed = brotli(content)?;
    let weight = packed.len().min(content.len()) as u64;
    for (extension, compressed) in [("br", packed), ("gz", gzip(content)?)] {
        if compressed.len() < content.len() {
            fs::write(format!("{name}.{extension}"), compressed)?;
        }
    }
    Ok(weight)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let best = BrotliEncoderParams { quality: 11, lgwin: 22, ..BrotliEncoderParams::default() };
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &best)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_name_carries_the_hash_of_its_content() {
        let one = hashed(Path::new("snippets/a-1/inline0.js"), b"one").unwrap();
        let two = hashed(Path::new("snippets/a-1/inline0.js"), b"two").unwrap();

        assert_eq!(one, "snippets/a-1/inline0.7692c3ad3540bb80.js");
        assert_ne!(one, two);
    }

    #[test]
    fn what_is_compressed_reads_back() {
        let content = b"the same words, the same words, the same words".repeat(20);

        let mut from_brotli = Vec::new();
        let packed = brotli(&content).unwrap();
        brotli::BrotliDecompress(&mut &packed[..], &mut from_brotli).unwrap();
        let mut from_gzip = Vec::new();
        let packed = gzip(&content).unwrap();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut from_gzip).unwrap();

        assert_eq!(from_brotli, content);
        assert_eq!(from_gzip, content);
    }
}
