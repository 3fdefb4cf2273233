//! Staging: from words to edits.

use super::{Room, change, describe, find, value};
use crate::args::{
    GroupAction, NewService, Owner, SetService, Stage, VariableAction, VolumeAction,
};
use crate::exit::Failure;
use anyhow::Result;
use domain::{
    Address, Content, EnvironmentSpec, Field, Replicas, ServiceId, Source,
    canvas::Snapshot,
    edit::{Edit, NewMount, NewVariable},
};

pub(super) async fn stage(room: &Room, what: Stage) -> Result<()> {
    let snapshot = room.snapshot().await?;
    // People mean what they see: what is staged already can be edited further.
    let view = snapshot.spec.overlay(&snapshot.changes());
    let edits = match what {
        Stage::CreateService(new) => vec![create_service(*new, &snapshot)?],
        Stage::Set(set) => settings(&set, &view)?,
        Stage::Var(action) => variables(action, &view)?,
        Stage::Delete { service } => {
            vec![Edit::Clear { address: Address::Service(find::service(&view, &service)?) }]
        }
        Stage::Group(action) => vec![group(action, &view)?],
        Stage::Volume(action) => vec![volume(action, &view)?],
    };
    let staging = room.client().stage(&room.place, &edits).await?;

    let console = room.console();
    if console.json {
        console.value(&staging);
        return Ok(());
    }
    let snapshot = room.snapshot().await?;
    let changes = snapshot.changes();
    let view = snapshot.spec.overlay(&changes);
    for address in &staging.addresses {
        match changes.iter().find(|change| change.address == *address) {
            Some(change) => {
                let place = change::place(&snapshot, &view, change);
                console.line(format!("Staged {place}: {}", describe::step(&view, change)));
            }
            None => console.line(format!(
                "{} is as it was: nothing is staged there.",
                describe::address(&snapshot.spec, address)
            )),
        }
    }
    for warning in &staging.warnings {
        console.line(format!("Before it can be applied: {}", warning.message));
    }
    if !changes.is_empty() {
        console.line(format!("Staged in all: {}. Apply with `easel apply`.", changes.len()));
    }
    Ok(())
}

/// A service to be made.
pub(super) fn create_service(new: NewService, snapshot: &Snapshot) -> Result<Edit> {
    let view = snapshot.spec.overlay(&snapshot.changes());
    let source = match &new.image {
        Some(image) => value::source(image, new.pull.as_deref())?,
        None if new.pull.is_some() => {
            return Err(Failure::usage("--pull needs --image: there is nothing to pull").into());
        }
        None => Source::Empty,
    };
    let variables = value::variables(&new.variables, &mut std::io::stdin())?
        .into_iter()
        .map(|(key, value)| (key, NewVariable { value, sealed: false }))
        .collect();
    Ok(Edit::CreateService(Box::new(domain::edit::NewService {
        name: value::parse("the name", &new.name)?,
        slug: new.slug.as_deref().map(|slug| value::parse("--slug", slug)).transpose()?,
        icon: None,
        group: new.group.as_deref().map(|group| find::group(&view, group)).transpose()?,
        source,
        command: new.command.as_deref().map(value::command).transpose()?,
        ports: value::ports(&new.ports)?,
        replicas: new.replicas.map(value::replicas).transpose()?.unwrap_or(Replicas::ONE),
        limits: domain::Limits::default(),
        check: domain::Check::default(),
        strategy: domain::Strategy::Automatic,
        variables,
        position: None,
    })))
}

