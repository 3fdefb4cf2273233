//! The canvas of a project: what lies on it, and what one does there.

pub mod add;
pub mod arrange;
pub mod deeds;
pub mod dotenv;
pub mod face;
pub mod map;
pub mod menus;
pub mod nodes;
pub mod scene;
pub mod words;
