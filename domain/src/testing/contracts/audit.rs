//! What every [`Audit`](crate::audit::Audit) promises.

use super::{
    Store,
    fixture::{Fixture, SECRET, new_service, own},
};
use crate::{
    ApiKeyId, Message, Set,
    access::{Actor, AuthMethod, KeyScope, Mutation},
    edit::Edit,
    page::Page,
};
use uuid::Uuid;

/// Tests that an [`Audit`](crate::audit::Audit) keeps its promises.
#[macro_export]
macro_rules! audit_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            audit,
            $store,
            [
                every_mutation_leaves_one_entry,
                an_entry_says_who_how_and_from_where,
                a_refused_mutation_leaves_no_entry,
                a_retry_leaves_no_second_entry,
                entries_are_listed_newest_first_by_project,
                no_entry_holds_a_value,
            ]
        );
    };
}

/// In the order of what was done.
pub async fn every_mutation_leaves_one_entry(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    let gone = fixture.discard(&[]).await;
    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;
    restored.expect("it can be brought back");
    let (environment, message) = (fixture.environment, Message::default());
    let again = fixture.store.deployments.redeploy(&fixture.by, environment, web, message).await;
    let again = again.expect("it can be deployed again").id;
    let cancelled = fixture.store.deployments.cancel(&fixture.by, environment, web, again).await;
    cancelled.expect("it can be cancelled");
    fixture
        .store
        .projects
        .delete(&fixture.by, fixture.project.id)
        .await
        .expect("it can be deleted");

    let actions: Vec<String> =
        fixture.store.audited().await.into_iter().map(|entry| entry.action).collect();

    assert_eq!(
        actions,
        [
            "accounts.register_first",
            "projects.create",
            "changes.stage",
            "changes.apply",
            "changes.stage",
            "changes.discard",
            "changes.restore",
            "deployments.redeploy",
            "deployments.cancel",
            "projects.delete",
        ]
    );
}

/// Also when it was a script.
pub async fn an_entry_says_who_how_and_from_where(store: Store) {
    let fixture = Fixture::open(store).await;
    let key = ApiKeyId::new(Uuid::from_u128(7));
    let via = AuthMethod::ApiKey { key, scopes: Set::from([KeyScope::Stage]), project: None };
    let by = Mutation {
        actor: Actor { via, ..fixture.by.actor.clone() },
        request: "request-2".to_owned(),
        source: None,
        ..fixture.by.clone()
    };
    fixture.staged_service("web").await;
    let edit = Edit::CreateService(Box::new(new_service("db")));
    let staged = fixture.store.changes.stage(&by, fixture.environment, vec![edit]).await;
    let address = staged.expect("it can be staged").addresses.remove(0);

    let entries = fixture.store.audited().await;
    let [.., person, script] = entries.as_slice() else { panic!("there are entries") };

    assert_eq!(person.actor, Some(fixture.by.actor.user));
    assert_eq!((person.via.as_str(), person.request.as_str()), ("session", "request-1"));
    assert_eq!(person.source.as_deref(), Some("192.0.2.7"));
    assert_eq!(person.project, Some(fixture.project.id));
    assert_eq!(person.at, crate::Clock::now(fixture.store.clock.as_ref()));
    assert_eq!((script.via.as_str(), script.request.as_str()), ("api_key", "request-2"));
    assert_eq!(script.source, None);
    assert!(script.target.contains(&address.to_string()), "{}", script.target);
    fixture.close().await;
}

/// All or nothing.
pub async fn a_refused_mutation_leaves_no_entry(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.service("web").await;
    let before = fixture.store.audited().await;

    assert!(fixture.try_stage(Edit::CreateService(Box::new(new_service("web")))).await.is_err());

    assert_eq!(fixture.store.audited().await, before);
}

/// What is done once is written down once.
pub async fn a_retry_leaves_no_second_entry(store: Store) {
    let fixture = Fixture::open(store).await;
    let by = fixture.keyed("retry");
    for _ in 0..2 {
        let edits = vec![Edit::CreateService(Box::new(new_service("web")))];
        let staged = fixture.store.changes.stage(&by, fixture.environment, edits).await;
        staged.expect("it can be staged");
    }

    let entries = fixture.store.audited().await;

    assert_eq!(entries.iter().filter(|entry| entry.action == "changes.stage").count(), 1);
}

/// A project's own, or all of them.
pub async fn entries_are_listed_newest_first_by_project(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    other.staged_service("web").await;
    let audit = &fixture.store.audit;

    let theirs = audit.entries(Some(other.project.id), Page::new(0, 1)).await.expect("it answers");
    let all = audit.entries(None, Page::FIRST).await.expect("it answers");

    assert_eq!(theirs.total_count, 2);
    assert_eq!(theirs.data.len(), 1);
    assert_eq!(theirs.data[0].action, "changes.stage");
    assert_eq!(all.total_count, 4);
    assert!(all.data.windows(2).all(|pair| pair[0].number > pair[1].number));
}

/// Keys of variables may stand there, values never.
pub async fn no_entry_holds_a_value(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), SECRET).await;
    fixture.apply_all().await;
    let revealed =
        fixture.store.changes.reveal(&fixture.by, fixture.environment, &own(web, "A")).await;
    revealed.expect("it can be revealed");

    fixture.close().await;
}
