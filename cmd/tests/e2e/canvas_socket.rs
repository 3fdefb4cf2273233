//! A canvas's socket, as raw as it is.

use crate::{DEADLINE, api::Project, until};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens the canvas, from this event on.
pub(crate) async fn open(project: &Project<'_>, epoch: Option<&str>, after: Option<u64>) -> Socket {
    let url = format!("{}/api/{}", project.api.url, project.path("canvas/ws"));
    let url = url.replacen("http", "ws", 1);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a socket");
    let auth = json!({ "type": "auth", "token": project.api.key });
    socket.send(Message::text(auth.to_string())).await.expect("a door");
    let open = json!({ "type": "open", "epoch": epoch, "after": after });
    socket.send(Message::text(open.to_string())).await.expect("a door");
    socket
}

/// The next message; `None` at the end, or when nothing comes for a while.
pub(crate) async fn next(socket: &mut Socket) -> Option<Value> {
    within(Duration::from_secs(2), socket).await
}

/// The first message, however long a busy server takes for it.
async fn first(socket: &mut Socket) -> Value {
    within(DEADLINE, socket).await.expect("a first message")
}

async fn within(time: Duration, socket: &mut Socket) -> Option<Value> {
    loop {
        let frame = tokio::time::timeout(time, socket.next()).await.ok()??;
        match frame.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => (),
        }
    }
}

/// All events of the environment so far.
pub(crate) async fn events(project: &Project<'_>) -> Vec<Value> {
    let mut socket = open(project, None, None).await;
    let welcome = first(&mut socket).await;
    let epoch = welcome["epoch"].as_str().expect("an epoch").to_owned();
    drop(socket);
    let mut socket = open(project, Some(&epoch), Some(0)).await;
    let mut message = Some(first(&mut socket).await);
    let mut events = Vec::new();
    while let Some(known) = message {
        events.extend(known["events"].as_array().into_iter().flatten().cloned());
        message = next(&mut socket).await;
    }
    events
}

/// What happened to a service's replicas, in words.
pub(crate) async fn incidents(project: &Project<'_>, service: &str) -> Vec<String> {
    let events = events(project).await;
    let of = events
        .iter()
        .filter(|event| event["event"] == "incident" && event["service"] == service)
        .filter_map(|event| event["incident"]["text"].as_str());
    of.map(ToOwned::to_owned).collect()
}

/// The first of them.
pub(crate) async fn incident(project: &Project<'_>, service: &str) -> String {
    until("the history to say what happened", async || {
        incidents(project, service).await.into_iter().next()
    })
    .await
}
