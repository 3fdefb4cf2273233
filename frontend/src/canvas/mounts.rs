//! Which cards are in the document: those near the view, the nearest first, a few each frame.

use std::collections::HashSet;

use super::{geometry::Area, scene::CardId, scene_store::SceneStore};

/// How far beyond the view cards are kept ready, in screen pixels.
const MARGIN: f64 = 300.0;
const MARGIN_ZOOMED_OUT: f64 = 120.0;
/// How many cards one frame may mount.
pub const PER_FRAME: usize = 48;

/// The cards that are mounted.
#[derive(Debug, Default)]
pub struct Mounts {
    mounted: HashSet<CardId>,
    near: Option<Area>,
}

/// What has to happen for the right cards to be mounted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub mount: Vec<CardId>,
    pub unmount: Vec<CardId>,
    /// Some had to wait for the next frame.
    pub is_partial: bool,
}

impl Mounts {
    #[must_use]
    pub fn len(&self) -> usize {
        self.mounted.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mounted.is_empty()
    }

    #[must_use]
    pub fn has(&self, id: CardId) -> bool {
        self.mounted.contains(&id)
    }

    /// The area whose cards are mounted, or soon will be.
    #[must_use]
    pub fn near(&self) -> Option<Area> {
        self.near
    }

    /// Looks again at the next update, wherever the view is.
    pub fn forget(&mut self) {
        self.near = None;
    }

    /// Decides for this view. `pinned` cards are mounted wherever they are; with `only_pinned`, no others are.
    pub fn update(
        &mut self,
        scene_store: &SceneStore,
        view: Area,
        zoom: f64,
        pinned: &[CardId],
        cards: Cards,
    ) -> Change {
        let margin = if zoom < 0.5 { MARGIN_ZOOMED_OUT } else { MARGIN } / zoom;
        let wanted_area = view.grown(margin);
        let is_current = self.near.is_some_and(|near| {
            near.covers(&view)
                && near.width <= wanted_area.width * 2.5
                && near.height <= wanted_area.height * 2.5
        });
        if is_current {
            return Change::default();
        }

        let wanted: HashSet<CardId> = match cards {
            Cards::Near => {
                scene_store.within(wanted_area).map(|card| scene_store.id(card)).collect()
            }
            Cards::OnlyPinned => HashSet::new(),
        };
        let is_wanted = |id: &CardId| {
            scene_store.index(*id).is_some() && (wanted.contains(id) || pinned.contains(id))
        };

        let unmount: Vec<_> = self.mounted.iter().filter(|id| !is_wanted(id)).copied().collect();
        for id in &unmount {
            self.mounted.remove(id);
        }

        let mut mount: Vec<_> = wanted
            .iter()
            .chain(pinned)
            .filter(|id| is_wanted(id) && !self.mounted.contains(id))
            .copied()
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let middle = view.centre();
        let distance = |id: &CardId| {
            scene_store
                .index(*id)
                .map_or(f64::INFINITY, |card| scene_store.area(card).centre().distance(middle))
        };
        mount.sort_by(|one, other| distance(one).total_cmp(&distance(other)).then(one.cmp(other)));

        let is_partial = mount.len() > PER_FRAME;
        mount.truncate(PER_FRAME);
        self.mounted.extend(&mount);
        self.near = if is_partial { None } else { Some(wanted_area) };
        Change { mount, unmount, is_partial }
    }
}

/// Which cards belong in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cards {
    Near,
    /// The overview draws the others.
    OnlyPinned,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::canvas::scene::{Card, Scene};

    fn grid(count: u32) -> SceneStore {
        let cards = (0..count)
            .map(|n| {
                let (column, row) = (f64::from(n % 40), f64::from(n / 40));
                let area = Area::new(column * 320.0, row * 200.0, 248.0, 112.0);
                Card::new(CardId(u128::from(n)), area, "card")
            })
            .collect();
        let mut scene_store = SceneStore::default();
        scene_store.load(&Scene { cards, edges: vec![] }, |_| None);
        scene_store
    }

    fn settle(mounts: &mut Mounts, scene_store: &SceneStore, view: Area, zoom: f64) -> u32 {
        let mut frames = 0;
        loop {
            frames += 1;
            let change = mounts.update(scene_store, view, zoom, &[], Cards::Near);
            assert!(change.mount.len() <= PER_FRAME);
            if !change.is_partial {
                return frames;
            }
        }
    }

    #[test]
    fn of_a_thousand_cards_only_those_near_the_view_are_mounted() {
        let scene_store = grid(1_000);
        let mut mounts = Mounts::default();
        let view = Area::new(4_000.0, 2_000.0, 1_440.0, 900.0);

        let frames = settle(&mut mounts, &scene_store, view, 1.0);

        assert!(frames <= 3);
        assert!((20..=80).contains(&mounts.len()), "{} are mounted", mounts.len());
    }

    #[test]
    fn a_small_step_changes_nothing() {
        let scene_store = grid(1_000);
        let mut mounts = Mounts::default();
        let view = Area::new(4_000.0, 2_000.0, 1_440.0, 900.0);
        settle(&mut mounts, &scene_store, view, 1.0);

        let change =
            mounts.update(&scene_store, Area { x: view.x + 250.0, ..view }, 1.0, &[], Cards::Near);

        assert_eq!(change, Change::default());
    }

    #[test]
    fn the_nearest_cards_come_first() {
        let scene_store = grid(1_000);
        let mut mounts = Mounts::default();
        let view = Area::new(0.0, 0.0, 9_000.0, 6_000.0);

        let first = mounts.update(&scene_store, view, 0.5, &[], Cards::Near);
        let second = mounts.update(&scene_store, view, 0.5, &[], Cards::Near);

        let distance = |id: &CardId| {
            scene_store.area(scene_store.index(*id).unwrap()).centre().distance(view.centre())
        };
        let farthest = first.mount.iter().map(distance).fold(0.0, f64::max);
        assert!(second.mount.iter().map(distance).all(|later| later >= farthest));
    }

    #[test]
    fn a_pinned_card_stays_wherever_the_view_goes() {
        let scene_store = grid(1_000);
        let mut mounts = Mounts::default();
        let far = Area::new(9_000.0, 4_000.0, 1_440.0, 900.0);

        mounts.update(&scene_store, far, 1.0, &[CardId(0), CardId(77_777)], Cards::OnlyPinned);

        assert!(mounts.has(CardId(0)));
        assert_eq!(mounts.len(), 1);
    }

    proptest! {
        #[test]
        fn whatever_is_in_view_is_mounted_once_things_settle(
            steps in proptest::collection::vec((-2e3..14e3, -2e3..6e3, 0.4..2.0), 1..12)
        ) {
            let scene_store = grid(1_000);
            let mut mounts = Mounts::default();

            for (x, y, zoom) in steps {
                let view = Area::new(x, y, 1_440.0 / zoom, 900.0 / zoom);
                settle(&mut mounts, &scene_store, view, zoom);

                for card in scene_store.within(view) {
                    prop_assert!(mounts.has(scene_store.id(card)));
                }
                prop_assert!(mounts.len() < 700);
            }
        }
    }
}
