//! One variable of the table.

use std::rc::Rc;

use domain::{ChangeId, EnvironmentSpec, Reference, Value, canvas::Snapshot, changes::Revealed};
use icondata_lu::{LuLock, LuPencil, LuTrash2, LuUndo2};
use yew::prelude::{AttrValue, Callback, Html, Properties, classes, component, html, use_state_eq};

use super::{Origin, Row, VariableChange, dialog::Subject};
use crate::{
    api::{EnvironmentPath, use_api, use_async_action},
    component::{Badge, Colour, Icon, IconButton, Secrecy, SecretValue},
};

#[derive(Properties, PartialEq)]
pub(super) struct VariableLineProps {
    pub(super) row: Row,
    pub(super) place: EnvironmentPath,
    pub(super) snapshot: Rc<Snapshot>,
    /// The configuration with all that is staged.
    pub(super) whole: Rc<EnvironmentSpec>,
    pub(super) is_readonly: bool,
    pub(super) on_action: Callback<RowAction>,
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowAction {
    Edit(Subject),
    Delete(Box<Row>),
    Undo(ChangeId),
}

#[component]
pub(super) fn VariableLine(props: &VariableLineProps) -> Html {
    let VariableLineProps { row, place, snapshot, whole, is_readonly, on_action } = props;
    let staged = match row.staged {
        Some(VariableChange::Added) => "variable--new",
        Some(VariableChange::Edited) => "variable--edited",
        Some(VariableChange::Removed) => "variable--removed",
        None => "",
    };
    html! {
        <tr class={classes!("variable", staged)}>
            <td class="variable-key">
                <code class="variable-name">{ row.key.as_str() }</code>
                { badges(row, snapshot, *is_readonly) }
            </td>
            <td class="variable-value">
                if *is_readonly {
                    <span class="secret-dots" aria-label="hidden">{ "••••••••" }</span>
                } else {
                    // What is revealed is forgotten when the value changes.
                    <Hidden key={row.variable.version} row={row.clone()} place={*place} />
                }
                { references(row, &snapshot.spec, whole) }
            </td>
            <td class="variable-actions">
                if !is_readonly {
                    { actions(row, on_action) }
                }
            </td>
        </tr>
    }
}

fn badges(row: &Row, snapshot: &Snapshot, is_readonly: bool) -> Html {
    let by: Vec<&str> =
        row.by.iter().filter_map(|id| snapshot.people.get(id)).map(|name| name.as_str()).collect();
    let title = (!by.is_empty()).then(|| format!("by {}", by.join(", ")));
    html! {
        <span class="variable-badges" {title}>
            if let Some(staged) = row.staged {
                <Badge colour={match staged {
                    VariableChange::Added => Colour::Live,
                    VariableChange::Edited => Colour::Staged,
                    VariableChange::Removed => Colour::Fail,
                }}>{ staged.label() }</Badge>
            }
            // Where the value would stand, it says so itself.
            if row.variable.sealed && is_readonly {
                <Badge><Icon icon={LuLock} size={12} />{ "Sealed" }</Badge>
            }
            if let Some(name) = origin_name(&row.origin) {
                <Badge>{ name }</Badge>
            }
            if let Some(name) = row.hides.as_ref().and_then(origin_name) {
                <span class="faint small">{ format!("overrides {name}") }</span>
            }
        </span>
    }
}

fn origin_name(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Own => None,
        Origin::Group(name) => Some(name.clone()),
        Origin::Shared => Some("shared".to_owned()),
    }
}

fn references(row: &Row, base: &EnvironmentSpec, whole: &EnvironmentSpec) -> Html {
    let Value::Hidden { references } = &row.variable.value else { return Html::default() };
    if references.is_empty() {
        return Html::default();
    }
    let names = references.iter().map(|reference| match reference {
        Reference::Service { service, key } => {
            let found = base.services.get(service).or_else(|| whole.services.get(service));
            let name = found.map(|it| it.name.to_string());
            (format!("{}.{key}", name.unwrap_or_else(|| "deleted service".to_owned())), true)
        }
        Reference::Shared { key } => (format!("shared.{key}"), true),
        Reference::Own { key } => (key.to_string(), true),
        Reference::Unknown { namespace, key } => (format!("{namespace}.{key}"), false),
    });
    html! {
        <span class="variable-refers small">
            <span class="sr-only">{ "refers to " }</span>
            { for names.map(|(name, is_known)| html! {
                <code key={name.clone()} class={if is_known { "refers" } else { "refers refers--unknown" }}
                    title={(!is_known).then_some("Does not exist yet: this cannot be applied")}>
                    if !is_known { { "▲ " } }
                    { name }
                </code>
            }) }
        </span>
    }
}

fn actions(row: &Row, on_action: &Callback<RowAction>) -> Html {
    let action = |action: RowAction| on_action.reform(move |_| action.clone());
    let key = row.key.clone();
    if row.origin != Origin::Own {
        let label = format!("Override {key} here");
        let onclick = action(RowAction::Edit(Subject::Override(key)));
        return html! { <IconButton icon={LuPencil} {label} {onclick} /> };
    }
    let is_removed = row.staged == Some(VariableChange::Removed);
    let subject = Subject::Existing { key: key.clone(), is_sealed: row.variable.sealed };
    html! {
        <span class="row variable-buttons">
            if let Some(change) = row.change {
                <IconButton icon={LuUndo2} label={format!("Discard the change of {key}")}
                    onclick={action(RowAction::Undo(change))} />
            }
            if !is_removed {
                <IconButton icon={LuPencil} label={format!("Edit {key}")}
                    onclick={action(RowAction::Edit(subject))} />
                <IconButton icon={LuTrash2} label={format!("Stage deletion of {key}")} danger=true
                    onclick={action(RowAction::Delete(Box::new(row.clone())))} />
            }
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct HiddenProps {
    row: Row,
    place: EnvironmentPath,
}

/// A value that is fetched when it is asked for.
#[component]
fn Hidden(props: &HiddenProps) -> Html {
    let HiddenProps { row, place } = props;
    let revealed = use_state_eq(|| None::<Revealed>);
    let api = use_api();
    let action = use_async_action();
    let on_reveal = Callback::from({
        let (address, place, revealed) = (row.address.clone(), *place, revealed.setter());
        let action = action.clone();
        move |()| {
            let (api, address, revealed) = (api.clone(), address.clone(), revealed.clone());
            action.start(async move { api.reveal(place, address).await }, move |answer| {
                revealed.set(Some(answer));
            });
        }
    });
    let text = revealed.as_ref().and_then(|it| it.staged.as_ref().or(it.applied.as_ref()));
    let value = match text {
        _ if row.variable.sealed => Secrecy::Sealed,
        Some(text) => Secrecy::Known(AttrValue::from(text.expose().to_owned())),
        None if revealed.is_some() => Secrecy::Sealed,
        None => Secrecy::Fetchable,
    };
    html! {
        <>
            <SecretValue name={row.key.to_string()} {value} {on_reveal} />
            if let Some(error) = action.error() {
                <p class="field-error" role="alert">{ error.to_string() }</p>
            }
        </>
    }
}
