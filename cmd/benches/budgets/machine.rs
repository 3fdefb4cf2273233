//! The machine that is measured on, in general terms.

use crate::{engine::Engine, time::SystemClock};
use anyhow::Result;
use domain::Clock;

/// When and on what, in a sentence.
pub(crate) async fn description(engine: &Engine) -> Result<String> {
    let info = engine.docker.info().await?;
    let now = SystemClock.now().to_string();
    let day = now.split('T').next().unwrap_or_default();
    let gib = info.mem_total.unwrap_or_default() as f64 / f64::from(1 << 30);
    Ok(format!(
        "{day}, on {} cores and {gib:.0} GiB of memory, {}, Docker engine {} ({}).",
        info.ncpu.unwrap_or_default(),
        info.operating_system.unwrap_or_default(),
        info.server_version.unwrap_or_default(),
        info.driver.unwrap_or_default(),
    ))
}
