//! Randomness.

/// This many random bytes, as hex digits.
#[must_use]
pub fn hex(bytes: usize) -> String {
    let mut model = vec![0_u8; bytes];
    // There is such a thing in every browser that runs the app, also without HTTPS.
    if let Some(crypto) = web_sys::window().and_then(|window| window.crypto().ok()) {
        let _ = crypto.get_random_values_with_u8_array(&mut model);
    }
    model.iter().map(|byte| format!("{byte:02x}")).collect()
}
