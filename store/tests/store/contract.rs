//! The promises of the domain's ports, kept on SQLite files.

use crate::bench::Bench;
use domain::testing::SeededIds;

domain::accounts_contract!(Bench::new().contract().await);
domain::audit_contract!(Bench::new().contract().await);
domain::changes_contract!(Bench::new().contract().await);
domain::deployments_contract!(Bench::new().contract().await);
domain::events_contract!(Bench::new().contract().await);
domain::layouts_contract!(Bench::new().contract().await);
domain::projects_contract!(Bench::new().contract().await);
domain::meeting_slugs_contract!(Bench::with(SeededIds::ending_alike(8)).contract().await);
domain::addresses_contract!(Bench::new().contract().await);
domain::rollouts_contract!(Bench::new().contract().await);
