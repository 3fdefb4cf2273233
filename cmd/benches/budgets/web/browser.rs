//! A browser that keeps nothing from one visit to the next, on a slow line.

use crate::time::{PATIENCE, within};
use anyhow::{Result, anyhow};
use chromiumoxide::{
    Browser as Chromium, BrowserConfig, Page,
    cdp::browser_protocol::{
        emulation::SetDeviceMetricsOverrideParams,
        network::{
            CookieParam, EmulateNetworkConditionsByRuleParams, EnableParams, NetworkConditions,
            SetCacheDisabledParams,
        },
        page::AddScriptToEvaluateOnNewDocumentParams,
        target::{CreateBrowserContextParams, CreateTargetParams},
    },
};
use futures::StreamExt;
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const LATENCY_MS: f64 = 40.0;
const BYTES_PER_SECOND: f64 = 20e6 / 8.0;
const WINDOW: (u32, u32) = (1440, 900);

pub(super) struct Browser {
    chromium: Chromium,
    handler: JoinHandle<()>,
    _profile: TempDir,
}

/// What to look at.
pub(super) struct Visit<'a> {
    pub(super) url: &'a str,
    pub(super) cookie: Option<&'a (String, String)>,
    /// An expression of the page that is true once the canvas shows its cards.
    pub(super) seen: &'a str,
}

/// When there was something to be seen, counted from the navigation.
pub(super) struct Seen {
    pub(super) anything: Duration,
    pub(super) canvas: Duration,
}

impl Browser {
    pub(super) async fn launch(chromium: &Path) -> Result<Self> {
        let profile = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let config = BrowserConfig::builder()
            .chrome_executable(chromium)
            .no_sandbox()
            .user_data_dir(profile.path())
            .window_size(WINDOW.0, WINDOW.1)
            .viewport(None)
            .args([
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .build()
            .map_err(|error| anyhow!(error))?;
        let (chromium, mut handler) = Chromium::launch(config).await?;
        let handler = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { chromium, handler, _profile: profile })
    }

    /// Opens a page in a profile of its own, and waits for its canvas.
    pub(super) async fn visit(&self, visit: &Visit<'_>) -> Result<Seen> {
        let context = CreateBrowserContextParams::default();
        let context = self.chromium.create_browser_context(context).await?;
        let mut target = CreateTargetParams::new("about:blank");
        target.browser_context_id = Some(context.clone());
        let page = self.chromium.new_page(target).await?;
        let seen = within("a canvas", PATIENCE, look(&page, visit)).await;
        page.close().await?;
        self.chromium.dispose_browser_context(context).await?;
        seen
    }

    pub(super) async fn close(mut self) -> Result<()> {
        self.chromium.close().await?;
        self.chromium.wait().await?;
        self.handler.abort();
        Ok(())
    }
}

async fn look(page: &Page, visit: &Visit<'_>) -> Result<Seen> {
    let (width, height) = (i64::from(WINDOW.0), i64::from(WINDOW.1));
    page.execute(SetDeviceMetricsOverrideParams::new(width, height, 1.0, false)).await?;
    page.execute(EnableParams::default()).await?;
    page.execute(SetCacheDisabledParams::new(true)).await?;
    let line = NetworkConditions::new("", LATENCY_MS, BYTES_PER_SECOND, BYTES_PER_SECOND);
    page.execute(EmulateNetworkConditionsByRuleParams::new(false, vec![line])).await?;
    if let Some((name, value)) = visit.cookie {
        let mut cookie = CookieParam::new(name, value);
        cookie.url = Some(visit.url.to_owned());
        page.set_cookie(cookie).await?;
    }
    page.execute(AddScriptToEvaluateOnNewDocumentParams::new(watch(visit.seen))).await?;
    page.goto(visit.url).await?;
    let canvas: f64 = page.evaluate("window.canvasSeen").await?.into_value()?;
    let anything: f64 = page.evaluate(FIRST_PAINT).await?.into_value()?;
    let millis = |time: f64| Duration::from_secs_f64(time / 1e3);
    Ok(Seen { anything: millis(anything), canvas: millis(canvas) })
}

const FIRST_PAINT: &str =
    "performance.getEntriesByName('first-contentful-paint').at(0)?.startTime ?? performance.now()";

/// A script that looks once a frame. What is written in one frame is on the screen in the next.
fn watch(seen: &str) -> String {
    format!(
        "window.canvasSeen = new Promise(done => {{ \
           const look = () => {seen} \
             ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look); \
           requestAnimationFrame(look); \
         }});"
    )
}
