//! The canvas of a project: what lies on it, and what one does there.

pub mod add;
pub mod auto_layout;
pub mod card_content;
pub mod dotenv;
pub mod labels;
pub mod map;
pub mod menus;
pub mod nodes;
pub mod scene;
pub mod staging;
