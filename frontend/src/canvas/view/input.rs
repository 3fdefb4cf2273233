//! Listening: pointers and keys on the root, one non-passive wheel listener, nothing on the window.

use std::{cell::RefCell, rc::Rc};

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, PointerEvent, WheelEvent};

use super::{stage::Stage, tell::settle};
use crate::canvas::{
    engine::keyboard::Key,
    geometry::Position,
    gesture::{Button, Keys, Pointer},
};

pub(super) fn listen(root: &HtmlElement, stage: &Rc<RefCell<Stage>>) -> Vec<EventListener> {
    let on = |name: &'static str, is_passive: bool, handle: fn(&Rc<RefCell<Stage>>, &Event)| {
        let stage = Rc::downgrade(stage);
        let options =
            EventListenerOptions { phase: EventListenerPhase::Bubble, passive: is_passive };
        EventListener::new_with_options(root, name, options, move |event| {
            // A frame that moves the keyboard is heard here while it is still writing.
            if let Some(stage) = stage.upgrade()
                && stage.try_borrow_mut().is_ok()
            {
                handle(&stage, event);
                settle(&stage);
            }
        })
    };
    vec![
        on("pointerdown", true, press),
        on("pointermove", true, steer),
        on("pointerup", true, release),
        on("pointercancel", true, lose),
        on("pointerleave", true, leave),
        on("contextmenu", false, menu),
        on("wheel", false, wheel),
        on("keydown", false, key),
        on("focusin", true, focus),
    ]
}

fn press(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut stage = stage.borrow_mut();
    if !is_ours(event) || event.button() > 1 {
        return;
    }
    let _ = stage.root.set_pointer_capture(event.pointer_id());
    let pointer = pointer(&stage, event);
    stage.engine.press(pointer);
}

fn steer(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut stage = stage.borrow_mut();
    let pointer = pointer(&stage, event);
    stage.engine.steer(pointer);
    stage.pointed = Some(stage.engine.camera().to_map(pointer.at));
}

fn release(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut stage = stage.borrow_mut();
    let pointer = pointer(&stage, event);
    stage.engine.release(pointer);
}

fn lose(stage: &Rc<RefCell<Stage>>, event: &Event) {
    if let Some(event) = event.dyn_ref::<PointerEvent>() {
        stage.borrow_mut().engine.lose(event.pointer_id());
    }
}

fn leave(stage: &Rc<RefCell<Stage>>, _: &Event) {
    let mut stage = stage.borrow_mut();
    stage.engine.leave();
}

fn menu(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(mouse) = event.dyn_ref::<web_sys::MouseEvent>() else { return };
    if !is_ours(event) && focused_host(stage, event).is_none() {
        return;
    }
    event.prevent_default();
    let mut stage = stage.borrow_mut();
    let at = place(&stage, f64::from(mouse.client_x()), f64::from(mouse.client_y()));
    stage.engine.menu(at);
}

fn wheel(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(event) = event.dyn_ref::<WheelEvent>() else { return };
    let mut stage = stage.borrow_mut();
    let at = place(&stage, f64::from(event.client_x()), f64::from(event.client_y()));
    let unit = match event.delta_mode() {
        WheelEvent::DOM_DELTA_LINE => 33.0,
        WheelEvent::DOM_DELTA_PAGE => 400.0,
        _ => 1.0,
    };
    let (x, y) = (event.delta_x() * unit, event.delta_y() * unit);
    event.prevent_default();
    if event.ctrl_key() || event.meta_key() {
        // A pinch on a touch pad arrives as small steps with Control held.
        let strength = if y.abs() < 40.0 { 4.0 } else { 1.0 };
        stage.engine.wheel(at, x, y * strength, false);
    } else if event.shift_key() {
        let along = if x == 0.0 { y } else { x };
        stage.engine.wheel(at, along, 0.0, true);
    } else {
        // Fingers move both ways and by small steps; a wheel by notches.
        let is_touch_pad = x != 0.0 || y.abs() < 40.0;
        stage.engine.wheel(at, x, y, is_touch_pad);
    }
}

fn key(stage: &Rc<RefCell<Stage>>, event: &Event) {
    let Some(pressed) = event.dyn_ref::<KeyboardEvent>() else { return };
    let Some(key) = Key::named(&pressed.key()) else { return };
    let is_root = event.target().is_some_and(|it| it == *stage.borrow().root.as_ref());
    let is_dragging = !stage.borrow().engine.gesture().carried().is_empty();
    if !is_root && focused_host(stage, event).is_none() && !(is_dragging && key == Key::Escape) {
        return;
    }
    let keys = Keys {
        shift: pressed.shift_key(),
        control: pressed.ctrl_key() || pressed.meta_key(),
        alt: pressed.alt_key(),
        space: false,
    };
    if keys.shift && key == Key::Enter {
        return;
    }
    if stage.borrow_mut().engine.key(key, keys) {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn focus(stage: &Rc<RefCell<Stage>>, event: &Event) {
    if let Some(id) = focused_host(stage, event) {
        let mut stage = stage.borrow_mut();
        // By mouse the card is under the hand already.
        if stage.engine.active() != Some(id) {
            stage.engine.focused(id);
        }
    }
}

fn focused_host(stage: &Rc<RefCell<Stage>>, event: &Event) -> Option<crate::canvas::scene::CardId> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    stage.borrow().hosts.card(&target)
}

/// Whether an event is the input layer's, not that of a card being edited or of a control above.
fn is_ours(event: &Event) -> bool {
    event.target().and_then(|it| it.dyn_into::<Element>().ok()).is_some_and(|it| {
        it.class_list().contains("canvas-input") || it.class_list().contains("canvas")
    })
}

fn place(stage: &Stage, x: f64, y: f64) -> Position {
    let corner = stage.root.get_bounding_client_rect();
    Position::new(x - corner.x(), y - corner.y())
}

fn pointer(stage: &Stage, event: &PointerEvent) -> Pointer {
    Pointer {
        id: event.pointer_id(),
        at: place(stage, f64::from(event.client_x()), f64::from(event.client_y())),
        button: match event.button() {
            1 => Button::Middle,
            2 => Button::Secondary,
            _ => Button::Primary,
        },
        is_touch: event.pointer_type() == "touch",
        keys: Keys {
            shift: event.shift_key(),
            control: event.ctrl_key() || event.meta_key(),
            alt: event.alt_key(),
            space: false,
        },
        time: event.time_stamp(),
    }
}
