//! Which changes go together: what must be applied with them, and what goes when they are discarded.

use crate::{
    Address, ChangeId, Content, EnvironmentSpec, Field, ServiceId, Set, change::StagedChange,
    check::ProblemKind, template::Reference, variable::Variable,
};

/// All changes that must be applied together with the chosen ones, themselves included, in their
/// order. What is not in `all` is ignored.
#[must_use]
pub fn closure(base: &EnvironmentSpec, all: &[StagedChange], chosen: &[ChangeId]) -> Vec<ChangeId> {
    let mut taken: Set<ChangeId> = chosen.iter().copied().collect();
    let whole = base.overlay(all);
    loop {
        let (some, rest): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|change| taken.contains(&change.id));
        let part = base.overlay(&some);
        let problems = part.new_problems(base);
        // A name must mean the same service that it means on the canvas.
        let unsettled: Vec<&str> = some
            .iter()
            .flat_map(unknown_names)
            .filter(|name| part.find_service(name) != whole.find_service(name))
            .collect();
        let needed: Vec<ChangeId> = rest
            .iter()
            .filter(|candidate| {
                problems.iter().any(|problem| problem.kind.concerns(candidate))
                    || unsettled.iter().any(|name| names(candidate, name))
                    || some
                        .iter()
                        .any(|change| change.address.parent().as_ref() == Some(&candidate.address))
            })
            .map(|change| change.id)
            .collect();
        if needed.is_empty() {
            return some.iter().map(|change| change.id).collect();
        }
        taken.extend(needed);
    }
}

/// The names in new values that no service had when they were written.
fn unknown_names(change: &StagedChange) -> Vec<&str> {
    let variables: Vec<&Variable> = match &change.new {
        Some(Content::Variable(variable)) => vec![variable],
        Some(Content::Group(group)) => group.variables.values().collect(),
        Some(Content::Service(service)) => service.variables.values().collect(),
        _ => Vec::new(),
    };
    (variables.into_iter().flat_map(Variable::references))
        .filter_map(|reference| match reference {
            Reference::Unknown { namespace, .. } => Some(namespace.as_str()),
            Reference::Service { .. } | Reference::Shared { .. } | Reference::Own { .. } => None,
        })
        .collect()
}

/// All changes that go when the chosen ones are discarded, themselves included, in their order:
/// what is left must be as sound as the whole was.
#[must_use]
pub fn dependents(
    base: &EnvironmentSpec,
    all: &[StagedChange],
    chosen: &[ChangeId],
) -> Vec<ChangeId> {
    dependents_with_shadowed(base, all, &[], chosen)
}

/// The same, where changes lie beneath deletions and come back with what they are part of. Some of
/// them may have to go as well.
pub(crate) fn dependents_with_shadowed(
    base: &EnvironmentSpec,
    all: &[StagedChange],
    shadowed: &[StagedChange],
    chosen: &[ChangeId],
) -> Vec<ChangeId> {
    let whole = base.overlay(all);
    let mut gone: Set<ChangeId> = chosen.iter().copied().collect();
    loop {
        let (discarded, left): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|change| gone.contains(&change.id));
        let parted = |change: &StagedChange, of: fn(&StagedChange) -> bool| {
            change.address.parent().is_some_and(|parent| {
                discarded.iter().any(|other| other.address == parent && of(other))
            })
        };
        let back: Vec<StagedChange> = (shadowed.iter())
            .filter(|change| !gone.contains(&change.id) && parted(change, StagedChange::deletes))
            .cloned()
            .collect();
        let together: Vec<StagedChange> = left.iter().chain(&back).cloned().collect();
        let mut problems = base.overlay(&together).new_problems(&whole);
        // What comes back with a warning had that warning before.
        problems.retain(|problem| {
            problem.kind.refused_when_staged()
                || !back.iter().any(|change| problem.kind.concerns(change))
        });
        let concerned =
            |change: &StagedChange| problems.iter().any(|problem| problem.kind.concerns(change));
        let mut more: Vec<ChangeId> =
            back.iter().filter(|change| concerned(change)).map(|change| change.id).collect();
        if more.is_empty() {
            more = (left.iter())
                .filter(|change| parted(change, StagedChange::creates) || concerned(change))
                .map(|change| change.id)
                .collect();
        }
        if more.is_empty() {
            let shadowed = shadowed.iter().filter(|change| gone.contains(&change.id));
            return discarded.iter().chain(shadowed).map(|change| change.id).collect();
        }
        gone.extend(more);
    }
}

