//! Readiness questions, asked from outside the container, or of a command inside it.

use super::{
    Docker,
    connection::{READ_TIMEOUT, WRITE_TIMEOUT},
    failure::Failure,
};
use bollard::{
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
    models::ExecInspectResponse,
};
use domain::runtime::{ProbeTarget, ReplicaHandle, RuntimeError};
use futures::StreamExt;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// More than any server writes on its first line.
const MAX_STATUS_LINE: u64 = 8 * 1024;

impl Docker {
    pub(super) async fn ask(
        &self,
        container: &ReplicaHandle,
        address: IpAddr,
        probe_target: &ProbeTarget,
        limit: Duration,
    ) -> Result<bool, RuntimeError> {
        match probe_target {
            ProbeTarget::Tcp(port) => {
                let dialled = TcpStream::connect(SocketAddr::new(address, *port));
                Ok(matches!(timeout(limit, dialled).await, Ok(Ok(_))))
            }
            ProbeTarget::Http { port, path } => {
                let got = get(SocketAddr::new(address, *port), path);
                Ok(matches!(timeout(limit, got).await, Ok(Some(200..=399))))
            }
            ProbeTarget::Command(command) => self.run(container, command, limit).await,
        }
    }

    async fn run(
        &self,
        container: &ReplicaHandle,
        command: &[String],
        limit: Duration,
    ) -> Result<bool, RuntimeError> {
        self.check_ours(container).await?;
        // The engine cannot end a command, so one that hangs must not be joined by another.
        if let Some(running_probe) = self.probes.running_probe(container) {
            if self.inspect_command(&running_probe).await?.running == Some(true) {
                return Ok(false);
            }
            self.probes.forget(container);
        }
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let made = self
            .connection
            .call("prepare a command", READ_TIMEOUT, |docker| async move {
                docker.create_exec(&container.0, options).await
            })
            .await;
        let id = match made {
            Ok(made) => made.id,
            // It does not run, or is paused.
            Err(Failure::Answer { status: 409, .. }) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        };
        let started = self
            .connection
            .call("run a command", WRITE_TIMEOUT, |docker| {
                let id = id.clone();
                async move { docker.start_exec(&id, None::<StartExecOptions>).await }
            })
            .await;
        let mut output = match started {
            Ok(StartExecResults::Attached { output, .. }) => output,
            Ok(StartExecResults::Detached) => return Ok(false),
            Err(Failure::Answer { .. }) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        };
        // Its output ends when it does.
        let ended = timeout(limit, async { while output.next().await.is_some() {} }).await;
        let command = self.inspect_command(&id).await?;
        if ended.is_err() || command.running == Some(true) {
            self.probes.remember(container, id);
            return Ok(false);
        }
        Ok(command.exit_code == Some(0))
    }

    async fn inspect_command(&self, id: &str) -> Result<ExecInspectResponse, RuntimeError> {
        let found = self
            .connection
            .call("look after a command", READ_TIMEOUT, |docker| async move {
                docker.inspect_exec(id).await
            })
            .await;
        match found {
            Err(failure) if failure.status() == Some(404) => Ok(ExecInspectResponse::default()),
            other => other.map_err(RuntimeError::from),
        }
    }
}

/// The status that a GET answers with; `None` when nothing that speaks HTTP answers.
async fn get(address: SocketAddr, path: &str) -> Option<u16> {
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: easel-check\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_STATUS_LINE)).read_line(&mut line).await.ok()?;
    status(&line)
}

/// Reads `HTTP/1.1 204 No Content`.
fn status(line: &str) -> Option<u16> {
    let mut words = line.split_ascii_whitespace();
    if !words.next()?.starts_with("HTTP/1.") {
        return None;
    }
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(status("HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(status("HTTP/1.0 302\r\n"), Some(302));
        assert_eq!(status("SSH-2.0-OpenSSH_9.2 200\r\n"), None);
        assert_eq!(status(""), None);
    }

    #[tokio::test]
    async fn a_path_that_would_end_the_line_is_never_sent() {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));

        assert_eq!(get(nobody, "/ HTTP/1.1\r\nX: y").await, None);
    }
}
