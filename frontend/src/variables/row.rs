//! The rows of the table, worked out from what is applied and what is staged.

use domain::{
    Address, ChangeId, EnvironmentSpec, GroupId, Map, ServiceId, UserId, Variable, VariableKey,
    canvas::Snapshot, change::StagedChange,
};

/// Whose variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of the environment, which all services inherit.
    Shared,
    Group(GroupId),
    Service(ServiceId),
}

impl Scope {
    /// Where a variable of this scope stands.
    #[must_use]
    pub fn address(self, key: VariableKey) -> Address {
        match self {
            Self::Shared => Address::Variable(key),
            Self::Group(group) => Address::GroupVariable(group, key),
            Self::Service(service) => Address::ServiceVariable(service, key),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self, spec: &EnvironmentSpec) -> String {
        match self {
            Self::Shared => "shared variables".to_owned(),
            Self::Group(id) => {
                spec.groups.get(&id).map_or_else(String::new, |group| group.name.to_string())
            }
            Self::Service(id) => {
                spec.services.get(&id).map_or_else(String::new, |it| it.name.to_string())
            }
        }
    }

    /// Its own variables, and those it inherits, each where it is defined.
    fn visible(self, spec: &EnvironmentSpec) -> Vec<(Address, Variable)> {
        let own = |variables: &Map<VariableKey, Variable>| {
            (variables.iter())
                .map(|(key, variable)| (self.address(key.clone()), variable.clone()))
                .collect::<Vec<_>>()
        };
        match self {
            Self::Shared => own(&spec.variables),
            Self::Group(group) => {
                let Some(group) = spec.groups.get(&group) else { return Vec::new() };
                let mut all = own(&group.variables);
                let inherited = spec.variables.iter();
                let inherited = inherited.filter(|(key, _)| !group.variables.contains_key(*key));
                all.extend(inherited.map(|(key, it)| (Address::Variable(key.clone()), it.clone())));
                all
            }
            Self::Service(service) => (spec.variables_of(service).into_iter())
                .map(|(address, variable)| (address, variable.clone()))
                .collect(),
        }
    }
}

/// What is staged for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableChange {
    Added,
    Edited,
    Removed,
}

impl VariableChange {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Added => "New",
            Self::Edited => "Edited",
            Self::Removed => "Deleted",
        }
    }
}

/// Where a variable is defined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the scope that is shown.
    Own,
    /// In this group, whose name is given.
    Group(String),
    Shared,
}

/// A variable as the table shows it. Its value is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub key: VariableKey,
    pub address: Address,
    pub origin: Origin,
    pub variable: Variable,
    pub staged: Option<VariableChange>,
    /// The change that can be undone, if it is one of its own.
    pub change: Option<ChangeId>,
    /// Who had a part in it.
    pub by: Vec<UserId>,
    /// The row of an earlier scope that this one hides, if any.
    pub hides: Option<Origin>,
}

/// The rows of a scope: what is staged first, then its own, then what it inherits; by key.
#[must_use]
pub fn rows(snapshot: &Snapshot, scope: Scope) -> Vec<Row> {
    let changes = snapshot.changes();
    let (before, after) = (&snapshot.spec, snapshot.spec.overlay(&changes));
    let (was, is) = (scope.visible(before), scope.visible(&after));
    let find = |all: &[(Address, Variable)], address: &Address| {
        all.iter().find(|(other, _)| other == address).map(|(_, variable)| variable.clone())
    };

    let mut rows: Vec<Row> = Vec::new();
    let removed = was.iter().filter(|(address, _)| find(&is, address).is_none());
    for (address, variable) in is.iter().chain(removed) {
        let Some(key) = address.variable_key() else { continue };
        let origin = origin(scope, address, &after);
        let is_own = origin == Origin::Own;
        let staged = match (find(&was, address), find(&is, address)) {
            (None, Some(_)) if is_own => Some(VariableChange::Added),
            (Some(_), None) if is_own => Some(VariableChange::Removed),
            (Some(old), Some(new)) if !old.same_as(&new) => Some(VariableChange::Edited),
            // What is inherited comes and goes for other reasons too.
            (Some(_), None) => continue,
            _ => None,
        };
        let change = changes.iter().find(|change| change.address == *address);
        rows.push(Row {
            key: key.clone(),
            staged,
            change: change.map(|change| change.id),
            by: change.map(authors).unwrap_or_default(),
            hides: is_own.then(|| hidden_by(scope, key, &after)).flatten(),
            variable: variable.clone(),
            address: address.clone(),
            origin,
        });
    }
    rows.sort_by(|a, b| (&a.origin, &a.key).cmp(&(&b.origin, &b.key)));
    rows
}

fn authors(change: &StagedChange) -> Vec<UserId> {
    change.contributors.iter().map(|one| one.author).collect()
}

fn origin(scope: Scope, address: &Address, spec: &EnvironmentSpec) -> Origin {
    match (scope, address) {
        (Scope::Shared, Address::Variable(_))
        | (Scope::Group(_), Address::GroupVariable(..))
        | (Scope::Service(_), Address::ServiceVariable(..)) => Origin::Own,
        (_, Address::GroupVariable(group, _)) => {
            Origin::Group(spec.groups.get(group).map_or_else(String::new, |it| it.name.to_string()))
        }
        _ => Origin::Shared,
    }
}

/// Where else, further out, there is a variable of this key.
fn hidden_by(scope: Scope, key: &VariableKey, spec: &EnvironmentSpec) -> Option<Origin> {
    let group = match scope {
        Scope::Service(service) => spec.services.get(&service)?.group,
        Scope::Shared | Scope::Group(_) => None,
    };
    let group = group.and_then(|group| spec.groups.get(&group));
    if let Some(group) = group.filter(|group| group.variables.contains_key(key)) {
        return Some(Origin::Group(group.name.to_string()));
    }
    (scope != Scope::Shared && spec.variables.contains_key(key)).then_some(Origin::Shared)
}
