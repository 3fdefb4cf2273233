//! `cargo xtask mutants`: small faults, put into the code one by one; does a test notice each?
//!
//! It takes long, so it is no part of the gate: it tries as many as fit into the time that it is given, in
//! an order of chance, and says how many were noticed.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use crate::{process, tool, workspace};

/// The crates whose tests are tried unless others are named.
const CRATES: [&str; 3] = ["easel-domain", "easel-reconciler", "easel-store"];

/// How long what is asked to end may take for it.
const END_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long it may take in all
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Only this crate
    #[arg(long)]
    package: Option<String>,
    /// Only files like this, such as 'reconciler/src/plan/*.rs'
    #[arg(long)]
    file: Option<String>,
}

/// What came of the faults of one crate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    /// A test failed, or never ended.
    caught: usize,
    /// All tests passed. Each is named.
    missed: Vec<String>,
    /// It did not compile, and says nothing.
    unviable: usize,
}

/// Tries faults in each crate, for an equal part of the time.
pub(crate) fn run(options: &Options) -> Result<()> {
    let crates: Vec<&str> = match &options.package {
        Some(package) => vec![package],
        None => CRATES.to_vec(),
    };
    let share = Duration::from_secs(options.minutes * 60 / u64::try_from(crates.len())?);
    for package in crates {
        let folder = workspace::target().join("mutants").join(package);
        let figures = try_out(package, options.file.as_deref(), &folder, share)?;
        println!("\n{package}: {}", figures.sentence());
        for missed in &figures.missed {
            println!("  missed: {missed}");
        }
        println!("  all that was tried: {}", folder.join("mutants.out").display());
    }
    Ok(())
}

fn try_out(package: &str, file: Option<&str>, folder: &Path, time: Duration) -> Result<Figures> {
    fs::create_dir_all(folder)?;
    let mut command = tool::mutants()?;
    command.args(["mutants", "--no-times", "--colors", "never", "--package", package]);
    command.arg("--output").arg(folder);
    if let Some(file) = file {
        command.args(["--file", file]);
    }
    // The same stories of chance for each.
    command.env("EASEL_TEST_FRESH_SEED", "1000000").env("INSTA_UPDATE", "no");
    command.env("EASEL_WEB_DIST", workspace::web_dist());
    let mut child = command.spawn().context("could not start cargo-mutants")?;
    let start = Instant::now();
    let ended = process::until(time, || child.try_wait().is_ok_and(|status| status.is_some()));
    if !ended {
        println!("{package}: the time is up after {} min", start.elapsed().as_secs() / 60);
        // It ends what it has begun, and removes its copy of the sources.
        let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        let is_over = || child.try_wait().is_ok_and(|status| status.is_some());
        if !interrupt.success() || !process::until(END_TIMEOUT, is_over) {
            child.kill()?;
        }
        child.wait()?;
    }
    Figures::read(&folder.join("mutants.out"))
}

impl Figures {
    /// What cargo-mutants has written down, one fault a line.
    fn read(folder: &Path) -> Result<Self> {
        let lines = |name: &str| -> Result<Vec<String>> {
            let mut text = String::new();
            let path: PathBuf = folder.join(name);
            let mut file = fs::File::open(&path).with_context(|| {
                format!("{} is missing: the tests do not pass as they are", path.display())
            })?;
            file.read_to_string(&mut text)?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        Ok(Self {
            caught: lines("caught.txt")?.len() + lines("timeout.txt")?.len(),
            missed: lines("missed.txt")?,
            unviable: lines("unviable.txt")?.len(),
        })
    }

    fn sentence(&self) -> String {
        let tried = self.caught + self.missed.len();
        match (self.caught * 100).checked_div(tried) {
            Some(percent) => format!(
                "{} of {tried} faults were caught ({percent} %); {} did not compile",
                self.caught, self.unviable
            ),
            None => "no fault was tried in that time".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_what_was_written_down() {
        let folder = std::env::temp_dir().join(format!("easel-mutants-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("caught.txt", "a\nb\n"),
            ("timeout.txt", "c\n"),
            ("missed.txt", "d.rs:1: replace x\n"),
            ("unviable.txt", ""),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }

        let figures = Figures::read(&folder);
        fs::remove_dir_all(&folder).unwrap();

        let figures = figures.unwrap();
        assert_eq!(figures.missed, ["d.rs:1: replace x"]);
        assert_eq!(figures.sentence(), "3 of 4 faults were caught (75 %); 0 did not compile");
        assert_eq!(Figures::default().sentence(), "no fault was tried in that time");
    }
}
