//! Why a pass could not go on.

use domain::{rollout::RolloutError, runtime::RuntimeError};

/// Why a pass could not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error(transparent)]
    Engine(#[from] RuntimeError),
    #[error("the rows have moved on: {0}")]
    Stale(String),
    #[error(transparent)]
    Record(domain::Error),
    #[error("another Easel has taken over this database")]
    Fenced,
    #[error("it does not converge")]
    NotConverging,
    #[error("Easel is stopping")]
    Stopped,
}

impl ReconcileError {
    /// Whether it passes by itself: the engine or the database was busy, or did not answer.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Engine(
                RuntimeError::Busy(_) | RuntimeError::Storage(_) | RuntimeError::Unstartable(_),
            )
            | Self::Record(_) => true,
            Self::Engine(error) => error.is_outage(),
            Self::Stale(_) | Self::Fenced | Self::NotConverging | Self::Stopped => false,
        }
    }
}

impl From<RolloutError> for ReconcileError {
    fn from(error: RolloutError) -> Self {
        match error {
            RolloutError::Fenced => Self::Fenced,
            RolloutError::Stale(why) => Self::Stale(why),
            RolloutError::Other(error) => Self::Record(error),
        }
    }
}
