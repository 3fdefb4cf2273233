//! A WebSocket to where the page came from.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{CloseEvent, MessageEvent, WebSocket};
use yew::Callback;

/// What is heard of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Opened,
    Text(String),
    /// With this code; 1006 when the network failed.
    Closed(u16),
}

/// An open socket, or one that is being opened. Closed when dropped, and then silent.
#[derive(Debug)]
pub struct Socket {
    socket: WebSocket,
    listeners: Vec<EventListener>,
}

impl Socket {
    /// Opens a socket at a path of this origin.
    #[must_use]
    pub fn open(path: &str, on: Callback<Heard>) -> Option<Self> {
        let location = web_sys::window()?.location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let host = location.host().ok()?;
        let socket = WebSocket::new(&format!("{scheme}://{host}{path}")).ok()?;
        let (opened, said, closed) = (on.clone(), on.clone(), on);
        let listeners = vec![
            EventListener::new(&socket, "open", move |_| opened.emit(Heard::Opened)),
            EventListener::new(&socket, "message", move |event| {
                let data = event.dyn_ref::<MessageEvent>().and_then(|it| it.data().as_string());
                if let Some(text) = data {
                    said.emit(Heard::Text(text));
                }
            }),
            EventListener::new(&socket, "close", move |event| {
                let code = event.dyn_ref::<CloseEvent>().map_or(1006, CloseEvent::code);
                closed.emit(Heard::Closed(code));
            }),
        ];
        Some(Self { socket, listeners })
    }

    /// Says something; whether it could be handed over.
    pub fn send(&self, text: &str) -> bool {
        self.socket.ready_state() == WebSocket::OPEN && self.socket.send_with_str(text).is_ok()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listeners.clear();
        // One that was never opened is closed all the same.
        let _ = self.socket.close();
    }
}
