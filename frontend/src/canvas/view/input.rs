//! Listening: pointers and keys on the root, one non-passive wheel listener, nothing on the window.

use std::{cell::RefCell, rc::Rc};

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, PointerEvent, WheelEvent};

use super::{renderer::Renderer, report_effects::settle};
use crate::canvas::{
    engine::keyboard::Key,
    geometry::Position,
    gesture::{Button, Keys, Pointer},
};

pub(super) fn listen(root: &HtmlElement, renderer: &Rc<RefCell<Renderer>>) -> Vec<EventListener> {
    let on = |name: &'static str, is_passive: bool, handle: fn(&Rc<RefCell<Renderer>>, &Event)| {
        let renderer = Rc::downgrade(renderer);
        let options =
            EventListenerOptions { phase: EventListenerPhase::Bubble, passive: is_passive };
        EventListener::new_with_options(root, name, options, move |event| {
            // A frame that moves the keyboard is heard here while it is still writing.
            if let Some(renderer) = renderer.upgrade()
                && renderer.try_borrow_mut().is_ok()
            {
                handle(&renderer, event);
                settle(&renderer);
            }
        })
    };
    vec![
        on("pointerdown", true, press),
        on("pointermove", true, move_pointer),
        on("pointerup", true, release),
        on("pointercancel", true, lose),
        on("pointerleave", true, leave),
        on("contextmenu", false, menu),
        on("wheel", false, wheel),
        on("keydown", false, key),
        on("focusin", true, focus),
    ]
}

fn press(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut renderer = renderer.borrow_mut();
    if !is_ours(event) || event.button() > 1 {
        return;
    }
    let _ = renderer.root.set_pointer_capture(event.pointer_id());
    let pointer = pointer(&renderer, event);
    renderer.engine.press(pointer);
}

fn move_pointer(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut renderer = renderer.borrow_mut();
    let pointer = pointer(&renderer, event);
    renderer.engine.move_pointer(pointer);
    renderer.pointed = Some(renderer.engine.camera().to_map(pointer.at));
}

fn release(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(event) = event.dyn_ref::<PointerEvent>() else { return };
    let mut renderer = renderer.borrow_mut();
    let pointer = pointer(&renderer, event);
    renderer.engine.release(pointer);
}

fn lose(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    if let Some(event) = event.dyn_ref::<PointerEvent>() {
        renderer.borrow_mut().engine.lose(event.pointer_id());
    }
}

fn leave(renderer: &Rc<RefCell<Renderer>>, _: &Event) {
    let mut renderer = renderer.borrow_mut();
    renderer.engine.leave();
}

fn menu(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(mouse) = event.dyn_ref::<web_sys::MouseEvent>() else { return };
    if !is_ours(event) && focused_host(renderer, event).is_none() {
        return;
    }
    event.prevent_default();
    let mut renderer = renderer.borrow_mut();
    let at = place(&renderer, f64::from(mouse.client_x()), f64::from(mouse.client_y()));
    renderer.engine.menu(at);
}

fn wheel(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(event) = event.dyn_ref::<WheelEvent>() else { return };
    let mut renderer = renderer.borrow_mut();
    let at = place(&renderer, f64::from(event.client_x()), f64::from(event.client_y()));
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
        renderer.engine.wheel(at, x, y * strength, false);
    } else if event.shift_key() {
        let along = if x == 0.0 { y } else { x };
        renderer.engine.wheel(at, along, 0.0, true);
    } else {
        // Fingers move both ways and by small steps; a wheel by notches.
        let is_touch_pad = x != 0.0 || y.abs() < 40.0;
        renderer.engine.wheel(at, x, y, is_touch_pad);
    }
}

fn key(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    let Some(pressed) = event.dyn_ref::<KeyboardEvent>() else { return };
    let Some(key) = Key::named(&pressed.key()) else { return };
    let is_root = event.target().is_some_and(|it| it == *renderer.borrow().root.as_ref());
    let is_dragging = !renderer.borrow().engine.gesture().dragged().is_empty();
    if !is_root && focused_host(renderer, event).is_none() && !(is_dragging && key == Key::Escape) {
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
    if renderer.borrow_mut().engine.key(key, keys) {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn focus(renderer: &Rc<RefCell<Renderer>>, event: &Event) {
    if let Some(id) = focused_host(renderer, event) {
        let mut renderer = renderer.borrow_mut();
        // By mouse the card is under the hand already.
        if renderer.engine.active() != Some(id) {
            renderer.engine.focused(id);
        }
    }
}

fn focused_host(
    renderer: &Rc<RefCell<Renderer>>,
    event: &Event,
) -> Option<crate::canvas::scene::CardId> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    renderer.borrow().hosts.card(&target)
}

/// Whether an event is the input layer's, not that of a card being edited or of a control above.
fn is_ours(event: &Event) -> bool {
    event.target().and_then(|it| it.dyn_into::<Element>().ok()).is_some_and(|it| {
        it.class_list().contains("canvas-input") || it.class_list().contains("canvas")
    })
}

fn place(renderer: &Renderer, x: f64, y: f64) -> Position {
    let corner = renderer.root.get_bounding_client_rect();
    Position::new(x - corner.x(), y - corner.y())
}

fn pointer(renderer: &Renderer, event: &PointerEvent) -> Pointer {
    Pointer {
        id: event.pointer_id(),
        at: place(renderer, f64::from(event.client_x()), f64::from(event.client_y())),
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
