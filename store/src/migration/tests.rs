use super::Migrator;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

async fn fresh() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("memory holds a database")
}

/// The schema as SQL, sorted, without what belongs to the bookkeeping.
async fn schema(db: &DatabaseConnection) -> String {
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL \
               AND tbl_name NOT IN ('seaql_migrations', 'sqlite_sequence') ORDER BY tbl_name, name";
    let query = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = db.query_all_raw(query).await.expect("the schema can be read");
    let lines: Vec<String> =
        rows.iter().map(|row| row.try_get_by_index(0).expect("it is text")).collect();
    lines.join("\n")
}

// DK-164
#[tokio::test]
async fn every_step_runs_once() {
    let db = fresh().await;
    Migrator::up(&db, None).await.expect("all steps run");
    let first = schema(&db).await;

    Migrator::up(&db, None).await.expect("there is nothing left to run");

    assert_eq!(schema(&db).await, first);
    let applied = Migrator::get_applied_migrations(&db).await.expect("it can be asked");
    assert_eq!(applied.len(), Migrator::migrations().len());
}

// DK-164
#[tokio::test]
async fn steps_one_by_one_lead_where_all_at_once_do() {
    let at_once = fresh().await;
    Migrator::up(&at_once, None).await.expect("all steps run");
    let one_by_one = fresh().await;

    for _ in Migrator::migrations() {
        Migrator::up(&one_by_one, Some(1)).await.expect("the next step runs");
    }

    assert_eq!(schema(&one_by_one).await, schema(&at_once).await);
}

// DK-164: an old database has run the old step. What is different comes by a new one.
#[tokio::test]
async fn a_shipped_step_never_changes() {
    let db = fresh().await;
    for step in Migrator::migrations() {
        let before = schema(&db).await;
        Migrator::up(&db, Some(1)).await.expect("the next step runs");
        let after = schema(&db).await;
        let added: Vec<&str> =
            after.lines().filter(|line| before.lines().all(|known| known != *line)).collect();

        insta::assert_snapshot!(step.name(), added.join("\n"));
    }
}

// DK-164, design §4: networks of an installation from before stay as they are.
#[tokio::test]
async fn subnets_from_before_are_a_24_each() {
    let db = fresh().await;
    Migrator::up(&db, Some(6)).await.expect("the steps of before run");
    let insert = |id: u8, subnet: &str| {
        format!(
            "INSERT INTO environment (id, project_id, name, slug, created_at, revision, edit_seq, \
             pending, subnet) VALUES (x'{id:032x}', x'00', 'e', 'e{id}', 0, 0, 0, 0, {subnet})"
        )
    };
    db.execute_unprepared("PRAGMA foreign_keys = OFF").await.expect("no project is needed");
    for (id, subnet) in [(1, "'10.215.3.0'"), (2, "'10.215.4.0'"), (3, "NULL")] {
        db.execute_unprepared(&insert(id, subnet)).await.expect("it is inserted");
    }

    Migrator::up(&db, None).await.expect("the new steps run");

    let sql = "SELECT subnet FROM environment ORDER BY id";
    let query = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = db.query_all_raw(query).await.expect("they can be read");
    let subnets: Vec<Option<String>> =
        rows.iter().map(|row| row.try_get_by_index(0).expect("it is text")).collect();
    let subnets: Vec<_> = subnets.iter().map(Option::as_deref).collect();
    assert_eq!(subnets, [Some("10.215.3.0/24"), Some("10.215.4.0/24"), None]);
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing() {
    let db = fresh().await;
    Migrator::up(&db, Some(1)).await.expect("the first step runs");
    // The second step's last index cannot be made: its name is taken.
    db.execute_unprepared("CREATE TABLE api_key_of (id INTEGER)").await.expect("it is made");
    let before = schema(&db).await;

    Migrator::up(&db, None).await.expect_err("the second step cannot run");

    assert_eq!(schema(&db).await, before);
}
