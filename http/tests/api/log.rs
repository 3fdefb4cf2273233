//! Live output of containers.

mod pause;
mod rights;
mod token;

use crate::{app::TestApp, client::Client};
use axum::{
    body::{Body, BodyDataStream},
    http::Request,
};
use domain::{
    Timestamp,
    rollout::Step,
    runtime::{LogLine, LogStream, ReplicaHandle, ReplicaIdentity},
    testing::clock::EPOCH,
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

struct Shop {
    app: TestApp,
    path: String,
    web: String,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let project = app.project("Shop").await;
        let web = app.service(&project, "web").await;
        let path = format!("/projects/{project}/services/{web}");
        Self { app, path, web }
    }

    /// A container of the newest deployment that runs.
    async fn run(&self, index: u16, container: &str) -> ReplicaIdentity {
        let replica = self.app.container(&self.web, index, container).await;
        let view = self.app.view(&self.web).await;
        let newest = view.deployments.last().expect("it was deployed");
        let identity = ReplicaIdentity {
            project: view.project,
            environment: view.environment,
            service: view.id,
            deployment: newest.id,
            replica,
            generation: newest.generation,
        };
        self.app.scripted.run(container, identity);
        identity
    }

    fn say(&self, container: &str, millis: i64, text: &str) {
        self.app.scripted.say(container, line(millis, LogStream::Stdout, text));
    }

    async fn read(&self, query: &str) -> Vec<Sent> {
        let reply = self.app.admin.get(&format!("{}/logs?{query}", self.path)).await;
        assert_eq!(reply.status, 200, "{}", reply.raw);
        parse(&reply.raw)
    }

    async fn open(&self, query: &str, last: Option<&str>) -> Live {
        self.open_as(&self.app.admin, query, last).await
    }

    async fn open_as(&self, who: &Client, query: &str, last: Option<&str>) -> Live {
        let mut request = Request::get(format!("/api{}/logs?{query}", self.path))
            .header("host", "easel.test")
            .header("authorization", format!("Bearer {}", who.token()));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("a sound request");
        let response = self.app.router.clone().oneshot(request).await.expect("it never fails");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Live { body: response.into_body().into_data_stream(), text: String::new() }
    }
}

fn line(millis: i64, stream: LogStream, text: &str) -> LogLine {
    let at = Timestamp::from_millis(EPOCH + millis);
    LogLine { at, nanos: 7, stream, line: text.to_owned(), cut: false }
}

/// One event of a stream.
#[derive(Clone, Debug)]
struct Sent {
    event: String,
    id: String,
    data: Value,
}

fn parse(text: &str) -> Vec<Sent> {
    text.split("\n\n").filter_map(parse_one).collect()
}

fn parse_one(block: &str) -> Option<Sent> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let data = field("data:");
    (!data.is_empty()).then(|| Sent {
        event: field("event:"),
        id: field("id:"),
        data: serde_json::from_str(&data).expect("JSON"),
    })
}

fn texts(events: &[Sent]) -> Vec<String> {
    (events.iter())
        .filter(|sent| sent.event.is_empty())
        .map(|sent| sent.data["line"].as_str().expect("a line").to_owned())
        .collect()
}

/// A stream that is being read.
struct Live {
    body: BodyDataStream,
    text: String,
}

impl Live {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(sent) = parse_one(&block) {
                    return Some(sent);
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.body.next());
            let chunk = chunk.await.expect("something comes")?.expect("it does not break");
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    async fn line(&mut self) -> String {
        let sent = self.next().await.expect("a line");
        sent.data["line"].as_str().unwrap_or_else(|| panic!("no line: {sent:?}")).to_owned()
    }
}

// DK-121, DK-122
#[tokio::test]
async fn output_of_all_replicas_comes_in_order_of_time() {
    let shop = Shop::new().await;
    let identity = shop.run(0, "aaaaaaaaaaaa0").await;
    shop.run(1, "bbbbbbbbbbbb0").await;
    for (millis, text) in [(1, "a1"), (3, "a3")] {
        shop.say("aaaaaaaaaaaa0", millis, text);
    }
    shop.say("bbbbbbbbbbbb0", 2, "b2");
    shop.app.scripted.say("bbbbbbbbbbbb0", line(4, LogStream::Stderr, "b4"));

    let events = shop.read("follow=false").await;

    assert_eq!(texts(&events), ["a1", "b2", "a3", "b4"]);
    let first = &events[0].data;
    assert_eq!(
        (&first["stream"], &first["container_id"]),
        (&json!("stdout"), &json!("aaaaaaaaaaaa"))
    );
    assert_eq!(first["replica"], json!(identity.replica));
    assert_eq!((&first["index"], &first["deployment"]), (&json!(0), &json!(identity.deployment)));
    assert_eq!(first["at"], json!(Timestamp::from_millis(EPOCH + 1)));
    assert_eq!(
        (&events[3].data["stream"], &events[3].data["index"]),
        (&json!("stderr"), &json!(1))
    );
    assert_eq!(events[4].event, "end");
}

