//! The canvas's socket, over a real connection.
//!
//! Its parts are named by their paths, because `cmd/tests/api` names this file by its path.

#[path = "socket/concurrency.rs"]
mod concurrency;
#[path = "socket/live.rs"]
mod live;
#[path = "socket/reuse.rs"]
mod reuse;
#[path = "socket/rights.rs"]
mod rights;
#[path = "socket/status.rs"]
mod status;

use crate::{app::TestApp, client::Client};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::TcpListener, net::TcpStream, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

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
        let mut app = TestApp::new().await;
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
