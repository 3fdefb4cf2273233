//! Where things lie on the canvas.

use crate::{
    Store, error::failed, staging, table::layout, transaction::Transaction, upsert::upsert,
};
use async_trait::async_trait;
use domain::{
    Address, EnvironmentId, Error, Map, Result,
    access::Mutation,
    event::Event,
    layout::{Layout, Layouts, Node, Position},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

#[async_trait]
impl Layouts for Store {
    async fn place(
        &self,
        by: &Mutation,
        environment: EnvironmentId,
        places: &[(Node, Position)],
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        if tx.find_answer::<()>(by, "layouts.place", &(environment, places)).await?.is_some() {
            return Ok(());
        }
        let loaded = staging::load(&tx.inner, &tx.db, environment).await?;
        let staged = loaded.workspace.staged();
        let spec = &loaded.workspace.spec;
        let exists = |node: &Node| {
            let address = address_of(*node);
            spec.get(&address).is_some() || staged.get(&address).is_some()
        };
        let places: Vec<_> = places.iter().copied().filter(|(node, _)| exists(node)).collect();
        if places.is_empty() {
            return Ok(());
        }
        write(&mut tx, by, environment, &places).await?;
        let nodes: Vec<String> = places.iter().map(|(node, _)| node.to_string()).collect();
        let project = loaded.place().project;
        tx.audit(by, "layouts.place", Some(project), nodes.join(", ")).await?;
        tx.store_answer(by, &()).await?;
        tx.commit().await
    }
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
