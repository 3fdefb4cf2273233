//! Containers, images and networks by bollard; host facts by sysinfo.

mod address;
mod docker;
mod host;
mod route;

pub use address::Address;
pub use docker::{Docker, engine_at};
pub use host::SystemHost;
pub use route::{Route, host_routes};
