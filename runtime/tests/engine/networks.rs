//! Private networks and names on them.

use crate::lab::{Lab, until};
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkDisconnectRequest};
use domain::{
    network::Pool,
    runtime::{Question, ReplicaHandle, Runtime, RuntimeError, Serving},
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
async fn resolve(lab: &Lab, from: &ReplicaHandle, name: &str) -> Vec<IpAddr> {
    let answer = lab.exec(from, &["/bin/busybox", "nslookup", name]).await;
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
    let lab = Lab::new().await;
    let neighbour = lab.run(&lab.replica("neighbour", &SLEEP)).await;
    let (old, new) = (lab.replica("web", &SLEEP), lab.replica("web", &SLEEP));
    let (old_id, new_id) = (lab.run(&old).await, lab.run(&new).await);
    let (old_at, new_at) = (lab.address(&old).await, lab.address(&new).await);
    let set = async |id: &ReplicaHandle, serving| {
        lab.docker.set_serving(id, serving).await.unwrap();
    };

    assert_eq!(resolve(&lab, &neighbour, "web").await, [] as [IpAddr; 0]);

    set(&old_id, Serving::Yes).await;
    assert_eq!(resolve(&lab, &neighbour, "web").await, [old_at]);
    assert!(lab.docker.inspect(&old_id).await.unwrap().unwrap().serves);

    set(&new_id, Serving::Yes).await;
    set(&old_id, Serving::No).await;
    assert_eq!(resolve(&lab, &neighbour, "web").await, [new_at]);
    let demoted = lab.docker.inspect(&old_id).await.unwrap().unwrap();
    assert!(!demoted.serves);
    assert_eq!(demoted.address, Some(old_at));
}

#[tokio::test]
async fn connections_survive_being_promoted_and_replaced() {
    let lab = Lab::new().await;
    let spec = lab.replica("web", &["nc", "-ll", "-p", "7000", "-e", "/bin/busybox", "cat"]);
    let container = lab.run(&spec).await;
    let address = lab.address(&spec).await;
    let port = Question::Tcp(7000);
    let second = Duration::from_secs(1);
    until("the server", async || {
        lab.docker.probe(&container, address, &port, second).await.unwrap().then_some(())
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
        lab.docker.set_serving(&container, serving).await.unwrap();
        echo().await;
    }
}

#[tokio::test]
async fn a_name_that_is_right_already_costs_no_change() {
    let lab = Lab::new().await;
    let container = lab.run(&lab.replica("web", &SLEEP)).await;
    let endpoint = async || {
        let raw = lab.raw.inspect_container(&container.0, None).await.unwrap();
        let networks = raw.network_settings.unwrap().networks.unwrap();
        networks.into_values().next().unwrap().endpoint_id.unwrap()
    };
    let name = async || lab.docker.set_serving(&container, Serving::Yes).await.unwrap();

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
    let lab = Lab::new().await;
    let spec = lab.replica("web", &SLEEP);
    let container = lab.run(&spec).await;
    let network = lab.network_name();
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
    lab.raw.disconnect_network(&network, off).await.unwrap();
    assert_eq!(lab.docker.replicas().await.unwrap()[0].address, None);

    // The whole network, too.
    lab.raw.remove_network(&network).await.unwrap();
    lab.ensure().await.unwrap();
    lab.docker.set_serving(&container, Serving::Yes).await.unwrap();

    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert!(seen.serves);
    assert_eq!(seen.address, Some(lab.address(&spec).await));
}

// F40
#[tokio::test]
async fn a_container_starts_on_a_network_that_had_to_be_made_anew() {
    let lab = Lab::new().await;
    let spec = lab.replica("web", &SLEEP);
    let container = lab.docker.create(&spec).await.unwrap();
    let network = lab.network_name();
    lab.raw.remove_network(&network).await.unwrap();

    let gone = lab.docker.start(&container).await.unwrap_err();
    assert!(matches!(gone, RuntimeError::Gone(_)), "{gone:?}");
    lab.ensure().await.unwrap();
    lab.docker.start(&container).await.unwrap();

    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(lab.address(&spec).await));
    lab.run(&lab.replica("another", &SLEEP)).await;
}

#[tokio::test]
async fn an_environments_network_is_made_once_and_removed_once() {
    let lab = Lab::without_network().await;

    let (one, other) = tokio::join!(lab.ensure(), lab.ensure());
    one.and(other).unwrap();
    assert_eq!(lab.networks().await, [(lab.network_name(), lab.subnet)]);

    let container = lab.run(&lab.replica("web", &SLEEP)).await;
    let busy = lab.docker.remove_environment(lab.environment).await;
    assert!(matches!(busy, Err(RuntimeError::Busy(_))), "{busy:?}");
    lab.docker.remove(&container).await.unwrap();
    for _ in 0..2 {
        lab.docker.remove_environment(lab.environment).await.unwrap();
    }
    assert_eq!(lab.networks().await, []);
    let nowhere = lab.docker.create(&lab.replica("web", &SLEEP)).await;
    assert!(matches!(nowhere, Err(RuntimeError::Gone(_))), "{nowhere:?}");
}

// F42
#[tokio::test]
async fn foreign_addresses_are_never_shared() {
    let mut lab = Lab::without_network().await;
    let pool = Pool { range: lab.subnet, size: 25 };
    let halves: Vec<_> = lab.subnet.subnets(25).unwrap().collect();
    let name = format!("easel-test-foreign-{}", lab.instance.short());
    let id = lab.raw.create_network(foreign(&name, halves[0])).await.unwrap().id;

    lab.move_to(pool);
    let beside = lab.ensure().await;
    let networks = lab.networks().await;
    lab.move_to(pool);
    let full = lab.ensure().await;
    let untouched = lab.docker.remove_environment(lab.environment).await;
    lab.raw.remove_network(&id).await.expect("it was still there");

    beside.unwrap();
    assert_eq!(networks.into_iter().map(|(_, subnet)| subnet).collect::<Vec<_>>(), [halves[1]]);
    let told = full.unwrap_err().to_string();
    assert!(told.contains(&lab.subnet.to_string()), "{told}");
    untouched.unwrap();
}

// F42
#[tokio::test]
async fn addresses_that_somebody_took_in_the_meantime_are_told() {
    let lab = Lab::new().await;
    lab.docker.remove_environment(lab.environment).await.unwrap();
    let name = format!("easel-test-foreign-{}", lab.instance.short());
    let id = lab.raw.create_network(foreign(&name, lab.subnet)).await.unwrap().id;

    let overlapping = lab.ensure().await;
    lab.raw.remove_network(&id).await.expect("it was still there");

    let told = overlapping.unwrap_err().to_string();
    assert!(told.contains(&lab.subnet.to_string()), "{told}");
}

// F41
#[tokio::test]
async fn of_two_networks_of_one_name_the_older_one_is_used_and_the_other_one_removed() {
    let lab = Lab::new().await;
    let raw = lab.raw.list_networks(None).await.unwrap();
    let first = raw.into_iter().find(|it| it.name == Some(lab.network_name())).unwrap();
    let [a, b, c, _] = lab.subnet.addr().octets();
    let second = Ipv4Net::new_assert(Ipv4Addr::new(a, b, c ^ 1, 0), 24);
    let request = NetworkCreateRequest {
        labels: first.labels.clone(),
        ..foreign(&lab.network_name(), second)
    };
    // Newer engines refuse this; then there is nothing to show.
    if lab.raw.create_network(request).await.is_err() {
        return;
    }
    assert_eq!(lab.networks().await.len(), 2);

    lab.ensure().await.unwrap();
    let spec = lab.replica("web", &SLEEP);
    let container = lab.run(&spec).await;

    assert_eq!(lab.networks().await, [(lab.network_name(), lab.subnet)]);
    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(lab.address(&spec).await));
}

