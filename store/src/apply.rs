//! An apply, carried out: the domain has decided, these are the rows.

use crate::{
    deployment::{self, NewDeployment},
    error::failed,
    loaded::LoadedWorkspace,
    revision,
    rollout::tombstone,
    row::signed,
    spec,
    table::{service_state, staged_edit},
    transaction::{BATCH, Transaction},
};
use domain::{
    DeploymentId, EnvironmentId, Message, Result, RevisionNumber, ServiceId, access::Mutation,
    apply::ApplyPlan, change::StagedChange, changes::Applied, deployment::Cause, event::Event,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

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

    pub(crate) async fn replay(
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
            // Whoever has to look at them was told the first time.
            changed: Vec::new(),
        })
    }
}

/// Carries a plan out: configuration, history, deployments, tombstones, news.
pub(crate) async fn execute(
    tx: &mut Transaction,
    by: &Mutation,
    loaded: &mut LoadedWorkspace,
    plan: ApplyPlan,
    message: Message,
    repeated: Option<ServiceId>,
) -> Result<Applied> {
    let environment = loaded.environment();
    let place = loaded.place();
    let mut revision = None;
    if !plan.changes.is_empty() {
        spec::save(tx, &loaded.base, &plan.spec).await?;
        settle_edits(tx, loaded, &plan).await?;
        tombstone::write_tombstones(tx, place, &plan.deleted).await?;
        insert_service_states(tx, environment, &plan.created).await?;
        let written = revision::write(tx, by, environment, &plan, message.clone()).await?;
        tx.emit(
            environment,
            Event::Applied {
                revision: written.clone(),
                changes: plan.changes.iter().map(StagedChange::hidden).collect(),
                edits: plan.done.clone(),
                rebased: plan.rebased.clone(),
            },
        );
        revision = Some(written);
        loaded.advance(&plan.spec);
    }
    let new = (plan.deploy.into_iter())
        .map(|(service, config)| NewDeployment {
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
        changed: plan.changed,
    })
}

async fn settle_edits(
    tx: &Transaction,
    loaded: &mut LoadedWorkspace,
    plan: &ApplyPlan,
) -> Result<()> {
    plan.settle(&mut loaded.workspace.edits);
    for batch in plan.done.chunks(BATCH) {
        staged_edit::Entity::delete_many()
            .filter(staged_edit::Column::Id.is_in(batch.iter().map(|id| id.as_uuid())))
            .exec(&tx.db)
            .await
            .map_err(failed("settle staged edits"))?;
    }
    let mut rebased: BTreeMap<RevisionNumber, Vec<Uuid>> = BTreeMap::new();
    for (id, base) in &plan.rebased {
        rebased.entry(*base).or_default().push(id.as_uuid());
    }
    for (base, ids) in rebased {
        for batch in ids.chunks(BATCH) {
            staged_edit::Entity::update_many()
                .col_expr(staged_edit::Column::Base, Expr::value(signed(base.0)))
                .filter(staged_edit::Column::Id.is_in(batch.iter().copied()))
                .exec(&tx.db)
                .await
                .map_err(failed("settle staged edits"))?;
        }
    }
    Ok(())
}

/// A row for how each new service is doing.
async fn insert_service_states(
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
