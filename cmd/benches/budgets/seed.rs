//! Many services in a real database.

use crate::time::{RandomIds, SystemClock};
use anyhow::{Context, Result};
use domain::{
    EnvironmentId, Message, Name, ProjectId, Secret, ServiceId, SessionId, Slug, Source,
    VariableKey,
    access::{Actor, AuthMethod, InstanceRole, Mutation},
    account::{Accounts, NewUser},
    changes::{Changes, Selection},
    edit::{Edit, NewService, NewVariable},
    event::Announcer,
    layout::Position,
    project::Projects,
};
use std::{path::Path, sync::Arc};
use store::{KeySource, Store};
use uuid::Uuid;

/// Services of a project, and those that are staged at once.
const PER_PROJECT: usize = 100;

pub(crate) const EMAIL: &str = "ada@example.org";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Of that password, at the least cost.
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";

/// Nobody is told.
struct Silence;

impl Announcer for Silence {
    fn announce(&self, _: domain::EnvironmentId, _: u64) {}
}

/// A store on this folder.
pub(crate) async fn open(data: &Path) -> Result<Store> {
    let (ids, clock) = (Arc::new(RandomIds), Arc::new(SystemClock));
    Ok(Store::open(data, KeySource::DataDir, ids, clock, Arc::new(Silence)).await?)
}

/// The one who made it all.
async fn founder(store: &Store) -> Result<Mutation> {
    let user = NewUser {
        email: EMAIL.parse()?,
        name: "Ada".parse()?,
        role: InstanceRole::Admin,
        password_hash: Secret::from(HASH),
    };
    let user = store.register_first(user).await?;
    Ok(Mutation {
        actor: Actor {
            user: user.id,
            role: InstanceRole::Admin,
            via: AuthMethod::Session(SessionId::new(Uuid::nil())),
        },
        idempotency: None,
        request: "bench".to_owned(),
        source: None,
    })
}

/// So many services, applied.
pub(crate) async fn plant(store: &Store, services: usize) -> Result<()> {
    let by = founder(store).await?;
    for first in (0..services).step_by(PER_PROJECT) {
        let name: Name = format!("Project {first}").parse()?;
        let project = store.create(&by, name).await?;
        let environment = store.environment(project.id, None).await?.id;
        let last = services.min(first + PER_PROJECT);
        let edits = (first..last).map(service).collect::<Result<_>>()?;
        store.stage(&by, environment, edits).await?;
        apply(store, &by, environment).await?;
    }
    Ok(())
}

/// A canvas with so many cards in a square, applied; the answer is its project's slug.
pub(crate) async fn spread(store: &Store, cards: usize) -> Result<Slug> {
    let by = founder(store).await?;
    let project = store.create(&by, "Bench".parse()?).await?;
    let environment = store.environment(project.id, None).await?.id;
    for first in (0..cards).step_by(PER_PROJECT) {
        let last = cards.min(first + PER_PROJECT);
        let edits = (first..last).map(card).collect::<Result<_>>()?;
        store.stage(&by, environment, edits).await?;
    }
    apply(store, &by, environment).await?;
    Ok(project.slug)
}

/// Projects of so many services with so many variables each, applied; the answer is each project with
/// a service from its middle.
pub(crate) async fn grow(
    store: &Store,
    sizes: &[(&str, usize)],
    variables: usize,
) -> Result<Vec<(ProjectId, ServiceId)>> {
    let by = founder(store).await?;
    let mut made = Vec::new();
    for (name, services) in sizes {
        let project = store.create(&by, name.parse()?).await?;
        let environment = store.environment(project.id, None).await?.id;
        for first in (0..*services).step_by(PER_PROJECT) {
            let last = (*services).min(first + PER_PROJECT);
            let edits =
                (first..last).map(|number| crowded(number, variables)).collect::<Result<_>>()?;
            store.stage(&by, environment, edits).await?;
            apply(store, &by, environment).await?;
        }
        let spec = store.workspace(environment).await?.spec;
        let middle = spec.services.keys().nth(services / 2).context("a service")?;
        made.push((project.id, *middle));
    }
    Ok(made)
}

/// A service with so many variables, two of which refer to an earlier one.
fn crowded(number: usize, variables: usize) -> Result<Edit> {
    let mut edit = card(number)?;
    if let Edit::CreateService(new) = &mut edit {
        let other = number / 2;
        new.variables = (0..variables)
            .map(|key| {
                let value = match key {
                    1 if other != number => format!("http://${{{{service {other}.HOST}}}}:8080/"),
                    2 if other != number => format!("${{{{service {other}.KEY_5}}}}"),
                    _ => format!("value {key} of service {number}"),
                };
                let value = NewVariable { value: Secret::new(value), sealed: key == 4 };
                Ok::<(VariableKey, _), anyhow::Error>((format!("KEY_{key}").parse()?, value))
            })
            .collect::<Result<_>>()?;
    }
    Ok(edit)
}

/// Applies all that is staged.
async fn apply(store: &Store, by: &Mutation, environment: EnvironmentId) -> Result<()> {
    let staged = store.workspace(environment).await?.edits;
    let up_to = staged.iter().map(|edit| edit.seq).max().unwrap_or_default();
    store.apply(by, environment, Selection::UpTo { up_to }, Message::default()).await?;
    Ok(())
}

/// A service with a place on the canvas.
fn card(number: usize) -> Result<Edit> {
    const COLUMNS: usize = 32;
    let (column, row) = (u16::try_from(number % COLUMNS)?, u16::try_from(number / COLUMNS)?);
    let mut edit = service(number)?;
    if let Edit::CreateService(new) = &mut edit {
        new.position = Some(Position::new(f64::from(column) * 340.0, f64::from(row) * 200.0)?);
    }
    Ok(edit)
}

fn service(number: usize) -> Result<Edit> {
    let variable = |key: &str, value: String| {
        Ok::<(VariableKey, _), anyhow::Error>((
            key.parse()?,
            NewVariable { value: Secret::from(value.as_str()), sealed: false },
        ))
    };
    Ok(Edit::CreateService(Box::new(NewService {
        source: Source::image_of("sim/app:1".parse()?),
        ports: "8080".parse()?,
        variables: [
            variable("GREETING", format!("hello from {number}"))?,
            variable("DATABASE_URL", format!("postgres://app:secret@db-{number}:5432/app"))?,
            variable("LOG_LEVEL", "info".to_owned())?,
        ]
        .into_iter()
        .collect(),
        ..NewService::named(format!("service {number}").parse()?)
    })))
}
