//! What every [`Changes`](crate::changes::Changes) promises of discarding and settling.

use super::{
    Store,
    desk::{Desk, SECRET, is_taken, name, new_service, own},
};
use crate::{
    Address, Content, Error, Field, Message, Replicas, Resource, ServiceId, changes::Keep,
    edit::Edit,
};
use std::time::Duration;

fn replicas(count: u16) -> Content {
    Content::Replicas(Replicas::try_from(count).expect("it is not too many"))
}

/// Sets replicas at once, as the direct way of the API does.
async fn write_replicas(desk: &Desk, service: ServiceId, count: u16) {
    let address = Address::ServiceField(service, Field::Replicas);
    let edits = vec![Edit::Set { address, content: replicas(count) }];
    let written = (desk.store.changes)
        .write(&desk.by, desk.environment, edits, Message::default(), None)
        .await;
    written.expect("it can be written");
}

/// DK-75, W48.
pub async fn discarding_all_leaves_what_is_applied(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let group = desk.group("backend", &[web]).await;
    let before = desk.spec().await;
    desk.staged_service("db").await;
    desk.clear(Address::ServiceField(web, Field::Group)).await;
    desk.variable(Address::GroupVariable(group, "A".parse().expect("a key")), SECRET).await;

    let gone = desk.discard(&[]).await;

    assert_eq!(gone.len(), 3);
    let workspace = desk.workspace().await;
    assert_eq!(workspace.spec, before);
    assert!(workspace.edits.is_empty());
    assert_eq!(workspace.staged(), before);
    desk.close().await;
}

/// DK-76, DK-70, W18.
pub async fn one_change_is_discarded_alone(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.clear(Address::Service(web)).await;
    desk.staged_service("db").await;
    let changes = desk.changes().await;
    let delete = changes.iter().find(|change| change.address == Address::Service(web));

    desk.discard(&[delete.expect("it is staged").id]).await;

    let left = desk.changes().await;
    assert_eq!(left.len(), 1);
    assert!(desk.workspace().await.staged().services.contains_key(&web));

    // W48: a move is undone by its discard, and nothing runs without the group's variables.
    desk.discard(&[]).await;
    let group = desk.group("backend", &[web]).await;
    let address = Address::ServiceField(web, Field::Group);
    desk.clear(address.clone()).await;
    desk.set(Address::ServiceField(web, Field::Replicas), replicas(2)).await;
    let changes = desk.changes().await;
    let moved = changes.iter().find(|change| change.address == address).expect("it is staged");
    desk.discard(&[moved.id]).await;
    assert_eq!(desk.workspace().await.staged().services[&web].group, Some(group));
    assert!(desk.apply_all().await.deployments.is_empty());
    assert_eq!(desk.spec().await.services[&web].group, Some(group));

    // DK-70: the undo of a row takes all edits of that key.
    for value in ["1", "2"] {
        desk.variable(own(web, "A"), value).await;
    }
    let row = desk.waiting().await;
    assert_eq!(desk.discard(&row).await.len(), 2);
    assert!(desk.workspace().await.edits.is_empty());
    desk.close().await;
}

/// DK-77.
pub async fn discarding_a_staged_service_takes_its_edits_along(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    let create = desk.waiting().await[0];
    desk.variable(own(web, "A"), SECRET).await;
    desk.set(Address::ServiceField(web, Field::Replicas), replicas(2)).await;
    desk.variable(super::desk::shared("B"), "1").await;

    desk.discard(&[create]).await;

    let left = desk.workspace().await.edits;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].address, super::desk::shared("B"));
    desk.close().await;
}

/// What depends on a change is shown first.
pub async fn more_than_was_seen_is_not_discarded(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    let create = desk.waiting().await[0];
    desk.variable(own(web, "A"), "1").await;
    let all = desk.waiting().await;

    let refused =
        desk.store.changes.discard(&desk.by, desk.environment, &[create], Some(&[create])).await;
    match refused {
        Err(Error::Incomplete { closure, missing }) => {
            assert_eq!(closure, all);
            assert_eq!(missing, [all[1]]);
        }
        other => panic!("more would go than was seen: {other:?}"),
    }
    assert_eq!(desk.waiting().await, all);

    let agreed =
        desk.store.changes.discard(&desk.by, desk.environment, &[create], Some(&all)).await;
    agreed.expect("all of it was seen");
    assert!(desk.waiting().await.is_empty());
    desk.close().await;
}

/// DK-76.
pub async fn what_is_not_staged_any_more_cannot_be_discarded(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;
    let ids = desk.waiting().await;
    desk.discard(&ids).await;

    let again = desk.store.changes.discard(&desk.by, desk.environment, &ids, None).await;

    assert!(matches!(again, Err(Error::NotNow(_))));
    desk.close().await;
}

