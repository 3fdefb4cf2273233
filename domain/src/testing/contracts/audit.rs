//! What every [`Audit`](crate::audit::Audit) promises.

use super::{
    Store,
    fixture::{Fixture, SECRET, mutation, name, new_service, own},
};
use crate::{
    ApiKeyId, Message, Set,
    access::{Actor, AuthMethod, KeyScope, Mutation, ProjectRole, RequestOrigin},
    account::{ACCESS_TTL, NewApiKey, NewSession, SessionKind},
    audit::{AuditOutcome, Refusal},
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
                a_membership_is_told_with_what_it_was_and_is,
                what_is_made_and_ended_is_told_by_words,
                a_session_is_told_with_the_request_that_opened_it,
                what_was_refused_is_told_too,
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
    assert_eq!((person.key, script.key), (None, Some(key)));
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

/// S69: the role and the direction.
pub async fn a_membership_is_told_with_what_it_was_and_is(store: Store) {
    let fixture = Fixture::open(store).await;
    let bob = fixture.store.person("bob@example.com").await.id;
    let steps = [Some(ProjectRole::Viewer), Some(ProjectRole::Owner), None, None];
    for role in steps {
        let (projects, project) = (&fixture.store.projects, fixture.project.id);
        projects.set_member(&fixture.by, project, bob, role).await.expect("an owner may");
    }

    let entries = fixture.store.audited().await;

    let told: Vec<_> = (entries.iter())
        .filter(|entry| entry.action == "projects.set_member")
        .map(|entry| (entry.target.clone(), entry.before.as_deref(), entry.after.as_deref()))
        .collect();
    let told_of = |before, after| (bob.to_string(), before, after);
    assert_eq!(
        told,
        [
            told_of(None, Some("viewer")),
            told_of(Some("viewer"), Some("owner")),
            told_of(Some("owner"), None),
            told_of(None, None),
        ]
    );
}

/// S69.
pub async fn what_is_made_and_ended_is_told_by_words(store: Store) {
    let fixture = Fixture::open(store).await;
    let (by, project) = (&fixture.by, fixture.project.id);
    let key = NewApiKey {
        description: name("robot"),
        prefix: "abcd1234".to_owned(),
        digest: [1; 32],
        scopes: Set::from([KeyScope::Read, KeyScope::Deploy]),
        project: Some(project),
        expires_at: None,
    };
    let key = fixture.store.accounts.create_api_key(by, key).await.expect("it is made");
    fixture.store.accounts.delete_api_key(by, key.id).await.expect("it is there");
    fixture.store.projects.delete(by, project).await.expect("an owner may");

    let entries = fixture.store.audited().await;

    let told: Vec<_> = (entries.iter())
        .map(|entry| (entry.action.as_str(), entry.before.as_deref(), entry.after.as_deref()))
        .collect();
    assert_eq!(
        told[1..],
        [
            ("projects.create", None, Some("shop")),
            ("accounts.create_api_key", None, Some("read, deploy")),
            ("accounts.delete_api_key", Some("read, deploy"), None),
            ("projects.delete", Some("shop"), None),
        ]
    );
}

/// S69: who signs in has no session yet, and a request all the same.
pub async fn a_session_is_told_with_the_request_that_opened_it(store: Store) {
    let user = store.person("ann@example.com").await;
    let origin =
        RequestOrigin { request: "request-7".to_owned(), source: Some("192.0.2.9".to_owned()) };
    let now = crate::Clock::now(store.clock.as_ref());
    let new = NewSession {
        user: user.id,
        kind: SessionKind::Browser,
        device: "a browser".to_owned(),
        access: [1; 32],
        access_expires_at: now.plus(ACCESS_TTL),
        refresh: None,
        expires_at: now.plus(ACCESS_TTL),
        origin: origin.clone(),
    };
    let session = store.accounts.open_session(new).await.expect("it is opened").id;
    let by = Mutation { request: "request-8".to_owned(), ..mutation(user.id, user.role) };
    store.accounts.close_session(&by, session).await.expect("it is open");

    let entries = store.audited().await;

    let [.., opened, closed] = entries.as_slice() else { panic!("there are entries") };
    assert_eq!((opened.action.as_str(), opened.actor), ("accounts.open_session", Some(user.id)));
    assert_eq!((&opened.request, &opened.source), (&origin.request, &origin.source));
    assert_eq!((closed.action.as_str(), closed.request.as_str()), (CLOSED, "request-8"));
    assert_eq!(closed.source, by.source);
}

const CLOSED: &str = "accounts.close_session";

/// S69: how often, by whom, and that nothing was done.
pub async fn what_was_refused_is_told_too(store: Store) {
    let fixture = Fixture::open(store).await;
    let key = ApiKeyId::new(Uuid::from_u128(7));
    let refusal = Refusal {
        actor: Some(fixture.by.actor.user),
        via: "api_key".to_owned(),
        key: Some(key),
        project: Some(fixture.project.id),
        target: "a line\nof two".to_owned(),
        count: 7,
        request: "request-9".to_owned(),
        source: Some("192.0.2.9".to_owned()),
        ..Refusal::of("requests.forbidden")
    };
    fixture.store.audit.record_refused(&refusal).await.expect("it is written");
    fixture.staged_service("web").await;

    let page = fixture.store.audit.entries(Some(fixture.project.id), Page::new(0, 2)).await;
    let page = page.expect("it answers").data;

    assert_eq!(page[0].outcome, AuditOutcome::Done);
    let told = &page[1];
    assert_eq!((told.outcome, told.count, told.key), (AuditOutcome::Refused, 7, Some(key)));
    assert_eq!((&told.action, &told.target), (&refusal.action, &refusal.target));
    assert_eq!((told.actor, &told.source), (refusal.actor, &refusal.source));
    let check = fixture.store.audit.verify().await.expect("it answers");
    assert_eq!((check.entries, check.broken_at), (4, None));
}