// DK-121
#[tokio::test]
async fn a_tail_is_500_unless_asked_for_and_5000_at_most() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    for number in 0..6000 {
        shop.say("aaaaaaaaaaaa0", number, "x");
    }

    assert_eq!(texts(&shop.read("follow=false").await).len(), 500);
    assert_eq!(texts(&shop.read("follow=false&tail=3").await).len(), 3);
    assert_eq!(texts(&shop.read("follow=false&tail=5000").await).len(), 5000);
    for wrong in ["x", "5001", "-1"] {
        let wrong = shop.app.admin.get(&format!("{}/logs?tail={wrong}", shop.path)).await;
        assert_eq!(wrong.status, 400);
        assert_eq!(wrong.text("/message"), "tail must be a whole number from 0 to 5000");
    }
}

// DK-124
#[tokio::test]
async fn there_is_nothing_to_read_of_what_never_ran() {
    let shop = Shop::new().await;

    let reply = shop.app.admin.get(&format!("{}/logs", shop.path)).await;

    assert_eq!((reply.status, reply.text("/error").as_str()), (404, "not_found"));
}

// DK-124: what has ended is read as long as its container is there.
#[tokio::test]
async fn there_is_nothing_to_read_of_what_was_stopped() {
    let shop = Shop::new().await;
    let identity = shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    shop.app.scripted.exit("aaaaaaaaaaaa0");
    assert_eq!(texts(&shop.read("follow=false").await), ["a1"]);
    let container = ReplicaHandle("aaaaaaaaaaaa0".to_owned());
    shop.app.record(&[Step::ContainerLost { replica: identity.replica, container }]).await;

    let reply = shop.app.admin.get(&format!("{}/logs", shop.path)).await;

    assert_eq!((reply.status, reply.text("/error").as_str()), (404, "not_found"));
}

// DK-121, W34: a row may name a container that somebody has removed; the others are read.
#[tokio::test]
async fn a_container_that_is_gone_hides_no_other() {
    let shop = Shop::new().await;
    shop.app.container(&shop.web, 0, "gone00000000").await;
    shop.run(1, "bbbbbbbbbbbb0").await;
    shop.say("bbbbbbbbbbbb0", 1, "b1");

    assert_eq!(texts(&shop.read("follow=false").await), ["b1"]);
}

// DK-121, DK-123: an engine that goes away is no exit, and nothing is lost when it is back.
#[tokio::test(start_paused = true)]
async fn a_reader_outlasts_an_engine_that_restarts() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let mut live = shop.open("", None).await;
    assert_eq!(live.line().await, "a1");

    shop.app.scripted.set_down(true);
    shop.say("aaaaaaaaaaaa0", 2, "meanwhile");
    tokio::time::sleep(Duration::from_secs(60)).await;
    shop.app.scripted.set_down(false);

    assert_eq!(live.line().await, "meanwhile");
    shop.say("aaaaaaaaaaaa0", 3, "a3");
    assert_eq!(live.line().await, "a3");
}

// DK-121, DK-123, W81: lines as they come, a replica that comes later, one that ends, and the end.
#[tokio::test(start_paused = true)]
async fn a_reader_follows_containers_that_come_and_go() {
    let shop = Shop::new().await;
    let first = shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "old");
    let mut live = shop.open("", None).await;

    assert_eq!(live.line().await, "old");
    shop.say("aaaaaaaaaaaa0", 2, "new");
    assert_eq!(live.line().await, "new");
    shop.app.admin.post(&format!("{}/redeploy", shop.path), json!({})).await;
    let second = shop.run(0, "bbbbbbbbbbbb0").await;
    shop.say("bbbbbbbbbbbb0", 3, "successor");
    let sent = live.next().await.expect("a line");
    assert_eq!(
        (&sent.data["line"], &sent.data["deployment"]),
        (&json!("successor"), &json!(second.deployment))
    );
    assert_ne!(first.deployment, second.deployment);
    shop.app.scripted.exit("aaaaaaaaaaaa0");
    let exited = live.next().await.expect("a notice");
    assert_eq!(
        (exited.event.as_str(), &exited.data["container_id"]),
        ("container_exited", &json!("aaaaaaaaaaaa"))
    );
    shop.app.scripted.exit("bbbbbbbbbbbb0");
    assert_eq!(live.next().await.expect("a notice").event, "container_exited");
    assert_eq!(live.next().await.expect("a notice").event, "end");
    assert!(live.next().await.is_none());
}

