//! What every [`Changes`](crate::changes::Changes) promises of applying.

use super::{
    Store,
    desk::{Desk, SECRET, image, is_taken, name, new_service, own, shared, variable},
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
    desk: &Desk,
    edits: Vec<Edit>,
    redeploy: Option<ServiceId>,
) -> crate::Result<(Staging, Applied)> {
    desk.store.changes.write(&desk.by, desk.environment, edits, Message::default(), redeploy).await
}

async fn write(desk: &Desk, edit: Edit) -> (Staging, Applied) {
    try_write(desk, vec![edit], None).await.expect("it can be written")
}

fn replicas(service: ServiceId, count: u16) -> Edit {
    let address = Address::ServiceField(service, Field::Replicas);
    let count = Replicas::try_from(count).expect("it is not too many");
    Edit::Set { address, content: Content::Replicas(count) }
}

/// DK-81, DK-82.
pub async fn an_apply_says_what_it_did(store: Store) {
    let desk = Desk::open(store).await;
    let (old, kept) = (desk.service("old").await, desk.service("kept").await);
    let web = desk.staged_service("web").await;
    desk.clear(Address::Service(old)).await;
    desk.variable(own(kept, "A"), SECRET).await;
    let before = desk.events().await.len();

    let applied = desk.apply_all().await;

    let revision = applied.revision.expect("there is a revision");
    assert_eq!(revision.number, RevisionNumber(3));
    assert_eq!(revision.author, desk.by.actor.user);
    assert_eq!((revision.message.as_str(), revision.changes), ("a message", 3));
    assert_eq!(applied.applied_count, 3);
    assert_eq!((applied.created, applied.deleted), (vec![web], vec![old]));
    let mut services: Vec<ServiceId> =
        applied.deployments.iter().map(|(service, _)| *service).collect();
    services.sort_unstable();
    let mut expected = vec![web, kept];
    expected.sort_unstable();
    assert_eq!(services, expected);
    let events = desk.events().await;
    assert!(matches!(&events[before].event, Event::Applied { changes, .. } if changes.len() == 3));
    let moved =
        events[before..].iter().filter(|event| matches!(event.event, Event::Moved { .. })).count();
    assert_eq!(moved, 3, "one overtaken, two new");
    assert!(desk.workspace().await.edits.is_empty());
    desk.close().await;
}

/// DK-83.
pub async fn an_empty_apply_makes_no_revision(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;

    let applied = desk.try_apply(&[]).await.expect("nothing can be applied");

    assert_eq!(applied, Applied::default());
    assert_eq!(desk.spec().await.revision, RevisionNumber(0));
    assert_eq!(desk.waiting().await.len(), 1);
    desk.close().await;
}

/// DK-79.
pub async fn a_failed_apply_changes_nothing(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(own(web, "GOOD"), "1").await;
    let warned = desk.variable(own(web, "BAD"), "${{nobody.URL}}").await;
    assert_eq!(warned.warnings.len(), 1);
    let (before, events) = (desk.workspace().await, desk.events().await);

    let failed = desk.try_apply(&desk.waiting().await).await;

    match failed {
        Err(Error::Blocked(problems)) => assert_eq!(problems.0, warned.warnings),
        other => panic!("an unknown reference blocks: {other:?}"),
    }
    assert_eq!(desk.workspace().await, before);
    assert_eq!(desk.events().await, events);
    assert_eq!(desk.newest(web).await.generation, 1);
    desk.close().await;
}

/// Apply names exactly what it applies; what that needs is said.
pub async fn an_apply_names_what_it_needs(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    desk.variable(own(web, "A"), "1").await;
    let all = desk.waiting().await;

    match desk.try_apply(&all[1..]).await {
        Err(Error::Incomplete { closure, missing }) => {
            assert_eq!((closure, missing), (all.clone(), vec![all[0]]));
        }
        other => panic!("a variable needs its service: {other:?}"),
    }
    assert_eq!(desk.waiting().await, all);

    desk.try_apply(&all).await.expect("now all is named");
    desk.close().await;
}

/// DK-85, W47.
pub async fn a_part_is_applied_and_the_rest_waits(store: Store) {
    let desk = Desk::open(store).await;
    let (web, db) = (desk.service("web").await, desk.service("db").await);
    desk.variable(own(web, "A"), "1").await;
    desk.variable(own(db, "B"), "2").await;
    let ids = desk.waiting().await;

    let applied = desk.try_apply(&ids[..1]).await.expect("a part can be applied");

    assert_eq!(applied.applied_count, 1);
    assert_eq!(desk.waiting().await, ids[1..]);
    assert!(!desk.environment_of(db).await.contains_key("B"));
    desk.try_apply(&ids[1..]).await.expect("the rest can be applied later");
    assert_eq!(desk.environment_of(db).await["B"], "2");
    desk.close().await;
}

