//! Finds the web app to embed; where none has been built, a page stands in that says so.

use std::{env, fs, path::PathBuf};

const STAND_IN: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Easel</title></head>
<body>
<h1>Easel is running</h1>
<p>This binary was built without its web app. <code>cargo xtask run</code> builds both.
The API answers under <a href="/api/health">/api</a>.</p>
</body>
</html>
"#;

fn main() {
    println!("cargo:rerun-if-env-changed=EASEL_WEB_DIST");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let dist = env::var_os("EASEL_WEB_DIST")
        .map_or_else(|| here.join("../target/web/dist"), |path| here.join("..").join(path));
    // It is made where it is missing: cargo would build anew for ever if it watched nothing.
    let _ = fs::create_dir_all(&dist);
    println!("cargo:rerun-if-changed={}", dist.display());

    let web = if dist.join("index.html").is_file() {
        dist
    } else {
        let stand_in =
            PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("stand-in");
        fs::create_dir_all(&stand_in).expect("cargo's own folder can be written");
        fs::write(stand_in.join("index.html"), STAND_IN)
            .expect("cargo's own folder can be written");
        stand_in
    };
    let web = web.canonicalize().expect("the folder has just been seen");
    println!("cargo:rustc-env=EASEL_WEB={}", web.display());
}
