//! What an idle Easel holds and does, beside an idle Caddy.

use crate::{
    Options,
    server::{self, Server},
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};
use std::{fmt, path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

/// How long it is left alone.
const IDLE: Duration = Duration::from_secs(10);

/// What a process holds and does when nobody asks for anything.
struct Idle {
    /// In KiB.
    resident: u64,
    /// In KiB, with its share of what it has in common with others.
    proportional: u64,
    /// Percent of one core.
    cpu: f64,
}

impl Idle {
    async fn of(pid: u32) -> Result<Self> {
        tokio::time::sleep(IDLE).await;
        let before = on_cpu(pid)?;
        tokio::time::sleep(IDLE).await;
        let busy = on_cpu(pid)?.saturating_sub(before);
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let field = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).with_context(|| format!("no {name}"))
        };
        let cpu = busy.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
        Ok(Self { resident: field("Rss:")?, proportional: field("Pss:")?, cpu })
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mega = |kib: u64| kib as f64 * 1024.0 / 1e6;
        let (resident, proportional) = (mega(self.resident), mega(self.proportional));
        write!(out, "{resident:.1} MB (PSS {proportional:.1} MB, {:.2} % of a core)", self.cpu)
    }
}

pub(crate) async fn measure(
    options: &Options,
    server: &Server,
    live: usize,
    table: &mut Table,
) -> Result<()> {
    let ours = Idle::of(server.pid()?).await?;
    let caddy = match &options.caddy {
        Some(caddy) => Some(idle_caddy(caddy, live).await?),
        None => None,
    };
    let ratio = caddy.as_ref().map(|caddy| ours.resident as f64 / caddy.resident as f64);
    table.add(Row {
        what: format!("idle memory with {live} services (RSS), control plane without a proxy"),
        ours: ours.to_string(),
        floor: match &caddy {
            Some(caddy) => format!("Caddy with {live} sites: {caddy}"),
            None => "Caddy: not measured, no Go to build it with".to_owned(),
        },
        ratio,
        bar: ratio.map_or(Bar::None, |ratio| Bar::ratio(ratio, 1.1)),
    });
    table.note(
        "*idle memory*: after ten seconds without a request, over the following ten; Caddy has \
         served nothing yet, Easel all of the above. The bar is meant for the control plane and \
         the proxy together; the proxy does not exist yet.",
    );
    Ok(())
}

/// How long a process has used a core so far.
pub(crate) fn on_cpu(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let number = text.split_whitespace().next().and_then(|it| it.parse::<u64>().ok());
        nanos += number.unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanos))
}

/// Caddy as it is, with so many sites that lead to nobody.
async fn idle_caddy(caddy: &Path, sites: usize) -> Result<Idle> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let address = server::free_address().await?;
    let port = address.rsplit(':').next().context("a port")?;
    let mut config = "{\n admin off\n auto_https off\n persist_config off\n}\n".to_owned();
    for site in 0..sites {
        config.push_str(&format!(
            "http://site{site}.localhost:{port} {{\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:9\n}}\n"
        ));
    }
    let path = folder.path().join("Caddyfile");
    std::fs::write(&path, config)?;
    let mut child = Command::new(caddy)
        .env_clear()
        .env("HOME", folder.path())
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("could not start {}", caddy.display()))?;
    let idle = Idle::of(child.id().context("Caddy has ended")?).await;
    server::stop(&mut child).await?;
    idle
}
