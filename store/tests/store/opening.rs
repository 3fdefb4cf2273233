//! Opening a data directory: everything is checked before anything is changed.

use crate::fixture::{StoreFixture, somebody, sql};
use domain::{
    Error,
    access::InstanceRole,
    account::Accounts,
    event::EventLog,
    page::Page,
    project::Projects,
    rollout::{Ownership, Rollouts, Step},
    testing::contracts::fixture::{mutation, name},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use store::{Examined, KeySource, OpenError, Store};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // The lock says who asked last; SQLite's helpers come and go.
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            ["easel.db", "easel.key", "instance.json"].contains(&name.as_str())
        })
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A directory that was in use, and is not any more.
async fn used() -> StoreFixture {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    store.register_first(somebody("ann@example.com")).await.unwrap();
    store.close().await;
    fixture
}

#[tokio::test]
async fn a_new_directory_is_for_its_owner_only() {
    let fixture = StoreFixture::new();
    let path = fixture.path().join("deep/data");

    let store = fixture.open_at(&path).await.unwrap();

    assert_eq!(mode(&path), 0o700);
    for file in ["easel.key", "easel.db", "easel.db-wal", "easel.lock", "instance.json"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    drop(store);
}

// S72: also one that was there before, or was copied without its modes.
#[tokio::test]
async fn an_existing_directory_becomes_its_owners_only() {
    let fixture = used().await;
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    for file in ["easel.db", "instance.json", "easel.lock"] {
        open(&fixture.path().join(file), 0o644).unwrap();
    }
    open(fixture.path(), 0o755).unwrap();

    let store = fixture.open().await;

    assert_eq!(mode(fixture.path()), 0o700);
    for file in ["easel.db", "easel.db-wal", "instance.json", "easel.lock"] {
        assert_eq!(mode(&fixture.path().join(file)), 0o600, "{file}");
    }
    drop(store);
}

// S72: a directory that others need for something else stays as it is; what is ours in it does not.
#[tokio::test]
async fn a_shared_directory_keeps_its_mode() {
    let fixture = StoreFixture::new();
    fs::write(fixture.path().join("notes.txt"), "of somebody else").unwrap();
    fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o755)).unwrap();

    let store = fixture.open().await;

    assert_eq!(mode(fixture.path()), 0o755);
    assert_eq!(mode(&fixture.path().join("notes.txt")), 0o644);
    for file in ["easel.key", "easel.db", "instance.json"] {
        assert_eq!(mode(&fixture.path().join(file)), 0o600, "{file}");
    }
    drop(store);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let fixture = used().await;

    let store = fixture.open().await;

    assert!(store.has_users().await.unwrap());
}

#[tokio::test]
async fn instance_and_epoch_stay_over_restarts() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let (instance, epoch) = (store.instance(), store.epoch().await.unwrap());
    store.close().await;
    drop(store);

    let again = fixture.open().await;

    assert_eq!(again.instance(), instance);
    assert_eq!(again.epoch().await.unwrap(), epoch);
}

#[tokio::test]
async fn a_directory_in_use_is_refused_and_says_by_whom() {
    let fixture = StoreFixture::new();
    let first = fixture.open().await;

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::Held { .. }));
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())));
    first.close().await;
    drop(first);
    fixture.try_open().await.expect("it is free again");
}

#[tokio::test]
async fn another_databases_key_is_refused_and_changes_nothing() {
    let fixture = used().await;
    let other = used().await;
    fs::copy(other.path().join("easel.key"), fixture.path().join("easel.key")).unwrap();
    let before = contents(fixture.path());

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::WrongKey { .. }), "{refused}");
    assert_eq!(contents(fixture.path()), before);
}

#[tokio::test]
async fn a_missing_key_is_not_made_anew() {
    let fixture = used().await;
    fs::remove_file(fixture.path().join("easel.key")).unwrap();

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::KeyMissing { .. }), "{refused}");
    assert!(!fixture.path().join("easel.key").exists());
}

#[tokio::test]
async fn a_key_file_elsewhere_is_used_and_never_made() {
    let fixture = StoreFixture::new();
    let elsewhere = fixture.path().join("credential");
    let open = async || {
        let keys = KeySource::File(elsewhere.clone());
        let (ids, clock, bus) = (fixture.ids.clone(), fixture.clock.clone(), fixture.bus.clone());
        Store::open(&fixture.path().join("data"), keys, ids, clock, bus).await
    };

    let refused = open().await.unwrap_err();
    assert!(matches!(refused, OpenError::KeyMissing { .. }), "{refused}");

    let other = used().await;
    fs::copy(other.path().join("easel.key"), &elsewhere).unwrap();
    open().await.expect("the key is there now");
    assert!(!fixture.path().join("data/easel.key").exists());
}

