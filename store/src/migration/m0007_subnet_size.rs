//! How large a subnet is stands in its row. Until now each was a /24, by its first address.

use async_trait::async_trait;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_subnet_size"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let sized = Query::update()
            .table("environment")
            .value("subnet", Expr::cust("subnet || '/24'"))
            .and_where(Expr::col("subnet").is_not_null())
            .to_owned();
        schema.exec_stmt(sized).await
    }
}
