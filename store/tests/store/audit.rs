//! The audit as a chain: what was changed behind its back shows.

use crate::fixture::{StoreFixture, somebody, sql};
use domain::{
    access::InstanceRole,
    account::Accounts,
    audit::{Audit, AuditCheck, Refusal},
    project::Projects,
    testing::contracts::fixture::{mutation, name},
};
use store::{Examined, KeySource, Store};

/// A store in which some things were done, closed.
async fn used() -> StoreFixture {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    for title in ["one", "two", "three"] {
        store.create(&by, name(title)).await.unwrap();
    }
    store.record_refused(&Refusal::of("requests.forbidden")).await.unwrap();
    store.close().await;
    fixture
}

/// What is found after somebody has written to the file.
async fn check_after(statement: &str) -> AuditCheck {
    let fixture = used().await;
    sql(fixture.path(), statement).await;
    fixture.open().await.verify().await.unwrap()
}

// S69
#[tokio::test]
async fn an_entry_that_was_changed_added_or_removed_shows() {
    let whole = AuditCheck { entries: 5, broken_at: None };
    assert_eq!(check_after("SELECT 1").await, whole);

    for (statement, broken_at) in [
        ("UPDATE audit SET target = 'x' WHERE number = 3", 3),
        ("UPDATE audit SET before = 'owner' WHERE number = 1", 1),
        ("UPDATE audit SET outcome = 'done' WHERE number = 5", 5),
        ("UPDATE audit SET count = 2 WHERE number = 5", 5),
        ("UPDATE audit SET source = NULL WHERE number = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE number = 4", 4),
        ("UPDATE audit SET hash = NULL WHERE number = 3", 3),
        ("UPDATE audit SET hash = x'00' WHERE number = 4", 4),
        ("DELETE FROM audit WHERE number = 3", 4),
        ("UPDATE audit SET number = 9 WHERE number = 3", 4),
        (
            "INSERT INTO audit (number, at, via, action, target, request, hash) \
             SELECT 6, at, via, action, target, request, hash FROM audit WHERE number = 4",
            6,
        ),
    ] {
        let check = check_after(statement).await;
        assert_eq!(check.broken_at, Some(broken_at), "{statement}");
    }
}

// S69: also while no server runs.
#[tokio::test]
async fn a_broken_chain_is_found_by_looking() {
    let fixture = used().await;
    let look = async || Store::examine(fixture.path(), &KeySource::DataDir).await.unwrap();
    assert_eq!(look().await, Examined::Sound);

    sql(fixture.path(), "DELETE FROM audit WHERE number = 2").await;

    assert_eq!(look().await, Examined::AuditBroken(3));
}

// S69: entries from before there was a chain, and those that were pruned, break nothing.
#[tokio::test]
async fn the_chain_begins_where_its_oldest_entry_is() {
    let old = "UPDATE audit SET hash = NULL";
    let fixture = used().await;
    sql(fixture.path(), old).await;
    let store = fixture.open().await;
    store.record_refused(&Refusal::of("requests.forbidden")).await.unwrap();
    assert_eq!(store.verify().await.unwrap(), AuditCheck { entries: 1, broken_at: None });

    let pruned = check_after("DELETE FROM audit WHERE number < 3").await;
    assert_eq!(pruned, AuditCheck { entries: 3, broken_at: None });
}

// S69: many at once, and none beside the chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_at_once_make_one_chain() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (store, by) = (store.clone(), by.clone());
        tasks.spawn(async move { store.create(&by, name(&format!("p{number}"))).await.map(drop) });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }

    assert_eq!(store.verify().await.unwrap(), AuditCheck { entries: 33, broken_at: None });
}