impl ProblemKind {
    /// Whether undoing or making this change could make the problem go away. It errs on the side
    /// of yes: a problem depends on nothing but the places named here.
    fn concerns(&self, change: &StagedChange) -> bool {
        let touches = |address: &Address| {
            change.address == *address || address.parent().as_ref() == Some(&change.address)
        };
        let field = |service: ServiceId, field| touches(&Address::ServiceField(service, field));
        match self {
            Self::NameTaken { services, .. } => {
                services.iter().any(|service| field(*service, Field::Name))
            }
            Self::SlugTaken { services, .. } => {
                services.iter().any(|service| touches(&Address::Service(*service)))
            }
            Self::MissingGroup { service, group } => {
                field(*service, Field::Group) || touches(&Address::Group(*group))
            }
            Self::MissingVolume { service, volume } => {
                touches(&Address::ServiceMount(*service, *volume))
                    || touches(&Address::Volume(*volume))
            }
            Self::VolumeShared { volume, services } => {
                services.iter().any(|service| touches(&Address::ServiceMount(*service, *volume)))
            }
            Self::ManyWriters { service, .. } => {
                field(*service, Field::Replicas)
                    || field(*service, Field::Strategy)
                    || matches!(change.address, Address::ServiceMount(its, _) if its == *service)
            }
            Self::PathTaken { service, volumes, .. } => {
                volumes.iter().any(|volume| touches(&Address::ServiceMount(*service, *volume)))
            }
            Self::PortTwice { service, .. } => field(*service, Field::Ports),
            Self::UnknownReference { at, reference } => {
                touches(at) || reference_depends_on(at, reference, change)
            }
            Self::Cycle { path } => {
                // Whom a reference passes through on its way depends on who lies in which group.
                matches!(change.address, Address::ServiceField(_, Field::Group))
                    || path.iter().any(|address| {
                        touches(address)
                            || address
                                .variable_key()
                                .is_some_and(|key| defines(change, key.as_str()))
                    })
            }
            Self::TooLarge { .. } => true,
        }
    }
}

/// Whether a change can decide what a reference finds.
fn reference_depends_on(at: &Address, reference: &Reference, change: &StagedChange) -> bool {
    let group_of = |service: Option<ServiceId>| {
        service.is_some_and(|service| {
            change.address == Address::ServiceField(service, Field::Group)
                || change.address == Address::ServiceField(service, Field::Ports)
        })
    };
    defines(change, reference.key().as_str())
        || group_of(at.service())
        || match reference {
            Reference::Service { service, .. } => {
                change.address == Address::Service(*service) || group_of(Some(*service))
            }
            Reference::Unknown { namespace, .. } => {
                names(change, namespace)
                    || matches!(
                        change.address,
                        Address::ServiceField(_, Field::Group | Field::Ports)
                    )
            }
            Reference::Shared { .. } | Reference::Own { .. } => false,
        }
}

/// Whether a change can decide which service a name means.
fn names(change: &StagedChange, wanted: &str) -> bool {
    [&change.old, &change.new].into_iter().flatten().any(|content| match content {
        Content::Service(service) => {
            service.slug.as_str() == wanted
                || service.name.as_str().to_lowercase() == wanted.to_lowercase()
        }
        Content::Name(name) => name.as_str().to_lowercase() == wanted.to_lowercase(),
        _ => false,
    })
}

/// Whether a change makes, changes or removes a variable of this key.
fn defines(change: &StagedChange, key: &str) -> bool {
    change.address.variable_key().is_some_and(|changed| changed.as_str() == key)
        || [&change.old, &change.new].into_iter().flatten().any(|content| match content {
            Content::Service(service) => {
                service.variables.keys().any(|changed| changed.as_str() == key)
            }
            Content::Group(group) => group.variables.keys().any(|changed| changed.as_str() == key),
            _ => false,
        })
}
