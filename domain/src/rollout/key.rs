//! A service in its environment.

use crate::{EnvironmentId, ServiceId};
use serde::{Deserialize, Serialize};

/// A service within an environment: what one worker looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field names its type")]
pub struct ServiceKey {
    pub environment: EnvironmentId,
    pub service: ServiceId,
}
