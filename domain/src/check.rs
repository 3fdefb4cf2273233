//! What is wrong with a configuration as a whole.

use crate::{
    Address, EnvironmentSpec, GroupId, Map, MountPath, Name, ServiceId, Set, Slug, Strategy,
    VolumeId, lookup::Definition, template::Reference,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fmt};

/// Something that keeps a configuration from being applied.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What it is.
    #[serde(flatten)]
    pub kind: ProblemKind,
    /// The same for people.
    pub message: String,
}

impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Problem {}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the variants say it; fields name their types")]
pub enum ProblemKind {
    /// Two services have one name.
    NameTaken { name: Name, services: [ServiceId; 2] },
    /// Two services have one slug.
    SlugTaken { slug: Slug, services: [ServiceId; 2] },
    /// A service lies in a group that does not exist.
    MissingGroup { service: ServiceId, group: GroupId },
    /// A service mounts a volume that does not exist.
    MissingVolume { service: ServiceId, volume: VolumeId },
    /// Two services mount one volume.
    VolumeShared { volume: VolumeId, services: [ServiceId; 2] },
    /// Several replicas of a service would write to its volumes at once.
    ManyWriters { service: ServiceId, replicas: u16 },
    /// Two volumes are mounted at one path.
    PathTaken { service: ServiceId, path: MountPath, volumes: [VolumeId; 2] },
    /// A port is listed twice.
    PortTwice { service: ServiceId, port: u16 },
    /// A reference finds nothing.
    UnknownReference { at: Address, reference: Reference },
    /// Variables refer to each other in a circle.
    Cycle { path: Vec<Address> },
    /// A value grows beyond all measure once its references are filled in.
    TooLarge { at: Address },
}

/// Problems, together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<&str> = self.0.iter().map(|problem| problem.message.as_str()).collect();
        out.write_str(&messages.join("; "))
    }
}

impl std::error::Error for Problems {}

