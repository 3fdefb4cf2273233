//! Configuration and what becomes of it, in words.

use domain::{
    Address, Content, EnvironmentSpec, ServiceId, Timestamp, Value, canvas::Snapshot,
    change::StagedChange, consequence::Consequences, effect::Effect, variable::Variable,
};

/// What stands in place of nothing.
const NOTHING: &str = "–";

/// A place in words: `web image`, `shared DATABASE_URL`.
pub(super) fn address(spec: &EnvironmentSpec, address: &Address) -> String {
    let service = |id| service_name(spec, id);
    let group = |id| {
        let found = spec.groups.get(id);
        found.map_or_else(|| "group".to_owned(), |group| format!("group {}", group.name))
    };
    let volume = |id| {
        let found = spec.volumes.get(id);
        found.map_or_else(|| "volume".to_owned(), |volume| format!("volume {}", volume.name))
    };
    match address {
        Address::ProjectName => "project name".to_owned(),
        Address::Variable(key) => format!("shared {key}"),
        Address::Group(id) => group(id),
        Address::GroupName(id) => format!("{} name", group(id)),
        Address::GroupVariable(id, key) => format!("{} {key}", group(id)),
        Address::Volume(id) => volume(id),
        Address::VolumeName(id) => format!("{} name", volume(id)),
        Address::Service(id) => service(*id),
        Address::ServiceField(id, field) => format!("{} {}", service(*id), field.as_str()),
        Address::ServiceVariable(id, key) => format!("{} {key}", service(*id)),
        Address::ServiceMount(id, mounted) => format!("{} {}", service(*id), volume(mounted)),
    }
}

/// What a service is called.
pub(super) fn service_name(spec: &EnvironmentSpec, id: ServiceId) -> String {
    spec.services.get(&id).map_or_else(|| id.short(), |service| service.slug.to_string())
}

/// `old → new`.
pub(super) fn step(spec: &EnvironmentSpec, change: &StagedChange) -> String {
    match (&change.old, &change.new) {
        (None, Some(new)) if change.address.is_entity() => {
            format!("new: {}", content(spec, new))
        }
        (Some(_), None) if change.address.is_entity() => {
            if change.destroys_data() { "deleted; its data stays" } else { "deleted" }.to_owned()
        }
        (old, new) => {
            format!("{} → {}", value(spec, old.as_ref()), value(spec, new.as_ref()))
        }
    }
}

/// What stands at an address; a dash for nothing.
pub(super) fn value(spec: &EnvironmentSpec, content: Option<&Content>) -> String {
    content.map_or_else(|| NOTHING.to_owned(), |content| self::content(spec, content))
}

fn content(spec: &EnvironmentSpec, content: &Content) -> String {
    let text = match content {
        Content::Variable(variable) => Some(self::variable(variable)),
        other => other.text(spec),
    };
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| NOTHING.to_owned())
}

/// What may be shown of a variable: never its value.
pub(super) fn variable(variable: &Variable) -> String {
    match (&variable.value, variable.sealed) {
        (_, true) => "sealed".to_owned(),
        (Value::Shown(_), false) => "•••".to_owned(),
        (Value::Hidden { references }, false) if references.is_empty() => "•••".to_owned(),
        (Value::Hidden { references }, false) => {
            let count = references.len();
            format!("••• ({count} reference{})", if count == 1 { "" } else { "s" })
        }
    }
}

/// The effect's word for people.
pub(super) const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::None => "nothing restarts",
        Effect::Update => "limits in place",
        Effect::Scale => "replicas come or go",
        Effect::Redeploy => "redeploys",
    }
}

/// All that an apply would bring about, a line each.
pub(super) fn consequences(
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
    what: &Consequences,
) -> Vec<String> {
    let names = |spec: &EnvironmentSpec, ids: &[ServiceId]| {
        let names: Vec<String> = ids.iter().map(|id| service_name(spec, *id)).collect();
        names.join(", ")
    };
    let with = |wanted: Effect| -> Vec<ServiceId> {
        let affected = what.affected.iter().filter(|(_, effect)| **effect == wanted);
        affected.map(|(id, _)| *id).collect()
    };
    let mut lines = Vec::new();
    let mut say = |verb: &str, spec: &EnvironmentSpec, ids: &[ServiceId]| {
        if !ids.is_empty() {
            lines.push(format!("{verb} {}", names(spec, ids)));
        }
    };
    say("creates", after, &what.created);
    say("redeploys", after, &with(Effect::Redeploy));
    say("scales", after, &with(Effect::Scale));
    say("changes the limits of", after, &with(Effect::Update));
    say("deletes", before, &what.deleted);
    for volume in &what.destroyed {
        let name = before.volumes.get(volume).map(|volume| volume.name.to_string());
        lines.push(format!(
            "deletes volume {}: Easel forgets it, its data stays in the engine until somebody \
             removes it there",
            name.unwrap_or_else(|| volume.short())
        ));
    }
    if lines.is_empty() {
        lines.push("restarts nothing".to_owned());
    }
    lines
}

/// Who had a part in a change.
pub(super) fn authors(snapshot: &Snapshot, change: &StagedChange) -> String {
    let names: Vec<String> =
        change.contributors.iter().map(|one| person(snapshot, one.author)).collect();
    names.join(", ")
}

/// What somebody is called.
pub(super) fn person(snapshot: &Snapshot, id: domain::UserId) -> String {
    snapshot.people.get(&id).map_or_else(|| id.short(), ToString::to_string)
}

/// `41m`, `3h`, `12days`: how long something has lasted, in its largest unit.
pub(super) fn lasting(now: Timestamp, since: Timestamp) -> String {
    let whole = humantime::format_duration(now.since(since)).to_string();
    whole.split(' ').next().filter(|first| !first.ends_with("ms")).unwrap_or("0s").to_owned()
}

/// `2026-11-21 07:59:04`.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// `07:59:04`.
pub(super) fn time(at: Timestamp) -> String {
    moment(at).get(11..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_in_its_largest_unit() {
        let lasting = |seconds: i64| {
            let since = Timestamp::from_millis(0);
            super::lasting(Timestamp::from_millis(seconds * 1_000 + 5), since)
        };

        assert_eq!([lasting(0), lasting(59), lasting(41 * 60 + 7)], ["0s", "59s", "41m"]);
        assert_eq!([lasting(3 * 3600), lasting(12 * 86_400)], ["3h", "12days"]);
    }
}
