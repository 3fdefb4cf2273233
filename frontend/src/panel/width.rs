//! How wide the panel is, on this device.

use crate::view::{page, storage};

const REMEMBERED: &str = "easel.panel";
const USUAL: i32 = 600;
pub(super) const LEAST: i32 = 360;
pub(super) const MOST: i32 = 720;

/// How wide the panel was last.
#[must_use]
pub fn width() -> i32 {
    let kept = storage::read(REMEMBERED).and_then(|text| text.parse().ok());
    kept.unwrap_or(USUAL).clamp(LEAST, MOST)
}

/// Remembers how wide the panel is; the width that it may have.
pub(super) fn resized(width: i32) -> i32 {
    let width = width.clamp(LEAST, MOST);
    storage::write(REMEMBERED, Some(&width.to_string()));
    width
}

/// The width that a panel of this width leaves to the map.
#[must_use]
pub fn free(width: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "screens are small")]
    let window = page::width() as i32;
    (window - width - 12).max(0)
}
