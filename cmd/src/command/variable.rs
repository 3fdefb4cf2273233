//! Variables, without their values.

use super::{context::ProjectContext, describe, lookup};
use crate::args::Owner;
use anyhow::Result;
use domain::{Address, EnvironmentSpec, Variable};
use serde_json::{Value, json};

pub(super) async fn list(context: &ProjectContext, owner: &Owner) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let console = context.console();
    let view = snapshot.spec.overlay(&snapshot.changes());
    let found = of(&view, owner)?;
    if console.json {
        let all: Vec<Value> = found
            .iter()
            .map(|(address, variable)| {
                json!({
                    "key": address.variable_key(),
                    "from": from(address),
                    "sealed": variable.sealed,
                })
            })
            .collect();
        console.value(&json!({ "data": all }));
        return Ok(());
    }
    if found.is_empty() {
        console.line("No variables. Stage some with `easel stage var set KEY=VALUE`.");
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(address, variable)| {
            let key = address.variable_key().map(ToString::to_string).unwrap_or_default();
            vec![key, describe::variable(variable), from(address).to_owned()]
        })
        .collect();
    console.table(&["Key", "Value", "From"], &rows);
    Ok(())
}

fn of<'a>(view: &'a EnvironmentSpec, owner: &Owner) -> Result<Vec<(Address, &'a Variable)>> {
    if let Some(service) = &owner.service {
        let id = lookup::service(view, service)?;
        return Ok(view.variables_of(id).into_iter().collect());
    }
    if let Some(group) = &owner.group {
        let id = lookup::group(view, group)?;
        let own = view.groups[&id].variables.iter();
        return Ok(own.map(|(key, one)| (Address::GroupVariable(id, key.clone()), one)).collect());
    }
    Ok(view.variables.iter().map(|(key, one)| (Address::Variable(key.clone()), one)).collect())
}

/// Where a variable stands.
const fn from(address: &Address) -> &'static str {
    match address {
        Address::Variable(_) => "shared",
        Address::GroupVariable(..) => "group",
        _ => "service",
    }
}
