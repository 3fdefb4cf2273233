//! What every [`Changes`](crate::changes::Changes) promises of applying.

use super::{
    Store,
    fixture::{Fixture, SECRET, image, is_taken, name, new_service, own, shared, variable},
};
use crate::{
    Address, Content, Error, Field, Limits, Message, Replicas, Resource, RevisionNumber, ServiceId,
    changes::{Applied, Selection, Staging},
    deployment::Cause,
    edit::Edit,
    event::Event,
    page::Page,
};

async fn try_write(
    fixture: &Fixture,
    edits: Vec<Edit>,
    redeploy: Option<ServiceId>,
) -> crate::Result<(Staging, Applied)> {
    fixture
        .store
        .changes
        .write(&fixture.by, fixture.environment, edits, Message::default(), redeploy)
        .await
}

async fn write(fixture: &Fixture, edit: Edit) -> (Staging, Applied) {
    try_write(fixture, vec![edit], None).await.expect("it can be written")
}

fn replicas(service: ServiceId, count: u16) -> Edit {
    let address = Address::ServiceField(service, Field::Replicas);
    let count = Replicas::try_from(count).expect("it is not too many");
    Edit::Set { address, content: Content::Replicas(count) }
}

/// DK-81, DK-82.
pub async fn an_apply_says_what_it_did(store: Store) {
    let fixture = Fixture::open(store).await;
    let (old, kept) = (fixture.service("old").await, fixture.service("kept").await);
    let web = fixture.staged_service("web").await;
    fixture.clear(Address::Service(old)).await;
    fixture.variable(own(kept, "A"), SECRET).await;
    let before = fixture.events().await.len();

    let applied = fixture.apply_all().await;

    let revision = applied.revision.expect("there is a revision");
    assert_eq!(revision.number, RevisionNumber(3));
    assert_eq!(revision.author, fixture.by.actor.user);
    assert_eq!((revision.message.as_str(), revision.changes), ("a message", 3));
    assert_eq!(applied.applied_count, 3);
    assert_eq!((applied.created, applied.deleted), (vec![web], vec![old]));
    let mut services: Vec<ServiceId> =
        applied.deployments.iter().map(|(service, _)| *service).collect();
    services.sort_unstable();
    let mut expected = vec![web, kept];
    expected.sort_unstable();
    assert_eq!(services, expected);
    let events = fixture.events().await;
    assert!(matches!(&events[before].event, Event::Applied { changes, .. } if changes.len() == 3));
    let moved =
        events[before..].iter().filter(|event| matches!(event.event, Event::Moved { .. })).count();
    assert_eq!(moved, 3, "one overtaken, two new");
    assert!(fixture.workspace().await.edits.is_empty());
    fixture.close().await;
}

/// DK-83.
pub async fn an_empty_apply_makes_no_revision(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;

    let applied = fixture.try_apply(&[]).await.expect("nothing can be applied");

    assert_eq!(applied, Applied::default());
    assert_eq!(fixture.spec().await.revision, RevisionNumber(0));
    assert_eq!(fixture.waiting().await.len(), 1);
    fixture.close().await;
}

/// DK-79.
pub async fn a_failed_apply_changes_nothing(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "GOOD"), "1").await;
    let warned = fixture.variable(own(web, "BAD"), "${{nobody.URL}}").await;
    assert_eq!(warned.warnings.len(), 1);
    let (before, events) = (fixture.workspace().await, fixture.events().await);

    let failed = fixture.try_apply(&fixture.waiting().await).await;

    match failed {
        Err(Error::Blocked(problems)) => assert_eq!(problems.0, warned.warnings),
        other => panic!("an unknown reference blocks: {other:?}"),
    }
    assert_eq!(fixture.workspace().await, before);
    assert_eq!(fixture.events().await, events);
    assert_eq!(fixture.newest(web).await.generation, 1);
    fixture.close().await;
}

