//! What must be there before something is put at a place.

use crate::{Address, EnvironmentSpec, Error, Resource};

/// Refuses when nothing stands at an address, or what it is part of is missing.
pub(crate) fn require(view: &EnvironmentSpec, address: &Address) -> Result<(), Error> {
    require_parent(view, address)?;
    if view.has(address) {
        return Ok(());
    }
    Err(Error::NotFound(match address {
        Address::Group(_) => Resource::Group,
        Address::Volume(_) => Resource::Volume,
        Address::Service(_) => Resource::Service,
        _ if address.variable_key().is_some() => Resource::Variable,
        // An optional field that is empty already: nothing to take away, and nothing wrong.
        _ => return Ok(()),
    }))
}

/// Refuses when what an address is part of is missing.
pub(crate) fn require_parent(view: &EnvironmentSpec, address: &Address) -> Result<(), Error> {
    match address.parent() {
        Some(parent) => require(view, &parent),
        None => Ok(()),
    }
}
