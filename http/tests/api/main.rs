//! The API on ports in memory: what a client sees.

mod account;
mod api_key;
mod app;
mod apply;
mod authorization;
mod bad_input;
mod canvas;
mod change;
mod client;
mod deployment;
mod list_for_object;
mod log;
mod origin;
mod project;
mod scripted_engine;
mod service;
mod sign_in;
mod socket;
mod system;
mod variable;
mod web;
