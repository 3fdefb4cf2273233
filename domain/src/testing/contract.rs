//! The promises of ports, written once.
