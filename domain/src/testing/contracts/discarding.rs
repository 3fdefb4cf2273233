//! What every [`Changes`](crate::changes::Changes) promises of discarding and settling.

use super::{
    Store,
    fixture::{Fixture, SECRET, is_taken, name, new_service, own},
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
async fn write_replicas(fixture: &Fixture, service: ServiceId, count: u16) {
    let address = Address::ServiceField(service, Field::Replicas);
    let edits = vec![Edit::Set { address, content: replicas(count) }];
    let written = (fixture.store.changes)
        .write(&fixture.by, fixture.environment, edits, Message::default(), None)
        .await;
    written.expect("it can be written");
}

/// DK-75, W48.
pub async fn discarding_all_leaves_what_is_applied(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let group = fixture.group("backend", &[web]).await;
    let before = fixture.spec().await;
    fixture.staged_service("db").await;
    fixture.clear(Address::ServiceField(web, Field::Group)).await;
    fixture.variable(Address::GroupVariable(group, "A".parse().expect("a key")), SECRET).await;

    let gone = fixture.discard(&[]).await;

    assert_eq!(gone.len(), 3);
    let workspace = fixture.workspace().await;
    assert_eq!(workspace.spec, before);
    assert!(workspace.edits.is_empty());
    assert_eq!(workspace.staged(), before);
    fixture.close().await;
}

/// DK-76, DK-70, W18.
pub async fn one_change_is_discarded_alone(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.clear(Address::Service(web)).await;
    fixture.staged_service("db").await;
    let changes = fixture.changes().await;
    let delete = changes.iter().find(|change| change.address == Address::Service(web));

    fixture.discard(&[delete.expect("it is staged").id]).await;

    let left = fixture.changes().await;
    assert_eq!(left.len(), 1);
    assert!(fixture.workspace().await.staged().services.contains_key(&web));

    // W48: a move is undone by its discard, and nothing runs without the group's variables.
    fixture.discard(&[]).await;
    let group = fixture.group("backend", &[web]).await;
    let address = Address::ServiceField(web, Field::Group);
    fixture.clear(address.clone()).await;
    fixture.set(Address::ServiceField(web, Field::Replicas), replicas(2)).await;
    let changes = fixture.changes().await;
    let moved = changes.iter().find(|change| change.address == address).expect("it is staged");
    fixture.discard(&[moved.id]).await;
    assert_eq!(fixture.workspace().await.staged().services[&web].group, Some(group));
    assert!(fixture.apply_all().await.deployments.is_empty());
    assert_eq!(fixture.spec().await.services[&web].group, Some(group));

    // DK-70: the undo of a row takes all edits of that key.
    for value in ["1", "2"] {
        fixture.variable(own(web, "A"), value).await;
    }
    let row = fixture.waiting().await;
    assert_eq!(fixture.discard(&row).await.len(), 2);
    assert!(fixture.workspace().await.edits.is_empty());
    fixture.close().await;
}

/// DK-77.
pub async fn discarding_a_staged_service_takes_its_edits_along(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    let create = fixture.waiting().await[0];
    fixture.variable(own(web, "A"), SECRET).await;
    fixture.set(Address::ServiceField(web, Field::Replicas), replicas(2)).await;
    fixture.variable(super::fixture::shared("B"), "1").await;

    fixture.discard(&[create]).await;

    let left = fixture.workspace().await.edits;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].address, super::fixture::shared("B"));
    fixture.close().await;
}

/// What depends on a change is shown first.
pub async fn more_than_was_seen_is_not_discarded(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    let create = fixture.waiting().await[0];
    fixture.variable(own(web, "A"), "1").await;
    let all = fixture.waiting().await;

    let refused = fixture
        .store
        .changes
        .discard(&fixture.by, fixture.environment, &[create], Some(&[create]))
        .await;
    match refused {
        Err(Error::Incomplete { closure, missing }) => {
            assert_eq!(closure, all);
            assert_eq!(missing, [all[1]]);
        }
        other => panic!("more would go than was seen: {other:?}"),
    }
    assert_eq!(fixture.waiting().await, all);

    let agreed = fixture
        .store
        .changes
        .discard(&fixture.by, fixture.environment, &[create], Some(&all))
        .await;
    agreed.expect("all of it was seen");
    assert!(fixture.waiting().await.is_empty());
    fixture.close().await;
}

/// DK-76.
pub async fn what_is_not_staged_any_more_cannot_be_discarded(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;
    let ids = fixture.waiting().await;
    fixture.discard(&ids).await;

    let again = fixture.store.changes.discard(&fixture.by, fixture.environment, &ids, None).await;

    assert!(matches!(again, Err(Error::InvalidState(_))));
    fixture.close().await;
}

