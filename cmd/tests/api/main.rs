//! The API on SQLite: the tests of `http/tests/api` once more, by the store that people run.
//!
//! Left out is what only memory can play: a clock that jumps while a database works, and a full disk.

#[path = "../../../http/tests/api/account.rs"]
mod account;
#[path = "../../../http/tests/api/api_key.rs"]
mod api_key;
#[path = "../../../http/tests/api/app.rs"]
mod app;
#[path = "../../../http/tests/api/apply.rs"]
mod apply;
#[path = "../../../http/tests/api/audit.rs"]
mod audit;
#[path = "../../../http/tests/api/authorization.rs"]
mod authorization;
#[path = "../../../http/tests/api/bad_input.rs"]
mod bad_input;
#[path = "../../../http/tests/api/canvas.rs"]
mod canvas;
#[path = "../../../http/tests/api/change.rs"]
mod change;
#[path = "../../../http/tests/api/client.rs"]
mod client;
#[path = "../../../http/tests/api/deployment.rs"]
mod deployment;
#[path = "../../../http/tests/api/host.rs"]
mod host;
#[path = "../../../http/tests/api/list_for_object.rs"]
mod list_for_object;
#[path = "../../../http/tests/api/origin.rs"]
mod origin;
#[path = "../../../http/tests/api/project.rs"]
mod project;
mod rows;
#[path = "../../../http/tests/api/scripted_engine.rs"]
#[expect(dead_code, reason = "what containers write is read by the clock that jumps")]
mod scripted_engine;
#[path = "../../../http/tests/api/service.rs"]
mod service;
#[path = "../../../http/tests/api/sign_in.rs"]
mod sign_in;
#[path = "../../../http/tests/api/socket.rs"]
mod socket;
#[path = "../../../http/tests/api/system.rs"]
mod system;
#[path = "../../../http/tests/api/variable.rs"]
mod variable;
#[path = "../../../http/tests/api/web.rs"]
mod web;
