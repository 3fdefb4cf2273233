//! The first paint of a canvas, on a line as people have it, with nothing cached.

mod browser;

use crate::{
    Options,
    sample::Samples,
    seed, server,
    table::{Bar, Row, Table},
};
use anyhow::{Context, Result};
use browser::{Browser, Visit};
use reqwest::header;
use serde_json::json;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::Child;

const BAR: f64 = 0.75;
const CARDS: usize = 1000;
/// So that nothing is deployed while the browser draws.
const NO_ENGINE: &str = "unix:///nowhere/docker.sock";
/// Of the map that is drawn at once, or of each card: whether it is there to be seen.
const OURS: &str = "(() => { const map = document.querySelector('.canvas-bitmap:not([hidden])'); \
     return map && map.getClientRects().length > 0 && map.style.transform !== ''; })()";
const THEIRS: &str = "[...document.querySelectorAll('.react-flow__node')]\
     .filter(one => one.style.visibility !== 'hidden').length === 1000";

pub(crate) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let Some(react_flow) = &options.react_flow else {
        eprintln!("React Flow: not measured, no node to bundle it with");
        return Ok(());
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let data = folder.path().join("data");
    let store = seed::open(&data).await?;
    let slug = seed::spread(&store, CARDS).await?;
    store.close().await;
    drop(store);

    let (mut ours, easel) = serve(options, &data, &[]).await?;
    let web = react_flow.to_string_lossy();
    let (mut theirs, flow) =
        serve(options, &folder.path().join("empty"), &["--dev-web", web.as_ref()]).await?;
    let cookie = sign_in(&easel).await?;
    let canvas = format!("{easel}/projects/{slug}");
    let browser = Browser::launch(&options.chromium).await?;
    let (mut first, mut floor) = (Samples::default(), Samples::default());
    let (mut paint, mut paint_floor) = (Samples::default(), Samples::default());
    // The first round warms the servers and the browser, not what it keeps.
    for round in 0..=options.rounds {
        let own = browser.visit(&Visit { url: &canvas, cookie: Some(&cookie), seen: OURS }).await?;
        let bare = browser.visit(&Visit { url: &flow, cookie: None, seen: THEIRS }).await?;
        if round > 0 {
            first.add(own.canvas);
            paint.add(own.anything);
            floor.add(bare.canvas);
            paint_floor.add(bare.anything);
        }
    }
    browser.close().await?;
    server::stop(&mut ours).await?;
    server::stop(&mut theirs).await?;

    let ratio = first.over(&floor);
    table.add(Row {
        what: format!(
            "web app: first paint of a canvas of {CARDS} cards, nothing cached, 20 Mbit/s and 40 ms"
        ),
        ours: first.to_string(),
        floor: format!("a bare React Flow page with the same cards: {floor}"),
        ratio: Some(ratio),
        bar: Bar::ratio(ratio, BAR),
    });
    table.add(Row {
        what: "the same: anything on the screen".to_owned(),
        ours: paint.to_string(),
        floor: format!("that page: {paint_floor}"),
        ratio: Some(paint.over(&paint_floor)),
        bar: Bar::None,
    });
    table.note(
        "*first paint*: from the navigation to the second frame in which the canvas shows its \
         cards, told by the page itself, each time in a profile of its own; the line is the \
         browser's own emulation, the same for both. Ours signs nobody in but asks the server who \
         it is and what lies on the canvas; the React Flow page has its cards in its script, asks \
         nobody, and is served by the same binary, compressed in the same way.",
    );
    Ok(())
}

/// A server on this data, and where it is.
async fn serve(options: &Options, data: &Path, more: &[&str]) -> Result<(Child, String)> {
    let address = server::free_address().await?;
    let begun = Instant::now();
    let mut child = server::command(&options.easel, data, &address)
        .args(["--docker-host", NO_ENGINE, "--log-level", "error"])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    server::first_answer(begun, &address, "/api/health", &mut child).await?;
    Ok((child, format!("http://{address}")))
}

/// The cookie of a browser in which somebody has signed in.
async fn sign_in(url: &str) -> Result<(String, String)> {
    let login = json!({ "kind": "browser", "email": seed::EMAIL, "password": seed::PASSWORD });
    let answer = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()?
        .post(format!("{url}/api/auth/login"))
        .header(header::ORIGIN, url)
        .json(&login)
        .send()
        .await?
        .error_for_status()?;
    let cookie = answer.headers().get(header::SET_COOKIE).context("a cookie")?.to_str()?;
    let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
    let (name, value) = pair.context("a cookie has a name")?;
    Ok((name.to_owned(), value.to_owned()))
}
