//! Containers, images and networks by bollard; host facts by sysinfo.

mod address;
mod docker;
mod host;
mod isolation;
mod route;

pub use address::Address;
pub use docker::{
    DefaultMemory, Docker, DockerPorts, SharedImage, SharedImages, engine_at, engine_is_here,
};
pub use host::SystemHost;
pub use isolation::{Isolation, IsolationError};
pub use route::{Route, host_routes};
