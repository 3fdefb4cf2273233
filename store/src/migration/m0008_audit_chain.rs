//! The audit tells more of each entry, and each entry vouches for the one before.

use async_trait::async_trait;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob_null, text, text_null, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_audit_chain"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            uuid_null("key_id"),
            text("outcome").default("done").to_owned(),
            text_null("before"),
            text_null("after"),
            big_integer("count").default(1).to_owned(),
            blob_null("hash"),
        ] {
            let table = Table::alter().table("audit").add_column(column).to_owned();
            schema.alter_table(table).await?;
        }
        Ok(())
    }
}
