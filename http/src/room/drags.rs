//! Passing news of a canvas: who drags what. They never wait for anybody, cost no event, and of what
//! one socket says only the latest counts.

use super::frame::frame;
use axum::extract::ws::Utf8Bytes;
use domain::{
    UserId,
    api::canvas::{Drag, ServerMessage},
    layout::{Node, Position},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast};

/// How long what moves is gathered: one frame then tells of all of it. Less than a screen's frame.
const TICK: Duration = Duration::from_millis(15);
/// Frames that wait for a slow guest; it misses what is older.
const QUEUE: usize = 8;
/// Places in one frame, about; who is not in it is in the next one.
const MAX_PLACES: usize = 800;
/// Bytes a second that a room sends to all who are in it, about: what is more waits, and is
/// overtaken by what is newer.
const MAX_BYTES_PER_SECOND: usize = 200_000_000;

/// All who moved within one tick, serialised once for everybody.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) text: Utf8Bytes,
    /// Who alone is in it, and need not be told.
    pub(crate) only: Option<u64>,
}

/// What moves and is not told yet.
pub(crate) struct Drags {
    waiting: Mutex<Vec<Drag>>,
    wake: Notify,
    ticks: broadcast::Sender<Tick>,
}

impl Default for Drags {
    fn default() -> Self {
        let (ticks, _) = broadcast::channel(QUEUE);
        Self { waiting: Mutex::default(), wake: Notify::new(), ticks }
    }
}

impl Drags {
    /// Somebody drags: this takes the place of what they said before.
    pub(crate) fn put(&self, participant: u64, user: UserId, places: Vec<(Node, Position)>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.iter_mut().find(|drag| drag.participant == participant) {
            Some(drag) => drag.places = places,
            None => waiting.push(Drag { participant, user, places }),
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Something that hears of each tick.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Tick> {
        self.ticks.subscribe()
    }

    /// Tells everybody, tick for tick.
    pub(crate) async fn run(&self) {
        loop {
            self.wake.notified().await;
            while let Some(tick) = self.next() {
                let size = tick.text.len();
                // Nobody listening is fine: it has passed by.
                let listeners = self.ticks.send(tick).unwrap_or_default();
                tokio::time::sleep(pause(size, listeners)).await;
            }
        }
    }

    /// What is told next: those who have waited longest, up to a frame full.
    fn next(&self) -> Option<Tick> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = 0;
        let fits = waiting.iter().take_while(|drag| {
            let is_room = places == 0 || places + drag.places.len() <= MAX_PLACES;
            places += drag.places.len().max(1);
            is_room
        });
        let fits = fits.count();
        let drags: Vec<Drag> = waiting.drain(..fits).collect();
        drop(waiting);
        let only = match &drags[..] {
            [] => return None,
            [only] => Some(only.participant),
            _ => None,
        };
        Some(Tick { text: frame(&ServerMessage::Drags { drags }), only })
    }
}

/// How long a room rests after a frame of this size to so many.
fn pause(size: usize, listeners: usize) -> Duration {
    let bytes = u32::try_from(size.saturating_mul(listeners)).unwrap_or(u32::MAX);
    let rate = f64::from(u32::try_from(MAX_BYTES_PER_SECOND).unwrap_or(u32::MAX));
    TICK.max(Duration::from_secs_f64(f64::from(bytes) / rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Ids, ServiceId, testing::SeededIds};

    fn told(tick: &Tick) -> Vec<(u64, usize, i32)> {
        let message: ServerMessage = serde_json::from_str(&tick.text).expect("a message");
        let ServerMessage::Drags { drags } = message else { panic!("{message:?}") };
        (drags.iter())
            .map(|drag| (drag.participant, drag.places.len(), drag.places[0].1.x))
            .collect()
    }

    fn places(ids: &SeededIds, count: usize, x: i32) -> Vec<(Node, Position)> {
        let at = |_| (Node::Service(ServiceId::new(ids.mint())), Position { x, y: 0 });
        (0..count).map(at).collect()
    }

    #[test]
    fn one_frame_tells_of_all_who_moved_as_they_are_now() {
        let (drags, ids) = (Drags::default(), SeededIds::default());
        let user = UserId::new(ids.mint());
        for x in 0..5 {
            for participant in 1..4 {
                drags.put(participant, user, places(&ids, 1, x));
            }
        }

        let tick = drags.next().expect("news");

        assert_eq!(told(&tick), [(1, 1, 4), (2, 1, 4), (3, 1, 4)]);
        assert_eq!(tick.only, None);
        assert!(drags.next().is_none(), "and all is told");
    }

    #[test]
    fn who_moves_alone_need_not_be_told() {
        let (drags, ids) = (Drags::default(), SeededIds::default());
        drags.put(7, UserId::new(ids.mint()), places(&ids, 2, 1));

        assert_eq!(drags.next().expect("news").only, Some(7));
    }

    #[test]
    fn a_frame_is_bounded_and_nobody_waits_for_ever() {
        let (drags, ids) = (Drags::default(), SeededIds::default());
        let user = UserId::new(ids.mint());
        for participant in 1..4 {
            drags.put(participant, user, places(&ids, 500, 1));
        }

        let first = drags.next().expect("news");
        drags.put(1, user, places(&ids, 500, 2));

        assert_eq!(told(&first), [(1, 500, 1)]);
        assert_eq!(told(&drags.next().expect("news")), [(2, 500, 1)]);
        assert_eq!(told(&drags.next().expect("news")), [(3, 500, 1)]);
        assert_eq!(told(&drags.next().expect("news")), [(1, 500, 2)]);
    }

    #[test]
    fn a_room_rests_the_longer_the_more_it_sends() {
        assert_eq!(pause(100, 2), TICK);
        assert_eq!(pause(8_000, 200), TICK);
        assert_eq!(pause(64_000, 200), Duration::from_millis(64));
    }
}
