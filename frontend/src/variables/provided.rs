//! What Easel itself tells every container, and what others can refer to.

use domain::{
    ServiceId, VariableKey,
    canvas::Snapshot,
    resolve::{self, provided},
};
use yew::prelude::{Html, html};

use crate::component::CopyButton;

/// The variables that nobody has to set.
pub(super) fn list(snapshot: &Snapshot, id: ServiceId) -> Html {
    let whole = snapshot.spec.overlay(&snapshot.changes());
    let Some(service) = whole.services.get(&id) else { return Html::default() };
    let place = resolve::EnvironmentRef {
        project: snapshot.project.id,
        environment: snapshot.environment.id,
    };
    let own = whole.variables_of(id);
    let is_hidden = |key: &VariableKey| own.iter().any(|(at, _)| at.variable_key() == Some(key));
    let given = provided(place, id, service);
    let port = service.ports.first().map(|port| port.number.to_string());
    let refers = [("HOST", Some(service.slug.to_string())), ("PORT", port)];
    let fact = |key: &str, value: &str, note: Option<&'static str>| {
        html! {
            <>
                <dt><code>{ key }</code></dt>
                <dd>
                    <code>{ value }</code>
                    if let Some(note) = note {
                        <span class="faint small">{ note }</span>
                    } else {
                        <CopyButton text={value.to_owned()} />
                    }
                </dd>
            </>
        }
    };
    html! {
        <details class="more provided" data-test="provided">
            <summary>{ format!("Provided by Easel: {}", given.len()) }</summary>
            <p class="muted small">{ "Every container of this service gets these. A variable of the same key takes their place." }</p>
            <dl class="facts">
                { for given.iter().map(|(key, value)| {
                    fact(key.as_str(), value.expose(), is_hidden(key).then_some("overridden above"))
                }) }
            </dl>
            <p class="muted small">{ "Other services can also refer to these:" }</p>
            <dl class="facts">
                { for refers.iter().filter_map(|(key, value)| {
                    let written = format!("${{{{{}.{key}}}}}", service.name);
                    Some(fact(&written, value.as_ref()?, None))
                }) }
            </dl>
        </details>
    }
}
