//! What a key may do.

use domain::access::KeyScope;

/// The scopes, with what each allows.
pub(super) const SCOPES: [(KeyScope, &str, &str); 6] = [
    (KeyScope::Read, "read", "look at everything but values and logs"),
    (KeyScope::Stage, "stage", "stage changes, discard them, lay out the canvas"),
    (KeyScope::Deploy, "deploy", "apply changes and deploy"),
    (KeyScope::Logs, "logs", "read what containers write, which may hold values"),
    (KeyScope::Write, "write", "reveal values, make projects"),
    (
        KeyScope::Admin,
        "admin",
        "members, audit and deletion of projects; the instance, as far as you may",
    ),
];
