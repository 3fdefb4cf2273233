//! What a key may do.

use domain::access::KeyScope;

/// The scopes, with what each allows.
pub(super) const SCOPES: [(KeyScope, &str, &str); 5] = [
    (KeyScope::Read, "read", "look at everything but values"),
    (KeyScope::Stage, "stage", "stage changes and discard them"),
    (KeyScope::Deploy, "deploy", "apply changes and deploy"),
    (KeyScope::Write, "write", "reveal values, lay out the canvas, make and delete projects"),
    (KeyScope::Admin, "admin", "administer the instance, as far as you may"),
];
