//! The wiring: adapters meet ports here and nowhere else.

use crate::{
    Config,
    exit::{Exit, Failure},
    task::Tasks,
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a graceful stop may take in all.
pub const STOP_BUDGET: Duration = Duration::from_secs(10);

/// A running Easel.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the first account needs, while nobody has one.
    pub claim: Option<String>,
    tasks: Tasks,
}

/// Starts Easel. It runs until `stop`.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn run(config: &Config, stop: CancellationToken) -> Result<Running, Failure> {
    let listener = listen(config.addr).await?;
    let address = listener.local_addr().unwrap_or(config.addr);
    Ok(Running { address, claim: None, tasks: Tasks::new(stop) })
}

impl Running {
    /// Waits until everything has ended after a stop.
    ///
    /// # Errors
    /// With what broke, if that was why it stopped.
    pub async fn end(self) -> Result<(), Failure> {
        self.tasks.finish(STOP_BUDGET).await;
        Ok(())
    }
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::AddrInUse => format!("{addr} is in use already"),
            io::ErrorKind::PermissionDenied => format!("{addr} may not be used by this user"),
            io::ErrorKind::AddrNotAvailable => format!("this machine has no address {}", addr.ip()),
            _ => format!("cannot listen at {addr} ({error})"),
        };
        Failure::new(Exit::CannotStart, format!("{what}; {}", port_advice(&error)))
    })
}

/// What to do about a port that cannot be had.
pub(crate) fn port_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "choose a port above 1023 with --addr, or allow it (setcap cap_net_bind_service=+ep)"
        }
        io::ErrorKind::AddrNotAvailable => "choose an address of this machine with --addr",
        _ => "stop what uses it, or choose another with --addr",
    }
}
