//! The budgets, measured: each figure beside its floor or a peer, in turns within one run.
//!
//! `cargo xtask bench` builds what is measured and calls this. It prints a Markdown table.

mod api;
mod apply;
mod canvas;
mod crowd;
mod death;
mod engine;
mod growth;
mod load;
mod machine;
mod memory;
mod resync;
mod sample;
mod seed;
mod server;
mod size;
mod start;
mod table;
mod time;
mod web;

use anyhow::{Context, Result, bail};
use api::Project;
use clap::{Parser, ValueEnum};
use engine::Engine;
use server::Server;
use std::{path::PathBuf, process::ExitCode};
use table::Table;

/// What to measure, and with what.
#[derive(Debug, Parser)]
struct Options {
    /// The program `easel`, as it is released.
    #[arg(long)]
    easel: PathBuf,
    /// The web app as it is embedded.
    #[arg(long)]
    web: PathBuf,
    /// Where the engine listens.
    #[arg(long, default_value = "unix:///var/run/docker.sock")]
    engine: String,
    /// The peer of the idle memory, if there is one.
    #[arg(long)]
    caddy: Option<PathBuf>,
    /// The peer of the web app, as a folder with a page.
    #[arg(long)]
    react_flow: Option<PathBuf>,
    /// The browser that draws both.
    #[arg(long, default_value = "/usr/bin/chromium")]
    chromium: PathBuf,
    /// How often each thing is measured.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many services the resync looks at.
    #[arg(long, default_value_t = 1000)]
    services: usize,
    /// How many services are live where few are not enough.
    #[arg(long, default_value_t = 20)]
    live: usize,
    /// Only these parts.
    #[arg(long)]
    only: Vec<Part>,
    /// Also write the table here.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Cargo says so to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What shares its preparations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From apply to running, deaths, idle memory, the API
    Live,
    /// One of many services beside one of few: stage, move, discard, apply, list, join
    Growth,
    /// The resync of many services, and the start with them
    Many,
    /// The web app's first paint
    Web,
    /// Two hundred people on one canvas
    Crowd,
    /// What is downloaded
    Size,
}

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(crowd::LOAD) {
        return match crowd::load() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    easel::tls::ready();
    let options = Options::parse();
    let engine = match Engine::connect(&options.engine) {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut table = Table::default();
    let measured = tokio::select! {
        measured = measure(&options, &engine, &mut table) => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    engine.clean().await;
    match measured.and_then(|()| publish(&options, &table)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{table}");
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn publish(options: &Options, table: &Table) -> Result<()> {
    println!("{table}");
    match &options.out {
        Some(path) => std::fs::write(path, table.to_string())
            .with_context(|| format!("could not write {}", path.display())),
        None => Ok(()),
    }
}

async fn measure(options: &Options, engine: &Engine, table: &mut Table) -> Result<()> {
    if options.rounds == 0 || options.live == 0 || options.services == 0 {
        bail!("nothing is measured no times");
    }
    table.about(machine::description(engine).await?);
    let has = |part| options.only.is_empty() || options.only.contains(&part);
    if has(Part::Live) {
        live(options, engine, table).await?;
    }
    if has(Part::Growth) {
        growth::measure(options, table).await?;
    }
    if has(Part::Many) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let data = folder.path().join("data");
        resync::measure(options, engine, &data, table).await?;
        start::measure(options, &data, table).await?;
    }
    if has(Part::Web) {
        web::measure(options, table).await?;
    }
    if has(Part::Crowd) {
        crowd::measure(options, engine, table).await?;
    }
    if has(Part::Size) {
        size::measure(options, table)?;
    }
    Ok(())
}

/// All that one server with running containers is needed for.
async fn live(options: &Options, engine: &Engine, table: &mut Table) -> Result<()> {
    let mut server = Server::start(&options.easel, &options.engine).await?;
    engine.adopt(&server.instance()?);
    let api = server.claim().await?;
    let project = Project::create(&api, "Bench").await?;
    let running = apply::measure(options, engine, &server, &project, table).await?;
    death::measure(options, engine, &project, &running, table).await?;
    load::measure(&server, &project, &running, table).await?;
    memory::measure(options, &server, running.len(), table).await?;
    server.stop().await
}
