//! Many people on one canvas: passing news costs nobody what has happened.

use super::{ROUNDS, Shop, Tab};
use async_trait::async_trait;
use domain::{
    EnvironmentId, Ids, Result, SessionId,
    access::{Actor, AuthMethod, InstanceRole, Mutation},
    canvas::{Snapshot, Snapshots},
    layout::{Node, Position},
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_tungstenite::tungstenite::Message;

/// Counts how often a snapshot is read from the database.
struct Counting {
    snapshots: Arc<dyn Snapshots>,
    read: Arc<AtomicUsize>,
}

#[async_trait]
impl Snapshots for Counting {
    async fn snapshot(&self, environment: EnvironmentId) -> Result<Snapshot> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.snapshots.snapshot(environment).await
    }
}

async fn counting() -> (Shop, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let shop = Shop::with(|ports| {
        let (snapshots, read) = (Arc::clone(&ports.snapshots), Arc::clone(&read));
        ports.snapshots = Arc::new(Counting { snapshots, read });
    })
    .await;
    (shop, read)
}

/// The admin, for a port.
async fn ada(shop: &Shop) -> Mutation {
    let me = shop.app.admin.get("/auth/me").await.text("/id");
    let via = AuthMethod::Session(SessionId::new(shop.app.ids.mint()));
    let actor = Actor { user: me.parse().expect("an id"), role: InstanceRole::Admin, via };
    Mutation { actor, idempotency: None, request: "test".to_owned(), source: None }
}

fn drag(shop: &Shop, x: i32) -> Value {
    json!({ "type": "drag", "places": [[format!("service/{}", shop.web), { "x": x, "y": 0 }]] })
}

// DK-166: lag is answered by what was missed, in order and without a gap, and never by a snapshot.
#[tokio::test]
async fn who_falls_behind_is_told_what_they_missed() {
    let (shop, read) = counting().await;
    let (mut painter, _) = shop.open(&shop.app.admin).await;
    let (mut fast, snapshot) = shop.open(&shop.app.admin).await;
    let mut slow = shop.open_narrow(&shop.app.admin).await;
    shop.fill_the_way(&mut painter, &mut fast).await;
    let (by, environment) = (ada(&shop).await, shop.app.view(&shop.web).await.environment);
    let node = Node::Service(shop.web.parse().expect("an id"));

    for x in 0..100 {
        let places = [(node, Position { x, y: 0 })];
        shop.app.ports.layouts.place(&by, environment, &places).await.expect("it is stored");
        // So that each is told by itself.
        fast.wait("events").await;
    }
    let seen = shop.app.admin.get(&format!("{}/canvas", shop.path())).await;

    let last = seen.body["number"].as_u64().expect("a number");
    let (mut number, mut drags, mut snapshots) = (snapshot["number"].as_u64(), 0, 0);
    while number != Some(last) {
        let message = slow.hear().await;
        match message["type"].as_str() {
            Some("drags") => drags += 1,
            Some("snapshot") => {
                snapshots += 1;
                assert_eq!(
                    message["snapshot"]["number"].as_u64(),
                    number,
                    "the one it joined with"
                );
            }
            Some("events") => {
                for event in message["events"].as_array().expect("events") {
                    assert_eq!(event["number"].as_u64(), number.map(|it| it + 1));
                    number = event["number"].as_u64();
                }
            }
            other => assert_eq!(other, Some("welcome")),
        }
    }
    assert_eq!(snapshots, 1);
    assert!((1..ROUNDS).contains(&drags), "{drags}: what has passed by is not told later");
    assert_eq!(
        read.load(Ordering::Relaxed),
        1,
        "and the database was asked for one snapshot in all"
    );
}

/// How many replicas are staged in a snapshot.
fn staged(snapshot: &Value) -> u64 {
    let edits = snapshot["edits"].as_array().expect("edits");
    edits.last().and_then(|edit| edit["content"]["replicas"].as_u64()).unwrap_or_default()
}

// Whoever comes in gets the very snapshot that is there, brought up to date by what has happened since.
#[tokio::test]
async fn a_crowd_that_comes_in_costs_one_snapshot() {
    let (shop, read) = counting().await;
    let service = format!("{}/services/{}", shop.path(), shop.web);
    let (first, _) = shop.open(&shop.app.admin).await;

    let mut tabs = Vec::new();
    for count in 1..20_u32 {
        let (tab, snapshot) = shop.open(&shop.app.admin).await;
        tabs.push(tab);
        assert_eq!(staged(&snapshot), u64::from(count - 1));
        shop.app.admin.patch(&service, json!({ "replicas": count })).await;
    }
    let loaded = shop.app.admin.get(&format!("{}/canvas", shop.path())).await;

    assert_eq!(loaded.header("content-type"), "application/json");
    assert_eq!(staged(&loaded.body), 19, "a page that loads sees what was answered before");
    assert_eq!(read.load(Ordering::Relaxed), 1);
    drop((first, tabs));
}

// What one socket says is told to all others of that person too, and to itself only among others' news.
#[tokio::test]
async fn news_say_from_which_socket_they_are() {
    let shop = Shop::new().await;
    let (mut one, _) = shop.open(&shop.app.admin).await;
    let bearer = format!("Bearer {}", shop.app.admin.token());
    let mut two = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
    let welcome = two.hear().await;
    two.say(json!({ "type": "open" })).await;
    two.wait("snapshot").await;

    two.say(drag(&shop, 7)).await;
    let told = one.wait("drags").await;
    one.say(drag(&shop, 8)).await;
    let answer = two.wait("drags").await;

    let [mine] = &told["drags"].as_array().expect("drags")[..] else { panic!("{told}") };
    assert_eq!(mine["participant"], welcome["participant"]);
    assert_eq!(mine["places"][0][1]["x"], 7);
    let [theirs] = &answer["drags"].as_array().expect("drags")[..] else { panic!("{answer}") };
    assert_ne!(theirs["participant"], welcome["participant"], "nobody is told of themselves alone");
}

// DK-120: a network or a server that stood still lets all through at once that was said meanwhile.
#[tokio::test]
async fn who_kept_to_the_limit_and_was_held_up_stays() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;
    // Time jumps, because everybody waits.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(20)).await;
    tokio::time::resume();

    for x in 0..1_000 {
        tab.say(drag(&shop, x)).await;
    }
    let node = format!("service/{}", shop.web);
    tab.say(json!({ "type": "place", "op": 1, "places": [[node, { "x": 1, "y": 2 }]] })).await;

    assert_eq!(tab.wait("done").await["op"], 1);
}

// S66
#[tokio::test]
async fn one_person_has_so_many_canvases_open_at_most() {
    let shop = Shop::new().await;
    let bearer = format!("Bearer {}", shop.app.admin.token());
    let bob = shop.app.member("Bob").await;
    shop.app.add(&shop.project, "bob@example.org", "viewer").await;
    let mut tabs: Vec<Tab> = Vec::new();
    for _ in 0..256 {
        let mut tab = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
        assert_eq!(tab.hear().await["type"], "welcome");
        tabs.push(tab);
    }

    let mut more = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
    let refused = more.raw.next().await.expect("a close").expect("it is sound");
    shop.open(&bob).await;

    let Message::Close(Some(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(u16::from(why.code), 1013);
    let reason = "you have 256 canvases open, which is the most: close one";
    assert_eq!(why.reason.as_str(), reason);
}
