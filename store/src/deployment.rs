//! Deployments and how services are doing.

mod row;

pub(crate) use row::{read, summary, update};

use crate::{
    Store,
    decide::{Decided, Request},
    error::failed,
    page,
    row::{enum_from_text, json, parse, signed, time, unsigned},
    spec,
    store::Inner,
    table::{deployment, generation, replica, service_state},
    transaction::{BATCH, Concern, Transaction},
    upsert::{insert_all, upsert},
};
use async_trait::async_trait;
use domain::{
    Deployment, DeploymentId, EnvironmentId, Error, Message, ReplicaId, Resource, Result,
    RevisionNumber, ServiceId, Slug, Timestamp,
    access::Mutation,
    deployment::{Cause, DeploymentState, RunConfig, Transition},
    deployments::{DeploymentSummary, Deployments, ReplicaSummary, ServiceState},
    event::Event,
    page::{Page, Paged},
    resolve::EnvironmentRef,
    runtime::ReplicaHandle,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryTrait,
    Statement, sea_query::Expr,
};
use std::collections::BTreeMap;

#[async_trait]
impl Deployments for Store {
    async fn states(&self, environment: EnvironmentId) -> Result<Vec<ServiceState>> {
        let db = self.read().await?;
        spec::find(&db, environment).await?;
        load_states(&db, environment, None).await
    }