/// Apply names exactly what it applies; what that needs is said.
pub async fn an_apply_names_what_it_needs(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    let all = fixture.waiting().await;

    match fixture.try_apply(&all[1..]).await {
        Err(Error::Incomplete { closure, missing }) => {
            assert_eq!((closure, missing), (all.clone(), vec![all[0]]));
        }
        other => panic!("a variable needs its service: {other:?}"),
    }
    assert_eq!(fixture.waiting().await, all);

    fixture.try_apply(&all).await.expect("now all is named");
    fixture.close().await;
}

/// DK-85, W47.
pub async fn a_part_is_applied_and_the_rest_waits(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    fixture.variable(own(web, "A"), "1").await;
    fixture.variable(own(db, "B"), "2").await;
    let ids = fixture.waiting().await;

    let applied = fixture.try_apply(&ids[..1]).await.expect("a part can be applied");

    assert_eq!(applied.applied_count, 1);
    assert_eq!(fixture.waiting().await, ids[1..]);
    assert!(!fixture.environment_of(db).await.contains_key("B"));
    fixture.try_apply(&ids[1..]).await.expect("the rest can be applied later");
    assert_eq!(fixture.environment_of(db).await["B"], "2");
    fixture.close().await;
}

/// DK-85, W47.
pub async fn what_was_edited_since_is_not_applied(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), "seen").await;
    let seen = fixture.waiting().await;
    let up_to = fixture.changes().await[0].seq;
    fixture.variable(own(web, "A"), "unseen").await;

    let by_list = fixture.try_apply(&seen).await;
    let up_to = (fixture.store.changes)
        .apply(&fixture.by, fixture.environment, Selection::UpTo { up_to }, Message::default())
        .await;

    assert!(matches!(by_list, Err(Error::InvalidState(_))));
    assert!(matches!(up_to, Err(Error::InvalidState(_))));
    assert_eq!(fixture.waiting().await.len(), 1);
    fixture.close().await;
}

/// DK-85, W47: what came after the last edit that was seen is not applied.
pub async fn up_to_leaves_what_came_later(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    let up_to = fixture.changes().await[1].seq;
    fixture.staged_service("later").await;

    let applied = (fixture.store.changes)
        .apply(&fixture.by, fixture.environment, Selection::UpTo { up_to }, Message::default())
        .await
        .expect("it can be applied");

    assert_eq!((applied.applied_count, applied.created), (2, vec![web]));
    assert_eq!(fixture.waiting().await.len(), 1);
    fixture.close().await;
}

/// Design §3.6: an edit that comes back counts from when it came back, however old it is.
pub async fn up_to_leaves_what_was_brought_back_since(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "OLD"), "1").await;
    let gone = fixture.discard(&[]).await;
    fixture.variable(own(web, "SEEN"), "2").await;
    let up_to = fixture.changes().await[0].seq;
    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;

    let applied = (fixture.store.changes)
        .apply(&fixture.by, fixture.environment, Selection::UpTo { up_to }, Message::default())
        .await
        .expect("what was seen can be applied");

    assert_eq!(restored.expect("it comes back").edits, gone);
    assert_eq!(applied.applied_count, 1);
    let seen = fixture.environment_of(web).await;
    assert!(seen.contains_key("SEEN") && !seen.contains_key("OLD"), "{:?}", seen.keys());
    assert_eq!(fixture.waiting().await, gone, "it waits for somebody who has seen it");
    fixture.close().await;
}

/// DK-89, W12.
pub async fn a_conflict_shows_both_values(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.stage(replicas(web, 3)).await;
    fixture.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    write(&fixture, replicas(web, 2)).await;
    let before = fixture.workspace().await;

    match fixture.try_apply(&fixture.waiting().await).await {
        Err(Error::Conflict(conflicts)) => {
            let conflict = &conflicts.0[0];
            let count = |count| {
                Some(Content::Replicas(Replicas::try_from(count).expect("it is not too many")))
            };
            assert_eq!(conflicts.0.len(), 1);
            assert_eq!(conflict.address, Address::ServiceField(web, Field::Replicas));
            assert_eq!((&conflict.mine, &conflict.theirs), (&count(3), &count(2)));
            assert!(conflicts.to_string().contains("web's replicas"), "{conflicts}");
        }
        other => panic!("the address has moved: {other:?}"),
    }
    assert_eq!(fixture.workspace().await, before, "no edit is lost");
    fixture.close().await;
}

