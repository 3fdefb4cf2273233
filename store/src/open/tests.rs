use super::{
    connection::{Access, connect},
    directory::DATABASE,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

// DK-165: whichever connection is used, it loses nothing, waits its turn and keeps references whole.
#[tokio::test]
async fn every_connection_is_set_up_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(DATABASE);
    let writer = connect(&path, Access::Write).await.expect("it is made");
    let reader = connect(&path, Access::Read).await.expect("it is there");

    for (db, can_write) in [(&writer, true), (&reader, false)] {
        let ask = async |pragma: &str| -> i64 {
            let query = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
            let row = db.query_one_raw(query).await.expect("an answer").expect("a row");
            row.try_get_by_index(0).expect("a number")
        };
        assert_eq!(ask("foreign_keys").await, 1);
        assert_eq!(ask("busy_timeout").await, 10_000);
        assert_eq!(ask("synchronous").await, 2, "FULL");
        let written = db.execute_unprepared("CREATE TABLE any (id INTEGER)").await;
        assert_eq!(written.is_ok(), can_write);
    }
    let query = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
    let row = reader.query_one_raw(query).await.expect("an answer").expect("a row");
    assert_eq!(row.try_get_by_index::<String>(0).expect("a word"), "wal");
    // A reference to nothing is refused.
    let sql = "CREATE TABLE one (id INTEGER PRIMARY KEY); \
        CREATE TABLE many (one INTEGER REFERENCES one (id)); INSERT INTO many VALUES (1)";
    let refused = writer.execute_unprepared(sql).await.expect_err("there is no such row");
    assert!(refused.to_string().contains("FOREIGN KEY"), "{refused}");
}
