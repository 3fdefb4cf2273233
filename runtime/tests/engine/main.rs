//! The adapter on a real engine: that of `EASEL_TEST_ENGINE`, or this machine's.

mod addresses;
mod containers;
mod contract;
mod events;
mod faults;
mod fixture;
mod images;
mod isolation;
mod logs;
mod loopback;
mod networks;
mod proxy;
mod registry;
mod restarts;
