//! What applying changes would do to what runs.

mod each;

pub use each::effects;

use crate::{
    Address, EnvironmentSpec, Field, Map, Service, ServiceId, Set, VolumeId, change::StagedChange,
    effect::Effect, lookup::Definition, template::Reference, variable::Variable,
};
use serde::{Deserialize, Serialize};

/// What applying some changes together would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Consequences {
    /// Services that did not exist.
    pub created: Vec<ServiceId>,
    /// Services that will be gone.
    pub deleted: Vec<ServiceId>,
    /// What happens to those that stay.
    pub affected: Map<ServiceId, Effect>,
    /// Volumes whose data will be destroyed.
    pub destroyed: Vec<VolumeId>,
}

/// What becomes of everything when `before` becomes `after`.
///
/// Values are compared by their versions, so the browser, which sees none, comes to the same
/// answer. The apply itself compares the values: a service whose environment turns out the same
/// is left alone.
#[must_use]
pub fn consequences(before: &EnvironmentSpec, after: &EnvironmentSpec) -> Consequences {
    let mut affected = Map::new();
    for id in after.touched_since(before) {
        let (Some(old), Some(service)) = (before.services.get(&id), after.services.get(&id)) else {
            continue;
        };
        let mut effect = old.effect_of_becoming(service);
        if before.inputs(id) != after.inputs(id) {
            effect = Effect::Redeploy;
        }
        if effect == Effect::None {
            continue;
        }
        affected.insert(id, effect);
    }
    let missing = |from: &EnvironmentSpec, ids: &EnvironmentSpec| -> Vec<ServiceId> {
        ids.services.keys().filter(|id| !from.services.contains_key(id)).copied().collect()
    };
    Consequences {
        created: missing(before, after),
        deleted: missing(after, before),
        affected,
        destroyed: (before.volumes.keys())
            .filter(|id| !after.volumes.contains_key(id))
            .copied()
            .collect(),
    }
}

/// What one change does, alone among all that are staged. For many of them at once, see [`effects`].
#[must_use]
pub fn effect_of(base: &EnvironmentSpec, all: &[StagedChange], change: &StagedChange) -> Effect {
    change.address.effect().unwrap_or_else(|| {
        let whole = base.overlay(all);
        let others: Vec<StagedChange> =
            all.iter().filter(|other| other.id != change.id).cloned().collect();
        let without = base.overlay(&others);
        let differs = whole.touched_since(&without).into_iter().any(|service| {
            base.services.contains_key(&service) && whole.inputs(service) != without.inputs(service)
        });
        if differs { Effect::Redeploy } else { Effect::None }
    })
}

impl Service {
    /// What it does to what runs when this one becomes the next, variables apart.
    fn effect_of_becoming(&self, next: &Self) -> Effect {
        let mounts = if self.mounts == next.mounts { Effect::None } else { Effect::Redeploy };
        self.differences(next).filter_map(Field::effect).fold(mounts, Effect::max)
    }
}

impl EnvironmentSpec {
    /// All that goes into a service's variables: which it has, which definition each reference
    /// finds, by version, and provided values.
    fn inputs(&self, service: ServiceId) -> Set<(Address, Option<Reference>, Input)> {
        let input = |address: &Address, variable: &Variable| {
            Input::Variable(address.clone(), variable.version)
        };
        let mut waiting: Vec<(Address, &Variable)> = self.variables_of(service);
        let mut inputs: Set<_> = (waiting.iter())
            .map(|(address, variable)| (address.clone(), None, input(address, variable)))
            .collect();
        let mut seen: Set<Address> = Set::new();
        while let Some((address, variable)) = waiting.pop() {
            if !seen.insert(address.clone()) {
                continue;
            }
            for reference in variable.references() {
                let found = match self.find(&address, reference) {
                    Some(Definition::Variable(next, variable)) => {
                        let found = input(&next, variable);
                        waiting.push((next, variable));
                        found
                    }
                    Some(Definition::Provided(value)) => Input::Provided(value),
                    None => continue,
                };
                inputs.insert((address.clone(), Some(reference.clone()), found));
            }
        }
        inputs
    }
}

/// What a reference finds, as far as it can be told without seeing values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Input {
    Variable(Address, u64),
    Provided(String),
}
