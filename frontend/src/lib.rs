//! The web app: the canvas and the screens around it, in Yew.

pub mod canvas;
pub mod card;
pub mod component;
mod pigments;
pub mod view;
