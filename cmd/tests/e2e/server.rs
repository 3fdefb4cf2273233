//! A server in a process of its own, with data of its own. Gone afterwards with all it made.

use crate::{api::Api, engine::Engine};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

pub(crate) const EMAIL: &str = "ada@example.org";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Server {
    folder: TempDir,
    data: PathBuf,
    child: Option<Child>,
    /// Where it answers.
    pub(crate) url: String,
    /// What the first account needs.
    pub(crate) claim: Option<String>,
    engine: String,
    /// Where it listens: at any free port, unless told.
    pub(crate) addr: String,
    range: String,
    /// What else it is started with.
    pub(crate) more: Vec<String>,
    starts: u32,
}

impl Server {
    /// A server with nothing in it.
    pub(crate) async fn start() -> Self {
        Self::start_with(&crate::engine::address(), &[]).await
    }

    /// A server whose engine is expected there, started with these flags too.
    pub(crate) async fn start_with(engine: &str, more: &[&str]) -> Self {
        easel::tls::ready();
        let folder = tempfile::tempdir().expect("a folder");
        // Ranges of its own, so that tests side by side never ask the engine for the same one.
        #[expect(clippy::disallowed_methods, reason = "each test has a range of its own")]
        let [a, b, ..] = *uuid::Uuid::new_v4().as_bytes();
        let range = format!("10.{}.{}.0/22", 208 + a % 7, b & 0xFC);
        let mut server = Self {
            data: folder.path().join("data"),
            folder,
            child: None,
            url: String::new(),
            claim: None,
            engine: engine.to_owned(),
            addr: "127.0.0.1:0".to_owned(),
            range,
            more: more.iter().map(|&word| word.to_owned()).collect(),
            starts: 0,
        };
        server.resume().await;
        server
    }

    /// A server with an account and an API key.
    pub(crate) async fn claimed() -> (Self, Api) {
        let server = Self::start().await;
        let api = server.first_account().await;
        (server, api)
    }

    /// Makes the first account, and a key for it.
    pub(crate) async fn first_account(&self) -> Api {
        Api::claim(&self.url, self.claim.as_deref().expect("a claim token")).await
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Starts on other data from now on.
    pub(crate) fn move_to(&mut self, data: PathBuf) {
        self.data = data;
    }

    /// A command that would start a server on the same data.
    pub(crate) fn command(&self) -> Command {
        let mut command = binary();
        command
            .args(["serve", "--addr", &self.addr, "--log-format", "json"])
            .args(["--log-level", "debug", "--docker-host", &self.engine])
            .args(["--network-range", &self.range, "--network-size", "24"])
            // Of these tests' own; and each test's range would leave its rules behind.
            .args(["--allow-registry", "127.0.0.0/8", "--host-isolation", "off", "--data-dir"])
            .arg(self.data())
            .args(&self.more);
        command
    }

    /// Starts it again, on the same data.
    pub(crate) async fn resume(&mut self) {
        assert!(self.child.is_none(), "it runs");
        self.starts += 1;
        let log = File::create(self.folder.path().join(format!("log.{}", self.starts)));
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output")).lines();
        let first = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
        let first = first.expect("a greeting in time").expect("text");
        let Some(url) = first.as_deref().and_then(|line| line.strip_prefix("Easel is at ")) else {
            panic!("it did not start: {first:?}\n{}", self.log())
        };
        self.url = url.to_owned();
        self.claim = None;
        let told = tokio::time::timeout(Duration::from_millis(300), async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(claim) = line.strip_prefix("  ")
                    && !claim.starts_with("http")
                {
                    return Some(claim.to_owned());
                }
            }
            None
        });
        self.claim = told.await.ok().flatten();
        // Nobody reads on: what it says later must not block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.child = Some(child);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("a process")
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.await.expect("kill").success());
    }

    /// Asks it to stop, and says how long that took.
    pub(crate) async fn stop(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        self.signal("TERM").await;
        let status = self.ended().await;
        (status, begun.elapsed())
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("a process");
        let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
        ended.expect("an end in time").expect("a status")
    }

    /// All that it has logged, in all its runs.
    pub(crate) fn log(&self) -> String {
        (1..=self.starts)
            .filter_map(|run| {
                std::fs::read_to_string(self.folder.path().join(format!("log.{run}"))).ok()
            })
            .collect()
    }

    /// The engine, as far as this instance goes.
    pub(crate) fn engine(&self) -> Engine {
        Engine::of(&instance(&self.data()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the server's log, latest first ---\n{}", tail.join("\n"));
        }
        if let Some(child) = &mut self.child {
            let _ended_already = child.start_kill();
        }
        let data = self.data();
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(Engine::of(&instance(&data)).clean());
        });
        let _nothing_to_clean = cleaned.join();
    }
}

/// The binary, with nothing around it that could mislead it.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_easel"));
    command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// The instance that a data directory belongs to.
fn instance(data: &Path) -> String {
    let text = std::fs::read_to_string(data.join("instance.json")).expect("the file beside");
    let beside: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    beside["instance"].as_str().expect("an instance").to_owned()
}
