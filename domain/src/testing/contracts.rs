//! The promises of the store's ports, written once and kept by the memory and every database.
//!
//! ```ignore
//! mod sqlite {
//!     domain::accounts_contract!(crate::store().await);
//!     domain::changes_contract!(crate::store().await);
//! }
//! ```
//!
//! The expression makes a fresh, empty [`Store`] for every claim.

pub mod accounts;
pub mod addresses;
pub mod applying;
pub mod audit;
pub mod concurrency;
pub mod deployments;
pub mod discarding;
pub mod events;
pub mod fixture;
pub mod layouts;
pub mod projects;
pub mod rollouts;
pub mod sessions;
pub mod staging;
pub mod store;
pub mod variables;

pub use fixture::{Fixture, SECRET, image, name, new_service};
pub use store::Store;

/// One test for each claim.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_claims {
    ($contract:ident, $store:expr, [$($claim:ident,)*]) => {$(
        #[tokio::test]
        async fn $claim() {
            $crate::testing::contracts::$contract::$claim($store).await;
        }
    )*};
}
