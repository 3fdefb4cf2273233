//! `easel serve` as it is released, in a process of its own with data of its own.

use crate::{api::Api, time::within};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

/// Addresses that no test of Easel uses.
const RANGE: &str = "10.206.0.0/17";
const START: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    claim: Option<String>,
    _folder: TempDir,
}

impl Server {
    /// A server with nothing in it.
    pub(crate) async fn start(easel: &Path, engine: &str) -> Result<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let data = folder.path().join("data");
        let log = File::create(folder.path().join("log"))?;
        let mut child = command(easel, &data, "127.0.0.1:0")
            .args(["--docker-host", engine])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", easel.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let (mut url, mut claim) = (None, None);
        let greeting = within("a greeting", START, async {
            while claim.is_none() {
                let Some(line) = lines.next_line().await? else { bail!("it ended") };
                if let Some(at) = line.strip_prefix("Easel is at ") {
                    url = Some(at.to_owned());
                } else if let Some(token) = line.strip_prefix("  ") {
                    claim = Some(token.to_owned());
                }
            }
            Ok(())
        });
        if let Err(error) = greeting.await {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            return Err(error.context(log));
        }
        // What it says later must not block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let url = url.context("it does not say where it is")?;
        Ok(Self { child, url, data, claim, _folder: folder })
    }

    /// What is on all that it makes.
    pub(crate) fn instance(&self) -> Result<String> {
        let text = std::fs::read_to_string(self.data.join("instance.json"))?;
        let beside: serde_json::Value = serde_json::from_str(&text)?;
        Ok(beside["instance"].as_str().context("an instance")?.to_owned())
    }

    /// Makes the first account.
    pub(crate) async fn claim(&self) -> Result<Api> {
        Api::claim(&self.url, self.claim.as_deref().context("a claim token")?).await
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }

    /// Stops it as an operator would.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        stop(&mut self.child).await
    }
}

/// `easel serve` on this data, with nothing around it. It ends with its owner.
pub(crate) fn command(easel: &Path, data: &Path, address: &str) -> Command {
    let mut command = Command::new(easel);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["serve", "--network-range", RANGE, "--addr", address, "--data-dir"])
        .arg(data)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// An address of the loopback that was free a moment ago.
pub(crate) async fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}

/// Asks a process to stop, and waits for it.
pub(crate) async fn stop(child: &mut Child) -> Result<()> {
    let Some(pid) = child.id() else { return Ok(()) };
    let sent = Command::new("kill").args(["-s", "TERM", &pid.to_string()]).status().await?;
    if !sent.success() {
        bail!("could not ask process {pid} to stop");
    }
    within("a process to stop", START, async { Ok(child.wait().await?) }).await?;
    Ok(())
}

/// How long after `begun` this address first answers a GET with 200. It is asked again and again.
pub(crate) async fn first_answer(
    begun: Instant,
    address: &str,
    path: &str,
    child: &mut Child,
) -> Result<Duration> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    within("the first answer", START, async {
        loop {
            let answer = async {
                let mut stream = tokio::net::TcpStream::connect(address).await?;
                stream.write_all(request.as_bytes()).await?;
                let mut head = [0; 12];
                stream.read_exact(&mut head).await?;
                std::io::Result::Ok(head)
            };
            if answer.await.is_ok_and(|head| head == *b"HTTP/1.1 200") {
                return Ok(begun.elapsed());
            }
            if let Some(status) = child.try_wait()? {
                bail!("it ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
}
