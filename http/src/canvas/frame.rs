//! What can be said of a frame that could not be read.

/// Whether a frame's type is one of ours, whatever else is wrong with it.
pub(super) fn is_known(text: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    matches!(value["type"].as_str(), Some("auth" | "open" | "place" | "drag"))
}

/// Which operation a frame would have been.
pub(super) fn op_of(text: &str) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value["op"].as_u64()
}
