//! The canvas: a plain Rust engine owns camera, positions, gestures and edges, and writes to the
//! document once per frame; the content of each card is a component in a portal.

pub mod board;
mod buffer;
pub mod camera;
pub mod curve;
pub mod engine;
pub mod geometry;
pub mod gesture;
pub mod mounts;
pub mod overview;
pub mod scene;