#[tokio::test]
async fn a_newer_database_says_which_version_it_needs() {
    let fixture = used().await;
    sql(fixture.path(), "INSERT INTO seaql_migrations VALUES ('m9999_later', 0)").await;
    sql(fixture.path(), "UPDATE instance SET written_by = '9.9.9'").await;
    let before = contents(fixture.path());

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(&refused, OpenError::Newer { needed } if needed == "9.9.9"), "{refused}");
    assert_eq!(contents(fixture.path()), before);
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    for damage in ["head", "middle"] {
        let fixture = used().await;
        let path = fixture.path().join("easel.db");
        let mut bytes = fs::read(&path).unwrap();
        match damage {
            "head" => bytes[..64].fill(b'x'),
            _ => {
                let half = bytes.len() / 2;
                bytes[half..].fill(0xa5);
            }
        }
        fs::write(&path, &bytes).unwrap();

        let refused = fixture.try_open().await.unwrap_err();

        assert!(matches!(refused, OpenError::Corrupt { .. }), "{damage}: {refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{damage}");
    }
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let fixture = StoreFixture::new();
    fs::write(fixture.path().join("easel.db"), b"").unwrap();
    sql(fixture.path(), "CREATE TABLE recipes (id INTEGER)").await;
    let key = used().await;
    fs::copy(key.path().join("easel.key"), fixture.path().join("easel.key")).unwrap();

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::NotEasel { .. }), "{refused}");
}

#[tokio::test]
async fn a_lost_database_is_not_begun_anew() {
    let fixture = used().await;
    for file in ["easel.db", "easel.db-wal", "easel.db-shm"] {
        let _ = fs::remove_file(fixture.path().join(file));
    }

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::DatabaseMissing { .. }), "{refused}");
    assert!(!fixture.path().join("easel.db").exists());
}

/// What the reconciler is told of the engine.
async fn ownership(store: &Store) -> Ownership {
    let fence = store.acquire_fence().await.unwrap();
    store.desired(fence).await.unwrap().ownership
}

async fn bind(store: &Store, fixture: &StoreFixture) {
    use domain::Clock;
    let fence = store.acquire_fence().await.unwrap();
    let step = Step::EngineBound { engine: "engine-1".to_owned() };
    store.record(fence, fixture.clock.now(), &[step]).await.unwrap();
}

#[tokio::test]
async fn a_copied_directory_only_observes_until_a_person_confirms() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    bind(&store, &fixture).await;
    store.close().await;
    let copy = tempfile::tempdir().unwrap();
    for file in ["easel.db", "easel.key", "instance.json"] {
        fs::copy(fixture.path().join(file), copy.path().join(file)).unwrap();
    }

    let store = fixture.open_at(copy.path()).await.unwrap();

    assert!(matches!(ownership(&store).await, Ownership::Doubtful { .. }));
    store.close().await;
    drop(store);
    let store = fixture.open_at(copy.path()).await.unwrap();
    assert!(matches!(ownership(&store).await, Ownership::Doubtful { .. }), "it stays in doubt");
    store.confirm_engine("engine-2").await.unwrap();
    assert_eq!(ownership(&store).await, Ownership::Bound { engine: "engine-2".to_owned() });
    store.close().await;
    drop(store);
    let store = fixture.open_at(copy.path()).await.unwrap();
    assert_eq!(ownership(&store).await, Ownership::Bound { engine: "engine-2".to_owned() });
}

#[tokio::test]
async fn an_older_database_in_its_place_only_observes() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    bind(&store, &fixture).await;
    store.close().await;
    drop(store);
    let backup = fs::read(fixture.path().join("easel.db")).unwrap();
    let store = fixture.open().await;
    let last = store.acquire_fence().await.unwrap();
    store.close().await;
    drop(store);
    fs::write(fixture.path().join("easel.db"), backup).unwrap();

    let store = fixture.open().await;

    let fence = store.acquire_fence().await.unwrap();
    assert!(fence > last, "fences only grow");
    let desired = store.desired(fence).await.unwrap();
    assert!(matches!(desired.ownership, Ownership::Doubtful { .. }));
}

#[tokio::test]
async fn a_database_without_its_file_beside_only_observes() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    bind(&store, &fixture).await;
    store.close().await;
    drop(store);
    fs::remove_file(fixture.path().join("instance.json")).unwrap();

    let store = fixture.open().await;

    assert!(matches!(ownership(&store).await, Ownership::Doubtful { .. }));
}

// DK-165
#[tokio::test]
async fn the_database_is_set_up_to_lose_nothing() {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let fixture = used().await;
    let url = format!("sqlite://{}", fixture.path().join("easel.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    let ask = async |sql: &str| -> String {
        let query = Statement::from_string(DbBackend::Sqlite, sql);
        db.query_one_raw(query).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    };

    assert_eq!(ask("PRAGMA journal_mode").await, "wal");
    let version = ask("SELECT sqlite_version()").await;
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![3, 51, 3], "{version} has bugs that lose data");
}

