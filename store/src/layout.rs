//! Where things lie on the canvas.

use crate::{
    Store,
    error::failed,
    spec,
    table::{layout, staged_edit},
    transaction::{BATCH, Concern, Transaction},
    upsert::upsert,
};
use async_trait::async_trait;
use domain::{
    Address, EnvironmentId, Error, Map, Result, Set,
    access::Mutation,
    event::Event,
    layout::{Layout, Layouts, Node, Position},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement, sea_query::Expr,
};
use std::iter;
use uuid::Uuid;

#[async_trait]
impl Layouts for Store {
    async fn place(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        asked: &[(Node, Position)],
    ) -> Result<()> {
        let db = self.read().await?;
        let (row, _) = spec::find(&db, environment).await?;
        let known = existing(&db, environment, asked.iter().map(|(node, _)| *node)).await?;
        drop(db);
        let places: Vec<_> =
            asked.iter().copied().filter(|(node, _)| known.contains(node)).collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_for(Concern::People).await?;
        if tx.find_answer::<()>(by, "layouts.place", &(environment, asked)).await?.is_some() {
            return Ok(());
        }
        // Whatever has gone in between goes on with a place for a while, which nobody sees.
        write(&mut tx, by, environment, &places).await?;
        let nodes: Vec<String> = places.iter().map(|(node, _)| node.to_string()).collect();
        let project = Some(row.project_id.into());
        tx.audit(by, "layouts.place", project, nodes.join(", ")).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }
}

/// Those of these nodes that are applied, or staged: no more is read than that takes.
async fn existing(
    db: &DatabaseTransaction,
    environment: EnvironmentId,
    nodes: impl Iterator<Item = Node>,
) -> Result<Set<Node>> {
    let doing = failed("look for what lies on the canvas");
    let asked: Vec<Node> = nodes.collect::<Set<_>>().into_iter().collect();
    let mut known = Set::new();
    for batch in asked.chunks(BATCH) {
        for (table, column, ids) in [
            (
                "service_config",
                "service_id",
                ids(batch, |node| match node {
                    Node::Service(id) => Some(id.as_uuid()),
                    _ => None,
                }),
            ),
            (
                "group_config",
                "group_id",
                ids(batch, |node| match node {
                    Node::Group(id) => Some(id.as_uuid()),
                    _ => None,
                }),
            ),
            (
                "volume_config",
                "volume_id",
                ids(batch, |node| match node {
                    Node::Volume(id) => Some(id.as_uuid()),
                    _ => None,
                }),
            ),
        ] {
            if ids.is_empty() {
                continue;
            }
            let marks = vec!["?"; ids.len()].join(", ");
            let sql = format!(
                "SELECT {column} FROM {table} WHERE environment_id = ? AND {column} IN ({marks})"
            );
            let values =
                iter::once(environment.as_uuid().into()).chain(ids.keys().map(|id| (*id).into()));
            let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
            for row in db.query_all_raw(query).await.map_err(&doing)? {
                let id: Uuid = row.try_get_by_index(0).map_err(&doing)?;
                known.extend(ids.get(&id).copied());
            }
        }
    }
    let staged: Map<String, Node> = (asked.into_iter())
        .filter(|node| !known.contains(node))
        .map(|node| (address_of(node).to_string(), node))
        .collect();
    let addresses: Vec<&String> = staged.keys().collect();
    for batch in addresses.chunks(BATCH) {
        let rows: Vec<(String, bool)> = staged_edit::Entity::find()
            .select_only()
            .column(staged_edit::Column::Address)
            .column_as(Expr::cust("content IS NOT NULL"), "makes")
            .filter(staged_edit::Column::EnvironmentId.eq(environment.as_uuid()))
            .filter(staged_edit::Column::DiscardedAt.is_null())
            .filter(staged_edit::Column::Address.is_in(batch.iter().map(|it| it.as_str())))
            .order_by_asc(staged_edit::Column::Seq)
            .into_tuple()
            .all(db)
            .await
            .map_err(&doing)?;
        // The last edit of each says what it comes to.
        let last: Map<String, bool> = rows.into_iter().collect();
        known.extend(last.iter().filter(|(_, makes)| **makes).map(|(address, _)| staged[address]));
    }
    Ok(known)
}

/// The ids of those nodes that are of a kind.
fn ids(nodes: &[Node], of: impl Fn(&Node) -> Option<Uuid>) -> Map<Uuid, Node> {
    nodes.iter().filter_map(|node| Some((of(node)?, *node))).collect()
}

fn address_of(node: Node) -> Address {
    match node {
        Node::Service(id) => Address::Service(id),
        Node::Group(id) => Address::Group(id),
        Node::Volume(id) => Address::Volume(id),
    }
}

/// Moves nodes, the last place of each; tells readers.
pub(crate) async fn write(
    tx: &mut Transaction,
    by: &Mutation,
    environment: EnvironmentId,
    places: &[(Node, Position)],
) -> Result<()> {
    let latest: Map<Node, Position> = places.iter().copied().collect();
    if latest.is_empty() {
        return Ok(());
    }
    let rows = latest.iter().map(|(node, position)| layout::Model {
        environment_id: environment.as_uuid(),
        node: node.to_string(),
        x: position.x,
        y: position.y,
        gone_at: None,
    });
    upsert(tx, rows, [layout::Column::EnvironmentId, layout::Column::Node]).await?;
    let event = Event::Placed { by: by.actor.user, places: latest.into_iter().collect() };
    tx.emit(environment, event);
    Ok(())
}

/// Where everything lies.
pub(crate) async fn load(db: &DatabaseTransaction, environment: EnvironmentId) -> Result<Layout> {
    layout::Entity::find()
        .filter(layout::Column::EnvironmentId.eq(environment.as_uuid()))
        .all(db)
        .await
        .map_err(failed("read the layout"))?
        .into_iter()
        .map(|row| {
            let node = Node::try_from(row.node).map_err(Error::internal("read the layout"))?;
            Ok((node, Position { x: row.x, y: row.y }))
        })
        .collect()
}
