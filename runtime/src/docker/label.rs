//! What our objects are called, and what is written on them.

use domain::{
    DeploymentId, EnvironmentId, InstanceId, ProjectId, ReplicaId, Slug,
    runtime::{ReplicaIdentity, ReplicaSpec, VolumeSpec},
};
use std::{collections::HashMap, str::FromStr};

pub(crate) const INSTANCE: &str = "io.easel.instance";
const PROJECT: &str = "io.easel.project";
const ENVIRONMENT: &str = "io.easel.environment";
pub(crate) const SERVICE: &str = "io.easel.service";
const DEPLOYMENT: &str = "io.easel.deployment";
const REPLICA: &str = "io.easel.replica";
const GENERATION: &str = "io.easel.generation";
const SLUG: &str = "io.easel.slug";
const VOLUME: &str = "io.easel.volume";

/// What the engine keeps on each object.
pub(crate) type Labels = HashMap<String, String>;

/// Writes and reads labels and names of one instance.
#[derive(Clone, Copy)]
pub(crate) struct InstanceLabels(pub(crate) InstanceId);

impl InstanceLabels {
    /// For a list of nothing but our own objects.
    pub(crate) fn filter(self) -> HashMap<&'static str, Vec<String>> {
        HashMap::from([("label", vec![format!("{INSTANCE}={}", self.0)])])
    }

    /// Whether this instance made the object.
    pub(crate) fn are_ours(self, labels: &Labels) -> bool {
        labels.get(INSTANCE).is_some_and(|instance| *instance == self.0.to_string())
    }

    pub(crate) fn replica(self, spec: &ReplicaSpec) -> Labels {
        let identity = &spec.identity;
        self.labels([
            (PROJECT, identity.project.to_string()),
            (ENVIRONMENT, identity.environment.to_string()),
            (SERVICE, identity.service.to_string()),
            (DEPLOYMENT, identity.deployment.to_string()),
            (REPLICA, identity.replica.to_string()),
            (GENERATION, identity.generation.to_string()),
            (SLUG, spec.slug.to_string()),
        ])
    }

    pub(crate) fn network(self, project: ProjectId, environment: EnvironmentId) -> Labels {
        self.labels([(PROJECT, project.to_string()), (ENVIRONMENT, environment.to_string())])
    }

    pub(crate) fn volume(self, spec: &VolumeSpec) -> Labels {
        self.labels([
            (PROJECT, spec.project.to_string()),
            (ENVIRONMENT, spec.environment.to_string()),
            (VOLUME, spec.volume.to_string()),
        ])
    }

    fn labels<const N: usize>(self, others: [(&str, String); N]) -> Labels {
        others
            .into_iter()
            .chain([(INSTANCE, self.0.to_string())])
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    /// `easel-<instance>-<slug>-<replica>`: the same for the same replica, so that a container
    /// whose answer was lost blocks its own double.
    pub(crate) fn container_name(self, slug: &Slug, replica: ReplicaId) -> String {
        format!("easel-{}-{slug}-{}", self.0.short(), replica.short())
    }

    pub(crate) fn network_name(self, environment: EnvironmentId) -> String {
        format!("easel-{}-{}", self.0.short(), environment.short())
    }

    pub(crate) fn volume_name(self, volume: domain::VolumeId) -> String {
        format!("easel-{}-{volume}", self.0.short())
    }

    /// Which replica a container is; `None` when it is not one of ours.
    pub(crate) fn identity(self, labels: &Labels) -> Option<ReplicaIdentity> {
        if !self.are_ours(labels) {
            return None;
        }
        Some(ReplicaIdentity {
            project: read(labels, PROJECT)?,
            environment: read(labels, ENVIRONMENT)?,
            service: read(labels, SERVICE)?,
            deployment: read::<DeploymentId>(labels, DEPLOYMENT)?,
            replica: read(labels, REPLICA)?,
            generation: read(labels, GENERATION)?,
        })
    }

    /// Whose network it is; `None` when it is not one of ours.
    pub(crate) fn environment(self, labels: &Labels) -> Option<EnvironmentId> {
        if self.are_ours(labels) { read(labels, ENVIRONMENT) } else { None }
    }
}

/// The slug of the service that a container belongs to.
pub(crate) fn slug(labels: &Labels) -> Option<&str> {
    labels.get(SLUG).map(String::as_str)
}

/// What a label says, when it is well formed.
pub(crate) fn read<T: FromStr>(labels: &Labels, key: &str) -> Option<T> {
    labels.get(key)?.parse().ok()
}
