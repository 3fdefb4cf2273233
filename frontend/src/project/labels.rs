//! Changes and values, in words that people know.

use domain::{Address, change::StagedChange, effect::Effect};

use crate::{component::Colour, live::Model};

/// The resource that a change belongs to: what it is called, and what the change does within it.
#[must_use]
pub fn subject(model: &Model, address: &Address) -> String {
    let owner = match address {
        Address::ProjectName => return "Project".to_owned(),
        Address::Variable(_) => return "Shared variables".to_owned(),
        Address::Group(_) | Address::Service(_) | Address::Volume(_) => address.clone(),
        other => other.parent().unwrap_or_else(|| other.clone()),
    };
    let spec = if model.whole.get(&owner).is_some() { &model.whole } else { &model.base };
    spec.describe(&owner)
}

/// What a change is about, within its resource.
#[must_use]
pub fn title(model: &Model, change: &StagedChange) -> String {
    let verb = |thing: &str| match (&change.old, &change.new) {
        (None, Some(_)) => format!("New {thing}"),
        (Some(_), None) => format!("Delete this {thing}"),
        _ => format!("Replace this {thing}"),
    };
    match &change.address {
        Address::ProjectName | Address::GroupName(_) | Address::VolumeName(_) => "Name".to_owned(),
        Address::Variable(key)
        | Address::GroupVariable(_, key)
        | Address::ServiceVariable(_, key) => key.to_string(),
        Address::Group(_) => verb("group"),
        Address::Volume(_) => verb("volume"),
        Address::Service(_) => verb("service"),
        Address::ServiceField(_, field) => field.form().label.to_owned(),
        Address::ServiceMount(_, volume) => {
            let volumes =
                model.whole.volumes.get(volume).or_else(|| model.base.volumes.get(volume));
            let name = volumes.map_or("a volume", |volume| volume.name.as_str());
            format!("Mount of {name}")
        }
    }
}

/// What a change does to what runs.
#[must_use]
pub fn effect(change: &StagedChange, effect: Effect) -> (&'static str, Colour) {
    match effect {
        Effect::Redeploy if change.address.is_entity() && change.old.is_none() => {
            ("Deploys", Colour::Live)
        }
        Effect::Redeploy if matches!(change.address, Address::Service(_)) => {
            ("Stops and deletes", Colour::Fail)
        }
        Effect::None => ("No effect on what runs", Colour::Calm),
        Effect::Update => ("Updates in place", Colour::Info),
        Effect::Scale => ("Scales", Colour::Info),
        Effect::Redeploy => ("Redeploys", Colour::Accent),
    }
}

/// "1 change", "3 changes".
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A rule as a sentence that can stand beside its field.
#[must_use]
pub fn rule(rule: &str) -> String {
    crate::api::sentence(rule)
}
