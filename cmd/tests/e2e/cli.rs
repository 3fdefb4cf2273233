//! The command line, as a person types it.

use crate::server::binary;
use serde_json::Value;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// A person with a home folder.
pub(crate) struct Cli {
    pub(crate) home: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Cli {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a home") }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = binary();
        command.env("HOME", self.home.path()).args(arguments).kill_on_drop(true);
        command
    }

    /// Types a command, with something on its standard input.
    pub(crate) async fn type_in(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut stdin = child.stdin.take().expect("a standard input");
        let _not_read = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(crate::DEADLINE * 2, child.wait_with_output()).await;
        let ended = ended.expect("an end in time").expect("an end");
        Outcome {
            code: ended.status.code().unwrap_or(-1),
            out: String::from_utf8(ended.stdout).expect("text"),
            err: String::from_utf8(ended.stderr).expect("text"),
        }
    }

    /// Types a command that works; answers with what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> String {
        let outcome = self.type_in(arguments, "").await;
        assert_eq!(outcome.code, 0, "easel {}: {outcome:#?}", arguments.join(" "));
        outcome.out
    }

    /// Types a command that works, with `--json`.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let out = self.run(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Signs in.
    pub(crate) async fn login(&self, url: &str) {
        use crate::server::{EMAIL, PASSWORD};
        let outcome = self.type_in(&["login", "--url", url, "--email", EMAIL], PASSWORD).await;
        assert_eq!(outcome.code, 0, "{outcome:#?}");
    }
}
