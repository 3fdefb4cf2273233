//! What is downloaded.

use crate::{
    Options,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};

const BAR: f64 = 900.0;

pub(crate) fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let size = |path: &std::path::Path| {
        let size = std::fs::metadata(path).with_context(|| format!("no {}", path.display()))?;
        Ok::<_, anyhow::Error>(size.len())
    };
    table.add(Row {
        what: "size of the binary, with the web app in it".to_owned(),
        ours: format!("{:.1} MB", size(&options.easel)? as f64 / 1e6),
        floor: "–".to_owned(),
        ratio: None,
        bar: Bar::None,
    });

    // What the page names is loaded at the first visit: all of it but the script's own snippets.
    let page = options.web.join("index.html");
    let (mut plain, mut small) = (0, 0);
    let mut files = vec![page];
    for entry in std::fs::read_dir(options.web.join("assets"))? {
        files.push(entry?.path());
    }
    let loaded = ["html", "js", "wasm", "css"];
    files.retain(|path| path.extension().is_some_and(|it| loaded.iter().any(|&one| it == one)));
    for path in files {
        plain += size(&path)?;
        // Where compressing does not help there is nothing compressed.
        let compressed = path.with_added_extension("br");
        small += if compressed.exists() { size(&compressed)? } else { size(&path)? };
    }
    let kilo = small as f64 / 1e3;
    table.add(Row {
        what: "web app, compressed transfer (page, scripts, module, styles; brotli)".to_owned(),
        ours: format!("{kilo:.0} kB"),
        floor: format!("as it is: {:.0} kB", plain as f64 / 1e3),
        ratio: Some(small as f64 / plain as f64),
        bar: Bar::Asked { text: format!("≤ {BAR} kB"), holds: kilo <= BAR },
    });
    Ok(())
}
