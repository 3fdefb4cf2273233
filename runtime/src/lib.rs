//! Containers, images and networks by bollard; host facts by sysinfo.

mod address;
mod docker;
mod machine;

pub use address::Address;
pub use docker::Docker;
pub use machine::Machine;
