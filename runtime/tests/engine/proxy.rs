//! A way to the engine on which things go wrong as told.

use crate::fixture::engine;
use runtime::Address;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
    task::{AbortHandle, JoinSet},
};

/// What goes wrong with a request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It is read and never answered; the engine does not hear of it.
    Hang,
    /// The connection is closed at once; the engine does not hear of it.
    Refuse,
    /// The engine does it, and its answer is lost.
    CutAfter,
    /// The answer is cut after this many bytes, if it is as long.
    CutAt(usize),
    /// Somebody else answers; the engine does not hear of it.
    Answer(String),
}

/// A socket in front of the engine's.
pub(crate) struct Proxy {
    folder: TempDir,
    state: Arc<State>,
    listener: Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
struct State {
    /// What goes wrong with requests whose first line has this in it.
    faults: Mutex<Vec<(String, Fault)>>,
    requests: Mutex<Vec<String>>,
    connections: Mutex<JoinSet<()>>,
}

impl Proxy {
    pub(crate) async fn new() -> Self {
        let proxy = Self::asleep().await;
        proxy.wake().await;
        proxy
    }

    /// Its socket is not there yet.
    pub(crate) async fn asleep() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, state: Arc::default(), listener: Mutex::new(None) }
    }

    pub(crate) async fn wake(&self) {
        let listener = UnixListener::bind(self.path()).expect("a socket");
        let state = Arc::clone(&self.state);
        let accepts = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let serves = serve(client, Arc::clone(&state));
                state.connections.lock().expect("nobody panics with it").spawn(async move {
                    // A broken pipe is how these tests end.
                    let _ended = serves.await;
                });
            }
        });
        *self.listener.lock().expect("nobody panics with it") = Some(accepts.abort_handle());
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path().display())
    }

    /// From now on, this goes wrong with requests whose first line has `part` in it.
    pub(crate) fn set(&self, part: &str, fault: Fault) {
        let mut faults = self.state.faults.lock().expect("nobody panics with it");
        faults.retain(|(known, _)| known != part);
        faults.push((part.to_owned(), fault));
    }

    pub(crate) fn clear(&self) {
        self.state.faults.lock().expect("nobody panics with it").clear();
    }

    /// Ends all connections that are open.
    pub(crate) fn cut_all(&self) {
        self.state.connections.lock().expect("nobody panics with it").abort_all();
    }

    /// The first lines of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.lock().expect("nobody panics with it").take() {
            listener.abort();
        }
        self.cut_all();
    }
}

async fn serve(mut client: UnixStream, state: Arc<State>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let fault = {
        let faults = state.faults.lock().expect("nobody panics with it");
        faults.iter().find(|(part, _)| line.contains(part.as_str())).map(|(_, it)| it.clone())
    };
    state.requests.lock().expect("nobody panics with it").push(line);
    match fault {
        Some(Fault::Refuse) => return Ok(()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Answer(answer)) => return client.write_all(answer.as_bytes()).await,
        None | Some(Fault::CutAfter | Fault::CutAt(_)) => (),
    }
    match engine().parse().expect("an address") {
        Address::Socket(path) => pass(client, UnixStream::connect(path).await?, head, fault).await,
        Address::Tcp(host) => pass(client, TcpStream::connect(host).await?, head, fault).await,
    }
}

async fn pass(
    mut client: UnixStream,
    mut engine: impl AsyncRead + AsyncWrite + Unpin,
    head: Vec<u8>,
    fault: Option<Fault>,
) -> std::io::Result<()> {
    engine.write_all(&head).await?;
    match fault {
        Some(Fault::CutAfter) => {
            let (mut from_client, _) = client.split();
            let (mut from_engine, mut to_engine) = tokio::io::split(engine);
            let mut answer = [0; 1];
            // The first byte of the answer comes when the engine has done it.
            tokio::select! {
                _ = tokio::io::copy(&mut from_client, &mut to_engine) => (),
                _ = from_engine.read_exact(&mut answer) => (),
            }
            Ok(())
        }
        Some(Fault::CutAt(most)) => {
            let mut answer = engine.take(most as u64);
            tokio::io::copy(&mut answer, &mut client).await?;
            Ok(())
        }
        _ => {
            tokio::io::copy_bidirectional(&mut client, &mut engine).await?;
            Ok(())
        }
    }
}
