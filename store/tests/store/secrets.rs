//! Values rest encrypted, each in its own place.

use crate::fixture::{StoreFixture, somebody, sql};
use domain::{
    Clock, Error, Map, Message, Secret,
    access::InstanceRole,
    account::Accounts,
    changes::{Changes, Selection},
    deployment::{Failure, Transition},
    edit::{Edit, NewVariable},
    project::Projects,
    rollout::{Rollouts, Step},
    testing::contracts::fixture::{mutation, name, new_service},
};
use std::{fs, path::Path};

const PLANTED: &str = "planted-secret-4711";

fn service(title: &str, value: &str) -> Edit {
    let variable = NewVariable { value: Secret::from(value), sealed: false };
    let variables = Map::from([("TOKEN".try_into().unwrap(), variable)]);
    Edit::CreateService(Box::new(domain::edit::NewService { variables, ..new_service(title) }))
}

fn hits(directory: &Path, needle: &str) -> Vec<String> {
    let found = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && found(&fs::read(path).unwrap()))
        .map(|path| path.display().to_string())
        .collect()
}

// DK-69, DK-180, S48
#[tokio::test]
async fn the_files_give_no_secret_away() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let mut by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    by.idempotency = Some("once".try_into().unwrap());
    store.stage(&by, place, vec![service("web", PLANTED)]).await.unwrap();
    by.idempotency = None;
    let all = Selection::UpTo { up_to: u64::MAX };
    let applied = store.apply(&by, place, all, Message::default()).await.unwrap();
    let staged = store.stage(&by, place, vec![service("db", PLANTED)]).await.unwrap();
    store.discard(&by, place, &staged.edits, None).await.unwrap();
    let fence = store.acquire_fence().await.unwrap();
    let failure = Failure {
        reason: "it ended".to_owned(),
        exit_code: Some(1),
        log_tail: Some(Secret::from(PLANTED)),
    };
    let deployment = applied.deployments[0].1;
    let step = Step::Reached { deployment, transition: Transition::Failed(failure) };
    store.record(fence, fixture.clock.now(), &[step]).await.unwrap();

    // The search finds what is there.
    assert!(!hits(fixture.path(), "ann@example.com").is_empty());
    assert_eq!(hits(fixture.path(), PLANTED), Vec::<String>::new());
    assert_eq!(hits(fixture.path(), "planted-hash-4711"), Vec::<String>::new());
    store.close().await;
    assert!(!hits(fixture.path(), "ann@example.com").is_empty());
    assert_eq!(hits(fixture.path(), PLANTED), Vec::<String>::new());
}

// DK-180, S48
#[tokio::test]
async fn a_value_moved_to_another_row_cannot_be_read() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    let edits = vec![service("web", "one"), service("db", "two")];
    store.write(&by, place, edits, Message::default(), None).await.unwrap();
    store.workspace(place).await.expect("it can be read as it is");
    store.close().await;
    drop(store);

    let swap = "UPDATE variable SET value = \
                (SELECT other.value FROM variable other WHERE other.address != variable.address)";
    sql(fixture.path(), swap).await;

    let store = fixture.open().await;
    let refused = store.workspace(place).await.unwrap_err();
    assert!(matches!(refused, Error::Internal { .. }));
    assert!(!format!("{refused:?}").contains("one"));
}
