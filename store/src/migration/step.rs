//! What a step is made of.

use sea_orm_migration::prelude::*;

/// A step: its tables and indices, in one transaction.
macro_rules! step {
    ($name:literal, $tables:expr, $indices:expr) => {
        pub(super) struct Migration;

        impl sea_orm_migration::MigrationName for Migration {
            fn name(&self) -> &str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }

            async fn up(
                &self,
                schema: &sea_orm_migration::SchemaManager,
            ) -> Result<(), sea_orm::DbErr> {
                for table in $tables {
                    schema.create_table(table).await?;
                }
                for index in $indices {
                    schema.create_index(index).await?;
                }
                Ok(())
            }
        }
    };
}
pub(super) use step;

/// A table of these columns.
pub(super) fn table<const N: usize>(
    name: &'static str,
    columns: [ColumnDef; N],
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    table
}

/// A key of several columns.
pub(super) fn key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    let mut index = Index::create();
    for column in columns {
        index.col(column);
    }
    index
}

/// Goes with the row that it points to.
pub(super) fn within(
    table: &'static str,
    column: &'static str,
    parent: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(parent, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

/// An index that makes a read fast.
pub(super) fn index<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(column);
    }
    index
}

/// An index that also keeps rows apart.
pub(super) fn unique<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    index(name, table, columns).unique().to_owned()
}
