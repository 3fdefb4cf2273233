//! From the start of the process to its first healthy answer.

use crate::{
    Options,
    sample::Samples,
    server,
    table::{Bar, Row, Table},
};
use anyhow::Result;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

/// Starts it on `data`, which holds many services, and on nothing, in turns.
pub(crate) async fn measure(options: &Options, data: &Path, table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let empty = folder.path().join("data");
    // The first start makes the database, and a key's first use warms what reads files.
    let (mut healthy, mut ready) = (Samples::default(), Samples::default());
    let (mut bare_healthy, mut bare_ready) = (Samples::default(), Samples::default());
    for round in 0..=options.rounds {
        let bare = start(options, &empty).await?;
        let full = start(options, data).await?;
        if round > 0 {
            bare_healthy.add(bare.0);
            bare_ready.add(bare.1);
            healthy.add(full.0);
            ready.add(full.1);
        }
    }
    let services = options.services;
    for (what, ours, floor, bar) in
        [("health", healthy, bare_healthy, 150), ("ready", ready, bare_ready, 200)]
    {
        table.add(Row {
            what: format!("start → first good answer of `/api/{what}`, {services} services"),
            ours: ours.to_string(),
            floor: format!("with an empty database: {floor}"),
            ratio: Some(ours.over(&floor)),
            bar: Bar::Asked {
                text: format!("≤ {bar} ms"),
                holds: ours.median() <= Duration::from_millis(bar),
            },
        });
    }
    table.note(
        "*start*: from the start of the process, asked again every millisecond; files are in the \
         page cache. `ready` needs the database, the engine and one look at everything; the \
         database belongs to the simulated engine, so Easel only looks on.",
    );
    Ok(())
}

/// When it was healthy, and when ready.
async fn start(options: &Options, data: &Path) -> Result<(Duration, Duration)> {
    let address = server::free_address().await?;
    let begun = Instant::now();
    let mut child = server::command(&options.easel, data, &address)
        .args(["--docker-host", &options.engine, "--log-level", "warn"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let healthy = server::first_answer(begun, &address, "/api/health", &mut child).await?;
    let ready = server::first_answer(begun, &address, "/api/ready", &mut child).await?;
    server::stop(&mut child).await?;
    Ok((healthy, ready))
}
