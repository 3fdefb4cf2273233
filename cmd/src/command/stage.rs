//! Staging: from words to edits.

use super::{change, context::ProjectContext, describe, lookup, value};
use crate::args::{
    GroupAction, NewService, Owner, SetService, Stage, VariableAction, VolumeAction,
};
use crate::exit::Failure;
use anyhow::Result;
use domain::{
    Address, Content, EnvironmentSpec, Field, Name, Service, Setting, Slug,
    canvas::Snapshot,
    edit::{Edit, NewMount, NewVariable},
    setting::Input,
};
use std::collections::BTreeSet;

pub(super) async fn stage(context: &ProjectContext, what: Stage) -> Result<()> {
    let snapshot = context.snapshot().await?;
    // People mean what they see: what is staged already can be edited further.
    let view = snapshot.spec.overlay(&snapshot.changes());
    let edits = match what {
        Stage::CreateService(new) => vec![create_service(*new, &snapshot)?],
        Stage::Set(set) => settings(&set, &view)?,
        Stage::Var(action) => variables(action, &view)?,
        Stage::Delete { service } => {
            vec![Edit::Clear { address: Address::Service(lookup::service(&view, &service)?) }]
        }
        Stage::Group(action) => vec![group(action, &view)?],
        Stage::Volume(action) => vec![volume(action, &view)?],
    };
    let staging = context.client().stage(&context.place, edits).await?;

    let console = context.console();
    if console.json {
        console.value(&staging);
        return Ok(());
    }
    let snapshot = context.snapshot().await?;
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
    let slug: Option<Slug> =
        new.slug.as_deref().map(|slug| value::parse("--slug", slug)).transpose()?;
    let name: Name = value::parse("the name", &new.name)?;
    // Settings are typed into a service; which slug it has meanwhile is nobody's business.
    let mut service = Service::named(name.clone(), Slug::suggest(name.as_str(), "service"));
    set_all(&mut service, &new.settings.typed, &view)?;
    let variables = value::variables(&new.variables, &mut std::io::stdin())?
        .into_iter()
        .map(|(key, value)| (key, NewVariable { value, sealed: false }))
        .collect();
    let new = domain::edit::NewService::like(service);
    Ok(Edit::CreateService(Box::new(domain::edit::NewService { slug, variables, ..new })))
}

fn settings(set: &SetService, view: &EnvironmentSpec) -> Result<Vec<Edit>> {
    let id = lookup::service(view, &set.service)?;
    if set.settings.typed.is_empty() {
        return Err(Failure::usage(
            "say what shall be different, such as --image, --replicas or --port; all of it is in \
             `easel stage set --help`",
        )
        .into());
    }
    let mut service = view.services[&id].clone();
    set_all(&mut service, &set.settings.typed, view)?;
    let fields: BTreeSet<Field> = set.settings.typed.iter().map(|(it, _)| it.field).collect();
    let edits = fields.into_iter().map(|field| {
        let address = Address::ServiceField(id, field);
        match service.get(field) {
            Some(content) => Edit::Set { address, content },
            None => Edit::Clear { address },
        }
    });
    Ok(edits.collect())
}

/// Types these settings into the service, one after the other.
fn set_all(
    service: &mut Service,
    typed: &[(&'static Setting, String)],
    view: &EnvironmentSpec,
) -> Result<()> {
    for (setting, text) in typed {
        let text = match setting.input {
            Input::Group if !text.is_empty() => lookup::group(view, text)?.to_string(),
            _ => text.clone(),
        };
        setting.set(service, &text).map_err(|rule| value::refused(setting, &text, &rule))?;
    }
    Ok(())
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
        let id = lookup::service(view, service)?;
        return Ok(Box::new(move |key| Address::ServiceVariable(id, key)));
    }
    if let Some(group) = &owner.group {
        let id = lookup::group(view, group)?;
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
                .map(|service| lookup::service(view, service))
                .collect::<Result<_>>()?,
            position: None,
        },
        GroupAction::Rename { group, name } => Edit::Set {
            address: Address::GroupName(lookup::group(view, &group)?),
            content: Content::Name(value::parse("the name", &name)?),
        },
        GroupAction::Delete { group } => {
            Edit::Clear { address: Address::Group(lookup::group(view, &group)?) }
        }
    })
}

fn volume(action: VolumeAction, view: &EnvironmentSpec) -> Result<Edit> {
    Ok(match action {
        VolumeAction::Create { name, service, path } => Edit::CreateVolume {
            name: value::parse("the name", &name)?,
            mount: match (service, path) {
                (Some(service), Some(path)) => Some(NewMount {
                    service: lookup::service(view, &service)?,
                    path: value::parse("--path", &path)?,
                }),
                _ => None,
            },
        },
        VolumeAction::Mount { volume, service, path } => Edit::Set {
            address: Address::ServiceMount(
                lookup::service(view, &service)?,
                lookup::volume(view, &volume)?,
            ),
            content: Content::MountPath(value::parse("the path", &path)?),
        },
        VolumeAction::Unmount { volume, service } => Edit::Clear {
            address: Address::ServiceMount(
                lookup::service(view, &service)?,
                lookup::volume(view, &volume)?,
            ),
        },
        VolumeAction::Delete { volume } => {
            Edit::Clear { address: Address::Volume(lookup::volume(view, &volume)?) }
        }
    })
}
