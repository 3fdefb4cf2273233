//! What can go wrong with an engine.

/// What can go wrong with an engine, sorted by what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// Wait: it is not there. The text says why, as far as known (no socket, no permission, …).
    #[error("the container engine cannot be reached: {0}")]
    Unreachable(String),
    /// Wait: it is there and does not answer. Whether the call had an effect is unknown.
    #[error("the container engine did not answer in time while asked to {0}")]
    Timeout(&'static str),
    /// Look again: the object has gone.
    #[error("the container engine does not have {0}")]
    Gone(String),
    /// A person must act: a foreign object holds the name.
    #[error("the name {name} is held by a container that is not Easel's ({holder})")]
    NameTaken {
        /// The name.
        name: String,
        /// The short id of the holder.
        holder: String,
    },
    /// A person must act: the engine has no place for another environment. The text says what to do.
    #[error("{0}")]
    NoRoom(String),
    /// Wait: no address is free at the moment. Nobody's failure; it goes on by itself.
    #[error("{0}")]
    NoAddress(String),
    /// Wait: what the adapter keeps beside the engine cannot be read or written.
    #[error("{0}")]
    Storage(String),
    /// The deployment is at fault: there is no such image, or the registry refuses.
    #[error("{0}")]
    Image(String),
    /// Wait, then try again: the engine is busy with the object.
    #[error("the container engine is busy: {0}")]
    Busy(String),
    /// Make another: the engine cannot start this container any more, because of what became of an
    /// earlier run of it. Neither the container nor its deployment is at fault.
    #[error("the container engine cannot start this container again: {0}")]
    Unstartable(String),
    /// The engine refused or failed. The text says why in our words: the engine's own are not for
    /// everybody.
    #[error("the container engine refused: {0}")]
    Refused(String),
}

impl RuntimeError {
    /// Whether the engine as a whole is at fault, so that nothing can be said of the service.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_))
    }
}
