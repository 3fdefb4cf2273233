//! The effects of many changes, each alone among all, without applying the others anew for each.
//!
//! What a service's values depend on are the places that are looked at on the way to them. A change
//! at a place that nobody looks at changes nothing; one at a place that is looked at changes what
//! is found there. Only where groups are joined or made must values be looked up again, and only
//! those of services that asked for the group.

use crate::{
    Address, Content, EnvironmentSpec, Field, Group, GroupId, Map, ServiceId, Set, Variable,
    change::StagedChange,
    effect::Effect,
    lookup::{Definition, LookupStep, Scope},
};
use std::mem;

/// What each change does, alone among all that are staged, in their order: for each the same as
/// [`effect_of`](super::effect_of).
#[must_use]
pub fn effects(base: &EnvironmentSpec, all: &[StagedChange]) -> Vec<Effect> {
    let mut among = None;
    all.iter()
        .map(|change| {
            change.address.effect().unwrap_or_else(|| {
                let among = among.get_or_insert_with(|| EffectIndex::new(base, all));
                if among.differs_without(change) { Effect::Redeploy } else { Effect::None }
            })
        })
        .collect()
}

/// All changes together.
struct EffectIndex<'a> {
    base: &'a EnvironmentSpec,
    /// With all of them.
    whole: EnvironmentSpec,
    /// Services that run, and go on.
    running: Vec<ServiceId>,
    /// What is made, by its address.
    made: Map<&'a Address, &'a Content>,
    /// Changes by what they are a part of.
    parts: Map<Address, Vec<&'a StagedChange>>,
    /// Where definitions were looked for on behalf of those that run.
    visited: Set<Address>,
    /// By service: which of those that run depend on the group that it lies in. Found out when a
    /// change to a group asks.
    group_dependents: Option<Map<ServiceId, Set<ServiceId>>>,
}

impl<'a> EffectIndex<'a> {
    fn new(base: &'a EnvironmentSpec, all: &'a [StagedChange]) -> Self {
        let whole = base.overlay(all);
        let running: Vec<ServiceId> =
            whole.services.keys().filter(|id| base.services.contains_key(id)).copied().collect();
        let made = (all.iter())
            .filter(|change| change.address.is_entity())
            .filter_map(|change| Some((&change.address, change.new.as_ref()?)))
            .collect();
        let mut parts: Map<Address, Vec<&StagedChange>> = Map::new();
        for change in all {
            if let Some(parent) = change.address.parent() {
                parts.entry(parent).or_default().push(change);
            }
        }
        let visited = Set::new();
        let mut among = Self { base, whole, running, made, parts, visited, group_dependents: None };
        among.index_references();
        among
    }

    /// Follows all references of all values that those that run see, each once.
    fn index_references(&mut self) {
        let mut visited = Set::new();
        let seen =
            self.whole.referring_variables().filter(|(address, _)| self.is_inherited(address));
        follow(&self.whole, seen.collect(), &mut |look| {
            if let LookupStep::At(scope, key) = look {
                visited.insert(scope.address(key.clone()));
            }
        });
        self.visited = visited;
    }

    /// Whether some service that runs has what is, or would be, defined here.
    fn is_inherited(&self, address: &Address) -> bool {
        let Some(key) = address.variable_key() else { return false };
        let spec = &self.whole;
        let hides = |group: GroupId| {
            spec.groups.get(&group).is_some_and(|group| group.variables.contains_key(key))
        };
        let scope = Scope::of(address);
        if let Scope::Service(owner) = scope {
            return self.running.binary_search(&owner).is_ok();
        }
        self.running.iter().any(|id| {
            let service = &spec.services[id];
            !service.variables.contains_key(key)
                && match scope {
                    Scope::Group(group) => service.group == Some(group),
                    _ => !service.group.is_some_and(hides),
                }
        })
    }

    fn differs_without(&mut self, change: &StagedChange) -> bool {
        let address = &change.address;
        // What is part of something that goes is gone with it, with this change or without.
        if address.parent().is_some_and(|parent| !self.whole.has(&parent)) {
            return false;
        }
        match address {
            Address::Group(group) => self.differs_without_group(*group),
            Address::ServiceField(service, Field::Group) => {
                let mut group = match self.before(address) {
                    Some(Content::GroupId(group)) => Some(group),
                    _ => None,
                };
                let group_dependents = self.group_dependents_of([*service]);
                self.differs(&group_dependents, |spec| {
                    if let Some(config) = spec.services.get_mut(service) {
                        mem::swap(&mut config.group, &mut group);
                    }
                })
            }
            _ => self.differs_without_variable(address),
        }
    }

