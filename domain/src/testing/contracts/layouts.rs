//! What every [`Layouts`](crate::layout::Layouts) promises.

use super::{
    Store,
    fixture::{Fixture, name, new_service},
};
use crate::{
    Address, Error, GroupId, Resource, VolumeId,
    edit::Edit,
    event::Event,
    layout::{Node, Position},
};
use uuid::Uuid;

/// Tests that a [`Layouts`](crate::layout::Layouts) keeps its promises.
#[macro_export]
macro_rules! layouts_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            layouts,
            $store,
            [
                the_last_writer_of_a_place_wins,
                a_move_of_many_is_one_event,
                what_does_not_exist_here_is_left_out,
                what_is_staged_has_a_place,
                a_place_given_with_a_create_is_kept,
                a_place_survives_an_undo,
            ]
        );
    };
}

fn at(x: i32, y: i32) -> Position {
    Position { x, y }
}

/// Field by field, the later one counts.
pub async fn the_last_writer_of_a_place_wins(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    let other_user = fixture.other_user().await;
    let layouts = &fixture.store.layouts;

    let both = [(Node::Service(web), at(1, 2)), (Node::Service(db), at(3, 4))];
    layouts.place(&fixture.by, fixture.environment, &both).await.expect("they can be placed");
    let one = [(Node::Service(web), at(-5, 6))];
    layouts.place(&other_user, fixture.environment, &one).await.expect("it can be placed");

    let layout = fixture.snapshot().await.layout;
    assert_eq!(layout[&Node::Service(web)], at(-5, 6));
    assert_eq!(layout[&Node::Service(db)], at(3, 4));
    fixture.close().await;
}

/// One write.
pub async fn a_move_of_many_is_one_event(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    let before = fixture.events().await.len();

    let places = vec![(Node::Service(web), at(1, 2)), (Node::Service(db), at(3, 4))];
    let placed = fixture.store.layouts.place(&fixture.by, fixture.environment, &places).await;

    placed.expect("they can be placed");
    let events = fixture.events().await;
    assert_eq!(events.len(), before + 1);
    assert_eq!(events[before].event, Event::Placed { by: fixture.by.actor.user, places });
    fixture.close().await;
}

/// W55.
pub async fn what_does_not_exist_here_is_left_out(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    let (web, foreign) = (fixture.service("web").await, other.service("web").await);
    let layouts = &fixture.store.layouts;
    let nil = Uuid::nil();

    let places = [
        (Node::Service(foreign), at(1, 1)),
        (Node::Group(GroupId::new(nil)), at(1, 1)),
        (Node::Volume(VolumeId::new(nil)), at(1, 1)),
    ];
    layouts.place(&fixture.by, fixture.environment, &places).await.expect("it says nothing");
    assert!(fixture.snapshot().await.layout.is_empty());
    assert!(other.snapshot().await.layout.is_empty());

    let mixed = [(Node::Service(foreign), at(1, 1)), (Node::Service(web), at(2, 2))];
    layouts.place(&fixture.by, fixture.environment, &mixed).await.expect("it can be placed");
    assert_eq!(fixture.snapshot().await.layout.len(), 1);
    let nowhere = crate::EnvironmentId::new(nil);
    let missing = layouts.place(&fixture.by, nowhere, &mixed).await;
    assert!(matches!(missing, Err(Error::NotFound(Resource::Environment))));
    fixture.close().await;
    other.close().await;
}

/// A staged card can be dragged.
pub async fn what_is_staged_has_a_place(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    let places = [(Node::Service(web), at(7, 8))];

    let placed = fixture.store.layouts.place(&fixture.by, fixture.environment, &places).await;
    placed.expect("it can be placed");
    fixture.apply_all().await;

    assert_eq!(fixture.snapshot().await.layout[&Node::Service(web)], at(7, 8));
    fixture.close().await;
}

/// What is made at a place lies there.
pub async fn a_place_given_with_a_create_is_kept(store: Store) {
    let fixture = Fixture::open(store).await;
    let mut new = new_service("web");
    new.position = Some(at(100, 200));
    let web = fixture.staged(Edit::CreateService(Box::new(new.clone()))).await;
    let group = Edit::CreateGroup {
        name: name("backend"),
        services: vec![web],
        position: Some(at(-10, -20)),
    };
    let staging = fixture.stage(group).await;
    let Address::Group(group) = staging.addresses[0] else { panic!("it makes a group") };
    new.name = name("direct");
    let edits = vec![Edit::CreateService(Box::new(new))];
    let message = crate::Message::default();
    let written =
        fixture.store.changes.write(&fixture.by, fixture.environment, edits, message, None).await;
    let direct = written.expect("it can be written").1.created[0];

    let layout = fixture.snapshot().await.layout;
    assert_eq!(layout[&Node::Service(web)], at(100, 200));
    assert_eq!(layout[&Node::Group(group)], at(-10, -20));
    assert_eq!(layout[&Node::Service(direct)], at(100, 200));
    fixture.close().await;
}

/// What comes back lies where it lay.
pub async fn a_place_survives_an_undo(store: Store) {
    let fixture = Fixture::open(store).await;
    let mut new = new_service("web");
    new.position = Some(at(100, 200));
    let web = fixture.staged(Edit::CreateService(Box::new(new))).await;
    let gone = fixture.discard(&[]).await;

    let restored = fixture.store.changes.restore(&fixture.by, fixture.environment, &gone).await;

    restored.expect("it can be brought back");
    assert_eq!(fixture.snapshot().await.layout[&Node::Service(web)], at(100, 200));
    fixture.close().await;
}
