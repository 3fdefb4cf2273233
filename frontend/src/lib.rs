//! The web app: the canvas and the screens around it, in Yew.

pub mod canvas;