    fn differs_without_variable(&mut self, address: &Address) -> bool {
        let before = self.variable_before(address);
        let after = match self.whole.get(address) {
            Some(Content::Variable(variable)) => Some(variable),
            _ => None,
        };
        match (&before, &after) {
            (None, None) => false,
            (Some(before), Some(after)) if before.version == after.version => {
                if before == after {
                    return false;
                }
                // Who sees no values takes it for the same one; what it refers to may differ.
                let mut other = before.clone();
                let running = self.running.clone();
                self.differs(&running, |spec| {
                    let Some(Content::Variable(present)) = spec.get(address) else { return };
                    let before = mem::replace(&mut other, present);
                    let _ = spec.put(address, Some(Content::Variable(before)));
                })
            }
            _ => self.visited.contains(address) || self.is_inherited(address),
        }
    }

    fn differs_without_group(&mut self, id: GroupId) -> bool {
        let members: Vec<ServiceId> = (self.whole.services.iter())
            .filter(|(_, service)| service.group == Some(id))
            .map(|(service, _)| *service)
            .collect();
        let group_dependents = self.group_dependents_of(members);
        let mut group = self.group_before(id);
        self.differs(&group_dependents, |spec| {
            let present = spec.groups.remove(&id);
            if let Some(before) = mem::replace(&mut group, present) {
                spec.groups.insert(id, before);
            }
        })
    }

    /// The group as it would be had it neither been made nor deleted.
    fn group_before(&self, id: GroupId) -> Option<Group> {
        let mut alone = EnvironmentSpec::empty(self.base.project_name.clone());
        alone.groups.insert(id, self.base.groups.get(&id)?.clone());
        for part in self.parts.get(&Address::Group(id)).into_iter().flatten() {
            let _ = alone.put(&part.address, part.new.clone());
        }
        let mut group = alone.groups.remove(&id)?;
        for variable in group.variables.values_mut() {
            *variable = self.relinked(variable);
        }
        Some(group)
    }

    /// What would stand there without the change to it.
    fn before(&self, address: &Address) -> Option<Content> {
        match address.parent().and_then(|parent| self.made.get(&parent).copied()) {
            Some(made) => made.part(address),
            None => self.base.get(address),
        }
    }

    fn variable_before(&self, address: &Address) -> Option<Variable> {
        match self.before(address)? {
            Content::Variable(variable) => Some(self.relinked(&variable)),
            _ => None,
        }
    }

    fn relinked(&self, variable: &Variable) -> Variable {
        variable.relinked(|name| self.whole.find_service(name))
    }

    /// Those that run and depend on the group that one of these lies in.
    fn group_dependents_of(
        &mut self,
        services: impl IntoIterator<Item = ServiceId>,
    ) -> Vec<ServiceId> {
        let group_dependents = self.group_dependents.get_or_insert_with(|| {
            let mut group_dependents: Map<ServiceId, Set<ServiceId>> = Map::new();
            for &id in &self.running {
                group_dependents.entry(id).or_default().insert(id);
                follow(&self.whole, self.whole.variables_of(id), &mut |look| {
                    if let LookupStep::GroupOf(service) = look {
                        group_dependents.entry(service).or_default().insert(id);
                    }
                });
            }
            group_dependents
        });
        let found: Set<ServiceId> = services
            .into_iter()
            .filter_map(|id| group_dependents.get(&id))
            .flatten()
            .copied()
            .collect();
        found.into_iter().collect()
    }

    /// Whether one of these sees other values once something is swapped, and swaps it back.
    fn differs(
        &mut self,
        services: &[ServiceId],
        mut swap: impl FnMut(&mut EnvironmentSpec),
    ) -> bool {
        let with: Vec<_> = services.iter().map(|id| self.whole.inputs(*id)).collect();
        swap(&mut self.whole);
        let differs = services.iter().zip(&with).any(|(id, with)| self.whole.inputs(*id) != *with);
        swap(&mut self.whole);
        differs
    }
}

/// Follows references from these variables on, each variable once.
fn follow<'a>(
    spec: &'a EnvironmentSpec,
    mut waiting: Vec<(Address, &'a Variable)>,
    note: &mut dyn FnMut(LookupStep<'_>),
) {
    let mut seen = Set::new();
    while let Some((address, variable)) = waiting.pop() {
        if !seen.insert(address.clone()) {
            continue;
        }
        for reference in variable.references() {
            if let Some(Definition::Variable(next, variable)) =
                spec.find_tracked(&address, reference, note)
            {
                waiting.push((next, variable));
            }
        }
    }
}
