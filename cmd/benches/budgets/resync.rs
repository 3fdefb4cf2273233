//! A look at everything when there is nothing to do.

mod ports;

use crate::{
    Options,
    engine::{Engine, label_of},
    sample::{Samples, millis},
    seed,
    table::{Bar, Row, Table},
    time::{RandomIds, SystemClock},
};
use anyhow::{Context, Result, bail};
use domain::{
    Ids, InstanceId, Timestamp,
    rollout::{EngineHealth, Reconciler},
    runtime::Runtime,
    testing::{CallKind, SimEngine},
};
use ports::{Listed, Watched};
use reconciler::{Reconcile, Settings};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const BAR: f64 = 1.2;
/// Long enough for a look and a list call beside it.
const RESYNC: Duration = Duration::from_secs(2);
const SETTLING: Duration = Duration::from_secs(600);

/// A reconciler that runs.
struct Loop {
    reconcile: Arc<Reconcile>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), reconciler::Ended>>,
}

impl Loop {
    fn start(runtime: Arc<dyn Runtime>, rollouts: Arc<Watched>, resync: Duration) -> Self {
        let settings = Settings { resync, ..Settings::default() };
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let reconcile = Reconcile::new(runtime, rollouts, clock, ids, settings);
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&reconcile).run(stop.clone()));
        Self { reconcile, stop, task }
    }

    /// Waits for the end of a look other than this one.
    async fn pass_after(&self, seen: Option<Timestamp>) -> Result<(Option<Timestamp>, Instant)> {
        let reconcile = Arc::clone(&self.reconcile);
        tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            loop {
                let status = reconcile.status();
                if status.last_pass.is_some() && status.last_pass != seen {
                    return Ok((status.last_pass, Instant::now()));
                }
                if begun.elapsed() > RESYNC * 10 {
                    bail!("waited in vain for a look at everything");
                }
                std::thread::sleep(Duration::from_micros(50));
            }
        })
        .await?
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

    // The same containers in the real engine, so that a list call costs what it costs.
    let instance = InstanceId::new(RandomIds.mint());
    let label = label_of(&instance.to_string());
    engine.adopt(&instance.to_string());
    let labels = sim.replicas().await?.iter().map(|it| ports::labels(instance, it)).collect();
    eprintln!("making {services} containers that never start");
    engine.create_idle("easel-test/busybox:1", labels).await?;

    let result = look(options, engine, data, &store, &sim, instance, table).await;
    eprintln!("removing them");
    engine.clean_label(&label).await?;
    store.close().await;
    result
}

/// Until all are live.
async fn settle(store: &Store, sim: &SimEngine, services: usize) -> Result<Duration> {
    let begun = Instant::now();
    let rollouts = Arc::new(Watched::new(store.clone()));
    let running = Loop::start(Arc::new(sim.clone()), rollouts, Duration::from_secs(30));
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let live = ports::running(store).await?;
        let status = running.reconcile.status();
        if live == services && status.busy == 0 {
            break;
        }
        if begun.elapsed() > SETTLING {
            bail!("{live} of {services} services are live, {} fail", status.failing);
        }
        if let EngineHealth::Unreachable { why, .. } = status.engine {
            bail!("the simulated engine is away: {why}");
        }
    }
    running.end().await?;
    Ok(begun.elapsed())
}

#[expect(clippy::too_many_arguments, reason = "all that was prepared")]
async fn look(
    options: &Options,
    engine: &Engine,
    data: &Path,
    store: &Store,
    sim: &SimEngine,
    instance: InstanceId,
    table: &mut Table,
) -> Result<()> {
    let services = options.services;
    let address = options.engine.parse().map_err(|rule| anyhow::anyhow!("the engine {rule}"))?;
    let listed = Arc::new(Listed::new(sim.clone(), runtime::Docker::new(instance, address)));
    let rollouts = Arc::new(Watched::new(store.clone()));
    let running = Loop::start(listed.clone(), rollouts.clone(), RESYNC);
    // The first one after a start looks at every container, the second at what that has changed.
    let mut seen = None;
    for _ in 0..2 {
        (seen, _) = running.pass_after(seen).await?;
        tokio::time::sleep(RESYNC / 4).await;
    }
    while running.reconcile.status().busy > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _preparations = sim.take_calls();
    listed.forget();
    rollouts.forget();
    let written = last_write(data)?;
    let label = label_of(&instance.to_string());
    let (mut ours, mut floor, mut reads) =
        (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..options.rounds {
        let (pass, ended) = running.pass_after(seen).await?;
        seen = pass;
        let begun = listed.began().context("a list call")?;
        ours.add(ended - begun);
        reads.add(rollouts.read().context("a read")?);
        // In turns with the bare call, while the reconciler rests.
        tokio::time::sleep(RESYNC / 8).await;
        let begun = Instant::now();
        let found = engine.list(&label).await?.len();
        floor.add(begun.elapsed());
        if found != services {
            bail!("the engine lists {found} of {services} containers");
        }
    }
    let writes = rollouts.writes();
    let touched = last_write(data)? != written;
    running.end().await?;

    let mut calls: BTreeMap<CallKind, usize> = BTreeMap::new();
    for call in sim.take_calls() {
        *calls.entry(call.kind).or_default() += 1;
    }
    let lists = calls.get(&CallKind::List).copied().unwrap_or_default();
    let mutations: usize =
        calls.iter().filter(|(kind, _)| kind.is_mutation()).map(|(_, count)| count).sum();
    let ratio = ours.over(&floor);
    table.add(Row {
        what: format!(
            "resync of {services} services, nothing to do; of that the database's part {}",
            millis(reads.median())
        ),
        ours: ours.to_string(),
        floor: format!("one list call by bollard: {floor}"),
        ratio: Some(ratio),
        bar: Bar::ratio(ratio, BAR),
    });
    let per_pass = lists as f64 / options.rounds as f64;
    table.add(Row {
        what: "the same: list calls, mutating calls, database writes in a pass".to_owned(),
        ours: format!("{per_pass}, {mutations}, {}", writes + u64::from(touched)),
        floor: "–".to_owned(),
        ratio: None,
        bar: Bar::Asked {
            text: "1, 0, 0".to_owned(),
            holds: lists == options.rounds && mutations == 0 && writes == 0 && !touched,
        },
    });
    table.note(format!(
        "*resync*: the reconciler with the real database, on the simulated engine, in front of \
         which stands one real list call of {services} containers, made for it and never started, \
         decoded as always. The floor is that list call alone.",
    ));
    Ok(())
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
