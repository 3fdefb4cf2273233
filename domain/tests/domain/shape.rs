//! JSON that rows and clients rely on: a change here is a change of a promise.

mod event;

use crate::fixture::{key, name, new_service};
use domain::{
    Address, ChangeId, Content, DeploymentId, Field, GroupId, Message, Port, ProjectId, Replicas,
    RevisionNumber, Secret, ServiceId, Template, Timestamp, UserId, VolumeId,
    access::ProjectRole,
    api::{
        ErrorBody, ErrorCode,
        canvas::{ClientMessage, Drag, PROTOCOL, ServerMessage},
        change::ApplyRequest,
    },
    change::{Contribution, StagedChange, StagedEdit},
    changes::{Applied, Revision, Selection, Staging},
    check::{Problem, ProblemKind},
    deployment::{Cause, Condition, DeploymentState, Failure},
    deployments::DeploymentSummary,
    edit::{Edit, NewMount, NewVariable},
    event::{ContainerChange, Event, LoggedEvent},
    layout::{Node, Position},
    rollout::{Incident, IncidentKind},
    runtime::{PullProgress, ReplicaHandle},
    template::Reference,
    variable::{Value, Variable},
};
use insta::assert_snapshot;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn service() -> ServiceId {
    ServiceId::new(id(1))
}

fn at() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_123)
}

fn user() -> UserId {
    UserId::new(id(9))
}

fn own(text: &str) -> Address {
    Address::ServiceVariable(service(), key(text))
}

fn shown(text: &str) -> Content {
    let find = |name: &str| (name == "db").then(|| ServiceId::new(id(2)));
    let value = Value::Shown(Template::parse(text, find));
    Content::Variable(Variable { value, sealed: false, version: 7 })
}

/// One thing a line.
fn lines<T: serde::Serialize>(things: &T) -> String {
    let json = serde_json::to_value(things).unwrap();
    let lines: Vec<String> = json.as_array().unwrap().iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What was written must always be read.
fn reads<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str, value: &T) {
    assert_eq!(&serde_json::from_str::<T>(text).unwrap(), value);
}

