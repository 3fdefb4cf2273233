//! `cargo xtask bench`: the budgets, measured on what is released.

mod caddy;
mod page;
mod react_flow;

use std::fs;

use anyhow::Result;
use clap::Args;

use crate::{browser, engine, image, process, web, workspace};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Also write the table into docs/performance.md
    #[arg(long)]
    write: bool,
    /// Few rounds and few services: whether it works, not how fast it is
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Only this part: `live`, `growth`, `crowd`, `many`, `web` or `size`
    #[arg(long, conflicts_with = "write")]
    only: Vec<String>,
}

/// Builds everything as it is released, and measures it.
pub(crate) fn run(options: &Options) -> Result<()> {
    web::build()?;
    let engine = engine::ensure()?;
    image::ensure(&engine)?;
    process::run(process::cargo().args(["build", "--release", "--locked", "--package", "easel"]))?;

    let easel = workspace::target().join("release/easel");
    let folder = workspace::target().join("bench");
    fs::create_dir_all(&folder)?;
    let table = folder.join("table.md");

    // What is measured is a process of its own; what measures it need not be built as it is.
    let mut bench = process::cargo();
    bench.args(["bench", "--locked", "--profile", "dev", "--package", "easel"]);
    bench.args(["--bench", "budgets", "--"]);
    bench.arg("--easel").arg(&easel).arg("--web").arg(workspace::web_dist());
    bench.args(["--engine", engine.host()]).arg("--out").arg(&table);
    let has = |part: &str| options.only.is_empty() || options.only.iter().any(|it| it == part);
    if has("live") {
        match caddy::ensure() {
            Ok(caddy) => {
                bench.arg("--caddy").arg(caddy);
            }
            Err(error) => println!("Caddy is left out: {error:#}"),
        }
    }
    if has("web") {
        match react_flow::ensure() {
            Ok(page) => {
                bench.arg("--chromium").arg(browser::ensure()?).arg("--react-flow").arg(page);
            }
            Err(error) => println!("React Flow is left out: {error:#}"),
        }
    }
    if options.quick {
        bench.args(["--rounds", "3", "--services", "60", "--live", "3"]);
    }
    for part in &options.only {
        bench.args(["--only", part]);
    }
    process::run(&mut bench)?;
    if options.write {
        page::write(workspace::root(), &fs::read_to_string(table)?)?;
    }
    Ok(())
}
