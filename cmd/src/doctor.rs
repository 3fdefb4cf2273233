//! Whether a server can run here, and what to do where it cannot.

mod data;
mod engine;
mod finding;
mod isolation;
mod port;

use crate::{
    Config, ProcessEnv,
    config::Settings,
    console::{Console, Tone},
    exit::{Exit, Failure},
    misspelt::misspelt,
};
use anyhow::Result;
use finding::{CheckStatus, Finding};
use runtime::host_routes;
use serde_json::json;

/// Looks at everything that a server needs. Changes nothing.
///
/// # Errors
/// With code 7 when something is broken.
pub(crate) async fn doctor(settings: &Settings, env: &ProcessEnv, console: Console) -> Result<()> {
    let config = Config::build(settings, env)?;
    let data = data::check(&config).await;
    let mut findings = vec![Finding::ok(
        "settings",
        format!("data in {}, listening at {}", config.data_dir.display(), config.addr),
    )];
    findings.extend(data.findings);
    findings.extend(
        misspelt(&env.settings)
            .into_iter()
            .map(|detail| Finding::warn("settings", detail, "correct its name, or unset it")),
    );
    findings.push(port::check(&config, data.is_running).await);
    findings.extend(engine::check(&config).await);
    findings.extend(network(&config));
    findings.extend(isolation::check(&config).await);

    let failed = findings.iter().filter(|one| one.status == CheckStatus::Fail).count();
    if console.json {
        console.value(&json!({ "ok": failed == 0, "findings": findings }));
    } else {
        for finding in &findings {
            let (tone, word) = match finding.status {
                CheckStatus::Ok => (Tone::Good, "ok  "),
                CheckStatus::Warn => (Tone::Busy, "warn"),
                CheckStatus::Fail => (Tone::Bad, "FAIL"),
            };
            console.line(format!(
                "{}  {:<9} {}",
                console.tone(tone, word),
                finding.what,
                finding.detail
            ));
            if let Some(advice) = &finding.advice {
                console.line(format!("      {:<9} → {advice}", ""));
            }
        }
    }
    if failed == 0 {
        return Ok(());
    }
    let things = if failed == 1 { "thing is" } else { "things are" };
    Err(Failure::new(Exit::Broken, format!("{failed} {things} broken")).into())
}

fn network(config: &Config) -> Vec<Finding> {
    let range = config.networks.range;
    let clashes: Vec<String> = host_routes()
        .iter()
        .filter(|route| range.contains(&route.addresses) || route.addresses.contains(&range))
        .map(|route| format!("{} by {}", route.addresses, route.interface))
        .collect();
    let range = if clashes.is_empty() {
        Finding::ok("network", format!("no route of this host lies in {range}"))
    } else {
        Finding::warn(
            "network",
            format!("{range} overlaps with routes of this host: {}", clashes.join(", ")),
            "Easel leaves those addresses out; choose another range with --network-range if none \
             would be left",
        )
    };
    let forwards = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward");
    let forwarding = match forwards.as_deref().map(str::trim) {
        Ok("0") => Some(Finding::warn(
            "network",
            "this host forwards no packets, so containers cannot reach the internet",
            "run `sysctl -w net.ipv4.ip_forward=1`; the engine does it when it starts",
        )),
        _ => None,
    };
    std::iter::once(range).chain(forwarding).collect()
}