#[test]
fn edits() {
    let mut new = new_service(name("web"));
    let value = NewVariable { value: Secret::from("x ${{db.URL}}"), sealed: true };
    new.variables.insert(key("A"), value);
    new.position = Some(Position { x: 10, y: -20 });
    let edits = vec![
        Edit::CreateService(Box::new(new)),
        Edit::CreateGroup {
            name: name("backend"),
            services: vec![service()],
            position: Some(Position { x: 1, y: 2 }),
        },
        Edit::CreateVolume {
            name: name("data"),
            mount: Some(NewMount { service: service(), path: "/data".parse().unwrap() }),
        },
        Edit::Set {
            address: Address::ServiceField(service(), Field::Replicas),
            content: Content::Replicas(Replicas::try_from(2).unwrap()),
        },
        Edit::SetVariable {
            address: own("A"),
            value: Secret::from("x"),
            sealed: false,
            only_new: true,
        },
        Edit::ReplaceVariable { address: own("A"), value: Secret::from("x"), sealed: true },
        Edit::Clear { address: own("A") },
    ];

    assert_snapshot!(lines(&edits), @r#"
    {"check":{"pace":{"deadline":300,"healthy_after":1,"interval":2,"start_period":0,"timeout":5,"unhealthy_after":3},"probe":{"kind":"automatic"}},"command":null,"entrypoint":null,"group":null,"icon":null,"limits":{"cpu_millis":null,"cpu_shares":null,"memory_mb":null},"name":"web","op":"create_service","ports":[{"number":8080,"protocol":"tcp"}],"position":{"x":10,"y":-20},"read_only":false,"replicas":1,"shm_size":null,"slug":null,"source":{"image":"app:1","kind":"image","pull":"missing"},"stop_grace_period":null,"stop_signal":null,"strategy":"automatic","user":null,"variables":{"A":{"sealed":true,"value":"x ${{db.URL}}"}},"working_dir":null}
    {"name":"backend","op":"create_group","position":{"x":1,"y":2},"services":["00000000-0000-0000-0000-000000000001"]}
    {"mount":{"path":"/data","service":"00000000-0000-0000-0000-000000000001"},"name":"data","op":"create_volume"}
    {"address":"service/00000000-0000-0000-0000-000000000001/replicas","content":{"replicas":2},"op":"set"}
    {"address":"service/00000000-0000-0000-0000-000000000001/variables/A","only_new":true,"op":"set_variable","sealed":false,"value":"x"}
    {"address":"service/00000000-0000-0000-0000-000000000001/variables/A","op":"replace_variable","sealed":true,"value":"x"}
    {"address":"service/00000000-0000-0000-0000-000000000001/variables/A","op":"clear"}
    "#);
}

/// The least that a script must write.
#[test]
fn short_edits() {
    let Edit::CreateService(new) =
        serde_json::from_str::<Edit>(r#"{"op":"create_service","name":"web"}"#).unwrap()
    else {
        panic!("it makes a service")
    };
    assert_eq!((new.name.as_str(), new.replicas.count()), ("web", 1));
    reads(
        r#"{"op":"set_variable","address":"variables/A","value":"x"}"#,
        &Edit::SetVariable {
            address: Address::Variable(key("A")),
            value: Secret::from("x"),
            sealed: false,
            only_new: false,
        },
    );
    reads(
        r#"{"op":"create_group","name":"g"}"#,
        &Edit::CreateGroup { name: name("g"), services: vec![], position: None },
    );
    for bad in [
        r#"{"op":"create_service"}"#,
        r#"{"op":"create_service","name":""}"#,
        r#"{"op":"create_service","name":"web","immage":"x"}"#,
        r#"{"op":"create_service","name":"web","ports":[{"number":0}]}"#,
        r#"{"op":"create_service","name":"web","source":{"kind":"image","image":"-rm"}}"#,
        r#"{"op":"create_service","name":"web","source":{"kind":"git","url":"x"}}"#,
        r#"{"op":"clear","address":"nowhere"}"#,
        r#"{"op":"clear","address":"variables/A","value":"x"}"#,
        r#"{"op":"explode"}"#,
        r#"{"name":"web"}"#,
        "[]",
        "null",
        "",
    ] {
        assert!(serde_json::from_str::<Edit>(bad).is_err(), "{bad} is refused");
    }
}

#[test]
fn contents() {
    let contents = vec![
        Content::Name(name("web")),
        Content::GroupId(GroupId::new(id(3))),
        Content::Source(crate::fixture::image("ghcr.io/team/app:v2")),
        Content::Ports(vec![Port::tcp(80.try_into().unwrap())].into()),
        Content::Replicas(Replicas::ONE),
        Content::Check(domain::HealthCheck::default()),
        Content::MountPath("/data".parse().unwrap()),
        shown("a ${{db.URL}} ${{shared.B}} ${{C}} ${{nobody.D}}"),
        shown("a ${{db.URL}} ${{shared.B}} ${{C}} ${{nobody.D}}").hidden(),
    ];

    assert_snapshot!(lines(&contents), @r#"
    {"name":"web"}
    {"group_id":"00000000-0000-0000-0000-000000000003"}
    {"source":{"image":"ghcr.io/team/app:v2","kind":"image","pull":"missing"}}
    {"ports":[{"number":80,"protocol":"tcp"}]}
    {"replicas":1}
    {"check":{"pace":{"deadline":300,"healthy_after":1,"interval":2,"start_period":0,"timeout":5,"unhealthy_after":3},"probe":{"kind":"automatic"}}}
    {"mount_path":"/data"}
    {"variable":{"sealed":false,"value":{"shown":[{"kind":"text","text":"a "},{"key":"URL","kind":"reference","of":"service","service":"00000000-0000-0000-0000-000000000002"},{"kind":"text","text":" "},{"key":"B","kind":"reference","of":"shared"},{"kind":"text","text":" "},{"key":"C","kind":"reference","of":"own"},{"kind":"text","text":" "},{"key":"D","kind":"reference","namespace":"nobody","of":"unknown"}]},"version":7}}
    {"variable":{"sealed":false,"value":{"hidden":{"references":[{"key":"URL","of":"service","service":"00000000-0000-0000-0000-000000000002"},{"key":"B","of":"shared"},{"key":"C","of":"own"},{"key":"D","namespace":"nobody","of":"unknown"}]}},"version":7}}
    "#);
}

/// A whole service, as rows hold it.
#[test]
fn services() {
    let mut service = domain::Service::named(name("Web"), "web".parse().unwrap());
    service.source = crate::fixture::image("app:1");
    service.mounts.insert(VolumeId::new(id(4)), "/data".parse().unwrap());
    let value = Value::Shown(Template::literal("x"));
    service.variables.insert(key("A"), Variable { value, sealed: true, version: 3 });

    assert_snapshot!(lines(&[Content::Service(Box::new(service))]), @r#"{"service":{"check":{"pace":{"deadline":300,"healthy_after":1,"interval":2,"start_period":0,"timeout":5,"unhealthy_after":3},"probe":{"kind":"automatic"}},"command":null,"entrypoint":null,"group":null,"icon":null,"limits":{"cpu_millis":null,"cpu_shares":null,"memory_mb":null},"mounts":{"00000000-0000-0000-0000-000000000004":"/data"},"name":"Web","ports":[],"read_only":false,"replicas":1,"shm_size":null,"slug":"web","source":{"image":"app:1","kind":"image","pull":"missing"},"stop_grace_period":null,"stop_signal":null,"strategy":"automatic","user":null,"variables":{"A":{"sealed":true,"value":{"shown":[{"kind":"text","text":"x"}]},"version":3}},"working_dir":null}}"#);
    let oldest = r#"{"service":{"slug":"web","name":"Web"}}"#;
    let read: Content = serde_json::from_str(oldest).unwrap();
    let bare = domain::Service::named(name("Web"), "web".parse().unwrap());
    assert_eq!(read, Content::Service(Box::new(bare)));
}

fn change() -> StagedChange {
    StagedChange {
        id: ChangeId::new(id(5)),
        seq: 7,
        address: own("A"),
        old: None,
        new: Some(shown("x").hidden()),
        base: RevisionNumber(3),
        contributors: vec![Contribution { author: user(), at: at() }],
    }
}

fn edit() -> StagedEdit {
    StagedEdit {
        id: ChangeId::new(id(5)),
        seq: 7,
        address: own("A"),
        content: None,
        base: RevisionNumber(3),
        author: user(),
        at: at(),
    }
}

#[test]
fn staged_changes_and_edits() {
    assert_snapshot!(lines(&(change(), edit())), @r#"
    {"address":"service/00000000-0000-0000-0000-000000000001/variables/A","base":3,"contributors":[{"at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009"}],"id":"00000000-0000-0000-0000-000000000005","new":{"variable":{"sealed":false,"value":{"hidden":{"references":[]}},"version":7}},"old":null,"seq":7}
    {"address":"service/00000000-0000-0000-0000-000000000001/variables/A","at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009","base":3,"content":null,"id":"00000000-0000-0000-0000-000000000005","seq":7}
    "#);
}

#[test]
fn selections() {
    let changes = vec![ChangeId::new(id(5))];
    let selected = |selection| ApplyRequest::new(selection, Message::default());
    reads(
        r#"{"changes":["00000000-0000-0000-0000-000000000005"]}"#,
        &selected(Selection::Changes { changes }),
    );
    reads(r#"{"up_to":7}"#, &selected(Selection::UpTo { up_to: 7 }));
    let nothing: ApplyRequest = serde_json::from_str("{}").unwrap();
    assert!(nothing.selection().is_err(), "never: whatever is there now");
}

fn revision() -> Revision {
    Revision {
        number: RevisionNumber(4),
        author: user(),
        message: Message::try_from("why").unwrap(),
        at: at(),
        changes: 1,
    }
}

#[test]
fn what_comes_of_staging_and_applying() {
    let kind = ProblemKind::UnknownReference {
        at: own("A"),
        reference: Reference::Unknown { namespace: "db".to_owned(), key: key("URL") },
    };
    let staging = Staging {
        addresses: vec![own("A")],
        edits: vec![ChangeId::new(id(5))],
        warnings: vec![Problem { kind, message: "web.A refers to db.URL".to_owned() }],
    };
    let applied = Applied {
        changed: Vec::new(),
        revision: Some(revision()),
        applied_count: 1,
        created: vec![service()],
        deleted: vec![],
        deployments: vec![(service(), domain::DeploymentId::new(id(6)))],
    };

    assert_snapshot!(lines(&(staging, applied)), @r#"
    {"addresses":["service/00000000-0000-0000-0000-000000000001/variables/A"],"edits":["00000000-0000-0000-0000-000000000005"],"warnings":[{"at":"service/00000000-0000-0000-0000-000000000001/variables/A","message":"web.A refers to db.URL","problem":"unknown_reference","reference":{"key":"URL","namespace":"db","of":"unknown"}}]}
    {"applied_count":1,"created":["00000000-0000-0000-0000-000000000001"],"deleted":[],"deployments":[["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000006"]],"revision":{"at":"2026-01-01T00:00:00.123Z","author":"00000000-0000-0000-0000-000000000009","changes":1,"message":"why","number":4}}
    "#);
}

#[test]
fn deployment_states() {
    let (since, at) = (at(), at());
    let states = vec![
        DeploymentState::Queued { since },
        DeploymentState::Pulling { since, progress: PullProgress::default() },
        DeploymentState::Starting { since, waiting: None },
        DeploymentState::Checking { since, waiting: None },
        DeploymentState::Checking { since, waiting: Some("no address is free".to_owned()) },
        DeploymentState::Switching { since },
        DeploymentState::Draining { since },
        DeploymentState::Live { since },
        DeploymentState::Failed {
            at,
            failure: Failure {
                reason: "it ended with 3 before it was ready".to_owned(),
                exit_code: Some(3),
                log_tail: Some(Secret::from("last words")),
            },
        },
        DeploymentState::Cancelled { at },
        DeploymentState::Superseded { at },
    ];

    assert_snapshot!(lines(&states), @r#"
    {"since":"2026-01-01T00:00:00.123Z","state":"queued"}
    {"progress":{"received":0,"total":0},"since":"2026-01-01T00:00:00.123Z","state":"pulling"}
    {"since":"2026-01-01T00:00:00.123Z","state":"starting"}
    {"since":"2026-01-01T00:00:00.123Z","state":"checking"}
    {"since":"2026-01-01T00:00:00.123Z","state":"checking","waiting":"no address is free"}
    {"since":"2026-01-01T00:00:00.123Z","state":"switching"}
    {"since":"2026-01-01T00:00:00.123Z","state":"draining"}
    {"since":"2026-01-01T00:00:00.123Z","state":"live"}
    {"at":"2026-01-01T00:00:00.123Z","failure":{"exit_code":3,"log_tail":"last words","reason":"it ended with 3 before it was ready"},"state":"failed"}
    {"at":"2026-01-01T00:00:00.123Z","state":"cancelled"}
    {"at":"2026-01-01T00:00:00.123Z","state":"superseded"}
    "#);
    let json = serde_json::to_string(&states).unwrap();
    reads(&json, &states);
}

fn summary() -> DeploymentSummary {
    DeploymentSummary {
        id: domain::DeploymentId::new(id(6)),
        service: service(),
        generation: 2,
        revision: RevisionNumber(4),
        cause: Cause::Apply,
        author: Some(user()),
        message: Message::default(),
        image: "app:1".parse().unwrap(),
        pinned: None,
        state: DeploymentState::Queued { since: at() },
        status: "pending".to_owned(),
        attempts: 0,
        created_at: at(),
        started_at: None,
        live_at: None,
        ended_at: None,
    }
}

#[test]
fn what_clients_say() {
    let places = vec![(Node::Group(GroupId::new(id(3))), Position { x: 1, y: 2 })];
    let messages = vec![
        ClientMessage::Auth { token: Secret::from("easel_key") },
        ClientMessage::Open { epoch: Some("e".to_owned()), after: Some(41) },
        ClientMessage::Place { op: 1, places: places.clone() },
        ClientMessage::Drag { places },
    ];

    assert_snapshot!(lines(&messages), @r#"
    {"token":"easel_key","type":"auth"}
    {"after":41,"epoch":"e","type":"open"}
    {"op":1,"places":[["group/00000000-0000-0000-0000-000000000003",{"x":1,"y":2}]],"type":"place"}
    {"places":[["group/00000000-0000-0000-0000-000000000003",{"x":1,"y":2}]],"type":"drag"}
    "#);
    reads(r#"{"type":"open"}"#, &ClientMessage::Open { epoch: None, after: None });
    reads(
        r#"{"type":"place","op":1,"places":[["service/00000000-0000-0000-0000-000000000001",{"x":1.6,"y":-2.2}]]}"#,
        &ClientMessage::Place {
            op: 1,
            places: vec![(Node::Service(service()), Position { x: 2, y: -2 })],
        },
    );
    for bad in [r#"{"type":"shout"}"#, r#"{"type":"place","op":-1,"places":[]}"#, "{}", "7"] {
        assert!(serde_json::from_str::<ClientMessage>(bad).is_err(), "{bad} is refused");
    }
}

#[test]
fn what_the_server_says() {
    let event = Event::Deleted { by: user() };
    let messages = vec![
        ServerMessage::Welcome {
            epoch: "e".to_owned(),
            protocol: PROTOCOL,
            app: "hash".to_owned(),
            role: ProjectRole::Editor,
            project: ProjectId::new(id(10)),
            environment: domain::EnvironmentId::new(id(11)),
            participant: 12,
        },
        ServerMessage::Events {
            events: vec![LoggedEvent { number: 42, at: at(), event }],
            people: [(user(), name("Ann"))].into(),
        },
        ServerMessage::Done { op: 1, number: 42 },
        ServerMessage::Refused {
            op: None,
            error: ErrorCode::Forbidden,
            message: "you may only look".to_owned(),
        },
        ServerMessage::Drags {
            drags: vec![Drag {
                participant: 12,
                user: user(),
                places: vec![(Node::Volume(VolumeId::new(id(4))), Position { x: 1, y: 2 })],
            }],
        },
    ];

    assert_snapshot!(lines(&messages), @r#"
    {"app":"hash","environment":"00000000-0000-0000-0000-00000000000b","epoch":"e","participant":12,"project":"00000000-0000-0000-0000-00000000000a","protocol":3,"role":"editor","type":"welcome"}
    {"events":[{"at":"2026-01-01T00:00:00.123Z","by":"00000000-0000-0000-0000-000000000009","event":"deleted","number":42}],"people":{"00000000-0000-0000-0000-000000000009":"Ann"},"type":"events"}
    {"number":42,"op":1,"type":"done"}
    {"error":"forbidden","message":"you may only look","op":null,"type":"refused"}
    {"drags":[{"participant":12,"places":[["volume/00000000-0000-0000-0000-000000000004",{"x":1,"y":2}]],"user":"00000000-0000-0000-0000-000000000009"}],"type":"drags"}
    "#);
}

#[test]
fn what_is_said_of_an_error() {
    let mut error = ErrorBody::new(ErrorCode::Invalid, "name must not be empty");
    error.errors.insert("name".to_owned(), vec!["must not be empty".to_owned()]);

    assert_snapshot!(lines(&(error, ErrorBody::new(ErrorCode::InvalidState, "it runs"))), @r#"
    {"error":"invalid","errors":{"name":["must not be empty"]},"message":"name must not be empty"}
    {"error":"not_now","message":"it runs"}
    "#);
    let later = r#"{"error":"teapot","message":"short and stout"}"#;
    reads(later, &ErrorBody::new(ErrorCode::Unknown, "short and stout"));
}
