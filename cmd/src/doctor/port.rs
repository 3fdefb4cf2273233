//! The port: free, or held by whom.

use super::finding::Finding;
use crate::Config;
use serde_json::Value;
use std::time::Duration;

pub(super) async fn check(config: &Config, is_running: bool) -> Finding {
    let addr = config.addr;
    match tokio::net::TcpListener::bind(addr).await {
        Ok(_) if is_running => Finding::warn(
            "port",
            format!("{addr} is free, although a server runs on this data"),
            "it listens elsewhere: give doctor the same settings",
        ),
        Ok(_) => Finding::ok("port", format!("{addr} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            match is_easel(config).await {
                true if is_running => Finding::ok("port", format!("Easel answers at {addr}")),
                true => Finding::fail(
                    "port",
                    format!("another Easel answers at {addr}"),
                    "stop it, or choose another port with --addr",
                ),
                false => Finding::fail(
                    "port",
                    format!("{addr} is in use by another program"),
                    "stop it, or choose another port with --addr",
                ),
            }
        }
        Err(error) => {
            Finding::fail("port", format!("{addr}: {error}"), crate::run::port_advice(&error))
        }
    }
}

async fn is_easel(config: &Config) -> bool {
    let mut addr = config.addr;
    if addr.ip().is_unspecified() {
        addr.set_ip([127, 0, 0, 1].into());
    }
    let ask = async {
        let http = crate::client::http().ok()?;
        let answer = http.get(format!("http://{addr}/api/health")).send().await.ok()?;
        let health: Value = answer.json().await.ok()?;
        Some(health.get("status")?.as_str()? == "ok")
    };
    let answered = tokio::time::timeout(Duration::from_secs(3), ask).await;
    answered.ok().flatten().unwrap_or(false)
}
