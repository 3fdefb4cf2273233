//! The variables of one scope.

use std::rc::Rc;

use domain::{ChangeId, EnvironmentSpec, canvas::Snapshot, edit::Edit};
use icondata_lu::{LuBraces, LuChevronDown, LuChevronRight, LuPlus};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, component, html, use_memo, use_state_eq,
};

use super::{
    Origin, Row, Scope,
    dialog::{Subject, VariableDialog},
    line::{RowAction, VariableLine},
    provided, rows,
};
use crate::{
    api::{ApiError, EnvironmentPath, use_api, use_async_action},
    component::{
        Button, ButtonKind, Column, Confirm, Empty, Icon, Table, TextField, Toast, use_toasts,
    },
};

/// From this many rows on, there is a filter.
const MANY: usize = 9;

#[derive(Properties, PartialEq)]
pub struct VariableTableProps {
    pub snapshot: Rc<Snapshot>,
    pub scope: Scope,
    /// Why this person may not edit or read them, if so.
    #[prop_or_default]
    pub refusal: Option<AttrValue>,
    /// Something has been staged or undone. A page that hears events needs no telling.
    #[prop_or_default]
    pub on_changed: Callback<()>,
}

#[component]
pub fn VariableTable(props: &VariableTableProps) -> Html {
    let VariableTableProps { snapshot, scope, refusal, on_changed } = props;
    let (place, scope) = (EnvironmentPath::of(snapshot), *scope);
    let all = use_memo((snapshot.clone(), scope), |(snapshot, scope)| rows(snapshot, *scope));
    let spec = use_memo(snapshot.clone(), |snapshot| snapshot.spec.overlay(&snapshot.changes()));
    let subject = use_state_eq(|| None::<Subject>);
    let wanted = use_state_eq(String::new);
    let shows_inherited = use_state_eq(|| false);
    // What an undo would take along, when that is more than was asked for.
    let along = use_state_eq(|| None::<Vec<ChangeId>>);
    let api = use_api();
    let toasts = use_toasts();
    let undoing = use_async_action();

    let discard = Callback::from({
        let (api, along, toasts) = (api.clone(), along.setter(), toasts.clone());
        let (on_changed, undoing) = (on_changed.clone(), undoing.clone());
        move |(ids, seen): (Vec<ChangeId>, Vec<ChangeId>)| {
            let (api, along, toasts) = (api.clone(), along.clone(), toasts.clone());
            let on_changed = on_changed.clone();
            let again = restoring(&api, place, &toasts, &on_changed);
            undoing.start(
                async move {
                    match api.discard(place, ids, Some(seen)).await {
                        Ok(discarded) => Ok(Ok(discarded)),
                        Err(ApiError::Incomplete { closure, .. }) => Ok(Err(closure)),
                        Err(error) => {
                            toasts.failed(error.to_string());
                            Err(error)
                        }
                    }
                    .map(|outcome| (outcome, toasts))
                },
                move |(outcome, toasts)| match outcome {
                    Ok(discarded) => {
                        along.set(None);
                        let again = again.reform(move |()| discarded.edits.clone());
                        toasts.show(Toast::done("Discarded.").action("Restore", again));
                        on_changed.emit(());
                    }
                    Err(closure) => along.set(Some(closure)),
                },
            );
        }
    });
    let on_action = Callback::from({
        let (api, toasts, subject) = (api.clone(), toasts.clone(), subject.setter());
        let (on_changed, discard) = (on_changed.clone(), discard.clone());
        move |action| match action {
            RowAction::Edit(which) => subject.set(Some(which)),
            RowAction::Undo(change) => discard.emit((vec![change], vec![change])),
            RowAction::Delete(row) => {
                let (api, toasts) = (api.clone(), toasts.clone());
                let on_changed = on_changed.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    let edit = Edit::Clear { address: row.address };
                    match api.stage(place, vec![edit]).await {
                        Ok(_) => on_changed.emit(()),
                        Err(error) => toasts.failed(error.to_string()),
                    }
                });
            }
        }
    });
    let add = subject.setter();
    let add = Callback::from(move |_| add.set(Some(Subject::New)));

    let lower = wanted.to_lowercase();
    let matching: Vec<&Row> =
        all.iter().filter(|row| row.key.as_str().to_lowercase().contains(&lower)).collect();
    let own = matching.iter().filter(|row| row.origin == Origin::Own);
    let inherited: Vec<&Row> =
        matching.iter().filter(|row| row.origin != Origin::Own).copied().collect();
    let line = |row: &&Row| {
        html! {
            <VariableLine key={row.address.to_string()} row={(*row).clone()} {place}
                snapshot={snapshot.clone()} whole={spec.clone()} is_readonly={refusal.is_some()}
                on_action={on_action.clone()} />
        }
    };
    let toggle = Callback::from({
        let shows_inherited = shows_inherited.clone();
        move |_| shows_inherited.set(!*shows_inherited)
    });
    let is_open = *shows_inherited || !wanted.is_empty();
    html! {
        <section class="variables">
            if let Some(refusal) = refusal {
                <p class="note">{ refusal }</p>
            }
            if all.is_empty() {
                <Empty icon={LuBraces} title="No variables yet" text={empty_text(scope)}>
                    if refusal.is_none() {
                        <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={add}>
                            { "Add a variable" }
                        </Button>
                    }
                </Empty>
            } else {
                <div class="row row--between variables-bar">
                    <span class="muted">{ counted(&all) }</span>
                    <div class="row">
                        if all.len() >= MANY {
                            <TextField id="variables-filter" label="Filter by key" label_hidden=true
                                placeholder="Filter" value={(*wanted).clone()} mono=true
                                on_input={{ let wanted = wanted.setter(); Callback::from(move |text| wanted.set(text)) }} />
                        }
                        if refusal.is_none() {
                            <Button icon={LuPlus} onclick={add}>{ "Add a variable" }</Button>
                        }
                    </div>
                </div>
                <Table caption={format!("Variables: {}", scope.name(&spec))} columns={columns()}>
                    { for own.map(line) }
                    if !inherited.is_empty() {
                        <tr class="variables-inherited">
                            <td colspan="3">
                                <button type="button" class="table-sort" onclick={toggle}
                                    aria-expanded={if is_open { "true" } else { "false" }}>
                                    <Icon size={14} icon={if is_open { LuChevronDown } else { LuChevronRight }} />
                                    { inheritance(&inherited) }
                                </button>
                            </td>
                        </tr>
                    }
                    if is_open {
                        { for inherited.iter().map(line) }
                    }
                </Table>
                if matching.is_empty() {
                    <p class="muted">{ format!("No key contains “{}”.", *wanted) }</p>
                }
            }
            if let Scope::Service(id) = scope {
                { provided::list(snapshot, id) }
            }
            if let Some(which) = &*subject {
                <VariableDialog {place} {scope} spec={spec.clone()} subject={which.clone()}
                    on_close={{ let subject = subject.setter(); Callback::from(move |()| subject.set(None)) }}
                    on_staged={on_changed.clone()} />
            }
            if let Some(ids) = &*along {
                { more_goes(ids, snapshot, &spec, undoing.is_busy(), &discard, along.setter()) }
            }
        </section>
    }
}

