//! Containers, images and networks by bollard; host facts by sysinfo.

mod address;
mod docker;
mod machine;
mod route;

pub use address::Address;
pub use docker::{Docker, engine_at};
pub use machine::Machine;
pub use route::{Route, host_routes};
