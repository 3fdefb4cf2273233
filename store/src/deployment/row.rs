//! Between a deployment and its row.

use crate::{
    error::failed,
    keyring::Cell,
    row::{enum_from_text, enum_text, json, millis, parse, signed, text, time, unsigned},
    store::Inner,
    table::deployment,
    transaction::Transaction,
};
use domain::{
    Deployment, DeploymentId, Error, Result, RevisionNumber, Secret, ServiceId, Timestamp, UserId,
    deployment::DeploymentState,
};
use sea_orm::{EntityTrait, IntoActiveModel, sea_query::OnConflict};

fn config_cell(id: &str) -> Cell<'_> {
    Cell { table: "deployment", row: id, column: "config" }
}

fn tail_cell(id: &str) -> Cell<'_> {
    Cell { table: "deployment", row: id, column: "log_tail" }
}

/// A row as a deployment.
pub(crate) fn read(inner: &Inner, row: deployment::Model) -> Result<Deployment> {
    let id = row.id.to_string();
    let config = (inner.keyring)
        .decrypt(config_cell(&id), &row.config)
        .map_err(Error::internal("read a deployment"))?;
    let mut state: DeploymentState = parse(&row.state)?;
    if let (DeploymentState::Failed { failure, .. }, Some(sealed)) = (&mut state, &row.log_tail) {
        let tail = (inner.keyring)
            .decrypt(tail_cell(&id), sealed)
            .map_err(Error::internal("read a deployment's last lines"))?;
        failure.log_tail = Some(Secret::new(String::from_utf8_lossy(&tail).into_owned()));
    }
    Ok(Deployment {
        id: DeploymentId::new(row.id),
        project: row.project_id.into(),
        environment: row.environment_id.into(),
        service: ServiceId::new(row.service_id),
        slug: text(row.slug)?,
        generation: unsigned(row.generation),
        revision: RevisionNumber(unsigned(row.revision)),
        cause: enum_from_text(&row.cause)?,
        author: row.author.map(UserId::new),
        message: text(row.message)?,
        config: serde_json::from_slice(&config).map_err(Error::internal("read a deployment"))?,
        image: row.pinned.as_deref().map(parse).transpose()?,
        state,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        retry_at: time(row.retry_at),
        created_at: Timestamp::from_millis(row.created_at),
        started_at: time(row.started_at),
        live_at: time(row.live_at),
        ended_at: time(row.ended_at),
    })
}

/// A deployment as a row.
pub(super) fn write(tx: &Transaction, deployment: &Deployment) -> Result<deployment::Model> {
    let id = deployment.id.to_string();
    let config =
        serde_json::to_vec(&deployment.config).map_err(Error::internal("write a deployment"))?;
    let mut state = deployment.state.clone();
    let mut log_tail = None;
    if let DeploymentState::Failed { failure, .. } = &mut state {
        log_tail = (failure.log_tail.take())
            .map(|tail| tx.encrypt(tail_cell(&id), tail.expose().as_bytes()));
    }
    Ok(deployment::Model {
        id: deployment.id.as_uuid(),
        project_id: deployment.project.as_uuid(),
        environment_id: deployment.environment.as_uuid(),
        service_id: deployment.service.as_uuid(),
        slug: deployment.slug.as_str().to_owned(),
        generation: signed(deployment.generation),
        revision: signed(deployment.revision.0),
        cause: enum_text(&deployment.cause)?,
        author: deployment.author.map(UserId::as_uuid),
        message: deployment.message.as_str().to_owned(),
        image: deployment.config.image.to_string(),
        config: tx.encrypt(config_cell(&id), &config),
        pinned: deployment.image.as_ref().map(json).transpose()?,
        state: json(&state)?,
        over: state.is_terminal(),
        log_tail,
        attempts: i32::try_from(deployment.attempts).unwrap_or(i32::MAX),
        retry_at: millis(deployment.retry_at),
        created_at: deployment.created_at.as_millis(),
        started_at: millis(deployment.started_at),
        live_at: millis(deployment.live_at),
        ended_at: millis(deployment.ended_at),
    })
}

/// Writes what can change of a deployment.
pub(crate) async fn update(tx: &Transaction, deployment: &Deployment) -> Result<()> {
    use deployment::Column;
    let row = write(tx, deployment)?.into_active_model();
    deployment::Entity::insert(row)
        .on_conflict(
            OnConflict::column(Column::Id)
                .update_columns([
                    Column::Pinned,
                    Column::State,
                    Column::Over,
                    Column::LogTail,
                    Column::Attempts,
                    Column::RetryAt,
                    Column::StartedAt,
                    Column::LiveAt,
                    Column::EndedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(&tx.db)
        .await
        .map_err(failed("write a deployment"))?;
    Ok(())
}
