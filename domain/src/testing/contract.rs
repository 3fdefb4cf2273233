//! The promises of the engine's port, written once: the simulated engine and the real one keep
//! them.
//!
//! ```ignore
//! mod docker {
//!     domain::runtime_contract!(#[tokio::test] Lab::new().await);
//! }
//! ```
//!
//! The expression makes a fresh [`Harness`] for every claim: an engine with an environment of its own, in
//! which nothing of the instance runs yet. An adapter may keep addresses or report what its engine
//! chooses: the promises are the same, and the simulated engine keeps them both ways.

pub mod by_hand;
pub mod harness;
pub mod lifecycle;
pub mod objects;

pub use harness::{Harness, SimHarness, Workload};

/// Makes one test of each promise of [`Runtime`](crate::runtime::Runtime).
#[macro_export]
macro_rules! runtime_contract {
    (#[$attribute:meta] $harness:expr) => {
        $crate::runtime_contract!(@module by_hand, #[$attribute] $harness, [
            a_foreign_holder_of_the_name_is_named_and_left_alone,
            a_foreign_object_of_an_environments_name_is_named_and_left_alone,
            a_foreign_volume_of_the_name_is_named_and_left_alone,
            a_kill_suppresses_the_restart_policy_and_a_start_brings_it_back,
            a_crash_is_answered_by_the_engine_and_counted,
            a_paused_one_is_resumed_and_resuming_twice_is_fine,
            an_old_list_does_no_harm,
            after_a_gap_in_the_events_the_list_tells_the_truth,
            one_that_was_cut_off_reports_no_address_and_is_connected_again,
        ]);
        $crate::runtime_contract!(@module lifecycle, #[$attribute] $harness, [
            creating_twice_is_creating_once,
            a_creation_whose_answer_was_lost_is_found_again,
            a_start_whose_answer_was_lost_may_be_repeated,
            without_a_policy_an_end_is_final_and_its_code_is_kept,
            the_policy_can_be_changed_while_it_runs,
            a_second_run_has_another_start_time,
            a_second_run_answers_where_it_is_reported,
            stopping_and_removing_twice_is_fine,
            one_list_shows_all_states,
            what_it_printed_can_be_read,
        ]);
        $crate::runtime_contract!(@module objects, #[$attribute] $harness, [
            a_replica_serves_only_when_it_is_told_and_answers_where_it_did,
            limits_change_while_it_runs_and_are_read_back,
            a_volume_outlives_its_container_and_is_never_made_by_mistake,
            an_environment_is_made_once_and_a_missing_one_is_told,
            a_port_answers_once_somebody_listens,
            an_unknown_image_is_the_fault_of_the_deployment,
        ]);
    };
    (@module $module:ident, #[$attribute:meta] $harness:expr, [$($claim:ident,)*]) => {$(
        #[$attribute]
        async fn $claim() {
            $crate::testing::contract::$module::$claim($harness).await;
        }
    )*};
}
