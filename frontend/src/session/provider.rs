//! Finds out who is signed in, and tells everything below.

use yew::prelude::{
    Callback, ContextProvider, Html, Properties, component, html, use_callback, use_effect_with,
    use_memo, use_state_eq,
};

use super::{AuthState, Session, User};
use crate::{
    api::{Api, ApiError},
    component::use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct SessionProviderProps {
    pub children: Html,
}

#[component]
pub fn SessionProvider(props: &SessionProviderProps) -> Html {
    let user = use_state_eq(|| None::<User>);
    let auth = use_state_eq(AuthState::default);
    let toasts = use_toasts();

    let on_ended = use_callback((), {
        let (user, auth) = (user.setter(), auth.setter());
        move |(), ()| {
            user.set(None);
            auth.set(AuthState::Out { has_ended: true });
        }
    });
    let api = use_memo(on_ended, |on_ended| Api::new(on_ended.clone()));

    let enter = use_callback((), {
        let (user, auth) = (user.setter(), auth.setter());
        move |somebody, ()| {
            user.set(Some(somebody));
            auth.set(AuthState::In);
        }
    });
    let refresh = use_callback((), {
        let (api, enter, auth) = (api.clone(), enter.clone(), auth.setter());
        move |(), ()| {
            let (api, enter, auth) = (api.clone(), enter.clone(), auth.clone());
            auth.set(AuthState::Unknown);
            wasm_bindgen_futures::spawn_local(async move {
                match fetch_session(&api).await {
                    Ok(somebody) => enter.emit(somebody),
                    Err(nobody) => auth.set(nobody),
                }
            });
        }
    });
    let sign_out = use_callback((), {
        let (user, auth) = (user.setter(), auth.setter());
        let api = api.clone();
        move |(), ()| {
            let (api, user, auth) = (api.clone(), user.clone(), auth.clone());
            let toasts = toasts.clone();
            wasm_bindgen_futures::spawn_local(async move {
                match api.logout().await {
                    // Signed out already is signed out.
                    Ok(()) | Err(ApiError::Unauthorized(_)) => {
                        user.set(None);
                        auth.set(AuthState::Out { has_ended: false });
                    }
                    Err(error) => {
                        toasts.failed(format!("You are still signed in. {error}"));
                    }
                }
            });
        }
    });
    use_effect_with((), {
        let refresh = refresh.clone();
        move |()| refresh.emit(())
    });

    let session = Session {
        user: (*user).clone(),
        auth: (*auth).clone(),
        sign_out: Callback::clone(&sign_out),
        enter: Callback::clone(&enter),
        refresh: Callback::clone(&refresh),
    };
    html! {
        <ContextProvider<Api> context={(*api).clone()}>
            <ContextProvider<Session> context={session}>
                { props.children.clone() }
            </ContextProvider<Session>>
        </ContextProvider<Api>>
    }
}

/// Who is signed in, or how it stands if nobody is.
async fn fetch_session(api: &Api) -> Result<User, AuthState> {
    match api.me().await {
        Ok(user) => Ok(user.into()),
        Err(ApiError::Unauthorized(_)) => match api.can_register().await {
            Ok(true) => Err(AuthState::Unclaimed),
            Ok(false) => Err(AuthState::Out { has_ended: false }),
            Err(error) => Err(AuthState::Failed(error)),
        },
        Err(error) => Err(AuthState::Failed(error)),
    }
}
