//! Signing in.

use domain::{Email, Map};
use yew::prelude::{
    Callback, Html, Properties, component, html, use_context, use_effect_with, use_node_ref,
    use_state_eq,
};

use crate::{
    api::{self, ApiError, use_api, use_async_action},
    component::{Button, ButtonKind, Form, Skeleton, TextField},
    route::{
        Route,
        link::Redirect,
        router::{use_location, use_navigator},
    },
    screen::failure::Failure,
    session::{AuthState, Session, guard::go_on},
    shell::logo,
    view::{focus, page},
};

#[component]
pub fn LoginScreen() -> Html {
    page::use_title("Sign in");
    let session = use_context::<Session>().unwrap_or_default();
    let navigator = use_navigator();
    let location = use_location();
    let is_in = session.auth == AuthState::In;
    // Also when somebody opens this page who is signed in already.
    use_effect_with(is_in, move |is_in| {
        if *is_in {
            go_on(&navigator, &location.query);
        }
    });
    match session.auth {
        AuthState::Unclaimed => html! { <Redirect to={Route::Claim} /> },
        AuthState::Unknown | AuthState::In => html! {
            <AuthPage title="Sign in"><Skeleton label="who is signed in" lines={2} /></AuthPage>
        },
        AuthState::Failed(error) => html! {
            <AuthPage><Failure {error} on_retry={session.refresh} /></AuthPage>
        },
        AuthState::Out { has_ended } => html! {
            <AuthPage title="Sign in">
                if has_ended {
                    <p class="note" role="status">
                        { "Your session has ended. Sign in again: you come back to where you were." }
                    </p>
                }
                <LoginForm on_enter={session.enter.reform(Into::into)} />
            </AuthPage>
        },
    }
}

#[derive(Properties, PartialEq)]
struct LoginFormProps {
    on_enter: Callback<domain::account::User>,
}

#[component]
fn LoginForm(props: &LoginFormProps) -> Html {
    let (email, password) = (use_state_eq(String::new), use_state_eq(String::new));
    let root = use_node_ref();
    focus::use_focus_trap(&root);
    let api = use_api();
    let action = use_async_action();
    let on_submit = {
        let (email, password, action) = (email.clone(), password.clone(), action.clone());
        let on_enter = props.on_enter.clone();
        Callback::from(move |()| {
            if let Err(error) = check(&email, &password) {
                return action.refuse(error);
            }
            let login = api::login(&email, &password);
            let (api, on_enter) = (api.clone(), on_enter.clone());
            action.start(async move { api.login(login).await }, move |user| on_enter.emit(user));
        })
    };
    let set = |state: &yew::UseStateHandle<String>| {
        let setter = state.setter();
        Callback::from(move |text| setter.set(text))
    };
    html! {
        <div ref={root}>
        <Form {on_submit} error={action.other_errors(&["email", "password"])} label="Sign in">
            <TextField id="email" label="E-mail" kind="email" autocomplete="username" autofocus=true
                value={(*email).clone()} error={action.field("email")} on_input={set(&email)} />
            <TextField id="password" label="Password" kind="password"
                autocomplete="current-password" value={(*password).clone()}
                error={action.field("password")} on_input={set(&password)} />
            <Button kind={ButtonKind::Primary} submits=true busy={action.is_busy()}>
                { "Sign in" }
            </Button>
            <p class="muted small">
                { "No account, or the password is lost? Ask an admin of this instance." }
            </p>
        </Form>
        </div>
    }
}

/// What can be said without asking.
fn check(email: &str, password: &str) -> Result<(), ApiError> {
    let mut fields = Map::new();
    if let Err(rule) = Email::try_from(email) {
        fields.insert("email".to_owned(), vec![rule.to_string()]);
    }
    if password.is_empty() {
        fields.insert("password".to_owned(), vec!["must not be empty".to_owned()]);
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Invalid { message: String::new(), fields })
    }
}

#[derive(Properties, PartialEq)]
pub struct AuthPageProps {
    #[prop_or_default]
    pub title: Option<yew::AttrValue>,
    pub children: Html,
}

/// The page of somebody who is not in yet: a card on the bare ground.
#[component]
pub fn AuthPage(props: &AuthPageProps) -> Html {
    html! {
        <main id="content" class="auth-page">
            <div class="auth-page-card">
                <div class="auth-page-logo">{ logo() }<span class="auth-page-name">{ "Easel" }</span></div>
                if let Some(title) = &props.title {
                    <h1>{ title }</h1>
                }
                { props.children.clone() }
            </div>
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_before_asking_the_server() {
        let error = check("ada", "").unwrap_err();

        assert_eq!(error.field("email").as_deref(), Some("Must be an e-mail address."));
        assert_eq!(error.field("password").as_deref(), Some("Must not be empty."));
        assert!(check("ada@example.org", "x").is_ok());
    }
}
