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
use std::{io::Write, path::Path, process::Command, sync::Arc, time::Duration};
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

/// A small disk, until it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where there is no right to mount one, and nobody expects it.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "easel-test"])
            .arg(folder.path())
            .status();
        if mounted.is_ok_and(|it| it.success()) {
            return Some(Self(folder));
        }
        let must_run = std::env::var_os("EASEL_TEST_ENGINE").is_some();
        assert!(!must_run, "this test mounts a small disk: run it as root");
        None
    }

    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.path().join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

async fn readiness(running: &super::Running) -> domain::api::system::Readiness {
    let url = format!("http://{}/api/ready", running.address);
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

// F17: started on a full disk it says so, and nothing of the engine; it stops when it is told to, and with
// the space it begins.
#[tokio::test]
async fn a_server_started_on_a_full_disk_names_the_disk_stops_cleanly_and_begins_with_the_space() {
    crate::tls::ready();
    let Some(disk) = Disk::mount() else { return };
    let data = disk.0.path().join("data");
    let mut config = config(&data);
    if let Some(engine) = std::env::var_os("EASEL_TEST_ENGINE") {
        config.docker_host = engine.to_str().unwrap().parse().unwrap();
    }
    let run = async || {
        let stop = CancellationToken::new();
        let running = super::run(&config, stop.clone()).await.unwrap();
        (running, stop)
    };
    let (first, stop) = run().await;
    stop.cancel();
    first.end().await.unwrap();
    // Somebody reads, so that the journal is there although the disk is full.
    let url = format!("sqlite://{}?mode=rwc", data.join("easel.db").display());
    let reader = Database::connect(url).await.unwrap();
    sessions(&reader).await;
    disk.fill();

    let (full, stop) = run().await;
    let said = readiness(&full).await;
    tokio::time::timeout(Duration::from_secs(10), until_asked(&full)).await.unwrap();
    let later = readiness(&full).await;
    stop.cancel();
    let ended = full.end().await;
    let (again, stop) = run().await;
    disk.free();
    let begun = tokio::time::timeout(Duration::from_secs(10), async {
        while !readiness(&again).await.space {
            tokio::task::yield_now().await;
        }
    });

    begun.await.unwrap();
    assert!(!said.ready && !said.space, "{said:?}");
    assert!(said.advice[0].contains("disk"), "{said:?}");
    assert_eq!(
        later.advice.len(),
        1 + usize::from(!later.engine),
        "nobody else is to blame: {later:?}"
    );
    ended.unwrap();
    stop.cancel();
    again.end().await.unwrap();
    reader.close().await.unwrap();
}

/// Waits until the engine has been asked how it is, if there is one.
async fn until_asked(running: &super::Running) {
    let has_engine = std::env::var_os("EASEL_TEST_ENGINE").is_some();
    while has_engine && !readiness(running).await.engine {
        tokio::task::yield_now().await;
    }
}
