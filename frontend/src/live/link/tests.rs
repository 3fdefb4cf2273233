use domain::{Timestamp, access::ProjectRole, api::ErrorCode};
use serde_json::json;

use super::*;

const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

fn welcome(protocol: u32, app: &str) -> News {
    News::Said(Box::new(ServerMessage::Welcome {
        epoch: "e1".into(),
        protocol,
        app: app.into(),
        role: ProjectRole::Editor,
        project: ID.parse().unwrap(),
        environment: ID.parse().unwrap(),
    }))
}

fn link() -> Link {
    Link::new(Some("own".into()), 7)
}

fn places(x: i32) -> Vec<(Node, Position)> {
    vec![(Node::Service(ID.parse().unwrap()), Position { x, y: 0 })]
}

fn opened(deeds: &[Deed]) -> (Option<String>, Option<u64>) {
    match deeds {
        [Deed::Say(message)] => match &**message {
            ClientMessage::Open { epoch, after } => (epoch.clone(), *after),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

// W41, W43
#[test]
fn after_a_loss_the_page_goes_on_where_it_left_off() {
    let mut link = link();
    assert_eq!(opened(&link.hear(&News::Opened, None)), (None, None));
    link.hear(&welcome(PROTOCOL, "own"), None);

    link.hear(&News::Closed(1006), Some(41));
    assert_eq!(link.phase(), &Phase::Waiting(1));
    assert_eq!(link.hear(&News::Alarm, Some(41)), [Deed::Connect]);

    assert_eq!(opened(&link.hear(&News::Opened, Some(41))), (Some("e1".into()), Some(41)));
}

// W42
#[test]
fn waits_grow_until_somebody_is_let_in_not_until_a_socket_opens() {
    let mut link = link();
    let mut waits = Vec::new();
    for _ in 0..8 {
        link.hear(&News::Opened, None);
        let deeds = link.hear(&News::Closed(1006), None);
        waits.extend(deeds.iter().find_map(|deed| match deed {
            Deed::Wait(wait) => Some(*wait),
            _ => None,
        }));
    }

    assert!((250..=500).contains(&waits[0]), "{waits:?}");
    assert!(waits[7] >= LONGEST_WAIT / 2 && waits[7] <= LONGEST_WAIT, "{waits:?}");
    link.hear(&welcome(PROTOCOL, "own"), None);
    link.hear(&News::Closed(1006), None);
    assert_eq!(link.phase(), &Phase::Waiting(1));
}

#[test]
fn a_place_is_sent_until_it_is_acknowledged() {
    let mut link = link();
    assert_eq!(link.place(places(5)), []);
    assert_eq!(link.hear(&welcome(PROTOCOL, "own"), None).len(), 1);
    link.hear(&News::Closed(1006), None);
    assert_eq!(link.waiting(), 1);

    assert_eq!(link.hear(&welcome(PROTOCOL, "own"), None).len(), 1);
    let done = ServerMessage::Done { op: 1, number: 2 };
    link.hear(&News::Said(Box::new(done)), None);

    assert_eq!(link.waiting(), 0);
}

#[test]
fn a_refused_place_is_told_and_everything_is_read_anew() {
    let mut link = link();
    link.hear(&welcome(PROTOCOL, "own"), None);
    link.place(places(5));
    let refused = ServerMessage::Refused {
        op: Some(1),
        error: ErrorCode::Forbidden,
        message: "you may only look".into(),
    };

    let deeds = link.hear(&News::Said(Box::new(refused)), Some(3));

    assert_eq!(deeds[0], Deed::Complain("you may only look".into()));
    assert_eq!(opened(&link.hear(&News::Opened, Some(3))), (None, None));
}

#[test]
fn a_canvas_that_came_with_the_page_is_gone_on_from() {
    let mut link = link();
    let at = Timestamp::from_millis(0);
    let snapshot = json!({ "type": "snapshot", "snapshot": {
        "epoch": "e1", "number": 41,
        "project": { "id": ID, "name": "Shop", "slug": "shop", "created_at": at, "updated_at": at },
        "environment": { "id": ID, "project": ID, "name": "production", "slug": "production",
            "created_at": at },
        "spec": domain::EnvironmentSpec::empty("Shop".parse().unwrap()),
        "edits": [], "states": {}, "layout": {}, "people": {},
    } });

    link.hear(&News::Said(serde_json::from_value(snapshot).unwrap()), None);

    assert_eq!(opened(&link.hear(&News::Opened, Some(41))), (Some("e1".into()), Some(41)));
}

#[test]
fn a_session_that_has_ended_is_not_knocked_at_again() {
    for (code, end) in [(4001, End::SignedOut), (4004, End::Gone)] {
        let mut link = link();
        link.hear(&welcome(PROTOCOL, "own"), None);

        assert_eq!(link.hear(&News::Closed(code), None), [Deed::Disconnect]);
        assert_eq!(link.phase(), &Phase::Over(end));
        assert_eq!(link.hear(&News::Online, None), []);
    }
}

#[test]
fn another_app_is_noticed_and_another_protocol_is_not_listened_to() {
    let mut link = link();
    link.hear(&welcome(PROTOCOL, "own"), None);
    assert!(!link.is_outdated());

    link.hear(&welcome(PROTOCOL, "newer"), None);
    assert!(link.is_outdated());

    link.hear(&welcome(PROTOCOL + 1, "newer"), None);
    assert_eq!(link.phase(), &Phase::Over(End::Outdated));
}

#[test]
fn without_a_network_nothing_is_tried_and_with_one_at_once() {
    let mut link = link();
    link.hear(&welcome(PROTOCOL, "own"), None);

    assert_eq!(link.hear(&News::Offline, None), [Deed::Disconnect]);
    assert_eq!(link.hear(&News::Alarm, None), []);
    assert_eq!(link.hear(&News::Online, None), [Deed::Disconnect, Deed::Connect]);
}
