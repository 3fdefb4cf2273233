//! Answers connections, with bounds on what a client may hold open.

use crate::{
    app::{App, Config},
    connection::Connection,
    host::ReachedAt,
    refusal::Due,
    router::build,
    server::Server,
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use domain::Timestamp;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, pin::pin, time::Duration};
use tokio::net::TcpListener;
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a request's head may take to arrive, and how long a connection may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what waits for it: otherwise it would hold an answer, and a
/// stop, for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the last entries of the audit may take when the server stops.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// How often it is told that no connection can be accepted.
const ACCEPT_TOLD_EVERY: Duration = Duration::from_secs(60);

/// The API and the web app as one router, for whoever brings the connections.
pub fn router(app: App, config: Config, stop: CancellationToken) -> Router {
    Site::new(app, config, stop).router()
}

/// Serves the API and the web app until `stop`, then ends what is open: requests are answered,
/// sockets close with 1012, streams end.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: &TcpListener,
    app: App,
    config: Config,
    stop: CancellationToken,
) -> io::Result<()> {
    Site::new(app, config, stop).serve(listener).await
}

/// The API and the web app: what its router is asked and what its listener is asked is one.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds ports, which have no text form")]
pub struct Site {
    server: Server,
    router: Router,
}

impl Site {
    /// A site that ends with `stop`.
    #[must_use]
    pub fn new(app: App, config: Config, stop: CancellationToken) -> Self {
        let server = Server::new(app, config, stop);
        Self { router: build(&server), server }
    }

    /// For whoever brings the connections.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves until its end; see [`serve`].
    ///
    /// # Errors
    /// When the listener is unusable.
    pub async fn serve(self, listener: &TcpListener) -> io::Result<()> {
        listener.local_addr()?;
        let (server, router) = (self.server, self.router);
        let stop = server.stop.clone();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEAD);

        let mut told: Option<Timestamp> = None;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, or the client went already: neither ends the server. It is
                    // tried again at once, and told once a minute.
                    let now = server.app.clock.now();
                    if told.is_none_or(|at| now.since(at) >= ACCEPT_TOLD_EVERY) {
                        tracing::warn!("could not accept a connection: {error}");
                        told = Some(now);
                    }
                    server.app.clock.sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Small answers leave at once; without it they only leave later.
            let _ = stream.set_nodelay(true);
            let reached = stream.local_addr().ok().map(ReachedAt);
            let router = router.clone();
            let itself = Connection::default();
            let of_request = itself.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(of_request.clone());
                if let Some(reached) = reached {
                    request.extensions_mut().insert(reached);
                }
                router.clone().oneshot(request.map(Body::new))
            });
            let mut stream = TimeoutWriter::new(stream);
            stream.set_timeout(Some(WRITE_TIMEOUT));
            let stream = TokioIo::new(Box::pin(stream));
            let connection = http.serve_connection(stream, service).with_upgrades();
            let stop = stop.clone();
            server.tasks.spawn(async move {
                let mut connection = pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = itself.is_cut() => return,
                    () = stop.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!("a connection broke: {error}");
                }
            });
        }

        // What was refused and only counted so far; a database that hangs holds up no stop.
        let last = server.write_refused(Due::All);
        let _ = tokio::time::timeout(LAST_WORDS_TIMEOUT, last).await;
        server.tasks.close();
        server.tasks.wait().await;
        Ok(())
    }
}
