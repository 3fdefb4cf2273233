//! Scrolling, and doing something once per frame.

use std::{cell::RefCell, rc::Rc};

use gloo::render::{AnimationFrame, request_animation_frame};
use web_sys::Element;
use yew::prelude::{Callback, NodeRef, hook, use_memo};

/// How far an element is scrolled, and how much of it is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    pub top: i32,
    pub window: i32,
    pub height: i32,
}

#[must_use]
pub fn read(node: &NodeRef) -> Scroll {
    node.cast::<Element>().map_or_else(Scroll::default, |element| Scroll {
        top: element.scroll_top(),
        window: element.client_height(),
        height: element.scroll_height(),
    })
}

pub fn to(node: &NodeRef, top: i32) {
    if let Some(element) = node.cast::<Element>() {
        element.set_scroll_top(top);
    }
}

/// Something that is done at most once per frame, however often it is asked for.
#[derive(Clone)]
pub struct OncePerFrame {
    action: Callback<()>,
    asked: Rc<RefCell<Option<AnimationFrame>>>,
}

impl OncePerFrame {
    pub fn ask(&self) {
        if self.asked.borrow().is_some() {
            return;
        }
        let (action, asked) = (self.action.clone(), self.asked.clone());
        let frame = request_animation_frame(move |_| {
            asked.replace(None);
            action.emit(());
        });
        self.asked.replace(Some(frame));
    }
}

#[hook]
pub fn use_once_per_frame(action: Callback<()>) -> OncePerFrame {
    (*use_memo((), |()| OncePerFrame { action, asked: Rc::default() })).clone()
}