fn settings(set: &SetService, view: &EnvironmentSpec) -> Result<Vec<Edit>> {
    let id = find::service(view, &set.service)?;
    let service = &view.services[&id];
    let mut edits = Vec::new();
    let mut put = |field, content| edits.push(edit(id, field, content));

    if let Some(name) = &set.name {
        put(Field::Name, Some(Content::Name(value::parse("--name", name)?)));
    }
    if set.image.is_some() || set.pull.is_some() {
        let (old_image, old_pull) = match &service.source {
            Source::Image { image, pull } => (Some(image.to_string()), Some(*pull)),
            Source::Empty => (None, None),
        };
        let image =
            set.image.clone().or(old_image).ok_or_else(|| {
                Failure::usage("--pull needs --image: the service has no image yet")
            })?;
        let mut source = value::source(&image, set.pull.as_deref())?;
        if let (Source::Image { pull, .. }, None, Some(old)) = (&mut source, &set.pull, old_pull) {
            *pull = old;
        }
        put(Field::Source, Some(Content::Source(source)));
    }
    if let Some(line) = &set.command {
        put(Field::Command, Some(Content::Command(value::command(line)?)));
    }
    if set.no_command {
        put(Field::Command, None);
    }
    if !set.ports.is_empty() || set.no_ports {
        put(Field::Ports, Some(Content::Ports(value::ports(&set.ports)?)));
    }
    if let Some(count) = set.replicas {
        put(Field::Replicas, Some(Content::Replicas(value::replicas(count)?)));
    }
    if let Some(group) = &set.group {
        put(Field::Group, Some(Content::GroupId(find::group(view, group)?)));
    }
    if set.no_group {
        put(Field::Group, None);
    }
    if let Some(icon) = &set.icon {
        put(Field::Icon, Some(Content::Icon(value::parse("--icon", icon)?)));
    }
    if set.no_icon {
        put(Field::Icon, None);
    }
    if set.no_limits {
        put(Field::Limits, Some(Content::Limits(domain::Limits::default())));
    } else if set.memory_mb.is_some() || set.cpu_millis.is_some() || set.cpu_shares.is_some() {
        let old = &service.limits;
        let limits = value::limits(old, set.memory_mb, set.cpu_millis, set.cpu_shares)?;
        put(Field::Limits, Some(Content::Limits(limits)));
    }
    if let Some(check) = &set.check {
        let check = value::check(check, service.check.pace)?;
        put(Field::Check, Some(Content::Check(check)));
    }
    if let Some(strategy) = &set.strategy {
        put(Field::Strategy, Some(Content::Strategy(value::strategy(strategy)?)));
    }
    if edits.is_empty() {
        return Err(Failure::usage(
            "say what shall be different, such as --image, --replicas or --port; all of it is in \
             `easel stage set --help`",
        )
        .into());
    }
    Ok(edits)
}

fn edit(service: ServiceId, field: Field, content: Option<Content>) -> Edit {
    let address = Address::ServiceField(service, field);
    match content {
        Some(content) => Edit::Set { address, content },
        None => Edit::Clear { address },
    }
}

fn variables(action: VariableAction, view: &EnvironmentSpec) -> Result<Vec<Edit>> {
    match action {
        VariableAction::Set { variables, owner, sealed } => {
            let place = place_of(&owner, view)?;
            let read = value::variables(&variables, &mut std::io::stdin())?;
            let edits = read.into_iter().map(|(key, value)| Edit::SetVariable {
                address: place(key),
                value,
                sealed,
                only_new: false,
            });
            Ok(edits.collect())
        }
        VariableAction::Unset { keys, owner } => {
            let place = place_of(&owner, view)?;
            keys.iter()
                .map(|key| Ok(Edit::Clear { address: place(value::parse("the key", key)?) }))
                .collect()
        }
    }
}

/// Where variables of this owner stand.
fn place_of(
    owner: &Owner,
    view: &EnvironmentSpec,
) -> Result<Box<dyn Fn(domain::VariableKey) -> Address>> {
    if let Some(service) = &owner.service {
        let id = find::service(view, service)?;
        return Ok(Box::new(move |key| Address::ServiceVariable(id, key)));
    }
    if let Some(group) = &owner.group {
        let id = find::group(view, group)?;
        return Ok(Box::new(move |key| Address::GroupVariable(id, key)));
    }
    Ok(Box::new(Address::Variable))
}

fn group(action: GroupAction, view: &EnvironmentSpec) -> Result<Edit> {
    Ok(match action {
        GroupAction::Create { name, service } => Edit::CreateGroup {
            name: value::parse("the name", &name)?,
            services: service
                .iter()
                .map(|service| find::service(view, service))
                .collect::<Result<_>>()?,
            position: None,
        },
        GroupAction::Rename { group, name } => Edit::Set {
            address: Address::GroupName(find::group(view, &group)?),
            content: Content::Name(value::parse("the name", &name)?),
        },
        GroupAction::Delete { group } => {
            Edit::Clear { address: Address::Group(find::group(view, &group)?) }
        }
    })
}

fn volume(action: VolumeAction, view: &EnvironmentSpec) -> Result<Edit> {
    Ok(match action {
        VolumeAction::Create { name, service, path } => Edit::CreateVolume {
            name: value::parse("the name", &name)?,
            mount: match (service, path) {
                (Some(service), Some(path)) => Some(NewMount {
                    service: find::service(view, &service)?,
                    path: value::parse("--path", &path)?,
                }),
                _ => None,
            },
        },
        VolumeAction::Mount { volume, service, path } => Edit::Set {
            address: Address::ServiceMount(
                find::service(view, &service)?,
                find::volume(view, &volume)?,
            ),
            content: Content::MountPath(value::parse("the path", &path)?),
        },
        VolumeAction::Unmount { volume, service } => Edit::Clear {
            address: Address::ServiceMount(
                find::service(view, &service)?,
                find::volume(view, &volume)?,
            ),
        },
        VolumeAction::Delete { volume } => {
            Edit::Clear { address: Address::Volume(find::volume(view, &volume)?) }
        }
    })
}
