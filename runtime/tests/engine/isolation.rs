//! Containers and the host that they run on.

use crate::fixture::{EngineFixture, until};
use domain::{
    Limits,
    runtime::{ProbeTarget, ReplicaHandle, RestartPolicy, Runtime, RuntimeEvent, Serving},
};
use futures::StreamExt;
use runtime::Isolation;
use std::{net::Ipv4Addr, time::Duration};
use tokio::net::TcpListener;

const SLEEP: [&str; 2] = ["sleep", "3600"];

/// Whether a connection can be made from inside a container.
async fn reaches(fixture: &EngineFixture, from: &ReplicaHandle, host: &str, port: u16) -> bool {
    let script = format!("/bin/busybox nc -w 2 {host} {port} </dev/null && echo reached");
    fixture.exec(from, &["/bin/sh", "-c", &script]).await.contains("reached")
}

/// The host's own address towards the rest of the world: no packet is sent for it.
fn outer_address() -> Ipv4Addr {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("192.0.2.200:9").expect("a way out");
    match socket.local_addr().expect("an address").ip() {
        std::net::IpAddr::V4(address) => address,
        std::net::IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
    }
}

// S42: what listens on the host is none of a container's business; checks from the host, names and
// neighbours still work.
#[tokio::test]
async fn a_container_reaches_neither_the_host_nor_its_cable() {
    let fixture = EngineFixture::new().await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let guest = fixture.run(&fixture.replica("guest", &SLEEP)).await;
    let server = fixture.replica("web", &["httpd", "-f", "-p", "80", "-h", "/www"]);
    let web = fixture.run(&server).await;
    fixture.docker.set_serving(&web, Serving::Yes).await.unwrap();
    let gateway = fixture.subnet.hosts().next().unwrap().to_string();
    let outer = outer_address().to_string();
    let docker0 = "172.17.0.1";
    assert!(reaches(&fixture, &guest, &gateway, port).await, "or this test shows nothing");

    fixture.docker.isolate().await.unwrap();
    let isolation = Isolation::new([fixture.subnet]);
    let is_kept = isolation.check().await;
    let warnings = fixture.docker.engine().await.unwrap().warnings;
    let mut reached = Vec::new();
    for host in [&gateway, &outer, docker0, "169.254.169.254"] {
        if reaches(&fixture, &guest, host, port).await {
            reached.push(host.to_owned());
        }
    }
    let from_host = until("the health check", async || {
        let address = fixture.address(&server).await;
        let probe =
            fixture.docker.probe(&web, address, &ProbeTarget::Tcp(80), Duration::from_secs(1));
        probe.await.unwrap().then_some(true)
    })
    .await;
    let by_name = reaches(&fixture, &guest, "web", 80).await;
    let six = fixture.exec(&guest, &["/bin/busybox", "cat", "/proc/net/if_inet6"]).await;
    // A second time changes nothing.
    isolation.enforce().await.unwrap();
    isolation.lift().await.unwrap();
    let is_lifted = isolation.check().await;
    accepting.abort();

    assert_eq!(is_kept, Ok(()), "these tests write packet rules: run them as root");
    assert!(warnings.iter().all(|warning| !warning.contains("169.254")), "{warnings:?}");
    assert_eq!(reached, [] as [String; 0]);
    assert!(from_host && by_name, "checks and names work");
    assert!(!six.contains("eth0"), "there is no way around by IPv6: {six}");
    assert!(is_lifted.is_err());
}

// A limit or a restart policy that somebody changes by hand is looked at as soon as the engine tells of it.
#[tokio::test]
async fn what_is_changed_by_hand_is_told_and_what_we_change_ourselves_is_not() {
    let fixture = EngineFixture::new().await;
    let mut events = fixture.docker.events().await.unwrap();
    let by_hand = bollard::models::ContainerUpdateBody {
        pids_limit: Some(77),
        ..bollard::models::ContainerUpdateBody::default()
    };

    let act = async {
        let container = fixture.run(&fixture.replica("web", &SLEEP)).await;
        fixture.docker.set_limits(&container, Limits::default()).await.unwrap();
        fixture.docker.set_restart_policy(&container, RestartPolicy::No).await.unwrap();
        fixture.raw.update_container(&container.0, by_hand).await.unwrap();
        let changed = fixture.docker.inspect(&container).await.unwrap().unwrap();
        fixture.docker.set_limits(&container, Limits::default()).await.unwrap();
        let mended = fixture.docker.inspect(&container).await.unwrap().unwrap();
        fixture.raw.kill_container(&container.0, None).await.unwrap();
        (changed, mended)
    };
    let count = async {
        let mut hints = 0;
        while !matches!(events.next().await.expect("it goes on"), RuntimeEvent::Ended { .. }) {
            hints += 1;
        }
        hints
    };
    let ((changed, mended), hints) = tokio::join!(act, count);

    assert_eq!(changed.limits, None, "it is seen");
    assert_eq!(mended.limits, Some(Limits::default()), "and can be mended");
    assert_eq!(hints, 3, "made, started, changed by hand");
}
