//! What has happened, written down: a step at a time, within one transaction.

use super::{
    error::{Result, stale},
    instance::{ownership, row, set},
    replica, tombstone,
};
use crate::{
    deployment,
    error::failed,
    row::{enum_from_text, enum_text},
    table::{self, instance, service_state, volume_made},
    transaction::Transaction,
};
use domain::{
    Deployment, DeploymentId, Timestamp,
    deployment::{Condition, Transition},
    deployments::DeploymentSummary,
    event::Event,
    rollout::{Ownership, ServiceKey, Step},
};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, OnConflict},
};

/// Does one step.
pub(super) async fn apply_step(tx: &mut Transaction, at: Timestamp, step: &Step) -> Result<()> {
    match step {
        Step::EngineBound { engine } => bind(tx, engine).await,
        Step::ReplicaAdded { replica, deployment, index } => {
            replica::add(tx, at, *replica, *deployment, *index).await
        }
        Step::ContainerMade { replica, container } => {
            let id = replica::container_made(tx, at, *replica, container).await?;
            change(tx, at, id, |deployment| {
                deployment.started_at.get_or_insert(at);
                Ok(())
            })
            .await?;
            let deployment = find(tx, id).await?;
            if deployment.state.is_serving() {
                replica::serve(tx, &deployment).await
            } else {
                Ok(())
            }
        }
        Step::ContainerLost { replica, container } => {
            replica::container_lost(tx, at, *replica, container).await
        }
        Step::RestartsRecorded { replica, restarts } => {
            replica::set_restarts(tx, *replica, restarts).await
        }
        Step::ReplicaRetired { replica } => replica::retire(tx, *replica, at).await,
        Step::ReplicaReleased { replica } => replica::release(tx, *replica, at).await,
        Step::VolumeMade { service, volume } => {
            find_service(tx, *service).await?;
            let row = volume_made::Model {
                environment_id: service.environment.as_uuid(),
                service_id: service.service.as_uuid(),
                volume_id: volume.as_uuid(),
            };
            volume_made::Entity::insert(row.into_active_model())
                .on_conflict(
                    OnConflict::columns([
                        volume_made::Column::EnvironmentId,
                        volume_made::Column::ServiceId,
                        volume_made::Column::VolumeId,
                    ])
                    .do_nothing()
                    .to_owned(),
                )
                .exec_without_returning(&tx.db)
                .await
                .map_err(failed("write a volume"))?;
            Ok(())
        }
        Step::ImagePinned { deployment, image } => {
            change(tx, at, *deployment, |deployment| {
                deployment.image = Some(image.clone());
                Ok(())
            })
            .await
        }
        Step::Reached { deployment, transition } => {
            if *transition == Transition::Switched {
                return stale("a deployment is switched by promotion only");
            }
            change(tx, at, *deployment, |deployment| reach(deployment, transition, at)).await
        }
        Step::Attempted { deployment, attempts, retry_at, why } => {
            let before = find(tx, *deployment).await?;
            let changed = change(tx, at, *deployment, |deployment| {
                if deployment.state.is_terminal() {
                    return stale("the deployment is over");
                }
                deployment.attempts = *attempts;
                deployment.retry_at = *retry_at;
                Ok(())
            });
            changed.await?;
            // Each replica may report the same try.
            if let Some(retry_at) = retry_at.filter(|_| before.attempts < *attempts) {
                let (service, why) = (before.service, why.clone());
                tx.emit_at(before.environment, at, Event::Attempted { service, why, retry_at });
            }
            Ok(())
        }
        Step::Promoted { deployment } => promote(tx, at, *deployment).await,
        Step::ConditionChanged { service, condition, why } => {
            set_condition(tx, at, *service, *condition, why.as_ref()).await
        }
        Step::Incident { service, incident, .. } => {
            find_service(tx, *service).await?;
            let event = Event::Incident { service: service.service, incident: incident.clone() };
            tx.emit_at(service.environment, at, event);
            Ok(())
        }
        Step::TombstoneDone { subject } => {
            if tombstone::done(tx, subject, at.as_millis()).await? {
                Ok(())
            } else {
                stale("there is no such tombstone")
            }
        }
    }
}

async fn bind(tx: &Transaction, engine: &str) -> Result<()> {
    match ownership(&row(&tx.db).await?) {
        Ownership::Unbound => set(tx, instance::Column::Engine, engine.to_owned()).await,
        Ownership::Bound { engine: bound } if bound == engine => Ok(()),
        Ownership::Bound { .. } => stale("another engine is bound"),
        Ownership::Doubtful { .. } => stale("a person must confirm the engine first"),
    }
}

