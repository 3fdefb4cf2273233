//! The rules of the domain, as claims; and the fakes, held to the contracts of their ports.

#![expect(clippy::unwrap_used, reason = "in a test, it is the claim")]

mod access;
mod concurrency;
mod configuration;
mod cycle;
mod deployment;
mod fixture;
mod image;
mod memory;
mod name;
mod network;
mod outbound;
mod properties;
mod secrecy;
mod setting;
mod shape;
mod template;
mod work;
