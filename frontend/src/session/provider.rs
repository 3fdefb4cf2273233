//! Finds out who is signed in, and tells everything below.

use yew::prelude::{
    Callback, ContextProvider, Html, Properties, component, html, use_callback, use_effect_with,
    use_memo, use_state_eq,
};

use super::{Session, Standing, User};
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
    let standing = use_state_eq(Standing::default);
    let toasts = use_toasts();

    let on_ended = use_callback((), {
        let (user, standing) = (user.setter(), standing.setter());
        move |(), ()| {
            user.set(None);
            standing.set(Standing::Out { has_ended: true });
        }
    });
    let api = use_memo(on_ended, |on_ended| Api::new(on_ended.clone()));

    let enter = use_callback((), {
        let (user, standing) = (user.setter(), standing.setter());
        move |somebody, ()| {
            user.set(Some(somebody));
            standing.set(Standing::In);
        }
    });
    let look = use_callback((), {
        let (api, enter, standing) = (api.clone(), enter.clone(), standing.setter());
        move |(), ()| {
            let (api, enter, standing) = (api.clone(), enter.clone(), standing.clone());
            standing.set(Standing::Unknown);
            wasm_bindgen_futures::spawn_local(async move {
                match find_out(&api).await {
                    Ok(somebody) => enter.emit(somebody),
                    Err(nobody) => standing.set(nobody),
                }
            });
        }
    });
    let sign_out = use_callback((), {
        let (user, standing) = (user.setter(), standing.setter());
        let api = api.clone();
        move |(), ()| {
            let (api, user, standing) = (api.clone(), user.clone(), standing.clone());
            let toasts = toasts.clone();
            wasm_bindgen_futures::spawn_local(async move {
                match api.logout().await {
                    // Signed out already is signed out.
                    Ok(()) | Err(ApiError::Unauthorized(_)) => {
                        user.set(None);
                        standing.set(Standing::Out { has_ended: false });
                    }
                    Err(error) => {
                        toasts.failed(format!("You are still signed in. {error}"));
                    }
                }
            });
        }
    });
    use_effect_with((), {
        let look = look.clone();
        move |()| look.emit(())
    });

    let session = Session {
        user: (*user).clone(),
        standing: (*standing).clone(),
        sign_out: Callback::clone(&sign_out),
        enter: Callback::clone(&enter),
        look: Callback::clone(&look),
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
async fn find_out(api: &Api) -> Result<User, Standing> {
    match api.me().await {
        Ok(user) => Ok(user.into()),
        Err(ApiError::Unauthorized(_)) => match api.can_register().await {
            Ok(true) => Err(Standing::Unclaimed),
            Ok(false) => Err(Standing::Out { has_ended: false }),
            Err(error) => Err(Standing::Failed(error)),
        },
        Err(error) => Err(Standing::Failed(error)),
    }
}
