//! The whole of Easel as people use it: the real binary, on a real engine (`EASEL_TEST_ENGINE`,
//! else this machine's).

mod api;
mod browser;
mod canvas_socket;
mod card;
mod cli;
mod conflict;
mod copy;
mod doctor;
mod engine;
mod engine_absent;
mod field;
mod first_deploy;
mod key;
mod log;
#[path = "../../../runtime/tests/engine/loopback.rs"]
mod loopback;
mod main_job;
mod many;
mod network_cut;
mod outage;
mod people;
mod project;
mod registry;
mod rollout;
mod secret;
mod server;
mod socket;
mod staged;
mod start;
mod stop;
mod stopped;
mod terminal;
mod two_instances;
mod variable;
mod web;
mod workload;

use std::time::Duration;

/// How long anything may take before a test gives up.
const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again, until there is something or the deadline has passed.
async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looked = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
