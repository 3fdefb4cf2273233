//! What a worker looks at before it plans.

use super::{Hint, Worker};
use crate::{
    situation::{Memory, Seen, Situation},
    trouble::Trouble,
};
use domain::{
    rollout::Aim,
    runtime::{Inspection, ReplicaHandle},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::{collections::BTreeMap, sync::Arc};

impl Worker<'_> {
    /// Looks at everything that concerns the service.
    pub(super) async fn look(
        &mut self,
        hint: Option<Box<Hint>>,
        round: usize,
    ) -> Result<Situation, Trouble> {
        let tools = self.tools;
        let has_hint = hint.is_some();
        let aim = match hint {
            Some(hint) => {
                self.known.extend(hint.containers);
                hint.aim
            }
            None => Arc::new(tools.rollouts.desired_service(tools.fence, self.key).await?),
        };
        if round == 0 && !has_hint {
            let list = {
                let _permit = tools.permit(&tools.gate).await;
                tools.runtime.replicas_of(self.key.service).await?
            };
            let its = list
                .into_iter()
                .filter(|replica| replica.identity.environment == self.key.environment);
            self.known.extend(its.map(|replica| replica.container));
        }
        let rows = aim.service.iter().flat_map(|service| &service.replicas);
        self.known.extend(rows.filter_map(|row| row.container.clone()));
        self.known.extend(aim.tombstones.iter().flat_map(|it| it.containers.iter().cloned()));

        let seen = self.inspect().await?;
        let volumes = self.volumes(&aim).await?;
        self.memory.refresh(&seen, tools.clock.now());
        self.memory.pulling = tools.pulls.keep_wanted(self.key, &aim);
        if let Some(lost) = self.memory.lost_image
            && tools.pulls.take_success(lost)
        {
            self.memory.lost_image = None;
        }
        let memory = Memory::default();
        Ok(Situation { key: self.key, aim, seen, volumes, memory })
    }

    async fn inspect(&mut self) -> Result<Vec<Seen>, Trouble> {
        let tools = self.tools;
        let inspect = |container: ReplicaHandle| async move {
            let _permit = tools.permit(&tools.gate).await;
            let inspection = tools.runtime.inspect(&container).await?;
            Ok::<_, Trouble>((container, inspection))
        };
        let found: Vec<(ReplicaHandle, Option<Inspection>)> =
            stream::iter(self.known.clone()).map(inspect).buffered(8).try_collect().await?;
        let mut seen = Vec::new();
        for (container, inspection) in found {
            let is_its = |inspection: &Inspection| {
                inspection.identity.environment == self.key.environment
                    && inspection.identity.service == self.key.service
            };
            match inspection.filter(is_its) {
                Some(inspection) => seen.push(Seen { container, inspection }),
                None => {
                    self.known.remove(&container);
                }
            }
        }
        Ok(seen)
    }

    async fn volumes(&self, aim: &Aim) -> Result<BTreeMap<domain::VolumeId, bool>, Trouble> {
        let tools = self.tools;
        let mut volumes = BTreeMap::new();
        for deployment in aim.service.iter().flat_map(|service| &service.deployments) {
            for volume in deployment.config.mounts.keys() {
                if deployment.state.is_over() || volumes.contains_key(volume) {
                    continue;
                }
                let _permit = tools.permit(&tools.gate).await;
                volumes.insert(*volume, tools.runtime.has_volume(*volume).await?);
            }
        }
        Ok(volumes)
    }
}
