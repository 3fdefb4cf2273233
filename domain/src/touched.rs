//! Which services one configuration may run otherwise than another: found by what differs, without
//! looking at the values of the others.

use crate::{
    EnvironmentSpec, GroupId, Map, ServiceId, Set, Variable, lookup::referring, template::Reference,
};

impl EnvironmentSpec {
    /// The services of this that may run otherwise than in `before`: those that differ themselves,
    /// and those whose variables refer to such a one, over however many steps. It errs on the side
    /// of naming too many; what is not named runs as it did.
    #[must_use]
    pub(crate) fn touched_since(&self, before: &Self) -> Set<ServiceId> {
        if self.variables != before.variables {
            return self.services.keys().copied().collect();
        }
        let mut touched = self.differing(before);
        if touched.is_empty() {
            return Set::new();
        }
        let referrers = self.referrers();
        let mut waiting: Vec<ServiceId> = touched.iter().copied().collect();
        while let Some(next) = waiting.pop() {
            for &referrer in referrers.get(&next).into_iter().flatten() {
                if touched.insert(referrer) {
                    waiting.push(referrer);
                }
            }
        }
        touched.retain(|id| self.services.contains_key(id));
        touched
    }

    /// Services that are new, gone or other, or in a group that is.
    fn differing(&self, before: &Self) -> Set<ServiceId> {
        let is_other = |id: &ServiceId| match (self.services.get(id), before.services.get(id)) {
            (Some(one), Some(other)) => !one.is_same(other) && one != other,
            _ => true,
        };
        let mut differing: Set<ServiceId> = self
            .services
            .keys()
            .chain(before.services.keys())
            .filter(|id| is_other(id))
            .copied()
            .collect();
        let groups: Set<GroupId> = (self.groups.keys().chain(before.groups.keys()))
            .filter(|id| self.groups.get(id) != before.groups.get(id))
            .copied()
            .collect();
        if !groups.is_empty() {
            let members = (self.services.iter())
                .filter(|(_, service)| service.group.is_some_and(|id| groups.contains(&id)));
            differing.extend(members.map(|(id, _)| *id));
        }
        if !differing.is_empty() {
            differing.extend(self.loose());
        }
        differing
    }

    /// Services with a variable, own or inherited, that names a service which did not exist when it
    /// was written: what it means depends on what all are called.
    fn loose(&self) -> impl Iterator<Item = ServiceId> {
        let is_shared = self.variables.values().any(Variable::is_loose);
        let groups: Set<GroupId> = (self.groups.iter())
            .filter(|(_, group)| group.variables.values().any(Variable::is_loose))
            .map(|(id, _)| *id)
            .collect();
        (self.services.iter())
            .filter(move |(_, service)| {
                is_shared
                    || service.is_loose()
                    || service.group.is_some_and(|id| groups.contains(&id))
            })
            .map(|(id, _)| *id)
    }

    /// By service: those that have, inherit, or may look up a variable that refers to it.
    fn referrers(&self) -> Map<ServiceId, Vec<ServiceId>> {
        let named = |variable: &Variable| -> Vec<ServiceId> {
            (variable.references().into_iter())
                .filter_map(|reference| match reference {
                    Reference::Service { service, .. } => Some(*service),
                    _ => None,
                })
                .collect()
        };
        let shared: Set<ServiceId> =
            referring(&self.variables).flat_map(|(_, variable)| named(variable)).collect();
        let grouped: Map<GroupId, Set<ServiceId>> = (self.groups.iter())
            .map(|(id, group)| {
                let found = referring(&group.variables).flat_map(|(_, variable)| named(variable));
                (*id, found.collect())
            })
            .collect();
        let mut referrers: Map<ServiceId, Vec<ServiceId>> = Map::new();
        for (id, service) in &self.services {
            let inherited = service.group.and_then(|group| grouped.get(&group));
            let own = service.referring().flat_map(|(_, variable)| named(variable));
            for to in own.chain(shared.iter().chain(inherited.into_iter().flatten()).copied()) {
                referrers.entry(to).or_default().push(*id);
            }
        }
        referrers
    }
}
