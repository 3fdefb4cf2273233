//! Who answers where: what the adapter keeps, because the engine does not.

use crate::fixture::{EngineFixture, until};
use bollard::{
    models::{
        ContainerCreateBody, EndpointIpamConfig, EndpointSettings, NetworkConnectRequest,
        NetworkDisconnectRequest, NetworkingConfig,
    },
    query_parameters::{CreateContainerOptions, RemoveContainerOptionsBuilder},
};
use domain::{
    network::{Addresses, Pool},
    runtime::{ProbeTarget, Runtime, RuntimeError, Serving},
};
use ipnet::Ipv4Net;
use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

const SLEEP: [&str; 2] = ["sleep", "3600"];

/// Somebody else's container runs at this address.
async fn occupy(fixture: &EngineFixture, address: Ipv4Addr) -> String {
    let ipv4_address = Some(address.to_string());
    let ipam_config = Some(EndpointIpamConfig { ipv4_address, ..Default::default() });
    let endpoint = EndpointSettings { ipam_config, ..Default::default() };
    let body = ContainerCreateBody {
        image: Some(fixture.image.id.clone()),
        cmd: Some(["/bin/busybox", "sleep", "3600"].map(str::to_owned).to_vec()),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(fixture.network_name(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    };
    let made = fixture.raw.create_container(None::<CreateContainerOptions>, body).await;
    let made = made.expect("a container").id;
    fixture.foreign.lock().expect("nobody panics with it").push(made.clone());
    fixture.raw.start_container(&made, None).await.expect("a start");
    made
}

#[tokio::test]
async fn an_address_is_never_given_to_two() {
    let fixture = EngineFixture::new().await;
    let (first, second) = (fixture.replica("one", &SLEEP), fixture.replica("two", &SLEEP));
    let container = fixture.docker.create(&second).await.unwrap();
    let IpAddr::V4(taken) = fixture.address(&second).await else {
        panic!("Docker's are of version 4")
    };
    assert_ne!(fixture.address(&first).await, IpAddr::V4(taken));

    // Somebody else was quicker.
    occupy(&fixture, taken).await;
    let busy = fixture.docker.start(&container).await.unwrap_err();

    assert!(matches!(busy, RuntimeError::Busy(_)), "{busy:?}");
}

// Design §4: an address always means the same replica, whatever becomes of its container.
#[tokio::test]
async fn a_replica_is_made_again_at_its_address() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let first = fixture.run(&spec).await;
    let before = fixture.docker.inspect(&first).await.unwrap().unwrap().address;

    fixture.docker.remove(&first).await.unwrap();
    fixture.run(&fixture.replica("other", &SLEEP)).await;
    let second = fixture.run(&spec).await;

    assert!(before.is_some());
    assert_eq!(fixture.docker.inspect(&second).await.unwrap().unwrap().address, before);
}

// Where it answers is what the engine says; it is back at its own address when it serves.
#[tokio::test]
async fn a_container_that_somebody_has_moved_is_found_and_brought_back() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &["httpd", "-f", "-p", "80", "-h", "/www"]);
    let container = fixture.run(&spec).await;
    let IpAddr::V4(own) = fixture.address(&spec).await else { panic!("Docker's are of version 4") };
    let (network, seen) = (fixture.network_name(), async || {
        fixture.docker.inspect(&container).await.unwrap().unwrap().address.unwrap()
    });
    let (port, second) = (ProbeTarget::Tcp(80), Duration::from_secs(1));
    until("the server", async || {
        fixture.docker.probe(&container, own.into(), &port, second).await.unwrap().then_some(())
    })
    .await;
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
    fixture.raw.disconnect_network(&network, off).await.unwrap();
    let foreign = occupy(&fixture, own).await;
    let on = NetworkConnectRequest { container: container.0.clone(), endpoint_config: None };
    fixture.raw.connect_network(&network, on).await.unwrap();

    let moved = seen().await;
    let answers = fixture.docker.probe(&container, moved, &port, second).await.unwrap();
    let force = RemoveContainerOptionsBuilder::new().force(true).build();
    fixture.raw.remove_container(&foreign, Some(force)).await.unwrap();
    fixture.docker.set_serving(&container, Serving::Yes).await.unwrap();

    assert_ne!(moved, IpAddr::V4(own));
    assert!(answers, "it answers where it is");
    assert_eq!(seen().await, IpAddr::V4(own));
}

// Design §4: it waits, and the engine is not even asked.
#[tokio::test]
async fn where_no_address_is_free_a_replica_is_told_to_wait() {
    let mut fixture = EngineFixture::without_network().await;
    let small = fixture.subnet.subnets(29).unwrap().next().unwrap();
    fixture.move_to(Pool { range: small, size: 29 });
    fixture.ensure().await.unwrap();
    for _ in 0..5 {
        fixture.address(&fixture.replica("web", &SLEEP)).await;
    }

    let refused = fixture.docker.create(&fixture.replica("late", &SLEEP)).await;

    assert!(
        matches!(&refused, Err(RuntimeError::NoAddress(why)) if why.contains("all 5 addresses")),
        "{refused:?}"
    );
    assert_eq!(fixture.docker.replicas().await.unwrap(), []);
}

// Design §4: 300 services can be deployed twice in a row, and once more.
#[tokio::test]
async fn an_environment_has_addresses_for_a_thousand_replicas() {
    let mut fixture = EngineFixture::without_network().await;
    let [a, b, c, _] = fixture.subnet.addr().octets();
    let range = Ipv4Net::new_assert(Ipv4Addr::new(a, b, c & 0xfc, 0), 22);
    fixture.move_to(Pool { range, ..Pool::default() });
    fixture.ensure().await.unwrap();
    let mut addresses = BTreeSet::new();
    for _ in 0..600 {
        let replica = fixture.replica("web", &SLEEP);
        addresses.insert(fixture.rows.address(replica.identity.replica).await.unwrap());
    }

    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;

    assert_eq!(addresses.len(), 600, "all different");
    let seen = fixture.docker.inspect(&container).await.unwrap().unwrap().address;
    assert_eq!(seen, Some(Ipv4Addr::new(a, b, (c & 0xfc) + 2, 90).into()));
}
