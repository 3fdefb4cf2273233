//! The parts of a service's configuration that are plain values. Each reads (`FromStr`) the text that it
//! shows (`Display`): the API's errors, the command line and the app all speak through these.

mod command;
mod flag;
mod limits;
mod memory;
mod port;
mod replicas;
mod shm_size;
mod source;
mod stop_grace;
mod stop_signal;
mod strategy;
mod user;
mod working_dir;

pub use command::Command;
pub use flag::Flag;
pub use limits::Limits;
pub use memory::MemorySize;
pub use port::{Port, PortNumber, Ports, Protocol};
pub use replicas::Replicas;
pub use shm_size::ShmSize;
pub use source::{PullPolicy, Source};
pub use stop_grace::StopGrace;
pub use stop_signal::StopSignal;
pub use strategy::Strategy;
pub use user::ContainerUser;
pub use working_dir::WorkingDir;
