use super::start;
use crate::{
    Config, ProcessEnv,
    config::{Layer, Settings},
};
use domain::{
    Clock, Name, Secret,
    access::{InstanceRole, RequestOrigin},
    account::{Accounts, NewSession, NewUser, REFRESH_TTL, SessionKind},
    testing::ManualClock,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::{path::Path, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// A server's settings: nobody else reaches it, and there is no engine.
fn config(data: &Path) -> Config {
    let layer = Layer {
        addr: Some("127.0.0.1:0".parse().unwrap()),
        data_dir: Some(data.to_owned()),
        docker_host: Some(format!("unix://{}/no-engine.sock", data.display())),
        ..Layer::default()
    };
    Config::build(&Settings { config: None, layer }, &ProcessEnv::default()).unwrap()
}

/// How many sessions are written down, ended or not.
async fn sessions(db: &DatabaseConnection) -> i64 {
    let query = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM session");
    let row = db.query_one_raw(query).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

// DK-20
#[tokio::test]
async fn sessions_that_have_ended_are_forgotten_within_the_hour() {
    let data = tempfile::tempdir().unwrap();
    let (clock, stop) = (Arc::new(ManualClock::default()), CancellationToken::new());
    let running = start(&config(data.path()), clock.clone(), stop.clone()).await.unwrap();
    let ada = NewUser {
        email: "ada@example.org".parse().unwrap(),
        name: Name::try_from("Ada").unwrap(),
        role: InstanceRole::Admin,
        password_hash: Secret::from("no hash"),
    };
    let user = running.store.register_first(ada).await.unwrap().id;
    let session = |seed: u8, expires_at| NewSession {
        user,
        kind: SessionKind::Token,
        device: "laptop".to_owned(),
        access: [seed; 32],
        access_expires_at: expires_at,
        refresh: None,
        expires_at,
        origin: RequestOrigin::default(),
    };
    let soon = clock.now().plus(REFRESH_TTL);
    running.store.open_session(session(1, soon)).await.unwrap();
    running.store.open_session(session(2, soon.plus(Duration::from_secs(7200)))).await.unwrap();
    let url = format!("sqlite://{}?mode=ro", data.path().join("easel.db").display());
    let db = Database::connect(url).await.unwrap();
    assert_eq!(sessions(&db).await, 2);

    clock.advance(REFRESH_TTL + Duration::from_secs(3600));
    let forgotten = tokio::time::timeout(Duration::from_secs(30), async {
        while sessions(&db).await == 2 {
            tokio::task::yield_now().await;
        }
    });

    forgotten.await.expect("the ended one is forgotten");
    assert_eq!(sessions(&db).await, 1, "the other one goes on");
    db.close().await.unwrap();
    stop.cancel();
    running.end().await.unwrap();
}
