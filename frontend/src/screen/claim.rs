//! The first visit: whoever has the token from the console makes the first account.

use domain::{Email, Map, Name, Secret, account::Password};
use yew::prelude::{
    Callback, Html, Properties, component, html, use_context, use_node_ref, use_state_eq,
};

use crate::{
    api::{self, ApiError, sentence, use_api, use_async_action},
    component::{Button, ButtonKind, Form, Skeleton, TextField},
    route::{Route, link::Redirect, router::use_location},
    screen::{failure::Failure, login::AuthPage},
    session::{AuthState, Session},
    view::{focus, page},
};

#[component]
pub fn ClaimScreen() -> Html {
    page::use_title("Welcome");
    let session = use_context::<Session>().unwrap_or_default();
    let location = use_location();
    let token = handed(&location.query, &location.fragment);
    match session.auth {
        AuthState::Unknown => html! {
            <AuthPage title="Welcome"><Skeleton label="whether Easel waits for you" lines={3} /></AuthPage>
        },
        AuthState::Failed(error) => html! {
            <AuthPage><Failure {error} on_retry={session.refresh} /></AuthPage>
        },
        AuthState::In => html! { <Redirect to={Route::Projects} /> },
        AuthState::Out { .. } => html! { <Redirect to={Route::Login} /> },
        AuthState::Unclaimed => html! {
            <AuthPage title="Welcome">
                <p class="muted">
                    { "Nobody has an account here yet. The first one belongs to whoever can read the console: it is an admin's." }
                </p>
                <ClaimForm token={token.clone()} key={token} on_enter={session.enter.reform(Into::into)} />
            </AuthPage>
        },
    }
}

/// The token in the address that the console printed, as `?token=…` or `#…`.
fn handed(query: &str, fragment: &str) -> String {
    let from_query =
        query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("token="));
    let fragment = fragment.trim_start_matches('#');
    let found = from_query.unwrap_or_else(|| fragment.strip_prefix("token=").unwrap_or(fragment));
    found
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
        .collect()
}

#[derive(Properties, PartialEq)]
struct ClaimFormProps {
    token: String,
    on_enter: Callback<domain::account::User>,
}

#[component]
fn ClaimForm(props: &ClaimFormProps) -> Html {
    let token = use_state_eq(|| props.token.clone());
    let (email, name) = (use_state_eq(String::new), use_state_eq(String::new));
    let password = use_state_eq(String::new);
    let is_shown = use_state_eq(|| false);
    let root = use_node_ref();
    focus::use_focus_trap(&root);
    let api = use_api();
    let action = use_async_action();
    let on_submit = {
        let (token, email) = (token.clone(), email.clone());
        let (name, password) = (name.clone(), password.clone());
        let (action, on_enter) = (action.clone(), props.on_enter.clone());
        Callback::from(move |()| {
            if let Err(error) = check(&token, &email, &name, &password) {
                return action.refuse(error);
            }
            let (api, on_enter) = (api.clone(), on_enter.clone());
            let claim = api::claim(&token, &email, &name, &password);
            action.start(async move { api.claim(claim).await }, move |user| on_enter.emit(user));
        })
    };
    let set = |state: &yew::UseStateHandle<String>| {
        let setter = state.setter();
        Callback::from(move |text| setter.set(text))
    };
    // A wrong token is told beside it.
    let wrong_token = match action.error() {
        Some(ApiError::Forbidden(message)) => Some(sentence(message).into()),
        _ => action.field("claim_token"),
    };
    let error = if wrong_token.is_some() {
        None
    } else {
        action.other_errors(&["claim_token", "email", "name", "password"])
    };
    let is_given = !props.token.is_empty();
    html! {
        <div ref={root}>
        <Form {on_submit} {error} label="Create the first account">
            <TextField id="claim-token" label="Claim token" mono=true autofocus={!is_given}
                hint={if is_given { "From the address that you opened" } else { "Printed on the console where Easel was started" }}
                value={(*token).clone()} error={wrong_token} on_input={set(&token)} />
            <TextField id="name" label="Your name" autocomplete="name" autofocus={is_given}
                value={(*name).clone()} error={action.field("name")} on_input={set(&name)} />
            <TextField id="email" label="E-mail" kind="email" autocomplete="username"
                hint="To sign in with. Nothing is sent to it."
                value={(*email).clone()} error={action.field("email")} on_input={set(&email)} />
            <div class="field">
                <TextField id="password" label="Password" autocomplete="new-password"
                    kind={if *is_shown { "text" } else { "password" }}
                    value={(*password).clone()} error={action.field("password")} on_input={set(&password)} />
                { rules(&password) }
                <button type="button" class="link-button small" onclick={{
                    let is_shown = is_shown.clone();
                    Callback::from(move |_| is_shown.set(!*is_shown))
                }}>
                    { if *is_shown { "Hide the password" } else { "Show the password" } }
                </button>
            </div>
            <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>
                { "Create account and sign in" }
            </Button>
        </Form>
        </div>
    }
}

/// The rules, and which of them are kept so far.
fn rules(password: &str) -> Html {
    let rules = [
        ("at least 8 characters", password.chars().count() >= 8),
        ("at most 72 bytes", password.len() <= 72),
    ];
    html! {
        <ul class="rules small">
            { for rules.into_iter().map(|(rule, is_kept)| html! {
                <li key={rule} class={(is_kept && !password.is_empty()).then_some("is-kept")}>
                    <span aria-hidden="true">{ if is_kept && !password.is_empty() { "✓" } else { "·" } }</span>
                    { rule }
                </li>
            }) }
        </ul>
    }
}

/// All that is wrong, at once.
fn check(token: &str, email: &str, name: &str, password: &str) -> Result<(), ApiError> {
    let mut fields: Map<String, Vec<String>> = Map::new();
    let mut note = |field: &str, rule: String| {
        fields.insert(field.to_owned(), vec![rule]);
    };
    if token.trim().is_empty() {
        note("claim_token", "must not be empty: the console shows it".to_owned());
    }
    if let Err(rule) = Email::try_from(email) {
        note("email", rule.to_string());
    }
    if let Err(rule) = Name::try_from(name) {
        note("name", rule.to_string());
    }
    if let Err(rule) = Password::try_from(Secret::from(password)) {
        note("password", rule.to_string());
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Invalid { message: String::new(), fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_comes_out_of_the_address_that_was_printed() {
        assert_eq!(handed("?token=a1b2", ""), "a1b2");
        assert_eq!(handed("", "#token=a1b2"), "a1b2");
        assert_eq!(handed("", "#a1b2"), "a1b2");
        assert_eq!(handed("?x=1", ""), "");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let error = check("", "ada", " ", "short").unwrap_err();

        for field in ["claim_token", "email", "name", "password"] {
            assert!(error.field(field).is_some(), "{field}");
        }
        assert!(check("t", "ada@example.org", "Ada", "long enough").is_ok());
    }
}
