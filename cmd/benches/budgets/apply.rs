//! From apply to running, beside create and start of the same by bollard alone.

use crate::{
    Options,
    api::Project,
    canvas::Canvas,
    engine::{Engine, Floor, Watch, label_of},
    sample::Samples,
    server::Server,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};
use bollard::query_parameters::ListContainersOptionsBuilder;
use domain::ServiceId;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long the engine rests between two measurements.
const REST: Duration = Duration::from_millis(500);
const BAR: f64 = 1.05;

/// A service that runs.
pub(crate) struct Running {
    pub(crate) service: ServiceId,
    pub(crate) container: String,
}

/// One apply: when the API answered, when the last container ran, when the last service was live.
struct Applied {
    answered: Duration,
    started: Duration,
    live: Duration,
    addresses: Vec<String>,
}

struct ApplyBench<'a> {
    project: &'a Project,
    canvas: Canvas,
    watch: Watch,
    ours: (String, String),
    bench: (String, String),
    made: usize,
}

/// Measures, and leaves services running.
pub(crate) async fn measure(
    options: &Options,
    engine: &Engine,
    server: &Server,
    project: &Project,
    table: &mut Table,
) -> Result<Vec<Running>> {
    let mut stage = ApplyBench {
        project,
        canvas: Canvas::open(project).await?,
        watch: engine.watch(),
        ours: label_of(&server.instance()?),
        bench: engine.label.clone(),
        made: 0,
    };
    // The first one brings the network, and shows what is to be repeated without Easel.
    let first = stage.apply(1).await?;
    let container = engine.list(&stage.ours).await?.pop().context("its container")?;
    let floor = engine.floor_like(&container).await?;
    stage.delete(&first.addresses).await?;

    let most = options.live;
    for (count, bar) in [(1, Some(BAR)), (most.min(10), Some(BAR)), (most, None)] {
        let rounds = if count == 1 { options.rounds } else { options.rounds.div_ceil(2).max(3) };
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        let (mut answers, mut lives) = (Samples::default(), Samples::default());
        for round in 0..rounds {
            // In turns, and each of them first as often as the other.
            if round % 2 == 0 {
                theirs.add(stage.bare(&floor, count).await?);
            }
            let applied = stage.apply(count).await?;
            ours.add(applied.started);
            answers.add(applied.answered);
            lives.add(applied.live);
            stage.delete(&applied.addresses).await?;
            if round % 2 == 1 {
                theirs.add(stage.bare(&floor, count).await?);
            }
        }
        let ratio = ours.over(&theirs);
        let services = if count == 1 { "1 service".to_owned() } else { format!("{count} at once") };
        table.add(Row {
            what: format!("apply → running, {services}"),
            ours: ours.to_string(),
            floor: format!("create + start by bollard: {theirs}"),
            ratio: Some(ratio),
            bar: bar.map_or(Bar::None, |most| Bar::ratio(ratio, most)),
        });
        table.add(Row {
            what: format!("apply → live (TCP check), {services}; of that the answer to apply"),
            ours: format!("{lives}; {answers}"),
            floor: "–".to_owned(),
            ratio: None,
            bar: Bar::None,
        });
    }
    table.note(
        "*apply → running*: from the request that applies to the engine's own event that the last \
         container has started, through the REST API of the released binary, which writes every \
         step to disk; the image is there. The floor makes and starts, all at once, containers \
         with the same configuration, read back from one that Easel has made, on a network of the \
         same kind.",
    );
    stage.apply(most).await?;
    running(engine, &stage.ours).await
}

impl ApplyBench<'_> {
    async fn apply(&mut self, count: usize) -> Result<Applied> {
        let edits: Vec<Value> = (self.made..self.made + count).map(service).collect();
        self.made += count;
        let (what, addresses) = self.project.stage(&edits).await?;
        tokio::time::sleep(REST).await;
        self.watch.forget();
        self.canvas.forget();

        let begun = Instant::now();
        let (answered, started, live) = tokio::try_join!(
            async {
                self.project.apply(&what).await?;
                Ok(Instant::now())
            },
            self.watch.all("start", &self.ours, count),
            self.canvas.live(count),
        )?;
        Ok(Applied {
            answered: answered - begun,
            started: started - begun,
            live: live - begun,
            addresses,
        })
    }

    async fn delete(&mut self, addresses: &[String]) -> Result<()> {
        let services = addresses.iter().filter(|it| it.matches('/').count() == 1);
        let clear = |address: &String| json!({ "op": "clear", "address": address });
        let edits: Vec<Value> = services.map(clear).collect();
        let (what, _) = self.project.stage(&edits).await?;
        self.watch.forget();
        self.project.apply(&what).await?;
        self.watch.all("destroy", &self.ours, edits.len()).await?;
        Ok(())
    }

    async fn bare(&mut self, floor: &Floor<'_>, count: usize) -> Result<Duration> {
        tokio::time::sleep(REST).await;
        self.watch.forget();
        let begun = Instant::now();
        let ((), started) =
            tokio::try_join!(floor.run(count), self.watch.all("start", &self.bench, count))?;
        floor.clear().await?;
        Ok(started - begun)
    }
}

/// A small web server.
fn service(number: usize) -> Value {
    json!({
        "op": "create_service",
        "name": format!("web {number}"),
        "source": { "kind": "image", "image": "easel-test/busybox:1", "pull": "never" },
        "command": ["httpd", "-f", "-p", "8080", "-h", "/www"],
        "ports": [{ "number": 8080 }],
    })
}

async fn running(engine: &Engine, label: &(String, String)) -> Result<Vec<Running>> {
    let filters = HashMap::from([("label", vec![format!("{}={}", label.0, label.1)])]);
    let options = ListContainersOptionsBuilder::new().filters(&filters).build();
    let list = engine.docker.list_containers(Some(options)).await?;
    let running = list.into_iter().map(|container| {
        let labels = container.labels.unwrap_or_default();
        let service = labels.get("io.easel.service").context("a service")?.parse()?;
        Ok(Running { service, container: container.id.context("an id")? })
    });
    running.collect()
}