/// DK-85, W47.
pub async fn what_was_edited_since_is_not_applied(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(own(web, "A"), "seen").await;
    let seen = desk.waiting().await;
    let up_to = desk.changes().await[0].seq;
    desk.variable(own(web, "A"), "unseen").await;

    let by_list = desk.try_apply(&seen).await;
    let up_to = (desk.store.changes)
        .apply(&desk.by, desk.environment, Selection::UpTo { up_to }, Message::default())
        .await;

    assert!(matches!(by_list, Err(Error::NotNow(_))));
    assert!(matches!(up_to, Err(Error::NotNow(_))));
    assert_eq!(desk.waiting().await.len(), 1);
    desk.close().await;
}

/// DK-85, W47: what came after the last edit that was seen is not applied.
pub async fn up_to_leaves_what_came_later(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    desk.variable(own(web, "A"), "1").await;
    let up_to = desk.changes().await[1].seq;
    desk.staged_service("later").await;

    let applied = (desk.store.changes)
        .apply(&desk.by, desk.environment, Selection::UpTo { up_to }, Message::default())
        .await
        .expect("it can be applied");

    assert_eq!((applied.applied_count, applied.created), (2, vec![web]));
    assert_eq!(desk.waiting().await.len(), 1);
    desk.close().await;
}

/// Design §3.6: an edit that comes back counts from when it came back, however old it is.
pub async fn up_to_leaves_what_was_brought_back_since(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(own(web, "OLD"), "1").await;
    let gone = desk.discard(&[]).await;
    desk.variable(own(web, "SEEN"), "2").await;
    let up_to = desk.changes().await[0].seq;
    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;

    let applied = (desk.store.changes)
        .apply(&desk.by, desk.environment, Selection::UpTo { up_to }, Message::default())
        .await
        .expect("what was seen can be applied");

    assert_eq!(restored.expect("it comes back").edits, gone);
    assert_eq!(applied.applied_count, 1);
    let seen = desk.environment_of(web).await;
    assert!(seen.contains_key("SEEN") && !seen.contains_key("OLD"), "{:?}", seen.keys());
    assert_eq!(desk.waiting().await, gone, "it waits for somebody who has seen it");
    desk.close().await;
}

