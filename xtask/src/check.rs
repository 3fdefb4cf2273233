//! `cargo xtask test`: everything that must hold, section by section.

mod tally;

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::tally::Tally;
use crate::{browser, coverage, engine, image, process, registry, tool, web, workspace};

/// A part of the test run. The cheap ones come first, and what needs most comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// rustfmt has nothing to change
    Format,
    /// Spelling, unused dependencies, licences and sources, and the table of what tests cover
    Policy,
    /// clippy has nothing to say, and the lock file is up to date
    Lint,
    /// The web app builds for the browser, the domain with it
    Web,
    /// A Docker engine answers, and has the test images
    Engine,
    /// Every test, the real engine and the real browser among them
    Tests,
}

/// Runs one section, or all of them until one fails.
pub(crate) fn run(only: Option<Section>) -> Result<()> {
    let chosen = |section: &Section| only.is_none_or(|only| only == *section);
    for section in Section::value_variants().iter().filter(|section| chosen(section)) {
        let name = format!("{section:?}").to_lowercase();
        println!("\n== {name} ==");
        let start = Instant::now();
        section.carry_out().with_context(|| format!("section `{name}`"))?;
        if section != &Section::Tests {
            println!("== {name}: passed in {} s ==", start.elapsed().as_secs());
        }
    }
    Ok(())
}

impl Section {
    fn carry_out(self) -> Result<()> {
        match self {
            Self::Format => process::run(process::cargo().args(["fmt", "--all", "--check"])),
            Self::Policy => {
                coverage::check(workspace::root())?;
                tool::check()
            }
            Self::Lint => lint(),
            Self::Web => web::build(),
            Self::Engine => image::ensure(&engine::ensure()?),
            Self::Tests => tests(),
        }
    }
}

fn lint() -> Result<()> {
    process::output(process::cargo().args(["metadata", "--locked", "--format-version", "1"]))
        .context("Cargo.lock does not fit the manifests: run `cargo check` and commit it")?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    process::run(process::cargo().args(clippy))
}

/// All tests, with what the real ones need. Their sum is the last line.
fn tests() -> Result<()> {
    web::build()?;
    let engine = engine::ensure()?;
    image::ensure(&engine)?;
    registry::ensure()?;
    let mut cargo = process::cargo();
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    // Here a snapshot that differs is a failure, not a proposal.
    cargo.env("INSTA_UPDATE", "no");
    cargo.env("EASEL_TEST_ENGINE", engine.host());
    cargo.env("EASEL_TEST_CHROMIUM", browser::ensure()?);

    if env::var_os("EASEL_TEST_SEEDS").is_none() {
        // Beside the stories of chance that are always told, some that nobody has heard before.
        let seed = 1_000_000 + RandomState::new().hash_one(0) % 1_000_000_000;
        println!("fresh seeds: tell them again with EASEL_TEST_SEEDS={seed}..{}", seed + 100);
        cargo.env("EASEL_TEST_FRESH_SEED", seed.to_string());
    }

    let mut tally = Tally::default();
    let status = process::read(&mut cargo, |line| {
        println!("{line}");
        tally.read(line);
    })?;
    println!("\n{tally}");
    if !status.success() {
        bail!("cargo test: {status}");
    }
    Ok(())
}