/// Brings back what was undone.
fn restoring(
    api: &crate::api::Api,
    place: EnvironmentPath,
    toasts: &crate::component::Toasts,
    on_changed: &Callback<()>,
) -> Callback<Vec<ChangeId>> {
    let (api, toasts, on_changed) = (api.clone(), toasts.clone(), on_changed.clone());
    Callback::from(move |edits: Vec<ChangeId>| {
        let (api, toasts, on_changed) = (api.clone(), toasts.clone(), on_changed.clone());
        wasm_bindgen_futures::spawn_local(async move {
            match api.restore(place, edits).await {
                Ok(_) => on_changed.emit(()),
                Err(error) => toasts.failed(error.to_string()),
            }
        });
    })
}

/// Asks, when an undo takes more along.
fn more_goes(
    ids: &[ChangeId],
    snapshot: &Snapshot,
    spec: &EnvironmentSpec,
    busy: bool,
    discard: &Callback<(Vec<ChangeId>, Vec<ChangeId>)>,
    along: yew::UseStateSetter<Option<Vec<ChangeId>>>,
) -> Html {
    let changes = snapshot.changes();
    let names = changes.iter().filter(|change| ids.contains(&change.id));
    let names = names.map(|change| spec.describe(&change.address)).collect::<Vec<_>>();
    let on_confirm = discard.reform({
        let ids = ids.to_vec();
        move |()| (ids.clone(), ids.clone())
    });
    html! {
        <Confirm title="Other changes depend on this one" action={format!("Discard {} changes", ids.len())} {busy}
            {on_confirm} on_close={Callback::from(move |()| along.set(None))}>
            <p>{ "What depends on this change cannot stay without it. All of these would be \
                discarded:" }</p>
            <ul class="bullets">{ for names.into_iter().map(|name| html! { <li key={name.clone()}>{ name }</li> }) }</ul>
        </Confirm>
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("key", "Key"),
        Column::new("value", "Value"),
        Column::new("deeds", "Actions").silent(),
    ]
}

fn empty_text(scope: Scope) -> &'static str {
    match scope {
        Scope::Shared => {
            "A shared variable is seen by every service of this project, unless the service or its group has one of the same key."
        }
        Scope::Group(_) => "A variable of a group is seen by every service in it.",
        Scope::Service(_) => {
            "Variables are how a service learns of passwords, addresses and settings. A value can refer to another service, such as ${{db.HOST}}."
        }
    }
}

/// "12 variables, 2 staged".
fn counted(rows: &[Row]) -> String {
    let own = rows.iter().filter(|row| row.origin == Origin::Own);
    let (count, staged) = (own.clone().count(), own.filter(|row| row.staged.is_some()).count());
    let noun = if count == 1 { "variable" } else { "variables" };
    match staged {
        0 => format!("{count} {noun}"),
        _ => format!("{count} {noun}, {staged} staged"),
    }
}

/// "Inherited: 3 from data, 2 shared" (DK-71).
fn inheritance(rows: &[&Row]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for row in rows {
        let from = match &row.origin {
            Origin::Group(name) => format!("from the group {name}"),
            Origin::Own | Origin::Shared => "shared".to_owned(),
        };
        match counts.iter_mut().find(|(known, _)| *known == from) {
            Some((_, count)) => *count += 1,
            None => counts.push((from, 1)),
        }
    }
    let parts: Vec<String> =
        counts.into_iter().map(|(from, count)| format!("{count} {from}")).collect();
    format!("Inherited: {}", parts.join(", "))
}
