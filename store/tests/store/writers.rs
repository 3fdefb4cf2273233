//! Many at once: everybody gets their turn.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    Clock, Secret,
    access::{InstanceRole, RequestOrigin},
    account::{Accounts, NewTokens, Rotation},
    changes::Changes,
    edit::Edit,
    event::{EventLog, Replay},
    page::Page,
    project::Projects,
    testing::contracts::fixture::{mutation, name},
};
use std::collections::BTreeSet;

fn variable(number: usize) -> Edit {
    Edit::SetVariable {
        address: format!("variables/KEY_{number}").parse().unwrap(),
        value: Secret::from("value"),
        sealed: false,
        only_new: false,
    }
}

// DK-165
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_writers_at_once_all_get_their_turn() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;

    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..64 {
        let (writer, reader, by) = (store.clone(), store.clone(), by.clone());
        tasks
            .spawn(async move { writer.stage(&by, place, vec![variable(number)]).await.map(drop) });
        tasks.spawn(async move { reader.workspace(place).await.map(drop) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().expect("nobody is turned away");
    }

    let edits = store.workspace(place).await.unwrap().edits;
    let numbers: BTreeSet<u64> = edits.iter().map(|edit| edit.seq).collect();
    assert_eq!(numbers, (1..=64).collect());
    let Replay::Events(events) = store.after(place, 0, 1000).await.unwrap() else {
        panic!("all events are kept");
    };
    let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_many_times_at_once_is_done_once() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let mut by = mutation(user.id, InstanceRole::Admin);
    by.idempotency = Some("once".try_into().unwrap());

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (store, by) = (store.clone(), by.clone());
        tasks.spawn(async move { store.create(&by, name("shop")).await.unwrap().id });
    }
    let made: BTreeSet<_> = tasks.join_all().await.into_iter().collect();

    assert_eq!(made.len(), 1);
    assert_eq!(store.list(None, None, Page::FIRST).await.unwrap().total_count, 1);
}

// S66: who has proved nothing yet holds up nobody who writes.
#[tokio::test]
async fn guessed_tokens_take_no_turn_of_the_writers() {
    use sea_orm::{Database, SqliteTransactionMode, TransactionOptions, TransactionTrait};
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let url = format!("sqlite://{}", fixture.path().join("easel.db").display());
    let writer = Database::connect(url).await.unwrap();
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let writing = writer.begin_with_options(options).await.unwrap();
    let end = fixture.clock.now();
    let tokens =
        NewTokens { access: [1; 32], access_expires_at: end, refresh: [2; 32], expires_at: end };

    let refreshed = store.rotate(&[3; 32], tokens, &RequestOrigin::default()).await;
    let session = store.session_by_access(&[3; 32]).await;
    let key = store.api_key_by_digest(&[3; 32]).await;

    assert_eq!(refreshed.unwrap(), Rotation::Unknown);
    assert!(session.unwrap().is_none() && key.unwrap().is_none());
    writing.rollback().await.unwrap();
}

#[tokio::test]
async fn a_key_with_other_content_is_refused() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let mut by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    by.idempotency = Some("once".try_into().unwrap());
    store.stage(&by, place, vec![variable(1)]).await.unwrap();

    let refused = store.stage(&by, place, vec![variable(2)]).await.unwrap_err();

    assert!(matches!(refused, domain::Error::Invalid(_)));
    fixture.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
    store.stage(&by, place, vec![variable(2)]).await.expect("a day later it is a new request");
}

#[tokio::test]
async fn old_events_go_and_readers_are_told() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    store.stage(&by, place, vec![variable(1)]).await.unwrap();
    store.close().await;
    drop(store);
    // As if 5,000 more had happened.
    crate::fixture::sql(fixture.path(), "UPDATE event_count SET number = 5001").await;

    let store = fixture.open().await;
    store.stage(&by, place, vec![variable(2)]).await.unwrap();

    assert_eq!(store.after(place, 0, 10).await.unwrap(), Replay::Gone);
    assert!(
        matches!(store.after(place, 5001, 10).await.unwrap(), Replay::Events(it) if it.len() == 1)
    );
    assert_eq!(store.after(place, 5003, 10).await.unwrap(), Replay::Gone);
}
