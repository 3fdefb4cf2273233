//! A look at everything when there is nothing to do.

mod ports;

use crate::{
    Options,
    api::Api,
    engine::{Engine, label_of},
    sample::Samples,
    seed, server,
    table::{Bar, Row, Table},
    time::{PATIENCE, RandomIds, SystemClock, within},
};
use anyhow::{Context, Result, bail};
use domain::{
    Timestamp,
    rollout::{EngineHealth, Reconciler},
    runtime::Runtime,
    testing::{CallKind, SimEngine},
};
use ports::Watched;
use reconciler::{Reconcile, Settings};
use reqwest::Method;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const BAR: f64 = 0.8;
/// Long enough for a look and a list call beside it.
const RESYNC: Duration = Duration::from_secs(2);
const SETTLING: Duration = Duration::from_secs(600);

/// A reconciler that runs.
struct Loop {
    reconcile: Arc<Reconcile>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), reconciler::LoopError>>,
}

impl Loop {
    fn start(sim: &SimEngine, rollouts: Arc<Watched>, resync: Duration) -> Self {
        let settings = Settings { resync, ..Settings::default() };
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let reconcile = Reconcile::new(Arc::new(sim.clone()), rollouts, clock, ids, settings);
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&reconcile).run(stop.clone()));
        Self { reconcile, stop, task }
    }

    /// Waits for the end of a look other than this one.
    async fn pass_after(&self, seen: Option<Timestamp>) -> Result<Option<Timestamp>> {
        within("a look at everything", PATIENCE, async {
            loop {
                let last = self.reconcile.status().reconciled_at;
                if last.is_some() && last != seen {
                    return Ok(last);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}

/// Fills `data` with services, and looks at them again and again.
pub(crate) async fn measure(
    options: &Options,
    engine: &Engine,
    data: &Path,
    table: &mut Table,
) -> Result<()> {
    let services = options.services;
    let store = seed::open(data).await?;
    seed::plant(&store, services).await?;
    let sim = SimEngine::new(Arc::new(SystemClock));
    let settled = settle(&store, &sim, services).await?;
    eprintln!("{services} services went live on the simulated engine in {} s", settled.as_secs());
    let counted = count(options, data, &store, &sim).await?;

    // The same containers in the real engine, so that a list call costs what it costs.
    let instance = store.instance();
    let label = label_of(&instance.to_string());
    store.close().await;
    drop(store);
    engine.adopt(&label.1);
    let labels = sim.replicas().await?.iter().map(|it| ports::labels(instance, it)).collect();
    eprintln!("making {services} containers that never start");
    engine.create_idle("easel-test/busybox:1", labels).await?;
    let timed = time(options, engine, data, &label).await;
    eprintln!("removing them");
    engine.clean_label(&label).await?;

    let (ours, floor) = timed?;
    let ratio = ours.over(&floor);
    table.add(Row {
        what: format!("resync of {services} services, nothing to do"),
        ours: ours.to_string(),
        floor: format!("one list call by bollard: {floor}"),
        ratio: Some(ratio),
        bar: Bar::ratio(ratio, BAR),
    });
    table.add(counted);
    table.note(format!(
        "*resync*: the released binary, by its own account (`/api/system/status`), on the database \
         of {services} live services and an engine with as many containers, made for it and never \
         started; the floor is a list call for them alone. The database belongs to the simulated \
         engine, so here Easel only looks on. The calls are counted on that simulated engine, \
         where all the services are live and nothing is to do.",
    ));
    Ok(())
}

/// Until all are live.
async fn settle(store: &Store, sim: &SimEngine, services: usize) -> Result<Duration> {
    let begun = Instant::now();
    let rollouts = Arc::new(Watched::new(store.clone()));
    let running = Loop::start(sim, rollouts, Duration::from_secs(30));
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // A thousand rollouts at once keep the database busy: who cannot ask asks later.
        let live = ports::running(store).await.unwrap_or_default();
        let status = running.reconcile.status();
        if live == services && status.in_progress == 0 {
            break;
        }
        if begun.elapsed() > SETTLING {
            bail!("{live} of {services} services are live, {} fail", status.backing_off);
        }
        if let EngineHealth::Unreachable { why, .. } = status.engine {
            bail!("the simulated engine is away: {why}");
        }
    }
    running.end().await?;
    Ok(begun.elapsed())
}

/// What is asked and written in a look.
async fn count(options: &Options, data: &Path, store: &Store, sim: &SimEngine) -> Result<Row> {
    let rollouts = Arc::new(Watched::new(store.clone()));
    let running = Loop::start(sim, rollouts.clone(), RESYNC);
    // The first one after a start looks at every container.
    let mut seen = running.pass_after(None).await?;
    tokio::time::sleep(RESYNC / 4).await;
    within("the first look to end", PATIENCE, async {
        while running.reconcile.status().in_progress > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    })
    .await?;
    seen = running.pass_after(seen).await?;
    let _preparations = sim.take_calls();
    rollouts.forget();
    let written = last_write(data)?;
    for _ in 0..options.rounds {
        seen = running.pass_after(seen).await?;
    }
    let mut calls: BTreeMap<CallKind, usize> = BTreeMap::new();
    for call in sim.take_calls() {
        *calls.entry(call.kind).or_default() += 1;
    }
    let writes = rollouts.writes();
    let is_touched = last_write(data)? != written;
    running.end().await?;

    let lists = calls.get(&CallKind::List).copied().unwrap_or_default();
    let mutations: usize =
        calls.iter().filter(|(kind, _)| kind.is_mutation()).map(|(_, count)| count).sum();
    let per_pass = lists as f64 / options.rounds as f64;
    Ok(Row {
        what: "the same: list calls, mutating calls, database writes in a pass".to_owned(),
        ours: format!("{per_pass}, {mutations}, {}", writes + u64::from(is_touched)),
        floor: "–".to_owned(),
        ratio: None,
        bar: Bar::Asked {
            text: "1, 0, 0".to_owned(),
            holds: lists == options.rounds && mutations == 0 && writes == 0 && !is_touched,
        },
    })
}

/// How long a look takes, and how long a bare list call.
async fn time(
    options: &Options,
    engine: &Engine,
    data: &Path,
    label: &(String, String),
) -> Result<(Samples, Samples)> {
    let address = server::free_address().await?;
    let mut child = server::command(&options.easel, data, &address)
        .args(["--docker-host", &options.engine, "--log-level", "warn"])
        .args(["--reconcile-interval", "2s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    server::first_answer(Instant::now(), &address, "/api/ready", &mut child).await?;
    let api = Api::login(&format!("http://{address}"), seed::EMAIL, seed::PASSWORD).await?;
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    let mut last = None;
    for round in 0..=options.rounds {
        // In turns, and the question about it falls between two looks.
        let begun = Instant::now();
        let found = engine.list(label).await?.len();
        let listed = begun.elapsed();
        if found != options.services {
            bail!("the engine lists {found} of {} containers", options.services);
        }
        let pass = within("another look", PATIENCE, async {
            loop {
                tokio::time::sleep(RESYNC * 3 / 4).await;
                let status = api.call(Method::GET, "system/status", None).await?;
                let at = status["reconciler"]["reconciled_at"].as_str().map(str::to_owned);
                if at.is_some() && at != last {
                    last = at;
                    let millis = status["reconciler"]["reconcile_ms"].as_u64();
                    return Ok(Duration::from_millis(millis.context("a duration")?));
                }
            }
        })
        .await?;
        // The first one follows a start.
        if round > 0 {
            ours.add(pass);
            floor.add(listed);
        }
    }
    server::stop(&mut child).await?;
    Ok((ours, floor))
}

/// When something was last written to the database.
fn last_write(data: &Path) -> Result<HashMap<String, (SystemTime, u64)>> {
    let mut times = HashMap::new();
    for name in ["easel.db", "easel.db-wal"] {
        if let Ok(file) = std::fs::metadata(data.join(name)) {
            times.insert(name.to_owned(), (file.modified()?, file.len()));
        }
    }
    Ok(times)
}
