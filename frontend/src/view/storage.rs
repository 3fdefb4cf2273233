//! What this browser remembers.

/// The value stored under this name.
#[must_use]
pub fn read(name: &str) -> Option<String> {
    web()?.get_item(name).ok()?
}

/// Remembers a value, or forgets it.
pub fn write(name: &str, value: Option<&str>) {
    if let Some(storage) = web() {
        // A browser that refuses to remember is no reason to fail.
        let _ = match value {
            Some(value) => storage.set_item(name, value),
            None => storage.remove_item(name),
        };
    }
}

fn web() -> Option<web_sys::Storage> {
    if cfg!(target_family = "wasm") { web_sys::window()?.local_storage().ok()? } else { None }
}