impl EnvironmentSpec {
    /// All that keeps this from being deployed.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_services(&mut problems);
        self.check_references(&mut problems);
        self.check_cycles(&mut problems);
        problems
    }

    fn check_services(&self, problems: &mut Vec<Problem>) {
        let mut names: HashMap<&str, ServiceId> = HashMap::new();
        let mut slugs: HashMap<&Slug, ServiceId> = HashMap::new();
        let mut mounted: Map<VolumeId, ServiceId> = Map::new();
        for (&id, service) in &self.services {
            let name = &service.name;
            if let Some(&first) = names.get(service.folded_name()) {
                problems.push(Problem {
                    kind: ProblemKind::NameTaken { name: name.clone(), services: [first, id] },
                    message: format!("two services would be called {name}"),
                });
            } else {
                names.insert(service.folded_name(), id);
            }
            if let Some(&first) = slugs.get(&service.slug) {
                let slug = service.slug.clone();
                problems.push(Problem {
                    message: format!("two services would have the slug {slug}"),
                    kind: ProblemKind::SlugTaken { slug, services: [first, id] },
                });
            } else {
                slugs.insert(&service.slug, id);
            }
            if let Some(group) = service.group.filter(|group| !self.groups.contains_key(group)) {
                problems.push(Problem {
                    kind: ProblemKind::MissingGroup { service: id, group },
                    message: format!("{name} lies in a group that does not exist"),
                });
            }
            self.check_mounts(id, &mut mounted, problems);
            let mut ports = Set::new();
            for port in service.ports.iter() {
                if !ports.insert(port) {
                    let port = port.number.get();
                    problems.push(Problem {
                        kind: ProblemKind::PortTwice { service: id, port },
                        message: format!("{name} lists port {port} twice"),
                    });
                }
            }
        }
    }

    fn check_mounts(
        &self,
        id: ServiceId,
        mounted: &mut Map<VolumeId, ServiceId>,
        problems: &mut Vec<Problem>,
    ) {
        let service = &self.services[&id];
        let name = &service.name;
        let replicas = service.replicas.count();
        if replicas > 1
            && !service.mounts.is_empty()
            && service.resolved_strategy() == Strategy::StopFirst
        {
            problems.push(Problem {
                kind: ProblemKind::ManyWriters { service: id, replicas },
                message: format!(
                    "{name} has {replicas} replicas, which would write to its volume at once; give it \
                     one, or the strategy start_first if its program shares the volume"
                ),
            });
        }
        let mut paths: Map<&MountPath, VolumeId> = Map::new();
        for (&volume, path) in &service.mounts {
            if !self.volumes.contains_key(&volume) {
                problems.push(Problem {
                    kind: ProblemKind::MissingVolume { service: id, volume },
                    message: format!("{name} mounts a volume at {path} that does not exist"),
                });
            }
            if let Some(&first) = mounted.get(&volume) {
                let other = &self.services[&first].name;
                problems.push(Problem {
                    kind: ProblemKind::VolumeShared { volume, services: [first, id] },
                    message: format!("{other} and {name} would both write to one volume"),
                });
            } else {
                mounted.insert(volume, id);
            }
            if let Some(&first) = paths.get(path) {
                problems.push(Problem {
                    kind: ProblemKind::PathTaken {
                        service: id,
                        path: path.clone(),
                        volumes: [first, volume],
                    },
                    message: format!("{name} mounts two volumes at {path}"),
                });
            } else {
                paths.insert(path, volume);
            }
        }
    }

    fn check_references(&self, problems: &mut Vec<Problem>) {
        for (at, variable) in self.referring_variables() {
            for reference in variable.references() {
                if self.find(&at, reference).is_none() {
                    problems.push(Problem {
                        message: format!(
                            "{} refers to {}, which does not exist",
                            self.describe(&at),
                            self.describe_reference(reference)
                        ),
                        kind: ProblemKind::UnknownReference {
                            at: at.clone(),
                            reference: reference.clone(),
                        },
                    });
                }
            }
        }
    }

    /// Depth-first, with a stack of its own: a chain of a thousand references is no deeper call.
    fn check_cycles(&self, problems: &mut Vec<Problem>) {
        let mut done: Set<Address> = Set::new();
        for (root, variable) in self.referring_variables() {
            if done.contains(&root) {
                continue;
            }
            let mut path: Vec<(Address, Vec<Address>)> =
                vec![(root.clone(), self.targets(&root, variable))];
            let mut on_path: Set<Address> = Set::from([root]);
            while let Some((_, targets)) = path.last_mut() {
                let Some(next) = targets.pop() else {
                    if let Some((address, _)) = path.pop() {
                        on_path.remove(&address);
                        done.insert(address);
                    }
                    continue;
                };
                if on_path.contains(&next) {
                    let cycle: Vec<Address> = path
                        .iter()
                        .map(|(address, _)| address.clone())
                        .skip_while(|address| *address != next)
                        .collect();
                    let shown: Vec<String> = (cycle.iter().chain([&next]))
                        .map(|address| self.describe(address))
                        .collect();
                    problems.push(Problem {
                        message: format!("variables refer in a circle: {}", shown.join(" → ")),
                        kind: ProblemKind::Cycle { path: cycle },
                    });
                } else if !done.contains(&next)
                    && let Some(variable) = self.variable_at(&next).filter(|next| next.refers())
                {
                    on_path.insert(next.clone());
                    let targets = self.targets(&next, variable);
                    path.push((next, targets));
                }
            }
        }
    }

    /// The variables that this one refers to.
    fn targets(&self, at: &Address, variable: &crate::variable::Variable) -> Vec<Address> {
        (variable.references().into_iter())
            .filter_map(|reference| match self.find(at, reference)? {
                Definition::Variable(address, _) => Some(address),
                Definition::Provided(_) => None,
            })
            .collect()
    }
}

impl ProblemKind {
    /// Whether staging refuses it at once. The others only warn, and block the apply.
    #[must_use]
    pub fn refused_when_staged(&self) -> bool {
        !matches!(self, Self::UnknownReference { .. })
    }
}