async fn find(tx: &Transaction, id: DeploymentId) -> Result<Deployment> {
    let row = table::deployment::Entity::find_by_id(id.as_uuid())
        .one(&tx.db)
        .await
        .map_err(failed("find a deployment"))?;
    match row {
        Some(row) => Ok(deployment::read(&tx.inner, row)?),
        None => stale(format!("deployment {id} is gone")),
    }
}

async fn find_service(tx: &Transaction, key: ServiceKey) -> Result<service_state::Model> {
    let row = service_state::Entity::find_by_id((key.environment.as_uuid(), key.service.as_uuid()))
        .one(&tx.db)
        .await
        .map_err(failed("find a service"))?;
    match row {
        Some(row) => Ok(row),
        None => stale("the service is gone"),
    }
}

fn key_of(deployment: &Deployment) -> ServiceKey {
    ServiceKey { environment: deployment.environment, service: deployment.service }
}

/// Changes a deployment, writes it if it is another one then, and tells.
async fn change(
    tx: &mut Transaction,
    at: Timestamp,
    id: DeploymentId,
    change: impl FnOnce(&mut Deployment) -> Result<()>,
) -> Result<()> {
    let before = find(tx, id).await?;
    let mut after = before.clone();
    change(&mut after)?;
    if after == before {
        return Ok(());
    }
    deployment::update(tx, &after).await?;
    let state = find_service(tx, key_of(&after)).await?;
    emit_moved(tx, at, &after, state.active == Some(id.as_uuid()));
    Ok(())
}

fn emit_moved(tx: &mut Transaction, at: Timestamp, deployment: &Deployment, active: bool) {
    let summary = Box::new(DeploymentSummary::from(deployment));
    tx.emit_at(deployment.environment, at, Event::Moved { deployment: summary, active });
}

fn reach(deployment: &mut Deployment, transition: &Transition, at: Timestamp) -> Result<()> {
    match deployment.state.clone().transition(transition.clone(), at) {
        Ok(state) => {
            if state.is_terminal() {
                deployment.ended_at = Some(at);
            }
            deployment.state = state;
            Ok(())
        }
        Err(illegal) => stale(format!("{} cannot go on like this", illegal.state)),
    }
}

async fn promote(tx: &mut Transaction, at: Timestamp, id: DeploymentId) -> Result<()> {
    let mut next = find(tx, id).await?;
    let key = key_of(&next);
    let state = find_service(tx, key).await?;
    reach(&mut next, &Transition::Switched, at)?;
    next.live_at = Some(at);
    if let Some(before) = state.active.map(DeploymentId::new) {
        if before == id {
            return stale("it serves already");
        }
        let mut before = find(tx, before).await?;
        if before.generation > next.generation {
            return stale("a later deployment serves");
        }
        reach(&mut before, &Transition::Superseded, at)?;
        deployment::update(tx, &before).await?;
        emit_moved(tx, at, &before, false);
    }
    deployment::update(tx, &next).await?;
    service_state::Entity::update_many()
        .col_expr(service_state::Column::Active, Expr::value(id.as_uuid()))
        .filter(service_state::Column::EnvironmentId.eq(key.environment.as_uuid()))
        .filter(service_state::Column::ServiceId.eq(key.service.as_uuid()))
        .exec(&tx.db)
        .await
        .map_err(failed("promote a deployment"))?;
    replica::serve(tx, &next).await?;
    emit_moved(tx, at, &next, true);
    Ok(())
}

async fn set_condition(
    tx: &mut Transaction,
    at: Timestamp,
    key: ServiceKey,
    condition: Condition,
    why: Option<&String>,
) -> Result<()> {
    let row = find_service(tx, key).await?;
    let before: Option<Condition> = row.condition.as_deref().map(enum_from_text).transpose()?;
    if before == Some(condition) && row.why.as_ref() == why {
        return Ok(());
    }
    let since = if before == Some(condition) { row.since } else { Some(at.as_millis()) };
    service_state::Entity::update_many()
        .col_expr(service_state::Column::Condition, Expr::value(enum_text(&condition)?))
        .col_expr(service_state::Column::Why, Expr::value(why.cloned()))
        .col_expr(service_state::Column::Since, Expr::value(since))
        .filter(service_state::Column::EnvironmentId.eq(key.environment.as_uuid()))
        .filter(service_state::Column::ServiceId.eq(key.service.as_uuid()))
        .exec(&tx.db)
        .await
        .map_err(failed("write a service's condition"))?;
    let event = Event::Condition { service: key.service, condition, why: why.cloned() };
    tx.emit_at(key.environment, at, event);
    Ok(())
}
