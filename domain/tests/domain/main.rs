//! The rules of the domain, as claims; and the fakes, held to the contracts of their ports.

mod memory;
