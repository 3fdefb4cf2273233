//! Private networks and names on them.

use crate::lab::{Lab, until};
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkDisconnectRequest};
use domain::{
    Slug,
    runtime::{ContainerId, NetworkSpec, ObservedNetwork, Question, Runtime, RuntimeError},
};
use std::{net::Ipv4Addr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SLEEP: [&str; 2] = ["sleep", "3600"];

fn web() -> Slug {
    Slug::try_from("web").expect("a slug")
}

/// The addresses that a name leads to, as a neighbour sees it.
async fn resolve(lab: &Lab, from: &ContainerId, name: &str) -> Vec<Ipv4Addr> {
    let answer = lab.exec(from, &["/bin/busybox", "nslookup", name]).await;
    answer
        .lines()
        .skip_while(|line| !line.starts_with("Name:"))
        .filter_map(|line| line.split_once(": ")?.1.split_whitespace().next()?.parse().ok())
        .collect()
}

// DK-130
#[tokio::test]
async fn nobody_resolves_a_candidate_and_everybody_a_promoted_replica() {
    let lab = Lab::new().await;
    let neighbour = lab.run(&lab.replica("neighbour", &SLEEP)).await;
    let (old, new) = (lab.replica("web", &SLEEP), lab.replica("web", &SLEEP));
    let (old_id, new_id) = (lab.run(&old).await, lab.run(&new).await);
    let promote = async |id: &ContainerId, address, alias: Option<&Slug>| {
        lab.docker.set_alias(id, lab.environment, address, alias).await.unwrap();
    };

    assert_eq!(resolve(&lab, &neighbour, "web").await, [] as [Ipv4Addr; 0]);

    promote(&old_id, old.address, Some(&web())).await;
    assert_eq!(resolve(&lab, &neighbour, "web").await, [old.address]);
    assert!(lab.docker.inspect(&old_id).await.unwrap().unwrap().has_alias);

    promote(&new_id, new.address, Some(&web())).await;
    promote(&old_id, old.address, None).await;
    assert_eq!(resolve(&lab, &neighbour, "web").await, [new.address]);
    let demoted = lab.docker.inspect(&old_id).await.unwrap().unwrap();
    assert!(!demoted.has_alias);
    assert_eq!(demoted.address, Some(old.address));
}

#[tokio::test]
async fn connections_survive_being_promoted_and_replaced() {
    let lab = Lab::new().await;
    let spec = lab.replica("web", &["nc", "-ll", "-p", "7000", "-e", "/bin/busybox", "cat"]);
    let container = lab.run(&spec).await;
    let port = Question::Tcp(7000);
    let second = Duration::from_secs(1);
    until("the server", async || {
        lab.docker.probe(&container, spec.address, &port, second).await.unwrap().then_some(())
    })
    .await;
    let mut connection = TcpStream::connect((spec.address, 7000)).await.unwrap();
    let mut echo = async || {
        connection.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    };

    echo().await;
    for alias in [Some(web()), None] {
        lab.docker
            .set_alias(&container, lab.environment, spec.address, alias.as_ref())
            .await
            .unwrap();
        echo().await;
    }
}

#[tokio::test]
async fn a_name_that_is_right_already_costs_no_change() {
    let lab = Lab::new().await;
    let spec = lab.replica("web", &SLEEP);
    let container = lab.run(&spec).await;
    let endpoint = async || {
        let raw = lab.raw.inspect_container(&container.0, None).await.unwrap();
        let networks = raw.network_settings.unwrap().networks.unwrap();
        networks.into_values().next().unwrap().endpoint_id.unwrap()
    };
    let name = async || {
        lab.docker
            .set_alias(&container, lab.environment, spec.address, Some(&web()))
            .await
            .unwrap();
    };

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
    let network = format!("easel-{}-{}", lab.instance.short(), lab.environment.short());
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
    lab.raw.disconnect_network(&network, off).await.unwrap();
    assert_eq!(lab.docker.replicas().await.unwrap()[0].address, None);

    // The whole network, too.
    lab.raw.remove_network(&network).await.unwrap();
    lab.docker.ensure_network(&lab.network()).await.unwrap();
    lab.docker.set_alias(&container, lab.environment, spec.address, Some(&web())).await.unwrap();

    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert!(seen.has_alias);
    assert_eq!(seen.address, Some(spec.address));
}

// F40
#[tokio::test]
async fn a_container_starts_on_a_network_that_had_to_be_made_anew() {
    let lab = Lab::new().await;
    let spec = lab.replica("web", &SLEEP);
    let container = lab.docker.create(&spec).await.unwrap();
    let network = format!("easel-{}-{}", lab.instance.short(), lab.environment.short());
    lab.raw.remove_network(&network).await.unwrap();

    let gone = lab.docker.start(&container).await.unwrap_err();
    assert!(matches!(gone, RuntimeError::Gone(_)), "{gone:?}");
    lab.docker.ensure_network(&lab.network()).await.unwrap();
    lab.docker.start(&container).await.unwrap();

    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(spec.address));
    lab.run(&lab.replica("another", &SLEEP)).await;
}