/// Discards can be undone, with the ids and authors that they had.
pub async fn a_discard_is_undone(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), SECRET).await;
    let before = fixture.workspace().await;
    let gone = fixture.discard(&[]).await;

    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;

    assert_eq!(restored.expect("they can be brought back").edits, gone);
    let after = fixture.workspace().await;
    assert_eq!(after.staged(), before.staged());
    let same = |edits: &[crate::change::StagedEdit]| {
        edits.iter().map(|edit| (edit.id, edit.author, edit.at)).collect::<Vec<_>>()
    };
    assert_eq!(same(&after.edits), same(&before.edits));
    assert!(after.edits[0].seq > before.edits[1].seq, "numbers are never used again");
    let twice = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;
    assert!(twice.is_err(), "they are not discarded any more");
    fixture.apply_all().await;
    assert_eq!(fixture.environment_of(web).await["A"], SECRET);
    fixture.close().await;
}

/// After a day, they are gone.
pub async fn an_old_discard_cannot_be_undone(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;
    let gone = fixture.discard(&[]).await;
    fixture.store.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));

    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;

    assert!(matches!(restored, Err(Error::NotFound(Resource::Change))));
    fixture.close().await;
}

/// A name may have been taken meanwhile.
pub async fn an_undo_that_clashes_is_refused(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("web").await;
    let gone = fixture.discard(&[]).await;
    fixture.stage(Edit::CreateService(Box::new(new_service("Web")))).await;

    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;

    assert!(is_taken(&restored));
    assert_eq!(fixture.waiting().await.len(), 1);
    fixture.close().await;
}

/// W12: a conflict is no dead end.
pub async fn a_conflict_ends_with_mine(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    write_replicas(&fixture, web, 2).await;
    let ids = fixture.waiting().await;
    assert!(matches!(fixture.try_apply(&ids).await, Err(Error::Conflict(_))));

    let settled =
        fixture.store.changes.settle(&fixture.by, fixture.environment, ids[0], Keep::Mine).await;

    settled.expect("it can be settled");
    let change = fixture.changes().await.remove(0);
    assert_eq!((change.old, change.new), (Some(replicas(2)), Some(replicas(3))));
    fixture.apply_all().await;
    assert_eq!(fixture.spec().await.services[&web].replicas.count(), 3);
    fixture.close().await;
}

/// W12: a conflict is no dead end.
pub async fn a_conflict_ends_with_theirs(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    fixture.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    write_replicas(&fixture, web, 2).await;
    let ids = fixture.waiting().await;

    let settled =
        fixture.store.changes.settle(&fixture.by, fixture.environment, ids[0], Keep::Theirs).await;

    settled.expect("it can be settled");
    assert_eq!(fixture.waiting().await, ids[1..], "the other change waits on");
    fixture.apply_all().await;
    assert_eq!(fixture.spec().await.services[&web].replicas.count(), 2);
    fixture.close().await;
}

/// Design §3.4: deletes can be undone, also of what was only staged.
pub async fn an_end_is_taken_back(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), SECRET).await;
    let before = fixture.workspace().await;
    let end = fixture.clear(Address::Service(web)).await.edits;
    assert!(fixture.changes().await.is_empty());

    assert_eq!(fixture.discard(&end).await, end);

    assert_eq!(fixture.workspace().await, before);
    let again = fixture.store.changes.discard(&fixture.by, fixture.environment, &end, None).await;
    assert!(matches!(again, Err(Error::InvalidState(_))));
    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &end).await;
    restored.expect("the end can be brought back");
    assert!(fixture.changes().await.is_empty());
    fixture.close().await;
}

/// A variable does not come back without its service.
pub async fn an_edit_comes_back_only_to_what_it_is_part_of(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    let gone = fixture.discard(&[]).await;
    let restore =
        async |edits| fixture.store.changes.restore(&fixture.by, fixture.environment, edits).await;

    let alone = restore(&gone[1..]).await;
    assert!(matches!(alone, Err(Error::InvalidState(_))));
    assert!(fixture.workspace().await.edits.is_empty());

    restore(&gone[..1]).await.expect("the service can be brought back");
    restore(&gone[1..]).await.expect("and then its variable");
    fixture.apply_all().await;
    assert_eq!(fixture.environment_of(web).await["A"], "1");
    fixture.close().await;
}

/// DK-89: what was discarded, overtaken and brought back is a conflict like any other.
pub async fn what_was_discarded_meanwhile_still_conflicts(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.set(Address::ServiceField(web, Field::Replicas), replicas(3)).await;
    let gone = fixture.discard(&[]).await;
    write_replicas(&fixture, web, 2).await;
    let settle = async |id, keep| {
        fixture.store.changes.settle(&fixture.by, fixture.environment, id, keep).await
    };

    assert!(matches!(settle(gone[0], Keep::Mine).await, Err(Error::InvalidState(_))), "it is gone");
    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;
    restored.expect("it can be brought back");
    assert!(matches!(fixture.try_apply(&gone).await, Err(Error::Conflict(_))));
    settle(gone[0], Keep::Mine).await.expect("it can be settled");
    settle(gone[0], Keep::Mine).await.expect("and again: it says the same");
    fixture.try_apply(&gone).await.expect("it is settled");

    assert_eq!(fixture.spec().await.services[&web].replicas.count(), 3);
    assert!(
        matches!(settle(gone[0], Keep::Theirs).await, Err(Error::InvalidState(_))),
        "it is applied"
    );
    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;
    assert!(matches!(restored, Err(Error::NotFound(Resource::Change))), "so it is not discarded");
    fixture.close().await;
}
