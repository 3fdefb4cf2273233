//! The API on ports in memory: what a client sees. `cmd/tests/api` has the same on SQLite.

mod account;
mod api_key;
mod app;
mod apply;
mod audit;
mod authorization;
mod bad_input;
mod canvas;
mod change;
mod client;
mod deployment;
mod full;
mod host;
mod list_for_object;
mod log;
mod origin;
mod project;
mod rows;
mod scripted_engine;
mod service;
mod sign_in;
mod slow;
mod socket;
mod system;
mod variable;
mod web;
