//! Identities that nobody has yet.

use domain::Ids;
use uuid::Uuid;

/// Identities that rise with time, from the machine's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the `Ids` port")]
    fn mint(&self) -> Uuid {
        Uuid::now_v7()
    }
}
