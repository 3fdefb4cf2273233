//! What large environments need: a number that says whether one has changed, and indices for what is
//! looked for in them. And who writes: two processes never do.

use super::step::index;
use async_trait::async_trait;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, text_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_growth"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let version = big_integer("version").default(0).to_owned();
        let column = Table::alter().table("environment").add_column(version).to_owned();
        schema.alter_table(column).await?;
        // Since when nothing lies there any more.
        let column =
            Table::alter().table("layout").add_column(big_integer_null("gone_at")).to_owned();
        schema.alter_table(column).await?;
        // Who writes: whoever opened the database last.
        let column = Table::alter().table("instance").add_column(text_null("writer")).to_owned();
        schema.alter_table(column).await?;
        for index in [
            index("staged_edit_at", "staged_edit", ["environment_id", "address"]),
            index("audit_age", "audit", ["at"]),
            index("revision_age", "revision", ["at"]),
            index("deployment_ended", "deployment", ["ended_at"]),
        ] {
            schema.create_index(index).await?;
        }
        // Those that are on their way or serve: few, however many there were before.
        let open = "CREATE INDEX deployment_open ON deployment (environment_id, service_id) \
                    WHERE over = 0";
        let discarded = "CREATE INDEX staged_edit_discarded ON staged_edit (environment_id, seq) \
                         WHERE discarded_at IS NOT NULL";
        for partial in [open, discarded] {
            schema.get_connection().execute_unprepared(partial).await?;
        }
        Ok(())
    }
}
