//! Whether a name may ever have led to a replica: only then its address is held after its end. And a quick
//! way to who has an address.

use super::step::index;
use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::boolean};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_replica_served"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        // Of those from before nobody knows: their addresses are held, as they were.
        let column = boolean("has_served").default(true).to_owned();
        schema.alter_table(Table::alter().table("replica").add_column(column).to_owned()).await?;
        schema.create_index(index("replica_at", "replica", ["environment_id", "address"])).await
    }
}
