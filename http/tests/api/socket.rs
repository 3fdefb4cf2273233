//! The canvas's socket, over a real connection.
//!
//! Its parts are named by their paths, because `cmd/tests/api` names this file by its path.

#[path = "socket/concurrency.rs"]
mod concurrency;
#[path = "socket/crowd.rs"]
mod crowd;
#[path = "socket/live.rs"]
mod live;
#[path = "socket/reuse.rs"]
mod reuse;
#[path = "socket/revoked.rs"]
mod revoked;
#[path = "socket/rights.rs"]
mod rights;
#[path = "socket/status.rs"]
mod status;

use crate::{app::TestApp, client::Client};
use futures::{SinkExt, StreamExt};
use http::App;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

/// Drags of 50 KB each, which are more than lies between a server and a client that is narrow.
const ROUNDS: usize = 120;

/// A server with one project and one service.
pub(crate) struct Shop {
    pub(crate) app: TestApp,
    address: String,
    project: String,
    web: String,
    serving: JoinHandle<std::io::Result<()>>,
}

struct Tab {
    raw: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Shop {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// One whose ports are others where a test needs that.
    async fn with(replace: impl FnOnce(&mut App)) -> Self {
        let mut app = TestApp::new().await;
        replace(&mut app.ports);
        let project = app.project("Shop").await;
        let web = app.service(&project, "web").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        // Open sockets belong to one server: requests have to reach that very one.
        app.config.listen = listener.local_addr().ok();
        let (ports, config, stop) = (app.ports.clone(), app.config.clone(), app.stop.clone());
        let site = http::Site::new(ports, config, stop);
        let router = site.router();
        app.router = router.clone();
        app.admin = Client::new(router).bearer(app.admin.token());
        let serving = tokio::spawn(async move { site.serve(&listener).await });
        Self { app, address, project, web, serving }
    }

    fn path(&self) -> String {
        format!("/projects/{}", self.project)
    }

    async fn connect(&self, headers: &[(&str, &str)]) -> Result<Tab, Error> {
        let url = format!("ws://{}/api/projects/{}/canvas/ws", self.address, self.project);
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName =
                name.parse().expect("a header");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        connect_async(request).await.map(|(raw, _)| Tab { raw })
    }

    /// An open canvas that is up to date.
    async fn open(&self, who: &Client) -> (Tab, Value) {
        let mut tab = self.connect(&[]).await.expect("it can be opened");
        tab.say(json!({ "type": "auth", "token": who.token() })).await;
        let welcome = tab.hear().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        tab.say(json!({ "type": "open" })).await;
        let snapshot = tab.hear().await;
        assert_eq!(snapshot["type"], "snapshot");
        (tab, snapshot["snapshot"].clone())
    }

    /// An open canvas of somebody whose connection takes little at once, and who reads nothing yet.
    async fn open_narrow(&self, who: &Client) -> Tab {
        let narrow = TcpSocket::new_v4().expect("a socket");
        narrow.set_recv_buffer_size(4 * 1024).expect("a narrow one");
        let address = self.address.parse().expect("an address");
        let stream = MaybeTlsStream::Plain(narrow.connect(address).await.expect("it listens"));
        let url = format!("ws://{}/api/projects/{}/canvas/ws", self.address, self.project);
        let mut request = url.into_client_request().expect("a request");
        let bearer = format!("Bearer {}", who.token()).parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
        let (raw, _) = client_async(request, stream).await.expect("it opens");
        let mut tab = Tab { raw };
        tab.say(json!({ "type": "open" })).await;
        tab
    }

    /// Fills all that lies between the server and somebody who reads nothing, with passing news.
    async fn fill_the_way(&self, painter: &mut Tab, reader: &mut Tab) {
        let node = format!("service/{}", self.web);
        let places = vec![json!([node, { "x": 1, "y": 2 }]); 750];
        for _ in 0..ROUNDS {
            painter.say(json!({ "type": "drag", "places": places })).await;
            reader.wait("drags").await;
        }
    }

    async fn stop(self) {
        self.app.stop.cancel();
        timeout(Duration::from_secs(10), self.serving)
            .await
            .expect("it stops within 10 s")
            .expect("no panic")
            .expect("no error");
    }
}

impl Tab {
    async fn say(&mut self, message: Value) {
        self.raw.send(Message::text(message.to_string())).await.expect("it is open");
    }

    async fn next(&mut self) -> Message {
        loop {
            let next = timeout(Duration::from_secs(10), self.raw.next()).await;
            match next.expect("something comes").expect("it is open").expect("it is sound") {
                Message::Ping(_) | Message::Pong(_) => (),
                message => return message,
            }
        }
    }

    async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("{other:?}"),
        }
    }

    /// The next message of this type.
    async fn wait(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// All that still comes, up to the close; and its code, unless the connection is cut.
    async fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut said = Vec::new();
        loop {
            let next = timeout(Duration::from_secs(10), self.raw.next()).await;
            match next.expect("it closes") {
                Some(Ok(Message::Close(frame))) => {
                    return (said, frame.map(|frame| frame.code.into()));
                }
                Some(Ok(Message::Text(text))) => {
                    said.push(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(_)) => (),
                Some(Err(_)) | None => return (said, None),
            }
        }
    }

    /// With which code it is closed.
    async fn closed(&mut self) -> u16 {
        loop {
            match timeout(Duration::from_secs(10), self.raw.next()).await.expect("it closes") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => (),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn replicas(web: &str, count: u16) -> Value {
    json!({ "op": "set", "address": format!("service/{web}/replicas"),
        "content": { "replicas": count } })
}

fn status(error: Error) -> u16 {
    match error {
        Error::Http(response) => response.status().as_u16(),
        other => panic!("{other}"),
    }
}