/// One of two people applies; the other is told.
pub async fn of_two_applies_at_once_one_wins(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;
    let ids = fixture.waiting().await;

    let (a, b) = tokio::join!(fixture.try_apply(&ids), fixture.try_apply(&ids));

    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    assert_eq!(fixture.spec().await.revision, RevisionNumber(1));
    fixture.close().await;
}

/// A retry applies nothing and answers the same.
pub async fn applying_twice_with_one_key_is_applying_once(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    let by = fixture.keyed("apply-1");
    let selection = Selection::Changes { changes: fixture.waiting().await };
    let apply = async || {
        let (changes, message) = (fixture.store.changes.clone(), Message::default());
        changes.apply(&by, fixture.environment, selection.clone(), message).await
    };

    let first = apply().await.expect("it can be applied");
    let again = apply().await.expect("it answers again");

    assert_eq!(first.revision.map(|it| it.number), again.revision.map(|it| it.number));
    assert_eq!(first.deployments, again.deployments);
    assert_eq!(fixture.newest(web).await.generation, 1);
    fixture.close().await;
}

/// DK-80.
pub async fn an_edit_of_what_was_deleted_before_is_no_dead_end(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    write(&fixture, Edit::Clear { address: Address::Service(web) }).await;
    let ids = fixture.waiting().await;

    assert!(matches!(fixture.try_apply(&ids).await, Err(Error::Conflict(_))));
    fixture.discard(&ids).await;
    assert!(fixture.workspace().await.edits.is_empty());

    let db = fixture.service("db").await;
    fixture.variable(own(db, "A"), "1").await;
    fixture.clear(Address::Service(db)).await;
    let applied = fixture.apply_all().await;
    assert_eq!((applied.applied_count, applied.deleted), (1, vec![db]));
    assert!(fixture.workspace().await.edits.is_empty());
    fixture.close().await;
}

/// DK-36, DK-44.
pub async fn a_direct_write_is_one_revision(store: Store) {
    let fixture = Fixture::open(store).await;
    let mut new = new_service("web");
    let value = crate::edit::NewVariable { value: SECRET.into(), sealed: false };
    new.variables.insert("A".parse().expect("this is a key"), value);

    let (staging, applied) = write(&fixture, Edit::CreateService(Box::new(new))).await;
    let web = staging.addresses[0].service().expect("it makes a service");

    assert_eq!(applied.revision.map(|revision| revision.number), Some(RevisionNumber(1)));
    assert_eq!(applied.created, [web]);
    assert_eq!(fixture.environment_of(web).await["A"], SECRET);
    assert!(fixture.workspace().await.edits.is_empty());

    // DK-45: what is asked for with the image wins over what was there.
    let address = Address::ServiceField(web, Field::Source);
    let edits = vec![
        Edit::Set { address, content: Content::Source(image("app:2")) },
        variable(own(web, "A"), "next"),
    ];
    let (_, applied) = try_write(&fixture, edits, Some(web)).await.expect("it can be written");
    assert_eq!(applied.deployments.len(), 1, "once, although it was asked for too");
    let newest = fixture.newest(web).await;
    assert_eq!((newest.config.image.as_str(), newest.cause), ("app:2", Cause::Apply));
    assert_eq!(fixture.environment_of(web).await["A"], "next");
    fixture.close().await;
}

