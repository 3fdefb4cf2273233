//! Where whoever came in has to show their proof again.

use domain::UserId;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// Tells open sockets and streams that somebody's rights may have changed. It is told before the
/// request that changed them is answered, so nothing is sent on old rights after that.
#[derive(Default)]
pub(crate) struct RightsWatch(Mutex<HashMap<UserId, watch::Sender<u64>>>);

impl RightsWatch {
    /// Rights have changed, and nobody knows whose: whoever is in must show their proof again.
    pub(crate) fn notify_changed(&self) {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.values().for_each(turn);
    }

    /// The rights of somebody have changed.
    pub(crate) fn notify_user(&self, user: UserId) {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(&user).into_iter().for_each(turn);
    }

    /// Something that learns of each turn in somebody's rights.
    pub(crate) fn watch(&self, user: UserId) -> watch::Receiver<u64> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, turns| turns.receiver_count() > 0);
        people.entry(user).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }
}

fn turn(turns: &watch::Sender<u64>) {
    turns.send_modify(|turns| *turns = turns.wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Ids, testing::SeededIds};

    #[test]
    fn only_whose_rights_have_changed_is_asked_again() {
        let (rights, ids) = (RightsWatch::default(), SeededIds::default());
        let [ada, bob] = [(); 2].map(|()| UserId::new(ids.mint()));
        let (mut of_ada, of_bob) = (rights.watch(ada), rights.watch(bob));

        rights.notify_user(ada);

        assert!(of_ada.has_changed().is_ok_and(|changed| changed));
        assert!(of_bob.has_changed().is_ok_and(|changed| !changed));
        of_ada.mark_unchanged();
        rights.notify_changed();
        for mut turns in [of_ada, of_bob] {
            assert!(turns.has_changed().is_ok_and(|changed| changed));
            turns.mark_unchanged();
        }
    }

    #[test]
    fn whoever_left_is_forgotten() {
        let (rights, ids) = (RightsWatch::default(), SeededIds::default());
        for _ in 0..100 {
            drop(rights.watch(UserId::new(ids.mint())));
        }

        let _stays = rights.watch(UserId::new(ids.mint()));

        assert_eq!(rights.0.lock().expect("no panic").len(), 1);
    }
}
