//! Volumes: found by a stable id, never made by mistake.

use super::{
    Docker,
    connection::{READ_TIMEOUT, WRITE_TIMEOUT},
};
use bollard::{
    models::VolumeCreateRequest,
    query_parameters::{ListVolumesOptions, RemoveVolumeOptions},
};
use domain::{
    VolumeId,
    runtime::{EngineCounts, Existed, RuntimeError, VolumeSpec},
};

impl Docker {
    pub(super) async fn make_volume(&self, spec: &VolumeSpec) -> Result<Existed, RuntimeError> {
        if self.look_for_volume(spec.volume).await? {
            return Ok(Existed::Yes);
        }
        let request = VolumeCreateRequest {
            name: Some(self.instance_labels.volume_name(spec.volume)),
            driver: Some("local".to_owned()),
            labels: Some(self.instance_labels.volume(spec)),
            ..VolumeCreateRequest::default()
        };
        self.connection
            .call("create a volume", WRITE_TIMEOUT, |docker| async move {
                docker.create_volume(request).await
            })
            .await?;
        Ok(Existed::No)
    }

    /// Refuses a volume that is missing: the engine would make an empty one in its place.
    pub(super) async fn check_volume(&self, volume: VolumeId) -> Result<(), RuntimeError> {
        if self.look_for_volume(volume).await? {
            Ok(())
        } else {
            Err(RuntimeError::Gone(format!(
                "the volume {}",
                self.instance_labels.volume_name(volume)
            )))
        }
    }

    /// Whether the engine has the volume; refuses one of that name that is not ours.
    pub(super) async fn look_for_volume(&self, volume: VolumeId) -> Result<bool, RuntimeError> {
        let name = self.instance_labels.volume_name(volume);
        let found = self
            .connection
            .call("inspect a volume", READ_TIMEOUT, |docker| {
                let name = name.clone();
                async move { docker.inspect_volume(&name).await }
            })
            .await;
        match found {
            Ok(found) if self.instance_labels.are_ours(&found.labels) => Ok(true),
            Ok(_) => Err(RuntimeError::Refused(format!(
                "the volume {name} does not carry this instance's label, so it is not touched"
            ))),
            Err(failure) if failure.status() == Some(404) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn drop_volume(&self, volume: VolumeId) -> Result<(), RuntimeError> {
        if !self.look_for_volume(volume).await? {
            return Ok(());
        }
        let name = self.instance_labels.volume_name(volume);
        let removed = self
            .connection
            .call("remove a volume", WRITE_TIMEOUT, |docker| async move {
                docker.remove_volume(&name, None::<RemoveVolumeOptions>).await
            })
            .await;
        match removed {
            Err(failure) if failure.status() == Some(404) => Ok(()),
            other => other.map_err(RuntimeError::from),
        }
    }

    pub(super) async fn count(&self) -> Result<EngineCounts, RuntimeError> {
        let info = self.info().await?;
        let volumes = self
            .connection
            .call("list its volumes", READ_TIMEOUT, |docker| async move {
                docker.list_volumes(None::<ListVolumesOptions>).await
            })
            .await?;
        let number = |number: Option<i64>| {
            number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
        };
        Ok(EngineCounts {
            containers_running: number(info.containers_running),
            containers_total: number(info.containers),
            images: number(info.images),
            volumes: volumes.volumes.map_or(0, |volumes| volumes.len() as u64),
        })
    }
}
