//! Changes and values, in words that people know.

use domain::{
    Address, Check, Content, EnvironmentSpec, Field, Limits, Port, Probe, Protocol, PullPolicy,
    Source, Strategy, change::StagedChange, effect::Effect,
};

use crate::{component::Pigment, live::Drawn, number::thousandths};

/// What a field is called on the screen.
#[must_use]
pub fn field(field: Field) -> &'static str {
    match field {
        Field::Name => "Name",
        Field::Icon => "Icon",
        Field::Group => "Group",
        Field::Source => "Image",
        Field::Command => "Command",
        Field::Ports => "Ports",
        Field::Replicas => "Replicas",
        Field::Limits => "Limits",
        Field::Check => "Health check",
        Field::Strategy => "Strategy",
    }
}

/// The resource that a change belongs to: what it is called, and what the change does within it.
#[must_use]
pub fn subject(drawn: &Drawn, address: &Address) -> String {
    let owner = match address {
        Address::ProjectName => return "Project".to_owned(),
        Address::Variable(_) => return "Shared variables".to_owned(),
        Address::Group(_) | Address::Service(_) | Address::Volume(_) => address.clone(),
        other => other.parent().unwrap_or_else(|| other.clone()),
    };
    let spec = if drawn.whole.get(&owner).is_some() { &drawn.whole } else { &drawn.base };
    spec.describe(&owner)
}

/// What a change is about, within its resource.
#[must_use]
pub fn title(drawn: &Drawn, change: &StagedChange) -> String {
    let verb = |thing: &str| match (&change.old, &change.new) {
        (None, Some(_)) => format!("New {thing}"),
        (Some(_), None) => format!("Remove this {thing}"),
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
        Address::ServiceField(_, one) => field(*one).to_owned(),
        Address::ServiceMount(_, volume) => {
            let volumes =
                drawn.whole.volumes.get(volume).or_else(|| drawn.base.volumes.get(volume));
            let name = volumes.map_or("a volume", |volume| volume.name.as_str());
            format!("Mount of {name}")
        }
    }
}

/// A value as text; `None` when it is a secret or says nothing by itself.
#[must_use]
pub fn value(spec: &EnvironmentSpec, content: &Content) -> Option<String> {
    Some(match content {
        Content::Name(name) => name.to_string(),
        Content::Icon(icon) => icon.to_string(),
        Content::GroupId(id) => {
            spec.groups.get(id).map_or_else(|| "a group".to_owned(), |group| group.name.to_string())
        }
        Content::Source(source) => self::source(source),
        Content::Command(command) => command.to_line(),
        Content::Ports(list) => ports(list),
        Content::Replicas(replicas) => replicas.count().to_string(),
        Content::Limits(limits) => self::limits(limits),
        Content::Check(check) => self::check(check),
        Content::Strategy(strategy) => self::strategy(*strategy).to_owned(),
        Content::MountPath(path) => path.to_string(),
        Content::Group(_) | Content::Volume(_) => return None,
        Content::Service(service) => service.source.image()?.to_string(),
        Content::Variable(_) => return None,
    })
}

#[must_use]
pub fn source(source: &Source) -> String {
    match source {
        Source::Empty => "no image".to_owned(),
        Source::Image { image, pull: PullPolicy::Missing } => image.to_string(),
        Source::Image { image, pull: PullPolicy::Always } => format!("{image}, always pulled"),
        Source::Image { image, pull: PullPolicy::Never } => format!("{image}, never pulled"),
    }
}

/// Ports as one types them: `80, 53/udp`.
#[must_use]
pub fn ports(ports: &[Port]) -> String {
    let port = |port: &Port| match port.protocol {
        Protocol::Tcp => port.number.to_string(),
        Protocol::Udp => format!("{}/udp", port.number),
    };
    ports.iter().map(port).collect::<Vec<_>>().join(", ")
}

/// Reads ports as one types them.
///
/// # Errors
/// When one of them is no port, or comes twice.
pub fn read_ports(text: &str) -> Result<Vec<Port>, String> {
    let mut ports: Vec<Port> = Vec::new();
    for word in text.split([',', ' ', '\n']).filter(|word| !word.is_empty()) {
        let (number, protocol) = match word.split_once('/') {
            None | Some((_, "tcp")) => (word.split('/').next().unwrap_or(word), Protocol::Tcp),
            Some((number, "udp")) => (number, Protocol::Udp),
            Some(_) => return Err(format!("“{word}” is no port: write 80, or 53/udp.")),
        };
        let number = number
            .parse()
            .map_err(|_| format!("“{word}” is no port: a port lies between 1 and 65535."))?;
        let port = Port { number, protocol };
        if ports.contains(&port) {
            return Err(format!("{word} is there twice: name each port once."));
        }
        ports.push(port);
    }
    Ok(ports)
}

#[must_use]
pub fn limits(limits: &Limits) -> String {
    let mut parts = Vec::new();
    if let Some(memory) = limits.memory_mb() {
        parts.push(format!("{memory} MiB"));
    }
    if let Some(cpu) = limits.cpu_millis() {
        parts.push(format!("{} CPU", thousandths(cpu)));
    }
    if let Some(shares) = limits.cpu_shares() {
        parts.push(format!("CPU weight {shares}"));
    }
    if parts.is_empty() { "no limits".to_owned() } else { parts.join(", ") }
}

#[must_use]
pub fn check(check: &Check) -> String {
    match &check.probe {
        Probe::Automatic => "automatic".to_owned(),
        Probe::Tcp { port } => format!("TCP port {port}"),
        Probe::Http { port, path } => format!("GET {path} on port {port}"),
        Probe::Command { command } => format!("command {}", command.to_line()),
    }
}

#[must_use]
pub fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Automatic => "automatic",
        Strategy::StartFirst => "start first",
        Strategy::StopFirst => "stop first",
    }
}

/// What a change does to what runs.
#[must_use]
pub fn effect(change: &StagedChange, effect: Effect) -> (&'static str, Pigment) {
    match effect {
        Effect::Redeploy if change.address.is_whole() && change.old.is_none() => {
            ("Deploys", Pigment::Live)
        }
        Effect::Redeploy if matches!(change.address, Address::Service(_)) => {
            ("Stops and removes", Pigment::Fail)
        }
        Effect::None => ("No effect on what runs", Pigment::Calm),
        Effect::Update => ("Updates in place", Pigment::Info),
        Effect::Scale => ("Scales", Pigment::Info),
        Effect::Redeploy => ("Redeploys", Pigment::Accent),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_are_written() {
        let read = read_ports("80, 53/udp 443/tcp").unwrap();

        assert_eq!(ports(&read), "80, 53/udp, 443");
        assert!(read_ports("80, 80").is_err());
        assert!(read_ports("0").is_err());
        assert!(read_ports("80/sctp").is_err());
        assert!(read_ports("http").unwrap_err().starts_with("“http” is no port"));
        assert_eq!(read_ports(""), Ok(Vec::new()));
    }
}
