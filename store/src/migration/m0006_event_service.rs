//! Which service an event is about, so that a service's history is found without reading all.

use super::step::index;
use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::uuid_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_event_service"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let column = Table::alter().table("event").add_column(uuid_null("service_id")).to_owned();
        schema.alter_table(column).await?;
        let columns = ["environment_id", "service_id", "number"];
        schema.create_index(index("event_of", "event", columns)).await
    }
}