#[tokio::test]
async fn an_emptied_database_is_not_begun_anew() {
    let fixture = used().await;
    for name in ["easel.db", "easel.db-wal", "easel.db-shm"] {
        let _not_there = fs::remove_file(fixture.path().join(name));
    }
    // What is left of a database whose journal was not copied along.
    let other = StoreFixture::new();
    let store = other.open().await;
    fs::copy(other.path().join("easel.db"), fixture.path().join("easel.db")).unwrap();
    drop(store);
    let before = contents(fixture.path());

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::DatabaseMissing { .. }), "{refused}");
    assert_eq!(contents(fixture.path()), before);
}

#[tokio::test]
async fn what_would_keep_it_from_being_opened_is_found_by_looking() {
    let look =
        async |fixture: &StoreFixture| Store::examine(fixture.path(), &KeySource::DataDir).await;
    let new = StoreFixture::new();
    assert_eq!(look(&new).await.unwrap(), Examined::New);
    let fixture = used().await;
    let before = contents(fixture.path());
    assert_eq!(look(&fixture).await.unwrap(), Examined::Sound);
    assert_eq!(contents(fixture.path()), before);

    let key = fs::read(fixture.path().join("easel.key")).unwrap();
    let other = used().await;
    fs::copy(other.path().join("easel.key"), fixture.path().join("easel.key")).unwrap();
    assert!(matches!(look(&fixture).await, Err(OpenError::WrongKey { .. })));
    fs::write(fixture.path().join("easel.key"), "no key").unwrap();
    assert!(matches!(look(&fixture).await, Err(OpenError::Key(_))));
    fs::remove_file(fixture.path().join("easel.key")).unwrap();
    assert!(matches!(look(&fixture).await, Err(OpenError::KeyMissing { .. })));
    fs::write(fixture.path().join("easel.key"), key).unwrap();
    fs::set_permissions(fixture.path().join("easel.key"), fs::Permissions::from_mode(0o600))
        .unwrap();

    sql(fixture.path(), "INSERT INTO seaql_migrations VALUES ('m9999_future', 1)").await;
    assert!(matches!(look(&fixture).await, Err(OpenError::Newer { .. })));
    sql(fixture.path(), "DELETE FROM seaql_migrations WHERE version = 'm9999_future'").await;
    sql(fixture.path(), "UPDATE instance SET doubt = 'a copy?'").await;
    assert_eq!(look(&fixture).await.unwrap(), Examined::Doubtful("a copy?".to_owned()));
    fs::write(fixture.path().join("easel.db"), "no database ".repeat(1000)).unwrap();
    assert!(matches!(look(&fixture).await, Err(OpenError::Corrupt { .. })));
}

// Whoever removes the lock file removes no lock.
#[tokio::test]
async fn a_second_one_is_refused_also_without_the_lock_file() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    fs::remove_file(fixture.path().join("easel.lock")).unwrap();

    let refused = fixture.try_open().await.unwrap_err();

    assert!(matches!(refused, OpenError::Held { .. }), "{refused}");
    store.close().await;
    drop(store);
    fixture.open().await;
}

// Where no lock reaches (another host, another kernel), what the database says does.
#[tokio::test]
async fn one_whose_database_was_opened_by_another_writes_nothing_any_more() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    sql(fixture.path(), "UPDATE instance SET writer = 'another'").await;

    let refused = store.create(&by, name("shop")).await;

    assert!(matches!(&refused, Err(Error::Unavailable { what, .. }) if what.contains("stop one")));
    assert!(store.acquire_fence().await.is_err(), "nor does its reconciler");
    let page = Projects::list(&store, None, None, Page::FIRST).await.unwrap();
    assert_eq!(page.total_count, 0);
    store.close().await;
    drop(store);
    let store = fixture.open().await;
    store.create(&by, name("shop")).await.expect("whoever opened it last writes");
}

// A browser that goes on where it was must not take a backup's numbers for a continuation.
#[tokio::test]
async fn a_restored_backup_and_a_copy_have_logs_of_their_own() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    bind(&store, &fixture).await;
    let first = store.epoch().await.unwrap();
    store.close().await;
    drop(store);
    let backup = fs::read(fixture.path().join("easel.db")).unwrap();
    let store = fixture.open().await;
    assert_eq!(store.epoch().await.unwrap(), first, "a restart continues it");
    store.acquire_fence().await.unwrap();
    store.close().await;
    drop(store);
    fs::write(fixture.path().join("easel.db"), backup).unwrap();

    let store = fixture.open().await;

    let restored = store.epoch().await.unwrap();
    assert_ne!(restored, first);
    store.confirm_engine("engine").await.unwrap();
    let adopted = store.epoch().await.unwrap();
    assert!(adopted != restored && adopted != first);
    store.confirm_engine("engine").await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), adopted, "there was nothing to adopt");
}