#[tokio::test]
async fn an_environments_network_is_made_once_and_removed_once() {
    let lab = Lab::without_network().await;
    let spec = lab.network();
    let ours = async || lab.docker.networks().await.unwrap().ours;

    let (one, other) =
        tokio::join!(lab.docker.ensure_network(&spec), lab.docker.ensure_network(&spec));
    one.and(other).unwrap();
    assert_eq!(
        ours().await,
        [ObservedNetwork { environment: lab.environment, subnet: Some(lab.subnet) }]
    );

    let container = lab.run(&lab.replica("web", &SLEEP)).await;
    let busy = lab.docker.remove_network(lab.environment).await;
    assert!(matches!(busy, Err(RuntimeError::Busy(_))), "{busy:?}");
    lab.docker.remove(&container).await.unwrap();
    for _ in 0..2 {
        lab.docker.remove_network(lab.environment).await.unwrap();
    }
    assert_eq!(ours().await, []);
    let nowhere = lab.docker.create(&lab.replica("web", &SLEEP)).await;
    assert!(matches!(nowhere, Err(RuntimeError::Gone(_))), "{nowhere:?}");
}

// F42
#[tokio::test]
async fn foreign_ranges_are_listed_and_never_shared() {
    let lab = Lab::without_network().await;
    let request = NetworkCreateRequest {
        name: format!("easel-test-foreign-{}", lab.instance.short()),
        ipam: Some(Ipam {
            config: Some(vec![IpamConfig {
                subnet: Some(lab.subnet.to_string()),
                ..IpamConfig::default()
            }]),
            ..Ipam::default()
        }),
        ..NetworkCreateRequest::default()
    };
    let foreign = lab.raw.create_network(request).await.unwrap().id;

    let networks = lab.docker.networks().await;
    let overlapping = lab.docker.ensure_network(&lab.network()).await;
    let untouched = lab.docker.remove_network(lab.environment).await;
    lab.raw.remove_network(&foreign).await.expect("it was still there");

    assert!(networks.unwrap().foreign.contains(&(lab.subnet.base(), 24)));
    let told = overlapping.unwrap_err().to_string();
    assert!(told.contains(&lab.subnet.to_string()), "{told}");
    untouched.unwrap();
}

// F41
#[tokio::test]
async fn of_two_networks_of_one_name_the_older_one_is_used_and_the_other_one_removed() {
    let lab = Lab::new().await;
    let raw = lab.raw.list_networks(None).await.unwrap();
    let name = format!("easel-{}-{}", lab.instance.short(), lab.environment.short());
    let first = raw.into_iter().find(|it| it.name.as_deref() == Some(&name)).unwrap();
    let [a, b, c, _] = lab.subnet.base().octets();
    let second = NetworkSpec {
        subnet: domain::runtime::Subnet::containing(Ipv4Addr::new(a, b, c ^ 1, 0)),
        ..lab.network()
    };
    let request = NetworkCreateRequest {
        name,
        labels: first.labels.clone(),
        ipam: Some(Ipam {
            config: Some(vec![IpamConfig {
                subnet: Some(second.subnet.to_string()),
                ..IpamConfig::default()
            }]),
            ..Ipam::default()
        }),
        ..NetworkCreateRequest::default()
    };
    // Newer engines refuse this; then there is nothing to show.
    if lab.raw.create_network(request).await.is_err() {
        return;
    }

    let networks = lab.docker.networks().await.unwrap();
    lab.docker.ensure_network(&lab.network()).await.unwrap();
    let spec = lab.replica("web", &SLEEP);
    let container = lab.run(&spec).await;

    assert_eq!(networks.ours.len(), 1);
    assert_eq!(networks.ours[0].subnet, Some(lab.subnet));
    assert!(networks.foreign.contains(&(second.subnet.base(), 24)));
    let seen = lab.docker.inspect(&container).await.unwrap().unwrap();
    assert_eq!(seen.address, Some(spec.address));
    let after = lab.docker.networks().await.unwrap();
    assert!(!after.foreign.contains(&(second.subnet.base(), 24)));
}

// F41
#[tokio::test]
async fn a_foreign_network_of_our_name_is_not_joined() {
    let lab = Lab::without_network().await;
    let name = format!("easel-{}-{}", lab.instance.short(), lab.environment.short());
    let request = NetworkCreateRequest { name: name.clone(), ..NetworkCreateRequest::default() };
    let foreign = lab.raw.create_network(request).await.unwrap().id;

    let refused = lab.docker.ensure_network(&lab.network()).await;
    lab.raw.remove_network(&foreign).await.expect("it was still there");

    let told = refused.unwrap_err().to_string();
    assert!(told.contains(&name) && told.contains("not Easel's"), "{told}");
}

#[tokio::test]
async fn an_address_is_never_given_to_two() {
    let lab = Lab::new().await;
    let first = lab.replica("one", &SLEEP);
    lab.run(&first).await;
    let mut second = lab.replica("two", &SLEEP);
    second.address = first.address;

    let container = lab.docker.create(&second).await.unwrap();
    let busy = lab.docker.start(&container).await.unwrap_err();

    assert!(matches!(busy, RuntimeError::Busy(_)), "{busy:?}");
}

// S42
#[tokio::test]
async fn environments_do_not_reach_each_other() {
    let (lab, other) = (Lab::new().await, Lab::new().await);
    let server = lab.replica("web", &["httpd", "-f", "-p", "80", "-h", "/www"]);
    lab.run(&server).await;
    let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2";
    let script = format!("{request} {} 80 || echo not reached", server.address);
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