// Resume: nothing is lost and nothing comes twice.
#[tokio::test(start_paused = true)]
async fn a_reader_goes_on_where_its_connection_broke() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.run(1, "bbbbbbbbbbbb0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    shop.say("bbbbbbbbbbbb0", 2, "b2");
    let mut live = shop.open("", None).await;
    live.next().await.expect("a1");
    let last = live.next().await.expect("b2").id;
    drop(live);
    shop.say("aaaaaaaaaaaa0", 1, "same millisecond, shown before");
    shop.say("aaaaaaaaaaaa0", 3, "a3");
    shop.say("bbbbbbbbbbbb0", 4, "b4");

    let mut again = shop.open("tail=100", Some(&last)).await;

    assert_eq!(again.line().await, "a3");
    assert_eq!(again.line().await, "b4");
    shop.say("aaaaaaaaaaaa0", 5, "a5");
    assert_eq!(again.line().await, "a5");
}

// DK-123: an idle stream says that it lives.
#[tokio::test(start_paused = true)]
async fn an_idle_stream_has_a_heartbeat() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let mut live = shop.open("", None).await;
    live.next().await.expect("a1");
    let began = tokio::time::Instant::now();

    let beat = live.body.next().await.expect("a beat").expect("it does not break");

    assert!(beat.starts_with(b":"), "{beat:?}");
    assert_eq!(began.elapsed().as_secs(), 15);
}

// A client that takes nothing of what it asked for is cut off: it holds neither an answer nor a stop.
#[tokio::test]
async fn who_reads_nothing_is_cut_off() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    for number in 0..3000 {
        shop.say("aaaaaaaaaaaa0", number, &"x".repeat(10_000));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let app = &shop.app;
    let (ports, config, stop) = (app.ports.clone(), app.config.clone(), app.stop.clone());
    let serving = tokio::spawn(async move { http::serve(&listener, ports, config, stop).await });
    let mut client = TcpStream::connect(address).await.expect("it listens");
    let (path, token) = (&shop.path, app.admin.token());
    let request = format!(
        "GET /api{path}/logs?follow=false&tail=3000 HTTP/1.1\r\nhost: easel.test\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.expect("it is open");
    client.readable().await.expect("it answers");

    // From here on time jumps whenever everybody waits.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(60)).await;

    app.stop.cancel();
    let began = tokio::time::Instant::now();
    serving.await.expect("no panic").expect("no error");
    assert!(began.elapsed() < Duration::from_secs(1), "nobody waits for it");
    let mut taken = Vec::new();
    // Reset or not: what counts is that it ends, and is not taken for a whole answer.
    let _ = client.read_to_end(&mut taken).await;
    assert!(taken.len() < 30_000_000, "{} bytes", taken.len());
    assert!(!taken.ends_with(b"0\r\n\r\n"), "this looks like a whole answer");
}

// DK-163: nothing outlives the server.
#[tokio::test(start_paused = true)]
async fn streams_end_when_the_server_does() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let mut live = shop.open("", None).await;
    live.next().await.expect("a1");

    shop.app.stop.cancel();

    assert!(live.next().await.is_none());
}

// S07, S19
#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_right_to_read_it() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let other = shop.app.sign_in("admin@example.org").await;
    let mut live = shop.open("", None).await;
    live.next().await.expect("a1");
    drop(other);

    shop.app.admin.post("/auth/logout", json!({})).await;

    let told = live.next().await.expect("why");
    assert_eq!((told.event.as_str(), &told.data["error"]), ("error", &json!("unauthorized")));
    assert!(live.next().await.is_none());
}

// S66
#[tokio::test(start_paused = true)]
async fn one_person_has_twenty_streams_at_most() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(shop.open("", None).await);
    }

    let more = shop.app.admin.get(&format!("{}/logs", shop.path)).await;

    assert_eq!((more.status, more.text("/error").as_str()), (429, "too_many"));
    let why = "you have 20 log streams open, which is the most: close one";
    assert_eq!(more.text("/message"), why);
    drop(open);
    tokio::time::sleep(Duration::from_secs(1)).await;
    shop.open("", None).await;
}

#[tokio::test]
async fn a_deployment_has_a_stream_of_its_own() {
    let shop = Shop::new().await;
    let first = shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "first");
    shop.app.admin.post(&format!("{}/redeploy", shop.path), json!({})).await;
    shop.run(0, "bbbbbbbbbbbb0").await;
    shop.say("bbbbbbbbbbbb0", 2, "second");
    let path = format!("{}/deployments/{}/logs?follow=false", shop.path, first.deployment);

    let reply = shop.app.admin.get(&path).await;

    assert_eq!(texts(&parse(&reply.raw)), ["first"]);
}

// A container that was replaced is read no more, and its reader is not confused.
#[tokio::test]
async fn a_replica_without_a_container_is_left_out() {
    let shop = Shop::new().await;
    let identity = shop.run(0, "aaaaaaaaaaaa0").await;
    shop.run(1, "bbbbbbbbbbbb0").await;
    shop.say("bbbbbbbbbbbb0", 1, "b1");
    let container = ReplicaHandle("aaaaaaaaaaaa0".to_owned());
    shop.app.record(&[Step::ContainerLost { replica: identity.replica, container }]).await;

    assert_eq!(texts(&shop.read("follow=false").await), ["b1"]);
}
