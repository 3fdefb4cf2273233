//! `index.html`: a template whose `{{name}}`s become the addresses of assets.

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

/// The page being filled in.
pub(super) struct Page {
    html: String,
}

impl Page {
    pub(super) fn new(template: String) -> Self {
        Self { html: template }
    }

    pub(super) fn fill(&mut self, name: &str, value: &str) {
        self.html = self.html.replace(&format!("{{{{{name}}}}}"), value);
    }

    /// Changes with any asset, because their names do.
    pub(super) fn hash(&self) -> String {
        hex::encode(&Sha256::digest(&self.html)[..8])
    }

    /// The page, if every placeholder was one.
    pub(super) fn finish(self) -> Result<String> {
        if let Some((_, rest)) = self.html.split_once("{{") {
            let name = rest.split_once("}}").map_or(rest, |(name, _)| name);
            bail!(
                "frontend/index.html asks for {{{{{name}}}}}, which is neither css, js, wasm, wasm-bytes, \
                 boot, app nor a file in frontend/assets"
            );
        }
        Ok(self.html)
    }
}

/// Starts the app. A file of its own, because the Content-Security-Policy allows no inline script.
pub(super) fn boot(template: &str, script: &str, wasm: &str) -> String {
    template.replace("{{js}}", script).replace("{{wasm}}", wasm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_values() {
        let mut page = Page::new(r#"<link href="{{css}}"><script src="{{boot}}">"#.to_owned());

        page.fill("css", "/assets/easel.1.css");
        page.fill("boot", "/assets/boot.2.js");

        let html = page.finish().unwrap();
        assert_eq!(html, r#"<link href="/assets/easel.1.css"><script src="/assets/boot.2.js">"#);
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        let error = Page::new("{{logo.svg}}".to_owned()).finish().unwrap_err().to_string();

        assert!(error.contains("{{logo.svg}}"), "{error}");
    }
}
