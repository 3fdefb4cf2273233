//! Long lists, a part at a time.

use domain::page::Page;
use sea_orm::{
    DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QuerySelect, Select,
};

/// The rows of a part of a list, and how long the whole is.
pub(crate) async fn rows<E, M>(
    db: &DatabaseTransaction,
    query: Select<E>,
    page: Page,
) -> Result<(Vec<M>, u64), DbErr>
where
    E: EntityTrait<Model = M>,
    M: FromQueryResult + Send + Sync,
{
    let total_count = query.clone().count(db).await?;
    Ok((query.offset(page.offset).limit(page.limit).all(db).await?, total_count))
}