/// Discards can be undone, with the ids and authors that they had.
pub async fn a_discard_is_undone(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    desk.variable(own(web, "A"), SECRET).await;
    let before = desk.workspace().await;
    let gone = desk.discard(&[]).await;

    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;

    assert_eq!(restored.expect("they can be brought back").edits, gone);
    let after = desk.workspace().await;
    assert_eq!(after.staged(), before.staged());
    let same = |edits: &[crate::change::StagedEdit]| {
        edits.iter().map(|edit| (edit.id, edit.author, edit.at)).collect::<Vec<_>>()
    };
    assert_eq!(same(&after.edits), same(&before.edits));
    assert!(after.edits[0].seq > before.edits[1].seq, "numbers are never used again");
    let twice = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;
    assert!(twice.is_err(), "they are not discarded any more");
    desk.apply_all().await;
    assert_eq!(desk.environment_of(web).await["A"], SECRET);
    desk.close().await;
}

/// After a day, they are gone.
pub async fn an_old_discard_cannot_be_undone(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;
    let gone = desk.discard(&[]).await;
    desk.store.clock.forward(Duration::from_secs(24 * 60 * 60 + 1));

    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;

    assert!(matches!(restored, Err(Error::NotFound(Resource::Change))));
    desk.close().await;
}

/// A name may have been taken meanwhile.
pub async fn an_undo_that_clashes_is_refused(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("web").await;
    let gone = desk.discard(&[]).await;
    desk.stage(Edit::CreateService(Box::new(new_service("Web")))).await;

    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;

    assert!(is_taken(&restored));
    assert_eq!(desk.waiting().await.len(), 1);
    desk.close().await;
}

/// W12: a conflict is no dead end.
pub async fn a_conflict_ends_with_mine(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    write_replicas(&desk, web, 2).await;
    let ids = desk.waiting().await;
    assert!(matches!(desk.try_apply(&ids).await, Err(Error::Conflict(_))));

    let settled = desk.store.changes.settle(&desk.by, desk.environment, ids[0], Keep::Mine).await;

    settled.expect("it can be settled");
    let change = desk.changes().await.remove(0);
    assert_eq!((change.old, change.new), (Some(replicas(2)), Some(replicas(3))));
    desk.apply_all().await;
    assert_eq!(desk.spec().await.services[&web].replicas.count(), 3);
    desk.close().await;
}

/// W12: a conflict is no dead end.
pub async fn a_conflict_ends_with_theirs(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    desk.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    write_replicas(&desk, web, 2).await;
    let ids = desk.waiting().await;

    let settled = desk.store.changes.settle(&desk.by, desk.environment, ids[0], Keep::Theirs).await;

    settled.expect("it can be settled");
    assert_eq!(desk.waiting().await, ids[1..], "the other change waits on");
    desk.apply_all().await;
    assert_eq!(desk.spec().await.services[&web].replicas.count(), 2);
    desk.close().await;
}

/// Design §3.4: deletes can be undone, also of what was only staged.
pub async fn an_end_is_taken_back(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    desk.variable(own(web, "A"), SECRET).await;
    let before = desk.workspace().await;
    let end = desk.clear(Address::Service(web)).await.edits;
    assert!(desk.changes().await.is_empty());

    assert_eq!(desk.discard(&end).await, end);

    assert_eq!(desk.workspace().await, before);
    let again = desk.store.changes.discard(&desk.by, desk.environment, &end, None).await;
    assert!(matches!(again, Err(Error::NotNow(_))));
    let restored = desk.store.changes.restore(&desk.by, desk.environment, &end).await;
    restored.expect("the end can be brought back");
    assert!(desk.changes().await.is_empty());
    desk.close().await;
}

/// A variable does not come back without its service.
pub async fn an_edit_comes_back_only_to_what_it_is_part_of(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.staged_service("web").await;
    desk.variable(own(web, "A"), "1").await;
    let gone = desk.discard(&[]).await;
    let restore = async |edits| desk.store.changes.restore(&desk.by, desk.environment, edits).await;

    let alone = restore(&gone[1..]).await;
    assert!(matches!(alone, Err(Error::NotNow(_))));
    assert!(desk.workspace().await.edits.is_empty());

    restore(&gone[..1]).await.expect("the service can be brought back");
    restore(&gone[1..]).await.expect("and then its variable");
    desk.apply_all().await;
    assert_eq!(desk.environment_of(web).await["A"], "1");
    desk.close().await;
}

/// DK-89: what was discarded, overtaken and brought back is a conflict like any other.
pub async fn what_was_discarded_meanwhile_still_conflicts(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    desk.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    let gone = desk.discard(&[]).await;
    write_replicas(&desk, web, 2).await;
    let settle =
        async |id, keep| desk.store.changes.settle(&desk.by, desk.environment, id, keep).await;

    assert!(matches!(settle(gone[0], Keep::Mine).await, Err(Error::NotNow(_))), "it is gone");
    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;
    restored.expect("it can be brought back");
    assert!(matches!(desk.try_apply(&gone).await, Err(Error::Conflict(_))));
    settle(gone[0], Keep::Mine).await.expect("it can be settled");
    settle(gone[0], Keep::Mine).await.expect("and again: it says the same");
    desk.try_apply(&gone).await.expect("it is settled");

    assert_eq!(desk.spec().await.services[&web].replicas.count(), 3);
    assert!(matches!(settle(gone[0], Keep::Theirs).await, Err(Error::NotNow(_))), "it is applied");
    let restored = desk.store.changes.restore(&desk.by, desk.environment, &gone).await;
    assert!(matches!(restored, Err(Error::NotFound(Resource::Change))), "so it is not discarded");
    desk.close().await;
}
