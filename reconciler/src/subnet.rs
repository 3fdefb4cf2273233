//! Choosing the addresses of an environment's network.

use domain::runtime::Subnet;
use std::net::Ipv4Addr;

/// The first /24 of the range that overlaps with nothing taken. A default route takes nothing.
#[must_use]
pub fn free_subnet(range: (Ipv4Addr, u8), taken: &[(Ipv4Addr, u8)]) -> Option<Subnet> {
    let (first, last) = bounds(range);
    (first..=last)
        .step_by(256)
        .map(|base| (Ipv4Addr::from(base), 24))
        .find(|candidate| !taken.iter().any(|other| other.1 > 0 && overlaps(*candidate, *other)))
        .map(|(base, _)| Subnet::containing(base))
}

fn overlaps(one: (Ipv4Addr, u8), other: (Ipv4Addr, u8)) -> bool {
    let (first, last) = bounds(one);
    let (other_first, other_last) = bounds(other);
    first <= other_last && other_first <= last
}

fn bounds((address, prefix): (Ipv4Addr, u8)) -> (u32, u32) {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    let first = u32::from(address) & mask;
    (first, first | !mask)
}

#[cfg(test)]
mod tests {
    use super::free_subnet;
    use std::net::Ipv4Addr;

    const RANGE: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 215, 0, 0), 16);

    #[test]
    fn the_first_free_one_is_taken() {
        let taken = [(Ipv4Addr::new(10, 215, 0, 0), 24), (Ipv4Addr::new(10, 215, 1, 128), 25)];

        let subnet = free_subnet(RANGE, &taken);

        assert_eq!(subnet.map(|it| it.base()), Some(Ipv4Addr::new(10, 215, 2, 0)));
    }

    #[test]
    fn a_wide_route_takes_everything_below_it() {
        assert_eq!(free_subnet(RANGE, &[(Ipv4Addr::new(10, 0, 0, 0), 8)]), None);
        assert!(free_subnet(RANGE, &[(Ipv4Addr::new(0, 0, 0, 0), 0)]).is_some());
    }
}
