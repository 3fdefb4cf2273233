//! Keeping containers from the host, for servers whose user may not do it.

use crate::{
    Config,
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::Result;
use runtime::{Isolation, IsolationError, engine_is_here};

/// Writes the packet rules for the range of networks that is configured.
///
/// # Errors
/// When they cannot be written, with what to do.
pub(crate) async fn isolate(config: &Config, console: Console) -> Result<()> {
    // An engine that is not up yet is where it always was: rules may be there before it.
    let is_here = engine_is_here(config.docker_host.clone()).await.unwrap_or(true);
    let range = config.networks.range;
    let isolated = match is_here {
        true if Isolation::clashes(range) => Err(IsolationError::Clash),
        true => Isolation::new([range]).enforce().await,
        false => Err(IsolationError::Elsewhere),
    };
    isolated.map_err(|why| Failure::new(Exit::Failed, why.to_string()))?;
    console.line(format!(
        "containers with addresses of {range} reach neither this host nor 169.254.0.0/16"
    ));
    Ok(())
}
