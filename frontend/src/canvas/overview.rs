//! The whole map on one bitmap: when the cards in view are so many, or so small, that each is a slab
//! with a name.

use super::geometry::Area;

/// Below this zoom, with more cards than `MANY` in view, the bitmap takes over.
const FAR: f64 = 0.4;
const MANY: usize = 150;
/// With fewer cards than this the document takes over again.
const FEW: usize = 110;
/// Below this zoom no card can be read, however few there are.
const TINY: f64 = 0.3;
/// How much larger than the view the bitmap is, on each side.
const AROUND: f64 = 0.25;
/// The bitmap is drawn again when the scale differs by more than this.
const STRETCH: f64 = 1.8;

/// Whether the overview is shown, and what its bitmap covers.
#[derive(Debug, Default)]
pub struct Overview {
    is_shown: bool,
    model: Option<Bitmap>,
}

/// What a bitmap shows, and at which scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bitmap {
    pub area: Area,
    pub zoom: f64,
}

impl Overview {
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    #[must_use]
    pub fn bitmap(&self) -> Option<Bitmap> {
        self.model
    }

    /// Draws again at the next update: something on the map has changed.
    pub fn forget(&mut self) {
        self.model = None;
    }

    /// Shows or hides the overview; whether that changed.
    pub fn decide(&mut self, zoom: f64, in_view: usize) -> bool {
        let before = self.is_shown;
        let are_many = in_view > MANY || before && in_view >= FEW;
        self.is_shown = zoom < FAR && are_many || zoom < TINY && in_view > 0;
        if !self.is_shown {
            self.model = None;
        }
        before != self.is_shown
    }

    /// The bitmap to draw now, if the last one no longer serves this view.
    pub fn update(&mut self, view: Area, zoom: f64) -> Option<Bitmap> {
        let serves = self.model.is_some_and(|bitmap| {
            bitmap.area.covers(&view)
                && zoom / bitmap.zoom < STRETCH
                && bitmap.zoom / zoom < STRETCH
        });
        if !self.is_shown || serves {
            return None;
        }
        let area = Area::new(
            view.x - view.width * AROUND,
            view.y - view.height * AROUND,
            view.width * (1.0 + 2.0 * AROUND),
            view.height * (1.0 + 2.0 * AROUND),
        );
        self.model = Some(Bitmap { area, zoom });
        self.model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_with_many_cards_and_goes_with_few() {
        let mut overview = Overview::default();

        assert!(!overview.decide(0.3, 140));
        assert!(overview.decide(0.3, 160));
        assert!(!overview.decide(0.3, 120));
        assert!(overview.decide(0.3, 100));
        assert!(!overview.decide(0.8, 4_000));
    }

    #[test]
    fn a_few_cards_are_slabs_too_where_none_of_them_can_be_read() {
        let mut overview = Overview::default();
        let mut is_shown = |zoom, in_view| {
            overview.decide(zoom, in_view);
            overview.is_shown()
        };

        assert!(is_shown(0.2, 3));
        assert!(!is_shown(0.3, 3));
        assert!(!is_shown(0.2, 0));
    }

    #[test]
    fn it_is_drawn_again_only_when_the_view_leaves_it_or_the_scale_differs_much() {
        let mut overview = Overview::default();
        overview.decide(0.2, 900);
        let view = Area::new(0.0, 0.0, 1_000.0, 1_000.0);

        assert!(overview.update(view, 0.2).is_some());
        assert!(overview.update(Area { x: 200.0, ..view }, 0.2).is_none());
        assert!(overview.update(Area { x: 300.0, ..view }, 0.2).is_some());
        assert!(overview.update(Area::new(400.0, 100.0, 500.0, 500.0), 0.39).is_some());
    }
}
