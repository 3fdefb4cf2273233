//! The line between two cards: a cubic Bézier between the sides that are nearest.

use super::{
    buffer::Buffer,
    geometry::{Area, Position},
};

/// How far a control point may lie from its end.
const REACH: (f64, f64) = (24.0, 140.0);

/// A cubic Bézier curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    pub start: Position,
    pub leave: Position,
    pub arrive: Position,
    pub end: Position,
}

impl Curve {
    /// From the middle of one card's side to the middle of the other's.
    #[must_use]
    pub fn between(from: &Area, to: &Area) -> Self {
        let gap_x = (to.x - from.right()).max(from.x - to.right());
        let gap_y = (to.y - from.bottom()).max(from.y - to.bottom());
        let (a, b) = (from.centre(), to.centre());

        if gap_x >= gap_y {
            let side = if b.x >= a.x { 1.0 } else { -1.0 };
            let start = Position::new(a.x + side * from.width / 2.0, a.y);
            let end = Position::new(b.x - side * to.width / 2.0, b.y);
            let reach = side * Self::reach((end.x - start.x).abs(), (end.y - start.y).abs());
            Self { start, leave: start.plus(reach, 0.0), arrive: end.plus(-reach, 0.0), end }
        } else {
            let side = if b.y >= a.y { 1.0 } else { -1.0 };
            let start = Position::new(a.x, a.y + side * from.height / 2.0);
            let end = Position::new(b.x, b.y - side * to.height / 2.0);
            let reach = side * Self::reach((end.y - start.y).abs(), (end.x - start.x).abs());
            Self { start, leave: start.plus(0.0, reach), arrive: end.plus(0.0, -reach), end }
        }
    }

    fn reach(along: f64, across: f64) -> f64 {
        (along / 2.0 + across / 8.0).clamp(REACH.0, REACH.1)
    }

    /// The point at `t`, from 0 to 1.
    #[must_use]
    pub fn at(&self, t: f64) -> Position {
        let u = 1.0 - t;
        let mix = |a: f64, b: f64, c: f64, d: f64| {
            u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
        };
        Position {
            x: mix(self.start.x, self.leave.x, self.arrive.x, self.end.x),
            y: mix(self.start.y, self.leave.y, self.arrive.y, self.end.y),
        }
    }

    /// An area that surely covers the curve: that of its control points.
    #[must_use]
    pub fn bounds(&self) -> Area {
        Area::between(self.start, self.end).joined(&Area::between(self.leave, self.arrive))
    }

    /// About how far a point lies from the curve.
    #[must_use]
    pub fn distance(&self, point: Position) -> f64 {
        const STEPS: u32 = 24;

        let mut nearest = f64::INFINITY;
        let mut before = self.start;
        for step in 1..=STEPS {
            let here = self.at(f64::from(step) / f64::from(STEPS));
            nearest = nearest.min(to_segment(point, before, here));
            before = here;
        }
        nearest
    }

    /// Writes the value of an SVG path's `d`, in whole pixels.
    pub fn write(&self, buffer: &mut Buffer) {
        buffer.clear();
        buffer.text("M").whole(self.start.x).text(" ").whole(self.start.y);
        buffer.text("C").whole(self.leave.x).text(" ").whole(self.leave.y);
        buffer.text(" ").whole(self.arrive.x).text(" ").whole(self.arrive.y);
        buffer.text(" ").whole(self.end.x).text(" ").whole(self.end.y);
    }
}

fn to_segment(point: Position, from: Position, to: Position) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 {
        (((point.x - from.x) * dx + (point.y - from.y) * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    point.distance(Position::new(from.x + along * dx, from.y + along * dy))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    #[test]
    fn a_line_leaves_by_the_side_that_faces_the_other_card() {
        let here = Area::new(0.0, 0.0, 200.0, 100.0);

        let right = Curve::between(&here, &Area::new(400.0, 20.0, 200.0, 100.0));
        assert_eq!(right.start, Position::new(200.0, 50.0));
        assert_eq!(right.end, Position::new(400.0, 70.0));

        let above = Curve::between(&here, &Area::new(30.0, -400.0, 200.0, 100.0));
        assert_eq!(above.start, Position::new(100.0, 0.0));
        assert_eq!(above.end, Position::new(130.0, -300.0));
    }

    proptest! {
        #[test]
        fn a_curve_stays_within_its_bounds_and_on_itself(
            x in -2e3..2e3, y in -2e3..2e3, t in 0.0..1.0
        ) {
            let curve = Curve::between(&Area::new(0.0, 0.0, 248.0, 120.0), &Area::new(x, y, 248.0, 96.0));
            let point = curve.at(t);

            prop_assert!(curve.bounds().grown(1e-6).holds(point));
            prop_assert!(curve.distance(point) < 8.0);
        }
    }
}
