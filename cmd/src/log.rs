//! The process's own log, on standard error.

use crate::config::{LogFormat, LogLevel};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. A second call does nothing, so that tests may start several instances.
pub fn start(level: LogLevel, format: LogFormat) {
    // What libraries tell at a finer level than this is theirs, and may name what is secret.
    let ours = level.as_str();
    let theirs = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => "info",
    };
    let crates = ["easel", "domain", "events", "http", "reconciler", "runtime", "store"];
    let filter = crates
        .iter()
        .fold(format!("{theirs},sqlx=warn,hyper=warn,sea_orm_migration=warn"), |filter, name| {
            format!("{filter},{name}={ours}")
        });
    let registry = tracing_subscriber::registry().with(EnvFilter::new(filter));
    let plain = fmt::layer().with_writer(std::io::stderr);
    // Already started: fine.
    let _ = match format {
        LogFormat::Json => registry.with(plain.json().flatten_event(true)).try_init(),
        LogFormat::Text => {
            let colour = crate::console::Console::stderr_has_colour();
            registry.with(plain.with_ansi(colour).with_target(false)).try_init()
        }
    };
}
