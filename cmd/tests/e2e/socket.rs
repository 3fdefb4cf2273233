//! Canvases whose clients do not keep to anything: none of it harms the server or the others.

use crate::{
    api::{Api, Project, web},
    canvas_socket,
    server::Server,
    until,
};
use futures::{SinkExt, StreamExt, future::join_all};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Numbers that look random and are the same every time.
struct Rng(u64);

impl Rng {
    fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next_u64() % u64::try_from(most).expect("it is small"))
            .expect("it is small")
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A message that could almost be one.
fn almost(rng: &mut Rng, service: &str) -> Value {
    let odd = [
        json!(null),
        json!(-1),
        json!(1.5e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}\u{202e}\u{1f600}"),
        json!([]),
        json!({}),
        json!(true),
        json!("x".repeat(9_000)),
        json!([[[]]]),
        json!({ "op": { "op": 1 } }),
    ];
    let node = format!("service/{service}");
    let mut message = match rng.below(6) {
        0 => json!({ "type": "auth", "token": "guess" }),
        1 => json!({ "type": "open", "epoch": "e", "after": u64::MAX }),
        2 => json!({ "type": "place", "op": 1, "places": [[node, { "x": 1, "y": 2 }]] }),
        3 => json!({ "type": "drag", "places": [[node, { "x": 1, "y": 2 }]] }),
        4 => json!({ "type": "place", "op": u64::MAX, "places": [] }),
        _ => json!({ "type": "place", "op": 2, "places": [
            [node, { "x": -5.5, "y": 0 }], [node, { "x": 7, "y": 7 }] ] }),
    };
    // Something in it is something else.
    let keys: Vec<String> = message.as_object().expect("an object").keys().cloned().collect();
    for _ in 0..rng.below(3) {
        let key = rng.pick(&keys).clone();
        let at = rng.below(4);
        let odd = rng.pick(&odd).clone();
        match (&mut message[&key], at) {
            (Value::Array(all), 0..=2) if !all.is_empty() => match &mut all[0] {
                Value::Object(fields) => {
                    let names: Vec<_> = fields.keys().cloned().collect();
                    fields.insert(rng.pick(&names).clone(), odd);
                }
                Value::Array(pair) => {
                    if let Some(slot) = pair.get_mut(at % 2) {
                        *slot = odd;
                    }
                }
                other => *other = odd,
            },
            (_, 3) => {
                message[format!("{key}_more")] = odd;
            }
            (whole, _) => *whole = odd,
        }
    }
    message
}

fn frame(rng: &mut Rng, service: &str) -> Message {
    match rng.below(14) {
        0 => Message::binary((0..=u8::MAX).cycle().take(rng.below(300)).collect::<Vec<_>>()),
        1 => Message::text("[".repeat(1 + rng.below(60_000))),
        2 => Message::text(format!("{{\"type\":{}", "{\"a\":".repeat(rng.below(10_000)))),
        3 => Message::text("x".repeat(60_000 + rng.below(80_000))),
        4 => Message::Ping(vec![7; rng.below(125)].into()),
        5 => Message::Pong(vec![7; rng.below(125)].into()),
        6 => {
            let text = almost(rng, service).to_string();
            let cut = text.floor_char_boundary(rng.below(text.len()));
            Message::text(&text[..cut])
        }
        7 => Message::text("{\"type\":\"place\",\"type\":\"drag\",\"op\":1,\"op\":2}"),
        _ => Message::text(almost(rng, service).to_string()),
    }
}

async fn open_canvases(api: &Api) -> u64 {
    api.get("system/status").await["open_canvases"].as_u64().expect("a number")
}

/// What the process has in memory, in bytes.
fn memory(server: &Server) -> u64 {
    let told =
        std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a process");
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}

/// The next message, however long this machine takes for it.
async fn next(socket: &mut canvas_socket::Socket) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            if let Some(message) = canvas_socket::next(socket).await {
                return message;
            }
        }
    });
    next.await.expect("a message")
}

fn nothing_broke(server: &Server) {
    let log = server.log();
    for sign in ["panicked", "\"status\":500", "request failed", "\"level\":\"ERROR\""] {
        let line = log.lines().find(|line| line.contains(sign));
        assert!(line.is_none(), "{line:?}");
    }
}

/// Stages, and waits until this socket has heard of it.
async fn hears(
    project: &Project<'_>,
    socket: &mut canvas_socket::Socket,
    service: &str,
    count: u64,
) {
    let address = format!("service/{service}/replicas");
    let content = json!({ "replicas": count });
    project.stage(&[json!({ "op": "set", "address": address, "content": content })]).await;
    let heard = tokio::time::timeout(crate::DEADLINE, async {
        loop {
            let Some(message) = canvas_socket::next(socket).await else { continue };
            if message["type"] == "events"
                && message.to_string().contains(&format!("\"replicas\":{count}"))
            {
                return;
            }
        }
    });
    heard.await.expect("others are told within seconds");
}

