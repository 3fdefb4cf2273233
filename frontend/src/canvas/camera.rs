//! What part of the map one sees, and how large.

use super::geometry::{Area, Position};

pub const MIN_ZOOM: f64 = 0.1;
pub const MAX_ZOOM: f64 = 2.0;

/// The one transform between map and screen: `screen = map * zoom + pan`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    pub pan: Position,
    pub zoom: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { pan: Position::default(), zoom: 1.0 }
    }
}

impl Camera {
    /// Zooms by `factor` such that whatever lies under `anchor` stays there.
    #[must_use]
    pub fn zoom_at(self, anchor: Position, factor: f64) -> Self {
        let zoom = (self.zoom * factor).clamp(MIN_ZOOM, MAX_ZOOM);
        let keep = |anchor: f64, pan: f64| anchor - (anchor - pan) * zoom / self.zoom;
        let pan = Position { x: keep(anchor.x, self.pan.x), y: keep(anchor.y, self.pan.y) };
        Self { pan, zoom }
    }

    #[must_use]
    pub fn panned(self, x: f64, y: f64) -> Self {
        Self { pan: self.pan.plus(x, y), ..self }
    }

    #[must_use]
    pub fn to_map(self, screen: Position) -> Position {
        Position { x: (screen.x - self.pan.x) / self.zoom, y: (screen.y - self.pan.y) / self.zoom }
    }

    #[must_use]
    pub fn to_screen(self, map: Position) -> Position {
        Position { x: map.x * self.zoom + self.pan.x, y: map.y * self.zoom + self.pan.y }
    }

    /// The part of the map that a window of this size shows.
    #[must_use]
    pub fn view(self, size: Size) -> Area {
        let corner = self.to_map(Position::default());
        Area::new(corner.x, corner.y, size.width / self.zoom, size.height / self.zoom)
    }

    /// Shows all of `area`, never larger than life.
    #[must_use]
    pub fn fitting(area: Area, size: Size, padding: f64) -> Self {
        let room = |length: f64| (length - 2.0 * padding).max(1.0);
        let zoom = (room(size.width) / area.width.max(1.0))
            .min(room(size.height) / area.height.max(1.0))
            .clamp(MIN_ZOOM, 1.0);
        Self { pan: Position::default(), zoom }.centred(area.centre(), size)
    }

    /// The same zoom, with this point of the map in the middle of a window of this size.
    #[must_use]
    pub fn centred(self, point: Position, size: Size) -> Self {
        let pan = Position {
            x: (size.width / 2.0 - point.x * self.zoom).round(),
            y: (size.height / 2.0 - point.y * self.zoom).round(),
        };
        Self { pan, ..self }
    }

    /// On the way to another camera; `progress` runs from 0 to 1.
    #[must_use]
    pub fn toward(self, other: Self, progress: f64) -> Self {
        let mix = |from: f64, to: f64| from + (to - from) * progress;
        Self {
            pan: Position { x: mix(self.pan.x, other.pan.x), y: mix(self.pan.y, other.pan.y) },
            zoom: mix(self.zoom, other.zoom),
        }
    }
}

/// The size of the window onto the map, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    const SIZE: Size = Size { width: 1440.0, height: 900.0 };

    proptest! {
        #[test]
        fn zooming_keeps_what_lies_under_the_pointer(
            x in 0.0..1440.0, y in 0.0..900.0, pan in -5_000.0..5_000.0, factors in proptest::collection::vec(0.3..3.0, 1..20)
        ) {
            let anchor = Position::new(x, y);
            let mut camera = Camera { pan: Position::new(pan, -pan), zoom: 1.0 };
            let under = camera.to_map(anchor);

            for factor in factors {
                camera = camera.zoom_at(anchor, factor);
            }

            prop_assert!(camera.to_map(anchor).distance(under) < 1e-6);
            prop_assert!((MIN_ZOOM..=MAX_ZOOM).contains(&camera.zoom));
        }

        #[test]
        fn a_point_goes_to_the_screen_and_back(x in -1e5..1e5, y in -1e5..1e5, zoom in MIN_ZOOM..MAX_ZOOM) {
            let camera = Camera { pan: Position::new(37.0, -12.5), zoom };
            let point = Position::new(x, y);

            prop_assert!(camera.to_map(camera.to_screen(point)).distance(point) < 1e-6);
        }

        #[test]
        fn fitting_shows_everything_that_can_be_shown(
            x in -3e3..3e3, y in -3e3..3e3, width in 1.0..8e3, height in 1.0..6e3
        ) {
            let area = Area::new(x, y, width, height);

            let camera = Camera::fitting(area, SIZE, 40.0);

            prop_assert!(camera.view(SIZE).grown(6.0 / camera.zoom).covers(&area));
        }
    }
}
