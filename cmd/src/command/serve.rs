//! Running the server until somebody asks it to stop.

use crate::{
    Config, ProcessEnv,
    exit::{Exit, Failure},
    log,
    misspelt::misspelt,
    run::{Running, run},
};
use anyhow::Result;
use std::{
    io::Write,
    net::IpAddr,
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How soon after the first a second signal is still the same wish.
const SAME_SIGNAL: Duration = Duration::from_millis(250);

pub(super) async fn serve(config: &Config, env: &ProcessEnv) -> Result<()> {
    log::start(config.log_level, config.log_format);
    for found in misspelt(&env.settings) {
        tracing::warn!("{found}");
    }
    // From here on, so that a stop during the start is graceful too.
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();

    let running = tokio::select! {
        running = run(config, stop.clone()) => running?,
        () = signals.next() => return Ok(()),
    };
    greet(config, &running);

    tokio::select! {
        () = signals.next() => tracing::info!("stopping; containers run on"),
        // Something broke for good.
        () = stop.cancelled() => (),
    }
    stop.cancel();
    tokio::select! {
        ended = running.end() => ended?,
        () = signals.again() => {
            return Err(Failure::failed("stopped at once, as a second signal asked for").into());
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// What the operator needs to know: the address, and the token for the first account.
fn greet(config: &Config, running: &Running) {
    let url = config.url(running.address);
    let mut text = format!("Easel is at {url}\n");
    if let Some(claim) = &running.claim {
        text.push_str(&format!(
            "Nobody has an account yet. Make the first one there with this claim token:\n  \
             {claim}\n  {url}/claim#{claim}\n"
        ));
    }
    // Nobody reads it: no reason not to run.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
    let is_public = match running.address.ip() {
        IpAddr::V4(ip) => !ip.is_loopback(),
        IpAddr::V6(ip) => !ip.is_loopback(),
    };
    if is_public && config.public_url.is_none() {
        tracing::warn!(
            "others can reach this server without encryption; put a proxy with HTTPS before it \
             and say its address with --public-url"
        );
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::CannotStart, format!("cannot listen for signals: {error}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// A second one. What comes with the first, as `timeout` and some supervisors send it to the
    /// process and to its group, is the same one.
    async fn again(&mut self) {
        let begun = Instant::now();
        loop {
            self.next().await;
            if begun.elapsed() >= SAME_SIGNAL {
                return;
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}
