use domain::{Timestamp, access::ProjectRole, api::ErrorCode};
use serde_json::json;

use super::*;

const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

fn welcome(protocol: u32, app: &str) -> ConnectionEvent {
    ConnectionEvent::Said(Box::new(ServerMessage::Welcome {
        epoch: "e1".into(),
        protocol,
        app: app.into(),
        role: ProjectRole::Editor,
        project: ID.parse().unwrap(),
        environment: ID.parse().unwrap(),
        participant: 3,
    }))
}

fn connection() -> ServerConnection {
    ServerConnection::new(Some("own".into()), 7)
}

fn places(x: i32) -> Vec<(Node, Position)> {
    vec![(Node::Service(ID.parse().unwrap()), Position { x, y: 0 })]
}

fn opened(commands: &[Command]) -> (Option<String>, Option<u64>) {
    match commands {
        [Command::Say(message)] => match &**message {
            ClientMessage::Open { epoch, after } => (epoch.clone(), *after),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

// W41, W43
#[test]
fn after_a_loss_the_page_goes_on_where_it_left_off() {
    let mut connection = connection();
    assert_eq!(opened(&connection.on_event(&ConnectionEvent::Opened, None)), (None, None));
    connection.on_event(&welcome(PROTOCOL, "own"), None);

    connection.on_event(&ConnectionEvent::Closed(1006), Some(41));
    assert_eq!(connection.phase(), &Phase::Waiting(1));
    assert_eq!(connection.on_event(&ConnectionEvent::Timer, Some(41)), [Command::Connect]);

    assert_eq!(
        opened(&connection.on_event(&ConnectionEvent::Opened, Some(41))),
        (Some("e1".into()), Some(41))
    );
}

// W42
#[test]
fn waits_grow_until_somebody_is_let_in_not_until_a_socket_opens() {
    let mut connection = connection();
    let mut waits = Vec::new();
    for _ in 0..8 {
        connection.on_event(&ConnectionEvent::Opened, None);
        let commands = connection.on_event(&ConnectionEvent::Closed(1006), None);
        waits.extend(commands.iter().find_map(|command| match command {
            Command::Wait(wait) => Some(*wait),
            _ => None,
        }));
    }

    assert!((250..=500).contains(&waits[0]), "{waits:?}");
    assert!(waits[7] >= MAX_BACKOFF / 2 && waits[7] <= MAX_BACKOFF, "{waits:?}");
    connection.on_event(&welcome(PROTOCOL, "own"), None);
    connection.on_event(&ConnectionEvent::Closed(1006), None);
    assert_eq!(connection.phase(), &Phase::Waiting(1));
}

#[test]
fn a_place_is_sent_until_it_is_acknowledged() {
    let mut connection = connection();
    assert_eq!(connection.place(places(5)), []);
    assert_eq!(connection.on_event(&welcome(PROTOCOL, "own"), None).len(), 1);
    connection.on_event(&ConnectionEvent::Closed(1006), None);
    assert_eq!(connection.waiting(), 1);

    assert_eq!(connection.on_event(&welcome(PROTOCOL, "own"), None).len(), 1);
    let done = ServerMessage::Done { op: 1, number: 2 };
    connection.on_event(&ConnectionEvent::Said(Box::new(done)), None);

    assert_eq!(connection.waiting(), 0);
}

// DK-120: a thousand cards that are moved at once are more than one frame may hold.
#[test]
fn many_places_are_sent_in_frames_that_the_server_reads() {
    let mut connection = connection();
    connection.on_event(&welcome(PROTOCOL, "own"), None);
    let far = Position { x: -1_000_000, y: -1_000_000 };
    let node = Node::Service(ID.parse().unwrap());

    let commands = connection.place(vec![(node, far); 1_000]);

    let sizes: Vec<usize> = (commands.iter())
        .map(|command| match command {
            Command::Say(message) => serde_json::to_string(message).unwrap().len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((sizes.len(), connection.waiting()), (3, 3));
    assert!(sizes.iter().all(|size| *size < 64 * 1024), "{sizes:?}");
}

#[test]
fn a_refused_place_is_told_and_everything_is_read_anew() {
    let mut connection = connection();
    connection.on_event(&welcome(PROTOCOL, "own"), None);
    connection.place(places(5));
    let refused = ServerMessage::Refused {
        op: Some(1),
        error: ErrorCode::Forbidden,
        message: "you may only look".into(),
    };

    let commands = connection.on_event(&ConnectionEvent::Said(Box::new(refused)), Some(3));

    assert_eq!(commands[0], Command::Report("you may only look".into()));
    assert_eq!(opened(&connection.on_event(&ConnectionEvent::Opened, Some(3))), (None, None));
}

#[test]
fn a_canvas_that_came_with_the_page_is_gone_on_from() {
    let mut connection = connection();
    let at = Timestamp::from_millis(0);
    let snapshot = json!({ "type": "snapshot", "snapshot": {
        "epoch": "e1", "number": 41,
        "project": { "id": ID, "name": "Shop", "slug": "shop", "created_at": at, "updated_at": at },
        "environment": { "id": ID, "project": ID, "name": "production", "slug": "production",
            "created_at": at },
        "spec": domain::EnvironmentSpec::empty("Shop".parse().unwrap()),
        "edits": [], "states": {}, "layout": {}, "people": {},
    } });

    connection.on_event(&ConnectionEvent::Said(serde_json::from_value(snapshot).unwrap()), None);

    assert_eq!(
        opened(&connection.on_event(&ConnectionEvent::Opened, Some(41))),
        (Some("e1".into()), Some(41))
    );
}

#[test]
fn a_session_that_has_ended_is_not_knocked_at_again() {
    for (code, end) in [(4001, End::SignedOut), (4004, End::Gone)] {
        let mut connection = connection();
        connection.on_event(&welcome(PROTOCOL, "own"), None);

        assert_eq!(
            connection.on_event(&ConnectionEvent::Closed(code), None),
            [Command::Disconnect]
        );
        assert_eq!(connection.phase(), &Phase::Over(end));
        assert_eq!(connection.on_event(&ConnectionEvent::Online, None), []);
    }
}

#[test]
fn another_app_is_noticed_and_another_protocol_is_not_listened_to() {
    let mut connection = connection();
    connection.on_event(&welcome(PROTOCOL, "own"), None);
    assert!(!connection.is_outdated());

    connection.on_event(&welcome(PROTOCOL, "newer"), None);
    assert!(connection.is_outdated());

    connection.on_event(&welcome(PROTOCOL + 1, "newer"), None);
    assert_eq!(connection.phase(), &Phase::Over(End::Outdated));
}

#[test]
fn without_a_network_nothing_is_tried_and_with_one_at_once() {
    let mut connection = connection();
    connection.on_event(&welcome(PROTOCOL, "own"), None);

    assert_eq!(connection.on_event(&ConnectionEvent::Offline, None), [Command::Disconnect]);
    assert_eq!(connection.on_event(&ConnectionEvent::Timer, None), []);
    assert_eq!(
        connection.on_event(&ConnectionEvent::Online, None),
        [Command::Disconnect, Command::Connect]
    );
}
