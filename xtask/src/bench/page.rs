//! The page with today's figures.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->\n";
const END: &str = "<!-- end of figures -->";

/// Puts the figures into docs/performance.md; what is written around them stays.
pub(crate) fn write(root: &Path, table: &str) -> Result<()> {
    let path = root.join("docs/performance.md");
    let page = fs::read_to_string(&path)?;
    let page = filled(&page, table).context("docs/performance.md has no place for figures")?;
    fs::write(path, page)?;
    Ok(())
}

fn filled(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_replaced_and_words_around_them_stay() {
        let page = format!("# Speed\n\n{BEGIN}\nold\n\n{END}\n\nAfter.\n");

        let once = filled(&page, "| new |\n").unwrap();

        assert_eq!(once, format!("# Speed\n\n{BEGIN}\n| new |\n\n{END}\n\nAfter.\n"));
        assert_eq!(filled(&once, "| new |\n").unwrap(), once);
        assert_eq!(filled("no place", "| new |"), None);
    }
}
