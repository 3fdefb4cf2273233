//! Private networks and names on them.

use crate::fixture::{EngineFixture, until};
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkDisconnectRequest};
use domain::{
    network::Pool,
    runtime::{ProbeTarget, ReplicaHandle, Runtime, RuntimeError, Serving},
};
use ipnet::Ipv4Net;
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SLEEP: [&str; 2] = ["sleep", "3600"];

/// The addresses that a name leads to, as a neighbour sees it.
async fn resolve(fixture: &EngineFixture, from: &ReplicaHandle, name: &str) -> Vec<IpAddr> {
    let answer = fixture.exec(from, &["/bin/busybox", "nslookup", name]).await;
    answer
        .lines()
        .skip_while(|line| !line.starts_with("Name:"))
        .filter_map(|line| line.split_once(": ")?.1.split_whitespace().next()?.parse().ok())
        .collect()
}

/// A network of somebody else, with these addresses.
fn foreign(name: &str, subnet: Ipv4Net) -> NetworkCreateRequest {
    let config = IpamConfig { subnet: Some(subnet.to_string()), ..Default::default() };
    let ipam = Some(Ipam { config: Some(vec![config]), ..Default::default() });
    NetworkCreateRequest { name: name.to_owned(), ipam, ..Default::default() }
}

// DK-130
#[tokio::test]
async fn nobody_resolves_a_candidate_and_everybody_a_promoted_replica() {
    let fixture = EngineFixture::new().await;
    let neighbour = fixture.run(&fixture.replica("neighbour", &SLEEP)).await;
    let (old, new) = (fixture.replica("web", &SLEEP), fixture.replica("web", &SLEEP));
    let (old_id, new_id) = (fixture.run(&old).await, fixture.run(&new).await);
    let (old_at, new_at) = (fixture.address(&old).await, fixture.address(&new).await);
    let set = async |id: &ReplicaHandle, serving| {
        fixture.docker.set_serving(id, serving).await.unwrap();
    };

    assert_eq!(resolve(&fixture, &neighbour, "web").await, [] as [IpAddr; 0]);

    set(&old_id, Serving::Yes).await;
    assert_eq!(resolve(&fixture, &neighbour, "web").await, [old_at]);
    assert!(fixture.docker.inspect(&old_id).await.unwrap().unwrap().serves);

    set(&new_id, Serving::Yes).await;
    set(&old_id, Serving::No).await;
    assert_eq!(resolve(&fixture, &neighbour, "web").await, [new_at]);
    let demoted = fixture.docker.inspect(&old_id).await.unwrap().unwrap();
    assert!(!demoted.serves);
    assert_eq!(demoted.address, Some(old_at));
}

#[tokio::test]
async fn connections_survive_being_promoted_and_replaced() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &["nc", "-ll", "-p", "7000", "-e", "/bin/busybox", "cat"]);
    let container = fixture.run(&spec).await;
    let address = fixture.address(&spec).await;
    let port = ProbeTarget::Tcp(7000);
    let second = Duration::from_secs(1);
    until("the server", async || {
        fixture.docker.probe(&container, address, &port, second).await.unwrap().then_some(())
    })
    .await;
    let mut connection = TcpStream::connect((address, 7000)).await.unwrap();
    let mut echo = async || {
        connection.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    };

    echo().await;
    for serving in [Serving::Yes, Serving::No] {
        fixture.docker.set_serving(&container, serving).await.unwrap();
        echo().await;
    }
}

#[tokio::test]
async fn a_name_that_is_right_already_costs_no_change() {
    let fixture = EngineFixture::new().await;
    let container = fixture.run(&fixture.replica("web", &SLEEP)).await;
    let endpoint = async || {
        let raw = fixture.raw.inspect_container(&container.0, None).await.unwrap();
        let networks = raw.network_settings.unwrap().networks.unwrap();
        networks.into_values().next().unwrap().endpoint_id.unwrap()
    };
    let name = async || fixture.docker.set_serving(&container, Serving::Yes).await.unwrap();

    let before = endpoint().await;
    name().await;
    let named = endpoint().await;
    name().await;

    assert_ne!(before, named);
    assert_eq!(endpoint().await, named);
}

// F40
#[tokio::test]
async fn a_container_that_was_taken_off_its_network_is_put_back() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;
    let network = fixture.network_name();
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
    fixture.raw.disconnect_network(&network, off).await.unwrap();
    assert_eq!(fixture.docker.replicas().await.unwrap()[0].address, None);

    // The whole network, too.
    fixture.raw.remove_network(&network).await.unwrap();
    fixture.ensure().await.unwrap();
    fixture.docker.set_serving(&container, Serving::Yes).await.unwrap();

    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert!(seen.serves);
    assert_eq!(seen.address, Some(fixture.address(&spec).await));
}

// F40
#[tokio::test]
async fn a_container_starts_on_a_network_that_had_to_be_made_anew() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.docker.create(&spec).await.unwrap();
    let network = fixture.network_name();
    fixture.raw.remove_network(&network).await.unwrap();

    let gone = fixture.docker.start(&container).await.unwrap_err();
    assert!(matches!(gone, RuntimeError::Gone(_)), "{gone:?}");
    fixture.ensure().await.unwrap();
    fixture.docker.start(&container).await.unwrap();

    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(fixture.address(&spec).await));
    fixture.run(&fixture.replica("another", &SLEEP)).await;
}

