//! Who is signed in.

use yew::prelude::{AttrValue, Callback};

/// What every screen may know of the one in front of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub user: Option<User>,
    pub sign_out: Callback<()>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: AttrValue,
    pub name: AttrValue,
    pub email: AttrValue,
    pub is_admin: bool,
}
