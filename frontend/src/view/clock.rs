//! The time, and waiting.

use std::rc::Rc;

use gloo::timers::callback::{Interval, Timeout};
use yew::prelude::{Callback, hook, use_effect_with, use_state_eq};

/// Milliseconds since the Unix epoch, by this machine's clock.
#[must_use]
pub fn now() -> i64 {
    if cfg!(target_family = "wasm") {
        #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds")]
        let now = js_sys::Date::now() as i64;
        now
    } else {
        0
    }
}

/// The time, read again every `every` milliseconds.
#[hook]
pub fn use_now(every: u32) -> i64 {
    let time = use_state_eq(now);
    use_effect_with(every, {
        let time = time.setter();
        move |every| {
            let interval = Interval::new(*every, move || time.set(now()));
            move || drop(interval)
        }
    });
    *time
}

/// Calls back once, `after` milliseconds from now, unless dropped before.
#[derive(Debug)]
pub struct Timer(#[expect(dead_code, reason = "holds the timer")] Rc<Timeout>);

impl Timer {
    #[must_use]
    pub fn set(after: u32, callback: Callback<()>) -> Self {
        Self(Rc::new(Timeout::new(after, move || callback.emit(()))))
    }
}

/// A moment as people write it here, in their own zone.
#[must_use]
pub fn exact(at: i64) -> String {
    if cfg!(target_family = "wasm") {
        #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
        let date = js_sys::Date::new(&(at as f64).into());
        date.to_string().into()
    } else {
        stamp(at)
    }
}

/// A moment as machines write it.
#[must_use]
pub fn stamp(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A moment's time of day, to the millisecond, in the zone of this machine.
#[must_use]
pub fn time_of_day(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at - zone(at)).unwrap_or_default();
    time.format("%H:%M:%S%.3f").to_string()
}

/// How far this machine's zone lies behind UTC at a moment, in milliseconds.
fn zone(at: i64) -> i64 {
    if cfg!(target_family = "wasm") {
        #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
        let date = js_sys::Date::new(&(at as f64).into());
        #[expect(clippy::cast_possible_truncation, reason = "whole minutes, at most a day")]
        let minutes = date.get_timezone_offset() as i64;
        minutes * 60_000
    } else {
        0
    }
}

/// Calls back every `every` milliseconds, while somebody can see the page.
#[hook]
pub fn use_every(every: u32, callback: Callback<()>) {
    use_effect_with((every, callback), |(every, callback)| {
        let callback = callback.clone();
        let interval = Interval::new(*every, move || {
            if !super::page::is_hidden() {
                callback.emit(());
            }
        });
        move || drop(interval)
    });
}