#[tokio::test]
async fn an_environments_network_is_made_once_and_removed_once() {
    let fixture = EngineFixture::without_network().await;

    let (one, other) = tokio::join!(fixture.ensure(), fixture.ensure());
    one.and(other).unwrap();
    assert_eq!(fixture.networks().await, [(fixture.network_name(), fixture.subnet)]);

    let container = fixture.run(&fixture.replica("web", &SLEEP)).await;
    let busy = fixture.docker.remove_environment(fixture.environment).await;
    assert!(matches!(busy, Err(RuntimeError::Busy(_))), "{busy:?}");
    fixture.docker.remove(&container).await.unwrap();
    for _ in 0..2 {
        fixture.docker.remove_environment(fixture.environment).await.unwrap();
    }
    assert_eq!(fixture.networks().await, []);
    let nowhere = fixture.docker.create(&fixture.replica("web", &SLEEP)).await;
    assert!(matches!(nowhere, Err(RuntimeError::Gone(_))), "{nowhere:?}");
}

// F42
#[tokio::test]
async fn foreign_addresses_are_never_shared() {
    let mut fixture = EngineFixture::without_network().await;
    let pool = Pool { range: fixture.subnet, size: 25 };
    let halves: Vec<_> = fixture.subnet.subnets(25).unwrap().collect();
    let name = format!("easel-test-foreign-{}", fixture.instance.short());
    let id = fixture.raw.create_network(foreign(&name, halves[0])).await.unwrap().id;

    fixture.move_to(pool);
    let beside = fixture.ensure().await;
    let networks = fixture.networks().await;
    fixture.move_to(pool);
    let full = fixture.ensure().await;
    let untouched = fixture.docker.remove_environment(fixture.environment).await;
    fixture.raw.remove_network(&id).await.expect("it was still there");

    beside.unwrap();
    assert_eq!(networks.into_iter().map(|(_, subnet)| subnet).collect::<Vec<_>>(), [halves[1]]);
    let told = full.unwrap_err().to_string();
    assert!(told.contains(&fixture.subnet.to_string()), "{told}");
    untouched.unwrap();
}

// F42
#[tokio::test]
async fn addresses_that_somebody_took_in_the_meantime_are_told() {
    let fixture = EngineFixture::new().await;
    fixture.docker.remove_environment(fixture.environment).await.unwrap();
    let name = format!("easel-test-foreign-{}", fixture.instance.short());
    let id = fixture.raw.create_network(foreign(&name, fixture.subnet)).await.unwrap().id;

    let overlapping = fixture.ensure().await;
    fixture.raw.remove_network(&id).await.expect("it was still there");

    let told = overlapping.unwrap_err().to_string();
    assert!(told.contains(&fixture.subnet.to_string()), "{told}");
}

// F41
#[tokio::test]
async fn of_two_networks_of_one_name_the_older_one_is_used_and_the_other_one_removed() {
    let fixture = EngineFixture::new().await;
    let raw = fixture.raw.list_networks(None).await.unwrap();
    let first = raw.into_iter().find(|it| it.name == Some(fixture.network_name())).unwrap();
    let [a, b, c, _] = fixture.subnet.addr().octets();
    let second = Ipv4Net::new_assert(Ipv4Addr::new(a, b, c ^ 1, 0), 24);
    let request = NetworkCreateRequest {
        labels: first.labels.clone(),
        ..foreign(&fixture.network_name(), second)
    };
    // Newer engines refuse this; then there is nothing to show.
    if fixture.raw.create_network(request).await.is_err() {
        return;
    }
    assert_eq!(fixture.networks().await.len(), 2);

    fixture.ensure().await.unwrap();
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;

    assert_eq!(fixture.networks().await, [(fixture.network_name(), fixture.subnet)]);
    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(fixture.address(&spec).await));
}

// F41
#[tokio::test]
async fn a_foreign_network_of_our_name_is_not_joined() {
    let fixture = EngineFixture::without_network().await;
    let name = fixture.network_name();
    let request = NetworkCreateRequest { name: name.clone(), ..NetworkCreateRequest::default() };
    let foreign = fixture.raw.create_network(request).await.unwrap().id;

    let refused = fixture.ensure().await;
    fixture.raw.remove_network(&foreign).await.expect("it was still there");

    let told = refused.unwrap_err().to_string();
    assert!(told.contains(&name) && told.contains("not Easel's"), "{told}");
}

// A backup of the database may know less than the engine.
#[tokio::test]
async fn a_network_that_is_older_than_the_database_keeps_its_addresses() {
    let fixture = EngineFixture::new().await;
    fixture.rows.seed(|world| world.given.subnets.clear());

    fixture
        .adapter(Pool::default())
        .ensure_environment(fixture.project, fixture.environment)
        .await
        .unwrap();

    assert_eq!(fixture.networks().await, [(fixture.network_name(), fixture.subnet)]);
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;
    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(fixture.address(&spec).await));
}

// S42
#[tokio::test]
async fn environments_do_not_reach_each_other() {
    let (fixture, other) = (EngineFixture::new().await, EngineFixture::new().await);
    let server = fixture.replica("web", &["httpd", "-f", "-p", "80", "-h", "/www"]);
    fixture.run(&server).await;
    let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2";
    let address = fixture.address(&server).await;
    let script = format!("{request} {address} 80 || echo not reached");
    let fetch = ["/bin/sh", "-c", &script];
    let neighbour = fixture.run(&fixture.replica("neighbour", &SLEEP)).await;
    let stranger = other.run(&other.replica("stranger", &SLEEP)).await;

    until("the server to be reached", async || {
        fixture.exec(&neighbour, &fetch).await.ends_with("hello").then_some(())
    })
    .await;

    let refused = other.exec(&stranger, &fetch).await;
    assert!(refused.contains("not reached"), "{refused}");
}
