use domain::{
    Address, Content, EnvironmentSpec, Slug, Timestamp,
    api::canvas::Drag,
    change::{StagedEdit, compact},
    changes::Revision,
    event::LoggedEvent,
    project::{Environment, Project},
};

use super::*;

const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

fn snapshot() -> Snapshot {
    let (id, at) = (ID.parse().unwrap(), Timestamp::from_millis(0));
    let (name, slug): (domain::Name, Slug) = ("Shop".parse().unwrap(), "shop".parse().unwrap());
    Snapshot {
        epoch: "e".into(),
        number: 0,
        project: Project {
            id,
            name: name.clone(),
            slug: slug.clone(),
            created_at: at,
            updated_at: at,
        },
        environment: Environment {
            id: ID.parse().unwrap(),
            project: id,
            name: name.clone(),
            slug,
            created_at: at,
        },
        spec: EnvironmentSpec::empty(name),
        edits: Vec::new(),
        states: Map::new(),
        layout: Map::new(),
        people: Map::new(),
        deleted: false,
    }
}

fn canvas() -> CanvasState {
    let mut canvas = CanvasState::default();
    say(&mut canvas, ServerMessage::Snapshot { snapshot: Box::new(snapshot()) });
    canvas
}

fn say(canvas: &mut CanvasState, message: ServerMessage) -> Outcome {
    canvas.on_event(message, [].iter())
}

fn happens(canvas: &mut CanvasState, number: u64, event: Event) -> Outcome {
    let at = Timestamp::from_millis(0);
    let events = vec![LoggedEvent { number, at, event }];
    say(canvas, ServerMessage::Events { events, people: Map::new() })
}

fn named(seq: u64) -> Event {
    let edit = StagedEdit {
        id: format!("0193a1f0-0000-7000-8000-0000000001{seq:02x}").parse().unwrap(),
        seq,
        address: Address::ProjectName,
        content: Some(Content::Name(format!("Shop {seq}").parse().unwrap())),
        base: domain::RevisionNumber(0),
        author: ID.parse().unwrap(),
        at: Timestamp::from_millis(0),
    };
    Event::Staged { by: ID.parse().unwrap(), edits: vec![edit], superseded: Vec::new() }
}

// A batch is folded once a frame: what is told in between costs no overlay and no check.
#[test]
fn many_messages_between_two_frames_make_one_model() {
    let mut canvas = canvas();
    assert_eq!(canvas.models(), 0, "and none before somebody draws");
    let _first = canvas.model();

    for number in 1..=20 {
        assert_eq!(happens(&mut canvas, number, named(number)), Outcome::Understood);
    }
    let drawn = canvas.model().unwrap();
    let again = canvas.model().unwrap();

    assert_eq!(canvas.models(), 2);
    assert_eq!(drawn, again);
    assert_eq!(drawn.whole.project_name.as_str(), "Shop 20");
}

#[test]
fn what_moves_or_is_dragged_makes_no_model() {
    let mut canvas = canvas();
    let before = canvas.model().unwrap();
    let places = vec![(Node::Service(ID.parse().unwrap()), Position { x: 1, y: 2 })];

    let user = ID.parse().unwrap();
    happens(&mut canvas, 1, Event::Placed { by: user, places: places.clone() });
    let drags = vec![Drag { participant: 7, user, places: places.clone() }];
    let dragged = say(&mut canvas, ServerMessage::Drags { drags });
    canvas.place(&places);

    assert_eq!(dragged, Outcome::RemotelyMoved(vec![(7, places)]));
    assert_eq!(canvas.model().unwrap(), before);
    assert_eq!(canvas.models(), 1);
}

#[test]
fn what_is_applied_is_shared_between_models_until_something_else_is() {
    let mut canvas = canvas();
    let first = canvas.model().unwrap();
    happens(&mut canvas, 1, named(1));
    let second = canvas.model().unwrap();
    assert!(Rc::ptr_eq(&first.base, &second.base), "staging copies nothing that is applied");

    let snapshot = canvas.shared().unwrap();
    let revision = Revision {
        number: domain::RevisionNumber(1),
        author: ID.parse().unwrap(),
        at: Timestamp::from_millis(0),
        message: domain::Message::default(),
        changes: 1,
    };
    let edits = snapshot.edits.iter().map(|edit| edit.id).collect();
    let changes = compact(&snapshot.spec, &snapshot.edits);
    happens(&mut canvas, 2, Event::Applied { revision, changes, edits, rebased: Vec::new() });
    let third = canvas.model().unwrap();

    assert_eq!(third.base.project_name.as_str(), "Shop 1");
    assert!(third.changes.is_empty());
    assert_eq!(snapshot.number, 1, "who keeps an older state keeps it");
}

#[test]
fn a_snapshot_is_copied_only_while_somebody_keeps_an_older_one() {
    let mut canvas = canvas();
    let place = |canvas: &CanvasState| std::ptr::from_ref(canvas.snapshot().unwrap());
    let before = place(&canvas);

    happens(&mut canvas, 1, named(1));
    assert_eq!(place(&canvas), before, "nobody keeps one");
    let kept = canvas.shared().unwrap();
    happens(&mut canvas, 2, named(2));

    assert_ne!(place(&canvas), before);
    assert_eq!((kept.number, canvas.number()), (1, Some(2)));
}
