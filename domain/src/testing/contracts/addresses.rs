//! What every [`Addresses`](crate::network::Addresses) promises to an adapter.

use super::{
    Store,
    rollouts::scene::{Scene, replica},
};
use crate::{
    Address, EnvironmentId, ReplicaId, Set,
    edit::Edit,
    network::{ADDRESS_HOLD, AddressError, Pool},
    rollout::Step,
    runtime::{ReplicaHandle, RuntimeError},
};
use ipnet::Ipv4Net;
use std::{net::Ipv4Addr, sync::Mutex, time::Duration};
use uuid::Uuid;

/// Tests that an [`Addresses`](crate::network::Addresses) keeps its promises.
#[macro_export]
macro_rules! addresses_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            addresses,
            $store,
            [
                an_environment_keeps_its_subnet_and_shares_it_with_none,
                each_replica_has_an_address_of_its_own_and_it_is_held,
                the_longest_unused_address_comes_first,
                three_hundred_services_can_be_deployed_twice_in_a_row,
                an_address_is_the_replicas_whoever_asks,
                a_replica_whose_container_is_lost_keeps_its_address,
                what_has_no_row_gets_no_address,
                the_address_of_a_deleted_replica_is_held_until_nothing_is_left,
            ]
        );
    };
}

type Result<T> = std::result::Result<T, AddressError>;

fn net(text: &str) -> Ipv4Net {
    text.parse().expect("the test's subnet is one")
}

/// A scene whose environment has this subnet.
async fn on(subnet: &str, store: Store) -> Scene {
    let scene = Scene::new(store).await;
    let given = scene.subnet(scene.key.environment, subnet).await;
    assert_eq!(given.expect("it is free"), net(subnet));
    scene
}

impl Scene {
    async fn subnet(&self, environment: EnvironmentId, choice: &str) -> Result<Ipv4Net> {
        let choice = net(choice);
        self.desk.store.addresses.subnet(environment, &|_| Some(choice)).await
    }

    async fn try_address(&self, replica: ReplicaId) -> Result<Ipv4Addr> {
        self.desk.store.addresses.address(replica).await
    }

    async fn address(&self, replica: ReplicaId) -> Ipv4Addr {
        self.try_address(replica).await.expect("one is free")
    }

    /// So many replicas more, from this number on.
    async fn add_many(&self, first: u16, count: u16) -> Vec<ReplicaId> {
        let numbers = first..first + count;
        let deployment = self.deployment;
        let added =
            |number| Step::ReplicaAdded { replica: replica(number), deployment, index: number };
        let steps: Vec<_> = numbers.clone().map(added).collect();
        self.record(&steps).await.expect("they are added");
        numbers.map(replica).collect()
    }
}

fn is_full(result: &Result<Ipv4Addr>) -> bool {
    matches!(result, Err(AddressError::NoAddress(_)))
}

/// DK-130, F42.
pub async fn an_environment_keeps_its_subnet_and_shares_it_with_none(store: Store) {
    let scene = on("10.215.1.0/24", store).await;
    let (here, elsewhere) = (scene.key.environment, scene.desk.elsewhere().await.environment);
    let addresses = &scene.desk.store.addresses;

    let again = scene.subnet(here, "10.215.7.0/24").await.expect("it has one");
    let (same, wider) = (
        scene.subnet(elsewhere, "10.215.1.0/24").await,
        scene.subnet(elsewhere, "10.215.0.0/22").await,
    );
    let none = addresses.subnet(elsewhere, &|_| None).await;
    let others = Mutex::default();
    let choose = |known: &[Ipv4Net]| {
        *others.lock().expect("no panic") = known.to_vec();
        Pool { range: net("10.215.0.0/21"), size: 22 }.free_subnet(known)
    };
    let free = addresses.subnet(elsewhere, &choose).await.expect("one is left");
    let nowhere = scene.subnet(EnvironmentId::new(Uuid::nil()), "10.215.9.0/24").await;

    assert_eq!(again, net("10.215.1.0/24"));
    assert!(matches!(same, Err(AddressError::Taken(_))), "{same:?}");
    assert!(matches!(wider, Err(AddressError::Taken(_))), "{wider:?}");
    assert!(matches!(none, Err(AddressError::NoSubnet)), "{none:?}");
    assert_eq!(*others.lock().expect("no panic"), [net("10.215.1.0/24")], "those of others");
    assert_eq!(free, net("10.215.4.0/22"));
    assert!(matches!(nowhere, Err(AddressError::Gone(_))), "{nowhere:?}");
}

