//! The flat set behaves as the standard library's tree does.

use domain::Set;
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #[test]
    fn any_deeds_leave_what_they_leave_in_a_tree(deeds: Vec<(u8, bool)>, asked: u8) {
        let (mut set, mut tree) = (Set::new(), BTreeSet::new());
        for (member, taken_in) in deeds {
            let (told, known) = match taken_in {
                true => (set.insert(member), tree.insert(member)),
                false => (set.remove(&member), tree.remove(&member)),
            };
            prop_assert_eq!(told, known);
        }

        prop_assert!(set.iter().eq(tree.iter()));
        prop_assert_eq!(set.contains(&asked), tree.contains(&asked));
    }

    #[test]
    fn however_it_is_gathered_each_member_is_there_once(first: Vec<u8>, then: Vec<u8>) {
        let tree: BTreeSet<_> = first.iter().chain(&then).copied().collect();
        let mut set: Set<_> = first.iter().copied().collect();
        set.extend(then.iter().copied());
        prop_assert!(set.iter().eq(tree.iter()));

        let read: Set<u8> = serde_json::from_str(&serde_json::to_string(&[first, then].concat())?)?;
        prop_assert_eq!(serde_json::to_string(&read)?, serde_json::to_string(&tree)?);
        prop_assert_eq!(read, set);
    }
}
