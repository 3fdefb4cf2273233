//! What two configurations differ in: what both share is not looked into.

use domain::{Address, EnvironmentSpec, Map, Variable, VariableKey};
use std::{cmp::Ordering, iter::Peekable};

/// What is new or other, and what is gone.
pub(super) struct Difference<'a, K, V> {
    pub(super) changed: Vec<(&'a K, &'a V)>,
    pub(super) gone: Vec<&'a K>,
}

impl<'a, K: Ord, V> Difference<'a, K, V> {
    /// Of two maps, by what counts as the same value.
    pub(super) fn of(
        before: &'a Map<K, V>,
        after: &'a Map<K, V>,
        is_same: impl Fn(&V, &V) -> bool,
    ) -> Self {
        let mut difference = Self { changed: Vec::new(), gone: Vec::new() };
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        while let Some(side) = next_side(&mut old, &mut new) {
            match side {
                Ordering::Less => difference.gone.extend(old.next().map(|(key, _)| key)),
                Ordering::Greater => difference.changed.extend(new.next()),
                Ordering::Equal => {
                    let both = old.next().zip(new.next());
                    difference.changed.extend(
                        both.filter(|((_, one), (_, other))| !is_same(one, other))
                            .map(|(_, changed)| changed),
                    );
                }
            }
        }
        difference
    }
}

/// In which of two sorted lists the next key is: only in the first, only in the second, or in both.
fn next_side<'a, K: Ord + 'a, V: 'a>(
    old: &mut Peekable<impl Iterator<Item = (&'a K, &'a V)>>,
    new: &mut Peekable<impl Iterator<Item = (&'a K, &'a V)>>,
) -> Option<Ordering> {
    match (old.peek(), new.peek()) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((old, _)), Some((new, _))) => Some(old.cmp(new)),
    }
}

/// The same of all variables, with their addresses.
pub(super) struct VariableDifference<'a> {
    pub(super) changed: Vec<(Address, &'a Variable)>,
    pub(super) gone: Vec<Address>,
}

impl<'a> VariableDifference<'a> {
    pub(super) fn of(before: &'a EnvironmentSpec, after: &'a EnvironmentSpec) -> Self {
        let mut found = Self { changed: Vec::new(), gone: Vec::new() };
        let none = Map::new();
        found.add(&before.variables, &after.variables, Address::Variable);

        let groups = Difference::of(&before.groups, &after.groups, PartialEq::eq);
        for (id, group) in groups.changed {
            let old = before.groups.get(id).map_or(&none, |old| &old.variables);
            found.add(old, &group.variables, |key| Address::GroupVariable(*id, key));
        }
        for id in groups.gone {
            found.lose(&before.groups[id].variables, |key| Address::GroupVariable(*id, key));
        }

        let services =
            Difference::of(&before.services, &after.services, domain::SharedService::is_same);
        for (id, service) in services.changed {
            let old = before.services.get(id).map_or(&none, |old| &old.variables);
            found.add(old, &service.variables, |key| Address::ServiceVariable(*id, key));
        }
        for id in services.gone {
            found.lose(&before.services[id].variables, |key| Address::ServiceVariable(*id, key));
        }
        found
    }

    fn add(
        &mut self,
        before: &Map<VariableKey, Variable>,
        after: &'a Map<VariableKey, Variable>,
        at: impl Fn(VariableKey) -> Address,
    ) {
        for (key, variable) in after {
            if before.get(key) != Some(variable) {
                self.changed.push((at(key.clone()), variable));
            }
        }
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        self.gone.extend(gone.map(|key| at(key.clone())));
    }

    fn lose(&mut self, before: &Map<VariableKey, Variable>, at: impl Fn(VariableKey) -> Address) {
        self.gone.extend(before.keys().map(|key| at(key.clone())));
    }
}
