//! The flat map behaves as the standard library's tree does.

use domain::Map;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What is done to a map: a key is given a value, or taken out.
type Deed = (u8, Option<u16>);

proptest! {
    #[test]
    fn any_deeds_leave_what_they_leave_in_a_tree(deeds: Vec<Deed>, from: u8) {
        let (mut map, mut tree) = (Map::new(), BTreeMap::new());
        for (key, value) in deeds {
            let (told, known) = match value {
                Some(value) => (map.insert(key, value), tree.insert(key, value)),
                None => (map.remove(&key), tree.remove(&key)),
            };
            prop_assert_eq!(told, known);
        }

        prop_assert!(map.iter().eq(tree.iter()));
        prop_assert!(map.since(&from).eq(tree.range(from..)));
        prop_assert_eq!(map.is_empty(), tree.is_empty());
        prop_assert!(map.into_iter().eq(tree));
    }

    #[test]
    fn gathered_in_any_order_it_is_sorted_and_the_later_of_two_counts(pairs: Vec<(u8, u16)>) {
        let tree: BTreeMap<_, _> = pairs.iter().copied().collect();
        let map: Map<_, _> = pairs.into_iter().collect();
        prop_assert!(map.iter().eq(tree.iter()));
    }

    #[test]
    fn it_is_written_and_read_as_an_object(pairs: Vec<(u8, u16)>) {
        let tree: BTreeMap<_, _> = pairs.iter().copied().collect();
        let map: Map<_, _> = pairs.iter().copied().collect();
        let written = serde_json::to_string(&map).unwrap();
        prop_assert_eq!(&written, &serde_json::to_string(&tree).unwrap());
        prop_assert_eq!(serde_json::from_str::<Map<u8, u16>>(&written).unwrap(), map);

        // As a person may write it: in any order, and a key more than once.
        let members: Vec<_> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let read: Map<u8, u16> = serde_json::from_str(&format!("{{{}}}", members.join(","))).unwrap();
        prop_assert!(read.iter().eq(tree.iter()));
    }
}

#[test]
fn a_list_is_no_map() {
    let refused = serde_json::from_str::<Map<u8, u16>>("[[1, 2]]").unwrap_err();
    assert!(refused.to_string().contains("expected a map"), "{refused}");
}