// DK-120, S68: random frames, sound and broken, before and after the canvas is open.
#[tokio::test]
async fn no_frame_harms_the_server_or_the_others() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let service = project.stage_service(web("Web")).await;
    let mut bystander = canvas_socket::open(&project, None, None).await;
    canvas_socket::next(&mut bystander).await.expect("a welcome");
    canvas_socket::next(&mut bystander).await.expect("a snapshot");
    let mut rng = Rng(0x00C0_FFEE_1234_5678);

    let (mut ended, mut refused) = (0, 0);
    for round in 0..150 {
        let mut socket = if round % 5 == 0 {
            let url = format!("{}/api/{}", api.url, project.path("canvas/ws"));
            let url = url.replacen("http", "ws", 1);
            tokio_tungstenite::connect_async(url).await.expect("a socket").0
        } else {
            canvas_socket::open(&project, None, None).await
        };
        for _ in 0..40 {
            if socket.send(frame(&mut rng, &service)).await.is_err() {
                break;
            }
        }
        let _ended_already = socket.send(Message::Ping(Default::default())).await;
        let heard = tokio::time::timeout(Duration::from_secs(10), async {
            while let Some(Ok(frame)) = socket.next().await {
                match frame {
                    Message::Text(text) if text.contains("\"type\":\"refused\"") => refused += 1,
                    Message::Text(_) | Message::Ping(_) => (),
                    Message::Close(Some(why)) => {
                        let code = u16::from(why.code);
                        assert!(matches!(code, 1008 | 4001), "round {round}: {why:?}");
                        ended += 1;
                    }
                    Message::Pong(_) => break,
                    _ => (),
                }
            }
        });
        heard.await.unwrap_or_else(|_| panic!("round {round}: nothing came of it"));
        if round % 30 == 29 {
            hears(&project, &mut bystander, &service, round / 2 + 10).await;
        }
    }

    assert!(ended > 20 && refused > 20, "{ended} were shown out, {refused} frames refused");
    drop(bystander);
    until("nobody to be left", async || (open_canvases(&api).await == 0).then_some(())).await;
    nothing_broke(&server);
}

// DK-120, F93: a client that never reads is given up after the write timeout of ten seconds; it
// costs bounded memory, and the others notice nothing.
#[tokio::test]
async fn a_client_that_never_reads_is_given_up_and_costs_little() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let service = project.stage_service(web("Web")).await;
    let url = format!("{}/api/{}", api.url, project.path("canvas/ws")).replacen("http", "ws", 1);
    let narrow = TcpSocket::new_v4().expect("a socket");
    narrow.set_recv_buffer_size(4 * 1024).expect("a narrow one");
    let address = server.url.trim_start_matches("http://").parse().expect("an address");
    let stream = narrow.connect(address).await.expect("a connection");
    let mut request = url.into_client_request().expect("a request");
    let bearer = format!("Bearer {}", api.key).parse().expect("a value");
    request.headers_mut().insert("authorization", bearer);
    let (mut never, _) = client_async(request, stream).await.expect("a socket");
    never.send(Message::text(json!({ "type": "open" }).to_string())).await.expect("it is open");
    let mut painter = canvas_socket::open(&project, None, None).await;
    let mut reader = canvas_socket::open(&project, None, None).await;
    until("three canvases", async || (open_canvases(&api).await == 3).then_some(())).await;
    let before = memory(&server);

    let places = vec![json!([format!("service/{service}"), { "x": 1, "y": 2 }]); 800];
    let drag = json!({ "type": "drag", "places": places }).to_string();
    assert!((50_000..65_536).contains(&drag.len()), "{}", drag.len());
    let begun = Instant::now();
    let (mut heard, mut most) = (0, before);
    let mut pace = tokio::time::interval(Duration::from_millis(35));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = pace.tick() => painter.send(Message::text(drag.clone())).await.expect("it is open"),
            message = reader.next() => {
                let message = message.expect("it is open").expect("it is sound");
                if message.to_text().is_ok_and(|text| text.contains("\"drags\"")) {
                    heard += 1;
                }
            }
            _ = painter.next() => (),
            _ = look.tick() => {
                most = most.max(memory(&server));
                if open_canvases(&api).await == 2 {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(50), "nobody gives it up");
            }
        }
    }

    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(10), "it has ten seconds: {took:?}");
    assert!(heard > 100, "the other reader was told {heard} times");
    let grown = (most - before) >> 20;
    assert!(grown < 64, "{grown} MB more");
    nothing_broke(&server);
}

// Many canvases are open at once: all are told, and none is left behind afterwards.
#[tokio::test]
async fn two_hundred_canvases_are_all_told() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let service = project.stage_service(web("Web")).await;
    let before = memory(&server);
    let mut sockets = join_all((0..200).map(|_| canvas_socket::open(&project, None, None))).await;
    until("all of them", async || (open_canvases(&api).await == 200).then_some(())).await;
    for kind in ["welcome", "snapshot"] {
        let told = join_all(sockets.iter_mut().map(next)).await;
        assert!(told.iter().all(|message| message["type"] == kind), "{kind}");
    }

    let address = format!("service/{service}/replicas");
    let content = json!({ "replicas": 3 });
    project.stage(&[json!({ "op": "set", "address": address, "content": content })]).await;
    let told = join_all(sockets.iter_mut().map(next)).await;

    assert!(told.iter().all(|message| message["type"] == "events"));
    let each = memory(&server).saturating_sub(before) / 200 / 1024;
    assert!(each < 200, "{each} KB for each");
    drop(sockets);
    until("nobody to be left", async || (open_canvases(&api).await == 0).then_some(())).await;
    nothing_broke(&server);
}
