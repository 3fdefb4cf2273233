//! Which subnet, and which address.

use domain::{
    Timestamp,
    network::{ADDRESS_HOLD, AddressError, Holder, Pool, gateway, rotation},
    runtime::RuntimeError,
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

    let used: Vec<_> = rotation(subnet, None).collect();

    assert_eq!(used.len(), 1021);
    let [first, .., last] = used[..] else { panic!("they are many") };
    assert_eq!(gateway(subnet), Some(Ipv4Addr::new(10, 208, 0, 1)));
    assert_eq!((first, last), ([10, 208, 0, 2].into(), [10, 208, 3, 254].into()));
}

// Design §4: an address comes again as late as can be, and none is left out.
#[test]
fn addresses_are_given_away_in_turn() {
    let subnet = net("10.1.2.0/29");
    let turn = |last: Option<u8>| -> Vec<u8> {
        let last = last.map(|last| Ipv4Addr::new(10, 1, 2, last));
        rotation(subnet, last).map(|address| address.octets()[3]).collect()
    };

    assert_eq!(turn(None), [2, 3, 4, 5, 6]);
    assert_eq!(turn(Some(3)), [4, 5, 6, 2, 3]);
    assert_eq!(turn(Some(6)), [2, 3, 4, 5, 6]);
    let elsewhere = rotation(subnet, Some(Ipv4Addr::new(10, 9, 9, 9))).count();
    assert_eq!(elsewhere, 5, "one of another subnet says nothing");
}

// Design §4: what a name may have led to is held for a while; what nobody was led to is free at once.
#[test]
fn only_who_has_served_holds_an_address_after_its_end() {
    let at = |seconds: u64| Timestamp::from_millis(0).plus(Duration::from_secs(seconds));
    let gone = |has_served| Holder::Gone { since: at(100), has_served };
    let hold = ADDRESS_HOLD.as_secs();
    for (holder, now, holds) in [
        (Holder::There, 100, true),
        (Holder::There, 1_000_000, true),
        (gone(true), 100, true),
        (gone(true), 100 + hold, true),
        (gone(true), 101 + hold, false),
        (gone(false), 100, false),
        (gone(false), 101 + hold, false),
    ] {
        assert_eq!(holder.holds(at(now)), holds, "{holder:?} at {now}");
    }
}

// What is said names the truth, and what helps.
#[test]
fn a_want_of_addresses_says_who_has_them_and_what_helps() {
    let said = |resting| {
        let subnet = net("10.1.2.0/24");
        RuntimeError::from(AddressError::NoAddress { subnet, resting }).to_string()
    };

    let (none, some) = (said(0), said(117));
    assert!(none.contains("all 253 addresses") && none.contains("253 by replicas that are there;"));
    assert!(
        some.contains("136 by replicas that are there, 117 by replicas that served until less")
    );
    assert!(some.contains("than 10 minutes ago") && some.contains("goes on by itself"), "{some}");
    for help in ["Fewer replicas", "another environment", "--network-size"] {
        assert!(none.contains(help) && some.contains(help), "{help}");
    }
}