// F41
#[tokio::test]
async fn a_foreign_network_of_our_name_is_not_joined() {
    let lab = Lab::without_network().await;
    let name = lab.network_name();
    let request = NetworkCreateRequest { name: name.clone(), ..NetworkCreateRequest::default() };
    let foreign = lab.raw.create_network(request).await.unwrap().id;

    let refused = lab.ensure().await;
    lab.raw.remove_network(&foreign).await.expect("it was still there");

    let told = refused.unwrap_err().to_string();
    assert!(told.contains(&name) && told.contains("not Easel's"), "{told}");
}

// A backup of the database may know less than the engine.
#[tokio::test]
async fn a_network_that_is_older_than_the_database_keeps_its_addresses() {
    let lab = Lab::new().await;
    lab.rows.seed(|world| world.given.subnets.clear());

    lab.adapter(Pool::default()).ensure_environment(lab.project, lab.environment).await.unwrap();

    assert_eq!(lab.networks().await, [(lab.network_name(), lab.subnet)]);
    let spec = lab.replica("web", &SLEEP);
    let container = lab.run(&spec).await;
    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(lab.address(&spec).await));
}

// S42
#[tokio::test]
async fn environments_do_not_reach_each_other() {
    let (lab, other) = (Lab::new().await, Lab::new().await);
    let server = lab.replica("web", &["httpd", "-f", "-p", "80", "-h", "/www"]);
    lab.run(&server).await;
    let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2";
    let address = lab.address(&server).await;
    let script = format!("{request} {address} 80 || echo not reached");
    let fetch = ["/bin/sh", "-c", &script];
    let neighbour = lab.run(&lab.replica("neighbour", &SLEEP)).await;
    let stranger = other.run(&other.replica("stranger", &SLEEP)).await;

    until("the server to be reached", async || {
        lab.exec(&neighbour, &fetch).await.ends_with("hello").then_some(())
    })
    .await;

    let refused = other.exec(&stranger, &fetch).await;
    assert!(refused.contains("not reached"), "{refused}");
}
