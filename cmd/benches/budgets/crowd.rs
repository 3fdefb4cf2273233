//! Two hundred people on one canvas: how soon each sees the others move, and what that costs.

mod load;

use crate::{
    Options,
    api::Project,
    engine::Engine,
    memory::on_cpu,
    sample::millis,
    server::Server,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result, bail};
pub(crate) use load::LOAD;
use load::{Outcome, Task};
use reqwest::Method;
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};

/// How many have the canvas open, and all move.
const PEOPLE: u32 = 200;
/// How long.
const SECONDS: u32 = 12;
/// Cards on the canvas.
const CARDS: usize = 100;
/// Edits a second, whoever makes them.
const EDITS_PER_SECOND: u32 = 5;

/// Plays the crowd: what the process that [`measure`] starts does.
pub(crate) fn load() -> Result<()> {
    load::run()
}

pub(crate) async fn measure(options: &Options, engine: &Engine, table: &mut Table) -> Result<()> {
    let mut server = Server::start(&options.easel, &options.engine).await?;
    engine.adopt(&server.instance()?);
    let api = server.claim().await?;
    let project = Project::create(&api, "Crowd").await?;
    let cards: Vec<_> = (0..CARDS)
        .map(|number| json!({ "op": "create_service", "name": format!("service {number}") }))
        .collect();
    let (_, addresses) = project.stage(&cards).await?;
    let card = addresses.first().context("a card")?.clone();

    let task = Task {
        address: api.url.strip_prefix("http://").context("a plain address")?.to_owned(),
        path: format!("/api/{}", project.path("canvas/ws")),
        token: api.token.clone(),
        node: card.clone(),
        people: PEOPLE,
        seconds: SECONDS,
    };
    let mut crowd = Command::new(std::env::current_exe()?)
        .arg(LOAD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = crowd.stdin.take().context("a pipe")?;
    stdin.write_all(serde_json::to_string(&task)?.as_bytes()).await?;
    drop(stdin);
    let mut said = BufReader::new(crowd.stdout.take().context("a pipe")?).lines();

    if said.next_line().await?.context("the crowd came")? != load::BEGUN {
        bail!("the crowd did not come in");
    }
    let before = on_cpu(server.pid()?)?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / EDITS_PER_SECOND);
    for number in 0..SECONDS * EDITS_PER_SECOND {
        pace.tick().await;
        let edit = json!({ "op": "set", "address": format!("{card}/replicas"),
            "content": { "replicas": number % 9 + 1 } });
        let path = project.path("pending-changes");
        project.api.call(Method::POST, &path, Some(&json!({ "edits": [edit] }))).await?;
    }
    if said.next_line().await?.context("the crowd stopped")? != load::ENDED {
        bail!("the crowd did not stop");
    }
    let busy = on_cpu(server.pid()?)?.saturating_sub(before);
    let outcome: Outcome = serde_json::from_str(&said.next_line().await?.context("an outcome")?)?;
    if !crowd.wait().await?.success() {
        bail!("the crowd failed");
    }
    add(table, &outcome, busy.as_secs_f64() / f64::from(SECONDS));
    server.stop().await
}

fn add(table: &mut Table, outcome: &Outcome, cores: f64) {
    let row = |what: &str, ours: String, bar: Bar| Row {
        what: what.to_owned(),
        ours,
        floor: "–".to_owned(),
        ratio: None,
        bar,
    };
    let asked = |text: &str, holds| Bar::Asked { text: text.to_owned(), holds };
    let tenths = |tenths: u64| Duration::from_micros(tenths * 100);
    let (p50, p99) = (tenths(outcome.p50), tenths(outcome.p99));
    let share = outcome.delivered as f64 / outcome.expected as f64 * 100.0;
    table.add(row(
        "200 people on one canvas, each moving 20 times a second, 5 edits a second: from one's \
         move to another's socket",
        format!("{}, p99 {}", millis(p50), millis(p99)),
        asked("p99 ≤ 25 ms", p99 <= Duration::from_millis(25)),
    ));
    table.add(row(
        "the same: moves delivered, of all to all others",
        format!("{share:.1} % of {}", outcome.expected),
        asked("≥ 99 %", share >= 99.0),
    ));
    table.add(row(
        "the same: processor of the server",
        format!("{cores:.2} cores"),
        asked("≤ 1 core", cores <= 1.0),
    ));
    let edits = u64::from(SECONDS * EDITS_PER_SECOND);
    table.add(row(
        "the same: edits told to everybody; snapshots after the first; sockets lost",
        format!("{} of {edits}; {}; {}", outcome.edits, outcome.snapshots, outcome.lost),
        asked("all, 0, 0", outcome.edits == edits && outcome.snapshots == 0 && outcome.lost == 0),
    ));
    table.note(
        "*200 people*: the released binary; the crowd is a process of its own on the same cores, so \
         its work delays what is measured. A move counts as delivered when a frame with it has come \
         out of a socket, for each of the other 199; the moment of the move is in it.",
    );
}
