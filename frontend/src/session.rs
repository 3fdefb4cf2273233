//! Who is signed in.

pub mod guard;
mod next;
pub mod provider;

use yew::prelude::{AttrValue, Callback};

use crate::api::ApiError;

pub use self::next::Next;

/// What every screen may know of the one in front of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub user: Option<User>,
    pub sign_out: Callback<()>,
    pub auth: AuthState,
    /// Somebody has signed in.
    pub enter: Callback<User>,
    /// Ask the server anew who is signed in.
    pub refresh: Callback<()>,
}

/// Whether somebody is signed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AuthState {
    /// Not known yet.
    #[default]
    Unknown,
    In,
    /// Nobody is. With `has_ended`, somebody was a moment ago.
    Out {
        has_ended: bool,
    },
    /// The instance has no account yet.
    Unclaimed,
    /// It could not be found out.
    Failed(ApiError),
}

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: AttrValue,
    pub name: AttrValue,
    pub email: AttrValue,
    pub is_admin: bool,
}

impl From<domain::account::User> for User {
    fn from(user: domain::account::User) -> Self {
        Self {
            id: user.id.to_string().into(),
            name: user.name.to_string().into(),
            email: user.email.to_string().into(),
            is_admin: user.role == domain::access::InstanceRole::Admin,
        }
    }
}
