//! The in-process bus that wakes readers of the event log.
