//! Server-sent events. The browser opens a broken stream again by itself, and goes on after the
//! last event that it has seen.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};
use yew::Callback;

/// What is heard of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Opened,
    /// An event of this name, and what it carries.
    Event(&'static str, String),
    /// It broke, and is being opened again.
    Broken,
    /// It could not be opened, or will not be again.
    Refused,
}

/// An open stream. Closed when dropped.
#[derive(Debug)]
pub struct Stream {
    source: EventSource,
    listeners: Vec<EventListener>,
}

impl Stream {
    /// Opens the stream at a path of this origin, and listens to events of these names.
    #[must_use]
    pub fn open(path: &str, names: &[&'static str], on: &Callback<Heard>) -> Option<Self> {
        let source = EventSource::new(path).ok()?;
        let opened = on.clone();
        let mut listeners =
            vec![EventListener::new(&source, "open", move |_| opened.emit(Heard::Opened))];
        for &name in names.iter().filter(|name| **name != "error") {
            let on = on.clone();
            listeners.push(EventListener::new(&source, name, move |event| {
                let data = event.dyn_ref::<MessageEvent>().and_then(|it| it.data().as_string());
                on.emit(Heard::Event(name, data.unwrap_or_default()));
            }));
        }
        listeners.push(EventListener::new(&source, "error", {
            let (on, source) = (on.clone(), source.clone());
            move |event| {
                // The server's own event of this name carries words; the browser's does not.
                let data = event.dyn_ref::<MessageEvent>().and_then(|it| it.data().as_string());
                on.emit(match data {
                    Some(data) => Heard::Event("error", data),
                    None if source.ready_state() == EventSource::CLOSED => Heard::Refused,
                    None => Heard::Broken,
                });
            }
        }));
        Some(Self { source, listeners })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.listeners.clear();
        self.source.close();
    }
}
