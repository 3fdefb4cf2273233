//! What a worker looks at before it plans.

use super::{Hint, Worker};
use crate::{
    error::ReconcileError,
    situation::{ObservedContainer, Situation, WorkerState},
};
use domain::{
    rollout::DesiredService,
    runtime::{Inspection, ReplicaHandle},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::{collections::BTreeMap, sync::Arc};

impl Worker<'_> {
    /// Looks at everything that concerns the service.
    pub(super) async fn observe(
        &mut self,
        hint: Option<Box<Hint>>,
        round: usize,
    ) -> Result<Situation, ReconcileError> {
        let context = self.context;
        let has_hint = hint.is_some();
        let desired = match hint {
            Some(hint) => {
                self.known.extend(hint.containers);
                hint.desired
            }
            None => Arc::new(context.rollouts.desired_service(context.fence, self.key).await?),
        };
        if round == 0 && !has_hint {
            let list = {
                let _permit = context.permit(&context.call_permits).await;
                context.runtime.replicas_of(self.key.service).await?
            };
            let its = list
                .into_iter()
                .filter(|replica| replica.identity.environment == self.key.environment);
            self.known.extend(its.map(|replica| replica.container));
        }
        let rows = desired.service.iter().flat_map(|service| &service.replicas);
        self.known.extend(rows.filter_map(|row| row.container.clone()));
        self.known.extend(desired.tombstones.iter().flat_map(|it| it.containers.iter().cloned()));

        let observed = self.inspect().await?;
        let volumes = self.volumes(&desired).await?;
        self.memory.refresh(&observed, context.clock.now());
        self.memory.pulling = context.pulls.cancel_undesired(self.key, &desired);
        if let Some(lost) = self.memory.lost_image
            && context.pulls.take_success(lost)
        {
            self.memory.lost_image = None;
        }
        let memory = WorkerState::default();
        Ok(Situation { key: self.key, desired, observed, volumes, memory })
    }

    async fn inspect(&mut self) -> Result<Vec<ObservedContainer>, ReconcileError> {
        let context = self.context;
        let inspect = |container: ReplicaHandle| async move {
            let _permit = context.permit(&context.call_permits).await;
            let inspection = context.runtime.inspect(&container).await?;
            Ok::<_, ReconcileError>((container, inspection))
        };
        let found: Vec<(ReplicaHandle, Option<Inspection>)> =
            stream::iter(self.known.clone()).map(inspect).buffered(8).try_collect().await?;
        let mut observed = Vec::new();
        for (container, inspection) in found {
            let is_its = |inspection: &Inspection| {
                inspection.identity.environment == self.key.environment
                    && inspection.identity.service == self.key.service
            };
            match inspection.filter(is_its) {
                Some(inspection) => observed.push(ObservedContainer { container, inspection }),
                None => {
                    self.known.remove(&container);
                }
            }
        }
        Ok(observed)
    }

    async fn volumes(
        &self,
        desired: &DesiredService,
    ) -> Result<BTreeMap<domain::VolumeId, bool>, ReconcileError> {
        let context = self.context;
        let mut volumes = BTreeMap::new();
        for deployment in desired.service.iter().flat_map(|service| &service.deployments) {
            for volume in deployment.config.mounts.keys() {
                if deployment.state.is_terminal() || volumes.contains_key(volume) {
                    continue;
                }
                let _permit = context.permit(&context.call_permits).await;
                volumes.insert(*volume, context.runtime.has_volume(*volume).await?);
            }
        }
        Ok(volumes)
    }
}