    async fn state(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<Option<ServiceState>> {
        let db = self.read().await?;
        spec::find(&db, environment).await?;
        Ok(load_states(&db, environment, Some(&[service])).await?.pop())
    }

    async fn states_of(
        &self,
        environment: EnvironmentId,
        services: &[ServiceId],
    ) -> Result<Vec<ServiceState>> {
        let db = self.read().await?;
        spec::find(&db, environment).await?;
        load_states(&db, environment, Some(services)).await
    }

    async fn list(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        page: Page,
    ) -> Result<Paged<DeploymentSummary>> {
        let db = self.read().await?;
        require_service(&db, environment, service).await?;
        let query = deployment::Entity::find()
            .filter(deployment::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(deployment::Column::ServiceId.eq(service.as_uuid()));
        let query = query.order_by_desc(deployment::Column::Generation);
        let (rows, total_count) =
            page::rows(&db, query, page).await.map_err(failed("list deployments"))?;
        let data = rows.into_iter().map(summary).collect::<Result<_>>()?;
        Ok(page.of(data, total_count))
    }

    async fn get(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<Deployment> {
        let db = self.read().await?;
        find(&self.inner, &db, environment, service, deployment).await
    }

    async fn redeploy(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        message: Message,
    ) -> Result<DeploymentSummary> {
        let (action, concerns) = ("deployments.redeploy", Concern::Rollouts);
        let content = (environment, service, &message);
        let request = Request { by, environment, action, content, concerns };
        let decided = self.decide(request, |loaded| {
            loaded.run_blocking(|workspace| workspace.spec.runnable(loaded.place(), service))
        });
        let (mut tx, base, config) = match decided.await? {
            Decided::Now(tx, loaded, config) => (tx, loaded.base, config),
            Decided::Before(tx, id) => {
                let found = find(&self.inner, &tx.db, environment, service, id).await?;
                return Ok(DeploymentSummary::from(&found));
            }
        };
        let slug = base.spec.services[&service].slug.clone();
        let new = vec![NewDeployment { service, slug, config, cause: Cause::Redeploy }];
        let revision = base.spec.revision;
        let made = create(&mut tx, by, base.place(), revision, &message, new).await?;
        let id = made[0].1;
        let project = base.place().project;
        tx.audit(by, "deployments.redeploy", Some(project), id.to_string()).await?;
        tx.store_answer(by, &id).await?;
        let found = find(&self.inner, &tx.db, environment, service, id).await?;
        tx.commit().await?;
        Ok(DeploymentSummary::from(&found))
    }

    async fn cancel(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Result<DeploymentSummary> {
        let mut tx = self.begin().await?;
        let content = (environment, service, deployment);
        let is_again = tx.find_answer::<()>(by, "deployments.cancel", &content).await?.is_some();
        let mut found = find(&self.inner, &tx.db, environment, service, deployment).await?;
        if is_again {
            return Ok(DeploymentSummary::from(&found));
        }
        if !found.state.is_candidate() {
            let word = found.state.as_str();
            return Err(Error::InvalidState(format!(
                "this deployment is {word}: only one that is on its way can be cancelled"
            )));
        }
        found.state = (found.state.clone())
            .transition(Transition::Cancelled, tx.now)
            .map_err(Error::internal("cancel a deployment"))?;
        found.ended_at = Some(tx.now);
        update(&tx, &found).await?;
        let summary = DeploymentSummary::from(&found);
        let moved = Event::Moved { deployment: Box::new(summary.clone()), active: false };
        tx.emit(environment, moved);
        tx.audit(by, "deployments.cancel", Some(found.project), deployment.to_string()).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await?;
        Ok(summary)
    }

    async fn replicas(
        &self,
        environment: EnvironmentId,
        service: ServiceId,
    ) -> Result<Vec<ReplicaSummary>> {
        let db = self.read().await?;
        require_service(&db, environment, service).await?;
        replica::Entity::find()
            .filter(replica::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(replica::Column::ServiceId.eq(service.as_uuid()))
            .filter(replica::Column::ReleasedAt.is_null())
            .order_by_asc(replica::Column::CreatedAt)
            .order_by_asc(replica::Column::Id)
            .all(&db)
            .await
            .map_err(failed("list replicas"))?
            .into_iter()
            .map(read_replica)
            .collect()
    }
}

fn read_replica(row: replica::Model) -> Result<ReplicaSummary> {
    Ok(ReplicaSummary {
        id: ReplicaId::new(row.id),
        service: ServiceId::new(row.service_id),
        deployment: DeploymentId::new(row.deployment_id),
        index: u16::try_from(row.index).unwrap_or_default(),
        container: row.container.map(ReplicaHandle),
        retired: row.retired_at.is_some(),
        created_at: Timestamp::from_millis(row.created_at),
    })
}

async fn require_service(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    service: ServiceId,
) -> Result<()> {
    let key = (environment.as_uuid(), service.as_uuid());
    match service_state::Entity::find_by_id(key).one(db).await.map_err(failed("find a service"))? {
        Some(_) => Ok(()),
        None => Err(Error::NotFound(Resource::Service)),
    }
}

async fn find(
    inner: &Inner,
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    service: ServiceId,
    id: DeploymentId,
) -> Result<Deployment> {
    deployment::Entity::find_by_id(id.as_uuid())
        .filter(deployment::Column::EnvironmentId.eq(environment.as_uuid()))
        .filter(deployment::Column::ServiceId.eq(service.as_uuid()))
        .one(db)
        .await
        .map_err(failed("find a deployment"))?
        .ok_or(Error::NotFound(Resource::Deployment))
        .and_then(|row| read(inner, row))
}

/// What a summary is made of: not what it ran, which is large, nor its last lines.
const SUMMARY: &str = "d.id, d.project_id, d.environment_id, d.service_id, d.slug, d.generation, \
    d.revision, d.cause, d.author, d.message, d.image, x'' AS config, d.pinned, d.state, d.over, \
    NULL AS log_tail, d.attempts, d.retry_at, d.created_at, d.started_at, d.live_at, d.ended_at";

/// How the services of an environment are doing, or only some of them.
pub(crate) async fn load_states(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    only: Option<&[ServiceId]>,
) -> Result<Vec<ServiceState>> {
    let only: Option<Vec<uuid::Uuid>> =
        only.map(|services| services.iter().map(|service| service.as_uuid()).collect());
    let rows = service_state::Entity::find()
        .filter(service_state::Column::EnvironmentId.eq(environment.as_uuid()))
        .apply_if(only.clone(), |query, ids| {
            query.filter(service_state::Column::ServiceId.is_in(ids))
        })
        .order_by_asc(service_state::Column::ServiceId)
        .all(db)
        .await
        .map_err(failed("read how services are doing"))?;
    // The active one and the newest one of each service, in one read that goes by services: however
    // many deployments there were before costs nothing.
    let those = only.as_ref().map_or_else(String::new, |ids| {
        format!(" AND s.service_id IN ({})", vec!["?"; ids.len()].join(", "))
    });
    let sql = format!(
        "SELECT {SUMMARY} FROM service_state s JOIN deployment d ON d.id = s.active \
         WHERE s.environment_id = ?{those} \
         UNION SELECT {SUMMARY} FROM service_state s \
         JOIN generation g ON g.environment_id = s.environment_id AND g.service_id = s.service_id \
         JOIN deployment d ON d.environment_id = s.environment_id AND d.service_id = s.service_id \
         AND d.generation = g.last WHERE s.environment_id = ?{those}"
    );
    let half = std::iter::once(environment.as_uuid()).chain(only.into_iter().flatten());
    let values: Vec<sea_orm::Value> = half.clone().chain(half).map(Into::into).collect();
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let mut newest: BTreeMap<uuid::Uuid, DeploymentSummary> = BTreeMap::new();
    let mut by_id: BTreeMap<uuid::Uuid, DeploymentSummary> = BTreeMap::new();
    let found = deployment::Entity::find()
        .from_raw_sql(query)
        .all(db)
        .await
        .map_err(failed("read deployments"))?;
    for row in found {
        let (id, service) = (row.id, row.service_id);
        let summary = summary(row)?;
        let is_newest =
            newest.get(&service).is_none_or(|known| known.generation < summary.generation);
        if is_newest {
            newest.insert(service, summary.clone());
        }
        by_id.insert(id, summary);
    }
    rows.into_iter()
        .map(|row| {
            Ok(ServiceState {
                service: ServiceId::new(row.service_id),
                condition: row.condition.as_deref().map(enum_from_text).transpose()?,
                why: row.why,
                since: time(row.since),
                active: row.active.and_then(|id| by_id.get(&id).cloned()),
                newest: newest.remove(&row.service_id),
            })
        })
        .collect()
}

/// A deployment to be made.
pub(crate) struct NewDeployment {
    pub(crate) service: ServiceId,
    pub(crate) slug: Slug,
    pub(crate) config: RunConfig,
    pub(crate) cause: Cause,
}

/// Makes deployments, and overtakes those of the same services that are on their way.
pub(crate) async fn create(
    tx: &mut Transaction,
    by: &Mutation,
    place: EnvironmentRef,
    revision: RevisionNumber,
    message: &Message,
    new: Vec<NewDeployment>,
) -> Result<Vec<(ServiceId, DeploymentId)>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let services: Vec<uuid::Uuid> = new.iter().map(|new| new.service.as_uuid()).collect();
    supersede(tx, place.environment, &services).await?;
    let mut last = last_generations(&tx.db, place.environment, &services).await?;
    let mut made = Vec::new();
    let mut rows = Vec::new();
    for NewDeployment { service, slug, config, cause } in new {
        let generation = last.entry(service.as_uuid()).or_default();
        *generation += 1;
        let deployment = Deployment {
            id: DeploymentId::new(tx.inner.ids.mint()),
            project: place.project,
            environment: place.environment,
            service,
            slug,
            generation: *generation,
            revision,
            cause,
            author: Some(by.actor.user),
            message: message.clone(),
            config,
            image: None,
            state: DeploymentState::Queued { since: tx.now },
            attempts: 0,
            retry_at: None,
            created_at: tx.now,
            started_at: None,
            live_at: None,
            ended_at: None,
        };
        made.push((service, deployment.id));
        rows.push(row::write(tx, &deployment)?);
        let summary = Box::new(DeploymentSummary::from(&deployment));
        tx.emit(place.environment, Event::Moved { deployment: summary, active: false });
    }
    insert_all(tx, rows).await.map_err(failed("make deployments"))?;
    let counts = last.into_iter().map(|(service, last)| generation::Model {
        environment_id: place.environment.as_uuid(),
        service_id: service,
        last: signed(last),
    });
    upsert(tx, counts, [generation::Column::EnvironmentId, generation::Column::ServiceId]).await?;
    Ok(made)
}

/// The last generation of each, also of services that were gone for a while.
async fn last_generations(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    services: &[uuid::Uuid],
) -> Result<BTreeMap<uuid::Uuid, u64>> {
    let mut last: BTreeMap<uuid::Uuid, u64> =
        services.iter().map(|service| (*service, 0)).collect();
    for batch in services.chunks(BATCH) {
        let rows = generation::Entity::find()
            .filter(generation::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(generation::Column::ServiceId.is_in(batch.iter().copied()))
            .all(db)
            .await
            .map_err(failed("count deployments"))?;
        last.extend(rows.into_iter().map(|row| (row.service_id, unsigned(row.last))));
    }
    Ok(last)
}

/// Ends those of these services that are on their way. What they run is not looked at.
async fn supersede(
    tx: &mut Transaction,
    environment: EnvironmentId,
    services: &[uuid::Uuid],
) -> Result<()> {
    let mut ended: BTreeMap<String, Vec<uuid::Uuid>> = BTreeMap::new();
    for batch in services.chunks(BATCH) {
        let rows = deployment::Entity::find()
            .filter(deployment::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(deployment::Column::ServiceId.is_in(batch.iter().copied()))
            .filter(Expr::cust("over = 0"))
            .order_by_asc(deployment::Column::Generation)
            .all(&tx.db)
            .await
            .map_err(failed("find deployments"))?;
        for mut row in rows {
            let before: DeploymentState = parse(&row.state)?;
            if !before.is_candidate() {
                continue;
            }
            let after = (before.transition(Transition::Superseded, tx.now))
                .map_err(Error::internal("supersede a deployment"))?;
            row.state = json(&after)?;
            row.ended_at = Some(tx.now.as_millis());
            ended.entry(row.state.clone()).or_default().push(row.id);
            let deployment = Box::new(summary(row)?);
            tx.emit(environment, Event::Moved { deployment, active: false });
        }
    }
    for (state, ids) in ended {
        for batch in ids.chunks(BATCH) {
            deployment::Entity::update_many()
                .col_expr(deployment::Column::State, Expr::value(state.as_str()))
                .col_expr(deployment::Column::Over, Expr::value(true))
                .col_expr(deployment::Column::EndedAt, Expr::value(tx.now.as_millis()))
                .filter(deployment::Column::Id.is_in(batch.iter().copied()))
                .exec(&tx.db)
                .await
                .map_err(failed("supersede deployments"))?;
        }
    }
    Ok(())
}
