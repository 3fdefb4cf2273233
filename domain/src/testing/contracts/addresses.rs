//! What every [`Addresses`](crate::network::Addresses) promises to an adapter.

use super::{
    Store,
    rollouts::fixture::{RolloutFixture, replica},
};
use crate::{
    Address, EnvironmentId, ReplicaId, Set,
    deployment::Transition,
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
                an_address_comes_again_as_late_as_can_be,
                only_an_address_that_a_name_may_have_led_to_is_held,
                an_address_from_before_a_loss_is_held_too,
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
async fn on(subnet: &str, store: Store) -> RolloutFixture {
    let rollout = RolloutFixture::new(store).await;
    let given = rollout.subnet(rollout.key.environment, subnet).await;
    assert_eq!(given.expect("it is free"), net(subnet));
    rollout
}

impl RolloutFixture {
    async fn subnet(&self, environment: EnvironmentId, choice: &str) -> Result<Ipv4Net> {
        let choice = net(choice);
        self.fixture.store.addresses.subnet(environment, &|_| Some(choice)).await
    }

    async fn try_address(&self, replica: ReplicaId) -> Result<Ipv4Addr> {
        self.fixture.store.addresses.address(replica).await
    }

    async fn address(&self, replica: ReplicaId) -> Ipv4Addr {
        self.try_address(replica).await.expect("one is free")
    }

    /// The deployment serves.
    async fn promote(&self) {
        use Transition::{Ready, StartRequested, Started};
        self.reach(&[StartRequested, Started, Ready]).await.expect("it gets there");
        let deployment = self.deployment;
        self.record(&[Step::Promoted { deployment }]).await.expect("it is promoted");
    }

    /// The replica has a container.
    async fn make(&self, replica: ReplicaId) {
        let container = ReplicaHandle(replica.to_string());
        self.record(&[Step::ContainerMade { replica, container }]).await.expect("it is made");
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
    matches!(result, Err(AddressError::NoAddress { .. }))
}

/// DK-130, F42.
pub async fn an_environment_keeps_its_subnet_and_shares_it_with_none(store: Store) {
    let rollout = on("10.215.1.0/24", store).await;
    let (here, other_project) =
        (rollout.key.environment, rollout.fixture.other_project().await.environment);
    let addresses = &rollout.fixture.store.addresses;

    let again = rollout.subnet(here, "10.215.7.0/24").await.expect("it has one");
    let (same, wider) = (
        rollout.subnet(other_project, "10.215.1.0/24").await,
        rollout.subnet(other_project, "10.215.0.0/22").await,
    );
    let none = addresses.subnet(other_project, &|_| None).await;
    let others = Mutex::default();
    let choose = |known: &[Ipv4Net]| {
        *others.lock().expect("no panic") = known.to_vec();
        Pool { range: net("10.215.0.0/21"), size: 22 }.free_subnet(known)
    };
    let free = addresses.subnet(other_project, &choose).await.expect("one is left");
    let nowhere = rollout.subnet(EnvironmentId::new(Uuid::nil()), "10.215.9.0/24").await;

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
    let rollout = on("10.215.1.0/24", store).await;
    let mut addresses = Set::new();
    let replicas = rollout.add_many(0, 253).await;
    for replica in &replicas {
        addresses.insert(rollout.address(*replica).await);
    }
    let late = rollout.add(300).await;

    let full = rollout.try_address(late).await;
    rollout.promote().await;
    rollout.make(replicas[252]).await;
    rollout.release(replicas[252]).await;
    rollout.advance(ADDRESS_HOLD);
    let held = rollout.try_address(late).await;
    rollout.advance(Duration::from_secs(1));
    let free = rollout.try_address(late).await;

    assert_eq!(addresses.len(), 253, "all different");
    assert!(addresses.iter().all(|it| (2..=254).contains(&it.octets()[3])), "{addresses:?}");
    assert!(is_full(&full) && is_full(&held), "{full:?}, {held:?}");
    assert!(free.is_ok(), "{free:?}");
    let told = full.map_err(RuntimeError::from);
    assert!(matches!(&told, Err(RuntimeError::NoAddress(why)) if why.contains("253")), "{told:?}");
}

/// The freshest one might still be remembered by somebody.
pub async fn an_address_comes_again_as_late_as_can_be(store: Store) {
    // Room for five.
    let rollout = on("10.215.0.0/29", store).await;
    let mut given = Vec::new();

    for number in 0..10 {
        let replica = rollout.add(number).await;
        given.push(rollout.address(replica).await.octets()[3]);
        rollout.release(replica).await;
    }

    assert_eq!(given, [2, 3, 4, 5, 6, 2, 3, 4, 5, 6]);
}

/// Design §4: what nobody was ever led to is free at once, with or without a container.
pub async fn only_an_address_that_a_name_may_have_led_to_is_held(store: Store) {
    // Room for one.
    let rollout = on("10.215.0.0/30", store).await;
    let waits = rollout.add(9).await;
    let bare = rollout.add(0).await;
    rollout.address(bare).await;
    rollout.release(bare).await;
    let overtaken = rollout.add(1).await;
    rollout.address(overtaken).await;
    rollout.make(overtaken).await;
    rollout.release(overtaken).await;
    let serves = rollout.add(2).await;
    rollout.address(serves).await;
    rollout.make(serves).await;

    let there = rollout.try_address(waits).await;
    rollout.promote().await;
    rollout.release(serves).await;
    let held = rollout.try_address(waits).await;
    rollout.advance(ADDRESS_HOLD + Duration::from_secs(1));
    let free = rollout.try_address(waits).await;

    let resting = |refused: &Result<Ipv4Addr>| match refused {
        Err(AddressError::NoAddress { resting, .. }) => Some(*resting),
        _ => None,
    };
    assert_eq!((resting(&there), resting(&held)), (Some(0), Some(1)), "{there:?}, {held:?}");
    assert!(free.is_ok(), "{free:?}");
}

/// F36: it served before its container was lost.
pub async fn an_address_from_before_a_loss_is_held_too(store: Store) {
    let rollout = on("10.215.0.0/30", store).await;
    let (lost, late) = (rollout.add(0).await, rollout.add(1).await);
    rollout.promote().await;
    rollout.address(lost).await;
    rollout.make(lost).await;
    let container = ReplicaHandle(lost.to_string());
    let step = Step::ContainerLost { replica: lost, container };
    rollout.record(&[step]).await.expect("it is written down");
    rollout.release(lost).await;

    let held = rollout.try_address(late).await;

    assert!(is_full(&held), "{held:?}");
}

/// Design §4.
pub async fn three_hundred_services_can_be_deployed_twice_in_a_row(store: Store) {
    let rollout = on("10.208.0.0/22", store).await;
    let mut addresses = Set::new();

    for replica in rollout.add_many(0, 600).await {
        addresses.insert(rollout.address(replica).await);
    }

    assert_eq!(addresses.len(), 600, "all different");
    assert!(addresses.iter().all(|address| net("10.208.0.0/22").contains(address)));
}

/// F33, F08: neither a lost answer nor one who was overtaken makes a second one of it.
pub async fn an_address_is_the_replicas_whoever_asks(store: Store) {
    let rollout = on("10.208.0.0/22", store).await;
    let (one, other) = (rollout.add(0).await, rollout.add(1).await);

    let first = rollout.address(one).await;
    rollout.fixture.store.rollouts.acquire_fence().await.expect("somebody else rules now");
    let again = rollout.address(one).await;
    let given = rollout.address(other).await;

    assert_eq!((again, rollout.address(other).await), (first, given));
    assert_ne!(first, given);
}

/// F36.
pub async fn a_replica_whose_container_is_lost_keeps_its_address(store: Store) {
    let rollout = on("10.208.0.0/22", store).await;
    let replica = rollout.add(0).await;
    let container = ReplicaHandle("one".to_owned());
    let before = rollout.address(replica).await;

    rollout
        .record(&[
            Step::ContainerMade { replica, container: container.clone() },
            Step::ContainerLost { replica, container },
            Step::ReplicaRetired { replica },
        ])
        .await
        .expect("it is written down");

    assert_eq!(rollout.address(replica).await, before);
}

/// W30: what is not to be there is not made room for.
pub async fn what_has_no_row_gets_no_address(store: Store) {
    let rollout = RolloutFixture::new(store).await;
    let replica = rollout.add(0).await;

    let nowhere = rollout.try_address(replica).await;
    rollout.subnet(rollout.key.environment, "10.208.0.0/22").await.expect("it is free");
    let nobody = rollout.try_address(ReplicaId::new(Uuid::nil())).await;
    rollout.release(replica).await;
    let released = rollout.try_address(replica).await;

    for refused in [nowhere, nobody, released] {
        assert!(matches!(refused, Err(AddressError::Gone(_))), "{refused:?}");
    }
}

/// I11: its container has it, however long that takes to go.
pub async fn the_address_of_a_deleted_replica_is_held_until_nothing_is_left(store: Store) {
    // Room for one.
    let rollout = on("10.208.0.0/30", store).await;
    let first = rollout.add(0).await;
    let address = rollout.address(first).await;
    let other = rollout.fixture.service("other").await;
    let deployment = rollout.fixture.newest(other).await.id;
    let late = replica(1);
    rollout.fixture.stage(Edit::Clear { address: Address::Service(rollout.key.service) }).await;
    rollout.fixture.apply_all().await;
    let subject = rollout.desired().await.tombstones[0].subject;
    rollout
        .record(&[Step::ReplicaAdded { replica: late, deployment, index: 0 }])
        .await
        .expect("added");

    rollout.advance(ADDRESS_HOLD + Duration::from_secs(1));
    let deleted = rollout.try_address(first).await;
    let held = rollout.try_address(late).await;
    rollout.record(&[Step::TombstoneDone { subject }]).await.expect("nothing is left");
    rollout.advance(ADDRESS_HOLD + Duration::from_secs(1));

    assert!(matches!(deleted, Err(AddressError::Gone(_))), "{deleted:?}");
    assert!(is_full(&held), "{held:?}");
    assert_eq!(rollout.address(late).await, address);
}
