//! What one person does in an environment of a thousand services, beside the same in one of ten.

use crate::{
    Options,
    api::{Api, Project},
    canvas::Canvas,
    sample::{Samples, millis},
    seed, server,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};
use domain::{ProjectId, ServiceId};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

const FEW: usize = 10;
/// So many variables has each service, some of which refer to another one.
const VARIABLES: usize = 20;
/// So many people move cards at once.
const MOVERS: u32 = 8;
const WRITES: u32 = 60;
const BAR: f64 = 2.0;
const NEIGHBOUR_BAR: Duration = Duration::from_millis(100);
/// So that nothing is deployed meanwhile.
const NO_ENGINE: &str = "unix:///nowhere/docker.sock";

/// By place in the table and name.
type Measured = BTreeMap<(u8, &'static str), Samples>;

/// A project, and a service in the middle of it.
struct Scene {
    project: Project,
    service: ServiceId,
    /// So that no value is written twice.
    written: AtomicU32,
}

pub(crate) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let many = options.services.max(FEW);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let data = folder.path().join("data");
    let store = seed::open(&data).await?;
    let sizes = [("few", FEW), ("many", many), ("neighbour", FEW)];
    let made = seed::grow(&store, &sizes, VARIABLES).await?;
    store.close().await;
    drop(store);

    let address = server::free_address().await?;
    let mut child = server::command(&options.easel, &data, &address)
        .args(["--docker-host", NO_ENGINE, "--log-level", "error"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    server::first_answer(Instant::now(), &address, "/api/health", &mut child).await?;
    let api = Api::login(&format!("http://{address}"), seed::EMAIL, seed::PASSWORD).await?;
    let scenes: Vec<Scene> = made.into_iter().map(|made| Scene::new(&api, made)).collect();
    let [few, large, neighbour] = &scenes[..] else { anyhow::bail!("three projects") };

    one_by_one(options, few, large, many, table).await?;
    beside(few, large, neighbour, many, table).await?;
    server::stop(&mut child).await?;
    table.note(
        "*growth*: through the REST API of the released binary and its database on disk, in turns; \
         each service has twenty variables, two of which refer to another service. No engine is \
         there, so that nothing else is written meanwhile.",
    );
    Ok(())
}

async fn one_by_one(
    options: &Options,
    few: &Scene,
    large: &Scene,
    many: usize,
    table: &mut Table,
) -> Result<()> {
    let (mut small, mut big) = (Measured::new(), Measured::new());
    // The first round fills what is kept from then on.
    for round in 0..=options.rounds {
        let (one, other) = (few.round().await?, large.round().await?);
        if round > 0 {
            for (samples, round) in [(&mut small, one), (&mut big, other)] {
                for (what, took) in round {
                    samples.entry(what).or_default().add(took);
                }
            }
        }
    }
    for (what, ours) in big {
        let floor = small.remove(&what).context("the same among few")?;
        let ratio = ours.over(&floor);
        let (_, name) = what;
        table.add(Row {
            what: format!("{name}, {many} services × {VARIABLES} variables"),
            ours: ours.to_string(),
            floor: format!("{FEW} services: {floor}"),
            ratio: Some(ratio),
            // A canvas that is opened shows all of them.
            bar: if name.starts_with("join") { Bar::None } else { Bar::ratio(ratio, BAR) },
        });
    }
    Ok(())
}

/// How long writes in another project take while people move cards in one of ten services, and in one
/// of many.
async fn beside(
    few: &Scene,
    large: &Scene,
    neighbour: &Scene,
    many: usize,
    table: &mut Table,
) -> Result<()> {
    let mut found = Vec::new();
    for crowd in [few, large] {
        let stop = AtomicBool::new(false);
        let movers = (0..MOVERS).map(|_| async {
            while !stop.load(Ordering::Relaxed) {
                crowd.place().await?;
            }
            Ok::<_, anyhow::Error>(())
        });
        let writes = async {
            let mut samples = Samples::default();
            for _ in 0..WRITES {
                let begun = Instant::now();
                neighbour.stage().await?;
                samples.add(begun.elapsed());
            }
            stop.store(true, Ordering::Relaxed);
            Ok::<_, anyhow::Error>(samples)
        };
        let (_, samples) = tokio::try_join!(futures::future::try_join_all(movers), writes)?;
        neighbour.discard().await?;
        found.push(samples);
    }
    let [small, big] = &found[..] else { anyhow::bail!("two crowds") };
    let worst = big.percentile(99);
    table.add(Row {
        what: format!(
            "a write in another project while {MOVERS} people move cards in one of {many} services: \
             p99"
        ),
        ours: millis(worst),
        floor: format!("in one of {FEW}: {}", millis(small.percentile(99))),
        ratio: Some(big.over(small)),
        bar: Bar::Asked {
            text: format!("≤ {}", millis(NEIGHBOUR_BAR)),
            holds: worst <= NEIGHBOUR_BAR,
        },
    });
    Ok(())
}

impl Scene {
    fn new(api: &Api, (project, service): (ProjectId, ServiceId)) -> Self {
        let project = Project { api: api.clone(), id: project.to_string() };
        Self { project, service, written: AtomicU32::new(0) }
    }

    /// Everything once: by its place in the table and its name, how long it took.
    async fn round(&self) -> Result<BTreeMap<(u8, &'static str), Duration>> {
        let mut took = BTreeMap::new();
        let mut note = |place, name, begun: Instant| took.insert((place, name), begun.elapsed());

        let begun = Instant::now();
        self.stage().await?;
        note(0, "stage one variable", begun);
        let begun = Instant::now();
        let pending = self.call(Method::GET, "pending-changes", None).await?;
        note(1, "list one staged change", begun);
        let begun = Instant::now();
        self.place().await?;
        note(2, "move a card", begun);
        let begun = Instant::now();
        self.discard().await?;
        note(3, "discard it", begun);
        self.stage().await?;
        let begun = Instant::now();
        let last = pending["up_to"].as_u64().context("a number")? + 1;
        self.project.apply(&json!({ "up_to": last, "message": "bench" })).await?;
        note(4, "apply one change", begun);
        let begun = Instant::now();
        self.call(Method::GET, &format!("services/{}", self.service), None).await?;
        note(5, "look at one service", begun);
        let begun = Instant::now();
        self.call(Method::GET, "services?limit=20", None).await?;
        note(6, "list twenty services", begun);
        let begun = Instant::now();
        drop(Canvas::open(&self.project).await?);
        note(7, "join the canvas", begun);
        Ok(took)
    }

    async fn call(&self, method: Method, rest: &str, body: Option<&Value>) -> Result<Value> {
        self.project.api.call(method, &self.project.path(rest), body).await
    }

    async fn stage(&self) -> Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let edit = json!({
            "op": "set_variable",
            "address": format!("service/{}/variables/KEY_3", self.service),
            "value": format!("value {number}"),
        });
        self.call(Method::POST, "pending-changes", Some(&json!({ "edits": [edit] }))).await?;
        Ok(())
    }

    async fn discard(&self) -> Result<()> {
        self.call(Method::DELETE, "pending-changes", None).await?;
        Ok(())
    }

    async fn place(&self) -> Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let node = format!("service/{}", self.service);
        let places = json!({ "places": { node: { "x": number, "y": 7 } } });
        self.call(Method::PUT, "layout", Some(&places)).await?;
        Ok(())
    }
}
