//! Which subnet, and which address.

use domain::{
    Timestamp,
    network::{ADDRESS_HOLD, Pool, free_address, gateway},
};
use ipnet::Ipv4Net;
use std::{net::Ipv4Addr, time::Duration};

fn net(text: &str) -> Ipv4Net {
    text.parse().unwrap()
}

fn pool(range: &str, size: u8) -> Pool {
    Pool { range: net(range), size }
}

#[test]
fn the_first_free_one_is_taken() {
    let taken = [net("10.215.0.0/24"), net("10.215.1.128/25")];

    let subnet = pool("10.215.0.0/16", 24).free_subnet(&taken);

    assert_eq!(subnet, Some(net("10.215.2.0/24")));
}

#[test]
fn a_wide_route_takes_everything_below_it() {
    let pool = pool("10.215.0.0/16", 24);

    assert_eq!(pool.free_subnet(&[net("10.0.0.0/8")]), None);
    assert!(pool.free_subnet(&[net("0.0.0.0/0")]).is_some());
}

// Those of an installation from before are smaller.
#[test]
fn a_large_one_keeps_off_small_ones_inside_of_it() {
    let taken = [net("10.208.0.0/24"), net("10.208.7.0/24"), net("10.208.8.0/22")];

    assert_eq!(Pool::default().free_subnet(&taken), Some(net("10.208.12.0/22")));
}

#[test]
fn nothing_is_left_in_a_range_that_is_too_small() {
    assert_eq!(pool("10.1.0.0/24", 22).free_subnet(&[]), None);
    let why = pool("10.1.0.0/24", 22).exhausted().to_string();
    assert!(why.contains("10.1.0.0/24") && why.contains("/22"), "{why}");
}

// Design §4: 300 services can be deployed twice in a row.
#[test]
fn an_environment_has_room_for_a_thousand_replicas() {
    let subnet = Pool::default().free_subnet(&[]).unwrap();
    let mut used = Vec::new();

    while let Some(address) = free_address(subnet, used.clone(), Timestamp::from_millis(0)) {
        used.push((address, None));
    }

    assert_eq!(used.len(), 1021);
    let [first, .., last] = used[..] else { panic!("they are many") };
    assert_eq!(gateway(subnet), Some(Ipv4Addr::new(10, 208, 0, 1)));
    assert_eq!((first.0, last.0), ([10, 208, 0, 2].into(), [10, 208, 3, 254].into()));
}

#[test]
fn what_never_was_used_comes_first_and_then_what_has_rested_longest() {
    let subnet = net("10.1.2.0/29");
    let address = |last| Ipv4Addr::new(10, 1, 2, last);
    let at = |seconds| Timestamp::from_millis(seconds * 1000);
    let now = at(10_000);
    let long_ago = now.as_millis() / 1000 - i64::try_from(ADDRESS_HOLD.as_secs()).unwrap();
    // .4 is in use again, .5 was released twice.
    let used = [
        (address(2), Some(at(300))),
        (address(3), Some(at(200))),
        (address(4), Some(at(100))),
        (address(4), None),
        (address(5), Some(at(100))),
        (address(5), Some(at(400))),
    ];

    assert_eq!(free_address(subnet, used, now), Some(address(6)), "never used");
    let used = || used.into_iter().chain([(address(6), None)]);
    assert_eq!(free_address(subnet, used(), now), Some(address(3)));
    let held = used().chain([(address(3), None)]);
    assert_eq!(free_address(subnet, held, now), Some(address(2)));
    let held = used().chain([(address(3), None), (address(2), None)]);
    assert_eq!(free_address(subnet, held, now), Some(address(5)));
    let fresh = used().map(|(address, released)| (address, released.map(|_| at(long_ago))));
    assert_eq!(free_address(subnet, fresh.clone(), now), None, "not for {ADDRESS_HOLD:?}");
    let later = now.plus(Duration::from_millis(1));
    assert_eq!(free_address(subnet, fresh, later), Some(address(2)));
}
