//! API keys.

use super::{context::CommandContext, describe};
use crate::{args::KeyAction, exit::Failure};
use anyhow::Result;
use domain::{Clock, account::ApiKey, api::api_key::CreateKey};
use serde_json::json;

pub(super) async fn keys(context: &CommandContext, action: Option<KeyAction>) -> Result<()> {
    let console = context.console;
    match action.unwrap_or(KeyAction::List) {
        KeyAction::List => {
            let keys = context.client.keys().await?;
            if console.json {
                console.value(&json!({ "data": keys }));
                return Ok(());
            }
            if keys.is_empty() {
                console.line("No keys. Create one with `easel keys create DESCRIPTION`.");
            }
            let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
            console.table(&["Key", "Description", "Scopes", "Last used", "Expires"], &rows);
        }
        KeyAction::Create { description, scope, only, expires } => {
            let project = match only {
                Some(only) => Some(context.project(Some(&only)).await?.project.id),
                None => None,
            };
            let expires_at = expires.map(|life| crate::clock::SystemClock.now().plus(life));
            let description = super::value::parse("the description", &description)?;
            let scopes = scope.into_iter().collect();
            let key = CreateKey { description, expires_at, scopes, project };
            let fresh = context.client.create_key(&key).await?;
            if console.json {
                console.value(&fresh);
            } else {
                console.line(fresh.token.expose());
                console.line("This is the only time that it is shown. Use it as EASEL_API_KEY.");
            }
        }
        KeyAction::Delete { key } => {
            let keys = context.client.keys().await?;
            let meant: Vec<&ApiKey> =
                keys.iter().filter(|one| one.id.to_string() == key || one.prefix == key).collect();
            let [one] = meant[..] else {
                return Err(Failure::not_found(format!(
                    "there is no key {key} of yours; look with `easel keys`"
                ))
                .into());
            };
            context.client.delete_key(one.id).await?;
            if console.json {
                console.value(&json!({ "deleted": one.id }));
            } else {
                console.line(format!("Deleted the key {} ({}).", one.prefix, one.description));
            }
        }
    }
    Ok(())
}

fn row(key: &ApiKey) -> Vec<String> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    vec![
        key.prefix.clone(),
        key.description.to_string(),
        scopes.join(" "),
        key.last_used_at.map_or_else(|| "never".to_owned(), describe::moment),
        key.expires_at.map_or_else(|| "never".to_owned(), describe::moment),
    ]
}
