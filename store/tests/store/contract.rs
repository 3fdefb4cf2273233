//! The promises of the domain's ports, kept on SQLite files.

use crate::fixture::StoreFixture;
use domain::testing::SeededIds;

domain::accounts_contract!(StoreFixture::new().contract().await);
domain::audit_contract!(StoreFixture::new().contract().await);
domain::changes_contract!(StoreFixture::new().contract().await);
domain::deployments_contract!(StoreFixture::new().contract().await);
domain::events_contract!(StoreFixture::new().contract().await);
domain::layouts_contract!(StoreFixture::new().contract().await);
domain::projects_contract!(StoreFixture::new().contract().await);
domain::colliding_slugs_contract!(StoreFixture::with(SeededIds::ending_alike(8)).contract().await);
domain::addresses_contract!(StoreFixture::new().contract().await);
domain::rollouts_contract!(StoreFixture::new().contract().await);
