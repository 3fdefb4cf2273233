//! Graceful stops.

use crate::{api::web, canvas_socket, server::Server};
use futures::StreamExt;
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream};

// DK-163
#[tokio::test]
async fn open_streams_and_sockets_do_not_hold_up_a_stop() {
    let (mut server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.run(web("Web")).await;
    let logs = project.path(&format!("services/{id}/logs?tail=10&follow=true"));
    let stream = api.stream(&logs).await;
    assert!(stream.status().is_success());
    let mut socket = canvas_socket::open(&project, None, None).await;
    canvas_socket::next(&mut socket).await.expect("a welcome");

    let (status, took) = server.stop().await;

    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let mut body = stream.bytes_stream();
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while let Some(Ok(_)) = body.next().await {}
        while canvas_socket::next(&mut socket).await.is_some() {}
    });
    ended.await.expect("both have ended");
    assert!(server.log().contains("stopped"), "{}", server.log());
}

// DK-163
#[tokio::test]
async fn a_half_sent_request_does_not_hold_up_a_stop() {
    let mut server = Server::start().await;
    let _half = half_a_request(&server).await;

    let (status, took) = server.stop().await;

    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

// DK-163
#[tokio::test]
async fn an_idle_server_stops_at_once_on_ctrl_c_too() {
    let mut server = Server::start().await;

    server.signal("INT").await;
    let status = server.ended().await;

    assert!(status.success(), "{status}");
}

// DK-163
#[tokio::test]
async fn a_second_signal_forces_the_stop() {
    let mut server = Server::start().await;
    let _half = half_a_request(&server).await;

    server.signal("TERM").await;
    crate::until("the stop to begin", async || server.log().contains("stopping").then_some(()))
        .await;
    // The first of these comes with the first signal: it is the same wish.
    crate::until("the stop to be forced", async || {
        server.signal("TERM").await;
        server.log().contains("stopped at once").then_some(())
    })
    .await;

    assert!(!server.ended().await.success(), "the half request was not waited for");
}

/// A connection that the server has taken, with half a request on it. Connections are taken in the
/// order in which they came, so an answer on a later one says that this one was taken too.
async fn half_a_request(server: &Server) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut half = TcpStream::connect(address).await.expect("a connection");
    half.write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\nx-half").await.expect("half of it");
    let health = reqwest::get(format!("{}/api/health", server.url)).await.expect("an answer");
    assert!(health.status().is_success(), "{health:?}");
    half
}