/// DK-89, W12.
pub async fn a_conflict_shows_both_values(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.stage(replicas(web, 3)).await;
    desk.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    write(&desk, replicas(web, 2)).await;
    let before = desk.workspace().await;

    match desk.try_apply(&desk.waiting().await).await {
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
    assert_eq!(desk.workspace().await, before, "no edit is lost");
    desk.close().await;
}

/// One of two people applies; the other is told.
pub async fn of_two_applies_at_once_one_wins(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;
    let ids = desk.waiting().await;

    let (a, b) = tokio::join!(desk.try_apply(&ids), desk.try_apply(&ids));

    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    assert_eq!(desk.spec().await.revision, RevisionNumber(1));
    desk.close().await;
}

/// A retry applies nothing and answers the same.
pub async fn applying_twice_with_one_key_is_applying_once(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    let by = desk.keyed("apply-1");
    let selection = Selection::Changes { changes: desk.waiting().await };
    let apply = async || {
        let (changes, message) = (desk.store.changes.clone(), Message::default());
        changes.apply(&by, desk.environment, selection.clone(), message).await
    };

    let first = apply().await.expect("it can be applied");
    let again = apply().await.expect("it answers again");

    assert_eq!(first.revision.map(|it| it.number), again.revision.map(|it| it.number));
    assert_eq!(first.deployments, again.deployments);
    assert_eq!(desk.newest(web).await.generation, 1);
    desk.close().await;
}

/// DK-80.
pub async fn an_edit_of_what_was_deleted_before_is_no_dead_end(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(own(web, "A"), "1").await;
    write(&desk, Edit::Clear { address: Address::Service(web) }).await;
    let ids = desk.waiting().await;

    assert!(matches!(desk.try_apply(&ids).await, Err(Error::Conflict(_))));
    desk.discard(&ids).await;
    assert!(desk.workspace().await.edits.is_empty());

    let db = desk.service("db").await;
    desk.variable(own(db, "A"), "1").await;
    desk.clear(Address::Service(db)).await;
    let applied = desk.apply_all().await;
    assert_eq!((applied.applied_count, applied.deleted), (1, vec![db]));
    assert!(desk.workspace().await.edits.is_empty());
    desk.close().await;
}

/// DK-36, DK-44.
pub async fn a_direct_write_is_one_revision(store: Store) {
    let desk = Desk::open(store).await;
    let mut new = new_service("web");
    let value = crate::edit::NewVariable { value: SECRET.into(), sealed: false };
    new.variables.insert("A".parse().expect("this is a key"), value);

    let (staging, applied) = write(&desk, Edit::CreateService(Box::new(new))).await;
    let web = staging.addresses[0].service().expect("it makes a service");

    assert_eq!(applied.revision.map(|revision| revision.number), Some(RevisionNumber(1)));
    assert_eq!(applied.created, [web]);
    assert_eq!(desk.environment_of(web).await["A"], SECRET);
    assert!(desk.workspace().await.edits.is_empty());

    // DK-45: what is asked for with the image wins over what was there.
    let address = Address::ServiceField(web, Field::Source);
    let edits = vec![
        Edit::Set { address, content: Content::Source(image("app:2")) },
        variable(own(web, "A"), "next"),
    ];
    let (_, applied) = try_write(&desk, edits, Some(web)).await.expect("it can be written");
    assert_eq!(applied.deployments.len(), 1, "once, although it was asked for too");
    let newest = desk.newest(web).await;
    assert_eq!((newest.config.image.as_str(), newest.cause), ("app:2", Cause::Apply));
    assert_eq!(desk.environment_of(web).await["A"], "next");
    desk.close().await;
}

/// Nothing that others prepare is applied or lost by it.
pub async fn a_direct_write_leaves_what_others_have_staged(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(own(web, "A"), "staged").await;
    desk.variable(own(web, "B"), "staged").await;
    let ids = desk.waiting().await;

    write(&desk, variable(own(web, "C"), "written")).await;

    assert_eq!(desk.waiting().await, ids);
    let seen = desk.environment_of(web).await;
    assert_eq!(seen["C"], "written");
    assert!(!seen.contains_key("A"));
    let unknown = try_write(&desk, vec![replicas(ServiceId::new(uuid::Uuid::nil()), 2)], None);
    assert!(matches!(unknown.await, Err(Error::NotFound(Resource::Service))));
    desk.try_apply(&ids).await.expect("it is no conflict");
    desk.close().await;
}

/// DK-38.
pub async fn a_direct_write_minds_staged_names(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;
    let create = Edit::CreateService(Box::new(new_service("Web")));

    assert!(is_taken(&try_write(&desk, vec![create], None).await));
    assert_eq!(desk.spec().await.revision, RevisionNumber(0));
    desk.close().await;
}

/// The same configuration, once more.
pub async fn a_direct_write_can_deploy_the_same_again(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let address = Address::ServiceField(web, Field::Source);
    let same = || {
        let content = Content::Source(image("app:1"));
        vec![Edit::Set { address: address.clone(), content }]
    };

    let (_, quiet) = try_write(&desk, same(), None).await.expect("it can be written");
    let (_, again) = try_write(&desk, same(), Some(web)).await.expect("it can be written");

    assert_eq!(quiet, Applied::default());
    assert_eq!((again.revision, again.deployments.len()), (None, 1));
    let newest = desk.newest(web).await;
    assert_eq!((newest.generation, newest.cause), (2, Cause::Redeploy));
    assert_eq!(newest.revision, RevisionNumber(1));

    let limits = Limits::new(Some(64), None, None).expect("these are limits");
    let address = Address::ServiceField(web, Field::Limits);
    let edit = Edit::Set { address, content: Content::Limits(limits) };
    let (_, limited) = write(&desk, edit).await;
    assert!(limited.deployments.is_empty(), "limits alone deploy nothing");
    desk.close().await;
}

/// Who, when, what they said, what changed.
pub async fn revisions_are_kept_newest_first(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.variable(shared("A"), SECRET).await;
    desk.variable(own(web, "B"), SECRET).await;
    desk.apply_all().await;
    let changes = &desk.store.changes;

    let list = changes.revisions(desk.environment, Page::FIRST).await.expect("it answers");
    let (second, what) =
        changes.revision(desk.environment, RevisionNumber(2)).await.expect("it is kept");
    let unknown = changes.revision(desk.environment, RevisionNumber(3)).await;

    let numbers: Vec<u64> = list.data.iter().map(|revision| revision.number.0).collect();
    assert_eq!((numbers, list.total_count), (vec![2, 1], 2));
    assert_eq!(list.data[0], second);
    let mut addresses: Vec<String> = what.iter().map(|change| change.address.to_string()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, [own(web, "B").to_string(), shared("A").to_string()]);
    assert!(matches!(unknown, Err(Error::NotFound(Resource::Revision))));
    desk.close().await;
}

/// Design §3.5: who deletes something must have seen what was done to it.
pub async fn a_deletion_conflicts_with_what_was_changed_within(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    write(&desk, variable(own(web, "OLD"), "1")).await;
    desk.clear(Address::Service(web)).await;
    let end = desk.waiting().await;
    write(&desk, variable(own(web, "NEW"), "1")).await;

    assert!(matches!(desk.try_apply(&end).await, Err(Error::Conflict(_))));
    let keep = crate::changes::Keep::Mine;
    let settled = desk.store.changes.settle(&desk.by, desk.environment, end[0], keep).await;
    settled.expect("it can be settled");

    assert_eq!(desk.apply_all().await.deleted, [web]);
    desk.close().await;
}