/// Nothing that others prepare is applied or lost by it.
pub async fn a_direct_write_leaves_what_others_have_staged(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), "staged").await;
    fixture.variable(own(web, "B"), "staged").await;
    let ids = fixture.waiting().await;

    write(&fixture, variable(own(web, "C"), "written")).await;

    assert_eq!(fixture.waiting().await, ids);
    let seen = fixture.environment_of(web).await;
    assert_eq!(seen["C"], "written");
    assert!(!seen.contains_key("A"));
    let unknown = try_write(&fixture, vec![replicas(ServiceId::new(uuid::Uuid::nil()), 2)], None);
    assert!(matches!(unknown.await, Err(Error::NotFound(Resource::Service))));
    fixture.try_apply(&ids).await.expect("it is no conflict");
    fixture.close().await;
}

/// DK-38.
pub async fn a_direct_write_minds_staged_names(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;
    let create = Edit::CreateService(Box::new(new_service("Web")));

    assert!(is_taken(&try_write(&fixture, vec![create], None).await));
    assert_eq!(fixture.spec().await.revision, RevisionNumber(0));
    fixture.close().await;
}

/// The same configuration, once more.
pub async fn a_direct_write_can_deploy_the_same_again(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let address = Address::ServiceField(web, Field::Source);
    let same = || {
        let content = Content::Source(image("app:1"));
        vec![Edit::Set { address: address.clone(), content }]
    };

    let (_, quiet) = try_write(&fixture, same(), None).await.expect("it can be written");
    let (_, again) = try_write(&fixture, same(), Some(web)).await.expect("it can be written");

    assert_eq!(quiet, Applied::default());
    assert_eq!((again.revision, again.deployments.len()), (None, 1));
    let newest = fixture.newest(web).await;
    assert_eq!((newest.generation, newest.cause), (2, Cause::Redeploy));
    assert_eq!(newest.revision, RevisionNumber(1));

    let limits = Limits::new(Some(64), None, None).expect("these are limits");
    let address = Address::ServiceField(web, Field::Limits);
    let edit = Edit::Set { address, content: Content::Limits(limits) };
    let (_, limited) = write(&fixture, edit).await;
    assert!(limited.deployments.is_empty(), "limits alone deploy nothing");
    fixture.close().await;
}

/// Who, when, what they said, what changed.
pub async fn revisions_are_kept_newest_first(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(shared("A"), SECRET).await;
    fixture.variable(own(web, "B"), SECRET).await;
    fixture.apply_all().await;
    let changes = &fixture.store.changes;

    let list = changes.revisions(fixture.environment, Page::FIRST).await.expect("it answers");
    let (second, what) =
        changes.revision(fixture.environment, RevisionNumber(2)).await.expect("it is kept");
    let unknown = changes.revision(fixture.environment, RevisionNumber(3)).await;

    let numbers: Vec<u64> = list.data.iter().map(|revision| revision.number.0).collect();
    assert_eq!((numbers, list.total_count), (vec![2, 1], 2));
    assert_eq!(list.data[0], second);
    let mut addresses: Vec<String> = what.iter().map(|change| change.address.to_string()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, [own(web, "B").to_string(), shared("A").to_string()]);
    assert!(matches!(unknown, Err(Error::NotFound(Resource::Revision))));
    fixture.close().await;
}

/// Design §3.5: who deletes something must have seen what was done to it.
pub async fn a_deletion_conflicts_with_what_was_changed_within(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    write(&fixture, variable(own(web, "OLD"), "1")).await;
    fixture.clear(Address::Service(web)).await;
    let end = fixture.waiting().await;
    write(&fixture, variable(own(web, "NEW"), "1")).await;

    assert!(matches!(fixture.try_apply(&end).await, Err(Error::Conflict(_))));
    let keep = crate::changes::Keep::Mine;
    let settled =
        fixture.store.changes.settle(&fixture.by, fixture.environment, end[0], keep).await;
    settled.expect("it can be settled");

    assert_eq!(fixture.apply_all().await.deleted, [web]);
    fixture.close().await;
}
