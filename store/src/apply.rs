//! An apply, carried out: the domain has decided, these are the rows.

use crate::{
    deployment::{self, New},
    error::failed,
    revision,
    rollout::grave,
    row::signed,
    spec,
    staging::Bench,
    table::{service_state, staged_edit},
    transaction::{BATCH, Transaction},
};
use domain::{
    DeploymentId, EnvironmentId, Message, Result, RevisionNumber, ServiceId, access::Mutation,
    apply::Plan, change::StagedChange, changes::Applied, deployment::Cause, event::Event,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};
use serde::{Deserialize, Serialize};

/// What a repeated apply is answered from.
#[derive(Serialize, Deserialize)]
pub(crate) struct AppliedIds {
    revision: Option<RevisionNumber>,
    applied_count: u64,
    created: Vec<ServiceId>,
    deleted: Vec<ServiceId>,
    deployments: Vec<(ServiceId, DeploymentId)>,
}

impl AppliedIds {
    pub(crate) fn of(applied: &Applied) -> Self {
        Self {
            revision: applied.revision.as_ref().map(|revision| revision.number),
            applied_count: applied.applied_count,
            created: applied.created.clone(),
            deleted: applied.deleted.clone(),
            deployments: applied.deployments.clone(),
        }
    }

    pub(crate) async fn again(
        self,
        db: &DatabaseTransaction,
        environment: EnvironmentId,
    ) -> Result<Applied> {
        let revision = match self.revision {
            None => None,
            Some(number) => Some(revision::read(&revision::find(db, environment, number).await?)?),
        };
        Ok(Applied {
            revision,
            applied_count: self.applied_count,
            created: self.created,
            deleted: self.deleted,
            deployments: self.deployments,
        })
    }
}

/// Carries a plan out: configuration, history, deployments, tombstones, news.
pub(crate) async fn carry_out(
    tx: &mut Transaction,
    by: &Mutation,
    bench: &mut Bench,
    plan: Plan,
    message: Message,
    repeated: Option<ServiceId>,
) -> Result<Applied> {
    let environment = bench.environment();
    let place = bench.place();
    let mut revision = None;
    if !plan.changes.is_empty() {
        spec::save(tx, &bench.ground, &plan.spec).await?;
        settle_edits(tx, bench, &plan).await?;
        grave::bury(tx, place, &plan.deleted).await?;
        welcome(tx, environment, &plan.created).await?;
        let written = revision::write(tx, by, environment, &plan, message.clone()).await?;
        tx.tell(
            environment,
            Event::Applied {
                revision: written.clone(),
                changes: plan.changes.iter().map(StagedChange::hidden).collect(),
                edits: plan.done.clone(),
                rebased: plan.rebased.clone(),
            },
        );
        revision = Some(written);
        bench.workspace.spec = plan.spec.clone();
    }
    let new = (plan.deploy.into_iter())
        .map(|(service, config)| New {
            service,
            slug: plan.spec.services[&service].slug.clone(),
            config,
            cause: if repeated == Some(service) { Cause::Redeploy } else { Cause::Apply },
        })
        .collect();
    let deployments = deployment::create(tx, by, place, plan.spec.revision, &message, new).await?;
    Ok(Applied {
        revision,
        applied_count: u64::try_from(plan.changes.len()).unwrap_or(u64::MAX),
        created: plan.created,
        deleted: plan.deleted,
        deployments,
    })
}

async fn settle_edits(tx: &Transaction, bench: &mut Bench, plan: &Plan) -> Result<()> {
    plan.settle(&mut bench.workspace.edits);
    for batch in plan.done.chunks(BATCH) {
        staged_edit::Entity::delete_many()
            .filter(staged_edit::Column::Id.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("settle staged edits"))?;
    }
    for (id, base) in &plan.rebased {
        staged_edit::Entity::update_many()
            .col_expr(staged_edit::Column::Base, Expr::value(signed(base.0)))
            .filter(staged_edit::Column::Id.eq(id.as_uuid()))
            .exec(&tx.db)
            .await
            .map_err(failed("settle staged edits"))?;
    }
    Ok(())
}

/// A row for how each new service is doing.
async fn welcome(
    tx: &Transaction,
    environment: EnvironmentId,
    created: &[ServiceId],
) -> Result<()> {
    for batch in created.chunks(BATCH) {
        let rows = batch.iter().map(|service| service_state::Model {
            environment_id: environment.as_uuid(),
            service_id: service.as_uuid(),
            active: None,
            condition: None,
            why: None,
            since: None,
        });
        service_state::Entity::insert_many(rows.map(IntoActiveModel::into_active_model))
            .exec_without_returning(&tx.db)
            .await
            .map_err(failed("make services"))?;
    }
    Ok(())
}
