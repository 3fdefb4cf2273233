//! Events, as they are stored and sent.

use super::*;

fn events() -> Vec<Event> {
    vec![
        Event::Staged { by: user(), edits: vec![edit()], superseded: Vec::new() },
        Event::Discarded { by: user(), edits: vec![ChangeId::new(id(5))] },
        Event::Applied {
            revision: revision(),
            changes: vec![change()],
            edits: vec![ChangeId::new(id(5))],
            rebased: vec![(ChangeId::new(id(8)), RevisionNumber(4))],
        },
        Event::Moved { deployment: Box::new(summary()), active: false },
        Event::Condition {
            service: service(),
            condition: Condition::Degraded,
            why: Some("1 of 2 replicas runs".to_owned()),
        },
        Event::Incident {
            service: service(),
            incident: Incident {
                kind: IncidentKind::Removed,
                exit_code: None,
                text: "its container was removed outside Easel".to_owned(),
            },
        },
        Event::Container {
            service: service(),
            deployment: DeploymentId::new(id(9)),
            container: ReplicaHandle("4f53cda1".to_owned()),
            change: ContainerChange::Created,
        },
        Event::Attempted { service: service(), why: "no such image".to_owned(), retry_at: at() },
        Event::Placed {
            by: user(),
            places: vec![(Node::Service(service()), Position { x: 1, y: 2 })],
        },
        Event::Deleted { by: user() },
    ]
}

#[test]
fn numbered_events() {
    let numbered: Vec<LoggedEvent> = (1..)
        .zip(events())
        .map(|(number, event)| LoggedEvent { number, at: at(), event })
        .collect();

    assert_snapshot!(lines(&numbered), @r#"
    {"at":"2026-01-01T00:00:00.123Z","by":"00000000-0000-0000-0000-000000000009","edits":[{"address":"service/00000000-0000-0000-0000-000000000001/variables/A","at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009","base":3,"content":null,"id":"00000000-0000-0000-0000-000000000005","seq":7}],"event":"staged","number":1}
    {"at":"2026-01-01T00:00:00.123Z","by":"00000000-0000-0000-0000-000000000009","edits":["00000000-0000-0000-0000-000000000005"],"event":"discarded","number":2}
    {"at":"2026-01-01T00:00:00.123Z","changes":[{"address":"service/00000000-0000-0000-0000-000000000001/variables/A","base":3,"contributors":[{"at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009"}],"id":"00000000-0000-0000-0000-000000000005","new":{"variable":{"sealed":false,"value":{"hidden":{"references":[]}},"version":7}},"old":null,"seq":7}],"edits":["00000000-0000-0000-0000-000000000005"],"event":"applied","number":3,"rebased":[["00000000-0000-0000-0000-000000000008",4]],"revision":{"at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009","changes":1,"message":"why","number":4}}
    {"active":false,"at":"2026-01-01T00:00:00.123Z","deployment":{"attempts":0,"author":"00000000-0000-0000-0000-000000000009","cause":"apply","created_at":"2026-01-01T00:00:00.123Z","ended_at":null,"generation":2,"id":"00000000-0000-0000-0000-000000000006","image":"app:1","live_at":null,"message":"","pinned":null,"revision":4,"service":"00000000-0000-0000-0000-000000000001","since":"2026-01-01T00:00:00.123Z","started_at":null,"state":"queued","status":"pending"},"event":"moved","number":4}
    {"at":"2026-01-01T00:00:00.123Z","condition":"degraded","event":"condition","number":5,"service":"00000000-0000-0000-0000-000000000001","why":"1 of 2 replicas runs"}
    {"at":"2026-01-01T00:00:00.123Z","event":"incident","incident":{"exit_code":null,"kind":"removed","text":"its container was removed outside Easel"},"number":6,"service":"00000000-0000-0000-0000-000000000001"}
    {"at":"2026-01-01T00:00:00.123Z","change":"created","container":"4f53cda1","deployment":"00000000-0000-0000-0000-000000000009","event":"container","number":7,"service":"00000000-0000-0000-0000-000000000001"}
    {"at":"2026-01-01T00:00:00.123Z","event":"attempted","number":8,"retry_at":"2026-01-01T00:00:00.123Z","service":"00000000-0000-0000-0000-000000000001","why":"no such image"}
    {"at":"2026-01-01T00:00:00.123Z","by":"00000000-0000-0000-0000-000000000009","event":"placed","number":9,"places":[["service/00000000-0000-0000-0000-000000000001",{"x":1,"y":2}]]}
    {"at":"2026-01-01T00:00:00.123Z","by":"00000000-0000-0000-0000-000000000009","event":"deleted","number":10}
    "#);
    let json = serde_json::to_string(&numbered).unwrap();
    reads(&json, &numbered);
}
