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
    deployment::DeploymentState, deployments::DeploymentSummary, runtime::PinnedImage,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

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

/// A row as what people see of it: nothing that is secret is decrypted for that.
pub(crate) fn summary(row: deployment::Model) -> Result<DeploymentSummary> {
    let mut state: DeploymentState = parse(&row.state)?;
    if let DeploymentState::Failed { failure, .. } = &mut state {
        failure.log_tail = None;
    }
    let pinned: Option<PinnedImage> = row.pinned.as_deref().map(parse).transpose()?;
    let live_at = time(row.live_at);
    Ok(DeploymentSummary {
        id: DeploymentId::new(row.id),
        service: ServiceId::new(row.service_id),
        generation: unsigned(row.generation),
        revision: RevisionNumber(unsigned(row.revision)),
        cause: enum_from_text(&row.cause)?,
        author: row.author.map(UserId::new),
        message: text(row.message)?,
        image: text(row.image)?,
        pinned: pinned.map(|image| image.digest.unwrap_or(image.id)),
        status: state.deploykit_status_of(live_at).to_owned(),
        state,
        attempts: u32::try_from(row.attempts).unwrap_or_default(),
        created_at: Timestamp::from_millis(row.created_at),
        started_at: time(row.started_at),
        live_at,
        ended_at: time(row.ended_at),
    })
}

/// A deployment as a row.
pub(super) fn write(tx: &Transaction, deployment: &Deployment) -> Result<deployment::Model> {
    let id = deployment.id.to_string();
    let config =
        serde_json::to_vec(&deployment.config).map_err(Error::internal("write a deployment"))?;
    let (state, log_tail) = write_state(tx, deployment)?;
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
        pinned: pinned(deployment)?,
        state,
        over: deployment.state.is_terminal(),
        log_tail,
        attempts: attempts(deployment),
        retry_at: millis(deployment.retry_at),
        created_at: deployment.created_at.as_millis(),
        started_at: millis(deployment.started_at),
        live_at: millis(deployment.live_at),
        ended_at: millis(deployment.ended_at),
    })
}

/// How far it has come; its containers' last lines apart, for they may be secret.
fn write_state(tx: &Transaction, deployment: &Deployment) -> Result<(String, Option<Vec<u8>>)> {
    let mut state = deployment.state.clone();
    let mut log_tail = None;
    if let DeploymentState::Failed { failure, .. } = &mut state {
        let id = deployment.id.to_string();
        log_tail = (failure.log_tail.take())
            .map(|tail| tx.encrypt(tail_cell(&id), tail.expose().as_bytes()));
    }
    Ok((json(&state)?, log_tail))
}

fn pinned(deployment: &Deployment) -> Result<Option<String>> {
    deployment.image.as_ref().map(json).transpose()
}

fn attempts(deployment: &Deployment) -> i32 {
    i32::try_from(deployment.attempts).unwrap_or(i32::MAX)
}

/// Writes what can change of a deployment.
pub(crate) async fn update(tx: &Transaction, deployment: &Deployment) -> Result<()> {
    use deployment::Column;
    let (state, log_tail) = write_state(tx, deployment)?;
    deployment::Entity::update_many()
        .col_expr(Column::Pinned, Expr::value(pinned(deployment)?))
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Over, Expr::value(deployment.state.is_terminal()))
        .col_expr(Column::LogTail, Expr::value(log_tail))
        .col_expr(Column::Attempts, Expr::value(attempts(deployment)))
        .col_expr(Column::RetryAt, Expr::value(millis(deployment.retry_at)))
        .col_expr(Column::StartedAt, Expr::value(millis(deployment.started_at)))
        .col_expr(Column::LiveAt, Expr::value(millis(deployment.live_at)))
        .col_expr(Column::EndedAt, Expr::value(millis(deployment.ended_at)))
        .filter(Column::Id.eq(deployment.id.as_uuid()))
        .exec(&tx.db)
        .await
        .map_err(failed("write a deployment"))?;
    Ok(())
}
