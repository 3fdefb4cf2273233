//! Keeping containers from the host, as far as the engine runs on it.

use super::{Docker, failure::Failure};
use crate::{Isolation, IsolationError, address::is_here};
use bollard::models::SystemInfo;
use domain::runtime::RuntimeError;
use ipnet::Ipv4Net;
use std::sync::PoisonError;

impl Docker {
    /// Sees to it that no container reaches this host's own addresses, nor `169.254.0.0/16`. Says so in the
    /// log, and in what the engine is said to be like, where that cannot be had.
    ///
    /// # Errors
    /// When the engine does not answer: then nothing is known.
    pub async fn isolate(&self) -> Result<(), RuntimeError> {
        let info = self.info().await?;
        let isolated = match self.isolation(&info).await? {
            Ok(isolation) => isolation.enforce().await,
            Err(elsewhere) => Err(elsewhere),
        };
        let now = isolated.err();
        let before = {
            let mut kept = self.isolated.lock().unwrap_or_else(PoisonError::into_inner);
            kept.replace(now.clone())
        };
        if before != Some(now.clone()) {
            match now {
                None => tracing::info!("containers are kept from this host by its packet rules"),
                Some(why) => tracing::warn!("{}", reachable(&why)),
            }
        }
        Ok(())
    }

    /// What there is to say of it, if it is amiss.
    pub(super) fn isolation_warning(&self) -> Option<String> {
        let kept = self.isolated.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()?.as_ref().map(reachable)
    }

    /// The rules for all networks that environments have, and will have.
    async fn isolation(
        &self,
        info: &SystemInfo,
    ) -> Result<Result<Isolation, IsolationError>, Failure> {
        if !is_here(info, self.connection.address()) {
            return Ok(Err(IsolationError::Elsewhere));
        }
        let (ours, range) = (self.own_subnets().await?, self.pool.range);
        if Isolation::clashes(range) {
            // Some of the range is the host's own neighbourhood, which must not be cut off.
            return Ok(Ok(Isolation::new(ours)));
        }
        // Some may be older than the range that is configured.
        let older = ours.into_iter().filter(|subnet| !range.contains(subnet));
        let subnets: Vec<Ipv4Net> = older.chain([range]).collect();
        Ok(Ok(Isolation::new(subnets)))
    }

    /// Sees to it that a network which has just been made is isolated, too, where the rules are not for the
    /// whole range.
    pub(super) async fn isolate_new(&self) {
        let is_on = self.isolated.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_on
            && Isolation::clashes(self.pool.range)
            && let Err(error) = self.isolate().await
        {
            tracing::warn!("a new network could not be isolated yet: {error}");
        }
    }
}

/// For status and log.
pub(crate) fn reachable(why: &IsolationError) -> String {
    format!("containers can reach this host's own addresses and 169.254.0.0/16: {why}")
}
