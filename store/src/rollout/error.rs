//! What writing down may come to.

use domain::rollout::RolloutError;

pub(super) type Result<T> = std::result::Result<T, RolloutError>;

/// It has been overtaken by something else.
pub(super) fn stale<T>(why: impl Into<String>) -> Result<T> {
    Err(RolloutError::Stale(why.into()))
}