/// Design §4: an address always means the same container. Such a /24 is from before.
pub async fn each_replica_has_an_address_of_its_own_and_it_is_held(store: Store) {
    let scene = on("10.215.1.0/24", store).await;
    let mut addresses = Set::new();
    let replicas = scene.add_many(0, 253).await;
    for replica in &replicas {
        addresses.insert(scene.address(*replica).await);
    }
    let late = scene.add(300).await;

    let full = scene.try_address(late).await;
    scene.release(replicas[252]).await;
    scene.forward(ADDRESS_HOLD);
    let held = scene.try_address(late).await;
    scene.forward(Duration::from_secs(1));
    let free = scene.try_address(late).await;

    assert_eq!(addresses.len(), 253, "all different");
    assert!(addresses.iter().all(|it| (2..=254).contains(&it.octets()[3])), "{addresses:?}");
    assert!(is_full(&full) && is_full(&held), "{full:?}, {held:?}");
    assert!(free.is_ok(), "{free:?}");
    let told = full.map_err(RuntimeError::from);
    assert!(matches!(&told, Err(RuntimeError::NoAddress(why)) if why.contains("253")), "{told:?}");
}

/// The freshest one might still be remembered by somebody.
pub async fn the_longest_unused_address_comes_first(store: Store) {
    let scene = on("10.215.0.0/22", store).await;
    let one = scene.add(0).await;
    let first = scene.address(one).await;
    scene.release(one).await;
    scene.forward(ADDRESS_HOLD + Duration::from_secs(1));

    let second = scene.address(scene.add(1).await).await;

    assert_ne!(first, second);
}

/// Design §4.
pub async fn three_hundred_services_can_be_deployed_twice_in_a_row(store: Store) {
    let scene = on("10.208.0.0/22", store).await;
    let mut addresses = Set::new();

    for replica in scene.add_many(0, 600).await {
        addresses.insert(scene.address(replica).await);
    }

    assert_eq!(addresses.len(), 600, "all different");
    assert!(addresses.iter().all(|address| net("10.208.0.0/22").contains(address)));
}

/// F33, F08: neither a lost answer nor one who was overtaken makes a second one of it.
pub async fn an_address_is_the_replicas_whoever_asks(store: Store) {
    let scene = on("10.208.0.0/22", store).await;
    let (one, other) = (scene.add(0).await, scene.add(1).await);

    let first = scene.address(one).await;
    scene.desk.store.rollouts.take_over().await.expect("somebody else rules now");
    let again = scene.address(one).await;
    let given = scene.address(other).await;

    assert_eq!((again, scene.address(other).await), (first, given));
    assert_ne!(first, given);
}

/// F36.
pub async fn a_replica_whose_container_is_lost_keeps_its_address(store: Store) {
    let scene = on("10.208.0.0/22", store).await;
    let replica = scene.add(0).await;
    let container = ReplicaHandle("one".to_owned());
    let before = scene.address(replica).await;

    scene
        .record(&[
            Step::ContainerMade { replica, container: container.clone() },
            Step::ContainerLost { replica, container },
            Step::ReplicaRetired { replica },
        ])
        .await
        .expect("it is written down");

    assert_eq!(scene.address(replica).await, before);
}

/// W30: what is not to be there is not made room for.
pub async fn what_has_no_row_gets_no_address(store: Store) {
    let scene = Scene::new(store).await;
    let replica = scene.add(0).await;

    let nowhere = scene.try_address(replica).await;
    scene.subnet(scene.key.environment, "10.208.0.0/22").await.expect("it is free");
    let nobody = scene.try_address(ReplicaId::new(Uuid::nil())).await;
    scene.release(replica).await;
    let released = scene.try_address(replica).await;

    for refused in [nowhere, nobody, released] {
        assert!(matches!(refused, Err(AddressError::Gone(_))), "{refused:?}");
    }
}

/// I11: its container has it, however long that takes to go.
pub async fn the_address_of_a_deleted_replica_is_held_until_nothing_is_left(store: Store) {
    // Room for one.
    let scene = on("10.208.0.0/30", store).await;
    let first = scene.add(0).await;
    let address = scene.address(first).await;
    let other = scene.desk.service("other").await;
    let deployment = scene.desk.newest(other).await.id;
    let late = replica(1);
    scene.desk.stage(Edit::Clear { address: Address::Service(scene.key.service) }).await;
    scene.desk.apply_all().await;
    let subject = scene.aim().await.tombstones[0].subject;
    scene
        .record(&[Step::ReplicaAdded { replica: late, deployment, index: 0 }])
        .await
        .expect("added");

    scene.forward(ADDRESS_HOLD + Duration::from_secs(1));
    let deleted = scene.try_address(first).await;
    let held = scene.try_address(late).await;
    scene.record(&[Step::TombstoneDone { subject }]).await.expect("nothing is left");
    scene.forward(ADDRESS_HOLD + Duration::from_secs(1));

    assert!(matches!(deleted, Err(AddressError::Gone(_))), "{deleted:?}");
    assert!(is_full(&held), "{held:?}");
    assert_eq!(scene.address(late).await, address);
}
