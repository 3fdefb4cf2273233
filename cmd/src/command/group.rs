//! Groups, and what lies in them.

use super::context::ProjectContext;
use anyhow::Result;
use serde_json::{Value, json};

pub(super) async fn list(context: &ProjectContext) -> Result<()> {
    let snapshot = context.snapshot().await?;
    let console = context.console();
    let view = snapshot.spec.overlay(&snapshot.changes());
    let services = |id| -> Vec<&str> {
        let inside = view.services.values().filter(|service| service.group == Some(id));
        inside.map(|service| service.slug.as_str()).collect()
    };
    if console.json {
        let all: Vec<Value> = view
            .groups
            .iter()
            .map(|(id, group)| {
                let applied = snapshot.spec.groups.contains_key(id);
                json!({
                    "id": id, "name": group.name, "services": services(*id), "applied": applied,
                })
            })
            .collect();
        console.value(&json!({ "data": all }));
        return Ok(());
    }
    if view.groups.is_empty() {
        console.line("No groups. Stage one with `easel stage group create NAME -s SERVICE`.");
    }
    let rows: Vec<Vec<String>> = view
        .groups
        .iter()
        .map(|(id, group)| {
            let state = if snapshot.spec.groups.contains_key(id) { "" } else { "staged" };
            vec![id.short(), group.name.to_string(), services(*id).join(", "), state.to_owned()]
        })
        .collect();
    console.table(&["Id", "Group", "Services", ""], &rows);
    Ok(())
}
