//! Other programs: run with an argument list, never through a shell, and named when they fail.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Cargo as it called us, so that a pinned toolchain stays pinned.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    // The server embeds what `cargo xtask web` has built, wherever cargo builds into.
    cargo.env("EASEL_WEB_DIST", workspace::web_dist());
    cargo
}

/// A command line as a person would type it.
fn shown(command: &Command) -> impl fmt::Display {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs it with our own output; fails with its command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs it silently; fails with what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", shown(command), output.status, said.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs it into a log file; fails with the end of that file.
pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::options().create(true).append(true).open(log)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("could not start {}", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}\n{}", shown(command), tail(log, 20));
    }
    Ok(())
}

/// Runs it, and passes on each line that it prints while it lives. A grandchild that keeps the pipe
/// open after that is not waited for.
pub(crate) fn read(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", shown(command)))?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
        lines.try_for_each(|line| sender.send(line))
    });

    let mut ended = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => each(&String::from_utf8_lossy(&line)),
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = ended {
                    return Ok(status);
                }
                ended = child.try_wait()?;
            }
        }
    }
}

/// Runs it silently, and gives up after a while: whether it succeeded in time.
pub(crate) fn succeeds_within(command: &mut Command, patience: Duration) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = quiet.spawn() else {
        return false;
    };
    let mut succeeded = None;
    let answered = until(patience, || {
        succeeded = child.try_wait().ok().flatten().map(|status| status.success());
        succeeded.is_some()
    });
    if !answered {
        let _ = child.kill();
        let _ = child.wait();
    }
    succeeded.unwrap_or(false)
}

/// Asks again until the answer is yes or patience ends: the last answer.
pub(crate) fn until(patience: Duration, mut claim: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if claim() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Where a program lies on the `PATH`, or in the system's own folders.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from);
    env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|it| it.is_file())
}

/// The last lines of a file, for an error message.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_what_it_said() {
        let error = output(Command::new("ls").arg("/nowhere/at/all")).unwrap_err().to_string();

        assert!(error.contains("`ls /nowhere/at/all` failed"), "{error}");
        assert!(error.contains("No such file"), "{error}");
    }

    #[test]
    fn lines_are_read_until_the_program_ends_though_a_grandchild_lives_on() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 5 & echo one; echo two; exit 3"]);
        let start = Instant::now();

        let status = read(&mut command, |line| seen.push(line.to_owned())).unwrap();

        assert_eq!((status.code(), seen), (Some(3), vec!["one".to_owned(), "two".to_owned()]));
        assert!(start.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_program_that_never_ends_is_given_up() {
        assert!(!succeeds_within(Command::new("sleep").arg("60"), Duration::from_millis(200)));
        assert!(succeeds_within(&mut Command::new("true"), Duration::from_secs(10)));
    }
}
