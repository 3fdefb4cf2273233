//! Reads and writes of the API, at a steady pace.

use crate::{
    api::Project,
    apply::Running,
    sample::{Samples, millis},
    server::Server,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::json;
use std::{
    io::Write,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const SECONDS: u32 = 5;

/// Calls come when they are due, however long the ones before take.
async fn pace<F>(rate: u32, call: impl Fn(u32) -> F) -> Result<Samples>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let begun = tokio::time::Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..rate * SECONDS {
        tokio::time::sleep_until(begun + Duration::from_secs(1) * number / rate).await;
        let call = call(number);
        tasks.spawn(async move {
            let begun = Instant::now();
            call.await?;
            Ok::<_, anyhow::Error>(begun.elapsed())
        });
    }
    let mut samples = Samples::default();
    while let Some(done) = tasks.join_next().await {
        samples.add(done??);
    }
    Ok(samples)
}

pub(crate) async fn measure(
    server: &Server,
    project: &Project,
    running: &[Running],
    table: &mut Table,
) -> Result<()> {
    let service = running.first().context("a running service")?.service;
    let get = |path: String| {
        let api = project.api.clone();
        move |_| {
            let (api, path) = (api.clone(), path.clone());
            async move { api.call(Method::GET, &path, None).await.map(|_| ()) }
        }
    };
    let health = pace(300, get("health".to_owned())).await?;
    let reads = pace(300, get(project.path(&format!("services/{service}")))).await?;
    add(table, "300 reads of a service in a second", &reads, "of `/api/health`", &health);

    let file = server.data.with_file_name("floor");
    let floor = pace(50, |_| {
        let file = file.clone();
        async move { tokio::task::spawn_blocking(move || append(&file)).await? }
    })
    .await?;
    let path = project.path("layout");
    let writes = pace(50, |number| {
        let (api, path) = (project.api.clone(), path.clone());
        let places = json!({ format!("service/{service}"): { "x": number, "y": 0 } });
        async move {
            let body = json!({ "places": places });
            api.call(Method::PUT, &path, Some(&body)).await.map(|_| ())
        }
    })
    .await?;
    add(table, "50 moves of a card in a second", &writes, "of 4 KiB appended and synced", &floor);
    Ok(())
}

fn append(file: &std::path::Path) -> Result<()> {
    let mut file = std::fs::File::options().create(true).append(true).open(file)?;
    file.write_all(&[0; 4096])?;
    Ok(file.sync_data()?)
}

fn add(table: &mut Table, what: &str, ours: &Samples, beside: &str, floor: &Samples) {
    let show = |samples: &Samples| {
        format!("{}, p99 {}", millis(samples.median()), millis(samples.percentile(99)))
    };
    table.add(Row {
        what: what.to_owned(),
        ours: show(ours),
        floor: format!("{beside}: {}", show(floor)),
        ratio: Some(ours.over(floor)),
        bar: Bar::None,
    });
}
