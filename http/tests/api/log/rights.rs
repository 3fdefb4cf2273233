//! Who may read output, and how long.

use super::{Shop, line, parse};
use crate::client::Client;
use domain::runtime::LogStream;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};

impl Shop {
    /// Somebody who may read it.
    async fn editor(&self) -> Client {
        let eve = self.app.member("Eve").await;
        let project = self.path.split('/').nth(2).expect("a project");
        self.app.add(project, "eve@example.org", "editor").await;
        eve
    }

    async fn remove(&self, who: &Client) {
        let me = who.get("/auth/me").await.text("/id");
        let project = self.path.split('/').nth(2).expect("a project");
        let reply = self.app.admin.delete(&format!("/projects/{project}/members/{me}")).await;
        assert_eq!(reply.status, 204, "{}", reply.raw);
    }
}

// S07: what was read and not taken yet is dropped with the right to have it.
#[tokio::test(start_paused = true)]
async fn lines_that_wait_are_dropped_with_the_right_to_read_them() {
    let shop = Shop::new().await;
    let eve = shop.editor().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    for number in 0..1_000 {
        shop.say("aaaaaaaaaaaa0", number, &format!("line {number}"));
    }
    let mut live = shop.open_as(&eve, "", None).await;
    assert_eq!(live.line().await, "line 500");

    shop.remove(&eve).await;
    shop.say("aaaaaaaaaaaa0", 2_000, "after");

    let told = live.next().await.expect("why");
    assert_eq!((told.event.as_str(), &told.data["error"]), ("error", &json!("not_found")));
    assert!(live.next().await.is_none());
}

// S07: nor does a client that takes nothing at all get later what was read for it.
#[tokio::test]
async fn a_reader_that_takes_nothing_loses_what_waits_with_its_right() {
    let mut shop = Shop::new().await;
    let eve = shop.editor().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    for number in 0..3_000 {
        shop.say("aaaaaaaaaaaa0", number, &"x".repeat(10_000));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (ports, config) = (shop.app.ports.clone(), shop.app.config.clone());
    let site = http::Site::new(ports, config, shop.app.stop.clone());
    // What is open belongs to one server: requests have to reach that very one.
    shop.app.router = site.router();
    shop.app.admin = Client::new(site.router()).bearer(shop.app.admin.token());
    let eve = Client::new(site.router()).bearer(eve.token());
    tokio::spawn(async move { site.serve(&listener).await });
    let narrow = TcpSocket::new_v4().expect("a socket");
    narrow.set_recv_buffer_size(4 * 1024).expect("a narrow one");
    let mut client = narrow.connect(address).await.expect("it listens");
    let request = format!(
        "GET /api{}/logs?tail=3000 HTTP/1.1\r\nhost: easel.test\r\nauthorization: Bearer {}\r\n\r\n",
        shop.path,
        eve.token()
    );
    client.write_all(request.as_bytes()).await.expect("it is open");
    client.readable().await.expect("it answers");

    // From here on time jumps whenever everybody waits.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(1)).await;
    shop.remove(&eve).await;
    shop.app.scripted.say("aaaaaaaaaaaa0", line(9_000, LogStream::Stdout, "after"));
    tokio::time::sleep(Duration::from_secs(5)).await;

    let mut taken = Vec::new();
    // Reset or not: what counts is that it ends.
    let _ = client.read_to_end(&mut taken).await;
    let taken = String::from_utf8_lossy(&taken);
    let lines = taken.matches("\"line\":\"x").count();
    assert!((1..2_000).contains(&lines), "{lines} lines: what lay on the way, and no more");
    assert!(!taken.contains("\"line\":\"after\""), "what came later is not sent");
}

// Behind a plain nginx, which gathers answers unless it is told not to, lines come as they are written.
#[tokio::test(start_paused = true)]
async fn a_stream_asks_proxies_to_pass_lines_on_at_once() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");

    let reply = shop.app.admin.get(&format!("{}/logs?follow=false", shop.path)).await;

    assert_eq!(reply.header("x-accel-buffering"), "no");
    assert_eq!(parse(&reply.raw).len(), 2);
}
