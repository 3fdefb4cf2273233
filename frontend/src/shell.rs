//! The frame around every screen: the bar at the top, and what holds for the whole app.

use icondata_lu::{
    LuGauge, LuKeyRound, LuLaptop, LuLogOut, LuMonitor, LuMoon, LuSettings, LuSun, LuWifiOff,
};
use yew::prelude::{
    AttrValue, Callback, Html, Properties, component, html, use_context, use_effect, use_mut_ref,
    use_node_ref, use_state_eq,
};

use crate::{
    component::{Avatar, AvatarStack, Banner, Colour, IconButton, Menu, MenuAt, MenuItem, Person},
    route::{
        Route,
        link::Link,
        router::{use_navigator, use_route},
    },
    session::Session,
    theme::{Theme, use_theme},
    view::{focus, page},
};

/// Whether live data arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Nothing on this page is live.
    #[default]
    None,
    Live,
    /// Reconnecting, for the n-th time.
    Retrying(u32),
    /// Given up.
    Lost,
}

#[derive(Properties, PartialEq)]
pub struct ShellProps {
    pub children: Html,
    /// What stands right of the logo: project and environment.
    #[prop_or_default]
    pub place: Html,
    /// What stands in the middle and right: search, deeds of the page.
    #[prop_or_default]
    pub actions: Html,
    #[prop_or_default]
    pub present: Vec<Person>,
    #[prop_or_default]
    pub connection: Connection,
    #[prop_or_default]
    pub on_reconnect: Callback<()>,
    /// The screen itself says when there is no network.
    #[prop_or_default]
    pub says_offline: bool,
    /// The canvas goes to the edges; other screens are a column.
    #[prop_or_default]
    pub full: bool,
}

#[component]
pub fn Shell(props: &ShellProps) -> Html {
    let is_online = page::use_online();
    let content = use_node_ref();
    // Who came from another page lost the place where the keyboard was. A page that was just loaded
    // begins at its top.
    let is_lost = use_mut_ref(page::is_touched);
    use_effect({
        let content = content.clone();
        move || {
            let mut is_lost = is_lost.borrow_mut();
            *is_lost = *is_lost && !focus::on_content(&content);
        }
    });
    html! {
        <div class="shell">
            <a class="skip" href="#content">{ "Skip to content" }</a>
            <header class="bar">
                <Link to={Route::Projects} classes="bar-logo">
                    { logo() }
                    <span class="sr-only">{ "All projects" }</span>
                </Link>
                <div class="bar-place">{ props.place.clone() }</div>
                <div class="grow" />
                { props.actions.clone() }
                if !props.present.is_empty() {
                    <AvatarStack people={props.present.clone()} />
                }
                <ThemeSwitch />
                <UserMenu />
            </header>
            { connection(props, is_online) }
            <main ref={content} id="content" tabindex="-1" class={if props.full { "stage" } else { "page" }}>
                { props.children.clone() }
            </main>
        </div>
    }
}

fn connection(props: &ShellProps, is_online: bool) -> Html {
    let text = match props.connection {
        _ if !is_online && !props.says_offline => {
            "You are offline. Changes are not saved until the network is back.".into()
        }
        Connection::None | Connection::Live | Connection::Retrying(0) => return Html::default(),
        Connection::Retrying(count) => format!("Disconnected. Reconnecting ({count})"),
        Connection::Lost => "Disconnected. What you see may be out of date.".into(),
    };
    html! {
        <Banner colour={Colour::Staged} icon={LuWifiOff}>
            <span>{ text }</span>
            if is_online && props.connection == Connection::Lost {
                <button type="button" class="banner-action" onclick={props.on_reconnect.reform(|_| ())}>
                    { "Reconnect" }
                </button>
            }
        </Banner>
    }
}

/// An easel with three dabs of paint.
pub fn logo() -> Html {
    html! {
        <svg class="logo" viewBox="0 0 28 28" width="28" height="28" aria-hidden="true">
            <path class="logo-wood" d="M14 2.5v3M9.2 20.5 6 26M18.8 20.5 22 26M14 20.5v4.5M4.5 20.5h19" />
            <rect class="logo-paper" x="5.5" y="5.5" width="17" height="13" rx="2" />
            <circle class="logo-dab logo-dab--accent" cx="10" cy="12" r="2" />
            <circle class="logo-dab logo-dab--live" cx="14.6" cy="9.6" r="1.6" />
            <circle class="logo-dab logo-dab--staged" cx="17.6" cy="14" r="2.2" />
        </svg>
    }
}

/// System, light, dark: one press goes on to the next.
#[component]
fn ThemeSwitch() -> Html {
    let choice = use_theme();
    let (icon, next, label) = match choice.theme {
        Theme::System => (LuMonitor, Theme::Light, "Theme: as the system has it"),
        Theme::Light => (LuSun, Theme::Dark, "Theme: light"),
        Theme::Dark => (LuMoon, Theme::System, "Theme: dark"),
    };
    html! { <IconButton {icon} {label} onclick={choice.choose.reform(move |_| next)} /> }
}

/// The one who is signed in.
#[component]
fn UserMenu() -> Html {
    let is_open = use_state_eq(|| false);
    let session = use_context::<Session>().unwrap_or_default();
    let navigator = use_navigator();
    let route = use_route();
    let Some(user) = session.user else { return Html::default() };

    let person = Person::new(user.id.clone(), user.name.clone());
    let toggle = Callback::from({
        let is_open = is_open.clone();
        move |_| is_open.set(!*is_open)
    });
    let go = |to: Route| {
        let navigator = navigator.clone();
        Callback::from(move |()| {
            navigator.push(&to);
        })
    };
    let mut items = vec![
        MenuItem::new("API keys", go(Route::ApiKeys)).icon(LuKeyRound),
        MenuItem::new("Sessions", go(Route::Sessions)).icon(LuLaptop),
    ];
    if user.is_admin {
        items.push(MenuItem::new("System", go(Route::System)).icon(LuGauge));
    }
    if let Some(project) = route.project() {
        let to = Route::ProjectSettings { project: project.to_owned() };
        items.push(MenuItem::new("Project settings", go(to)).icon(LuSettings));
    }
    items.push(MenuItem::new("Sign out", session.sign_out.clone()).icon(LuLogOut));
    let label: AttrValue = format!("{} ({})", user.name, user.email).into();
    html! {
        <span class="anchor">
            <button type="button" class="user-menu" aria-haspopup="menu" title={label.clone()}
                aria-expanded={if *is_open { "true" } else { "false" }} aria-label={label.clone()}
                onclick={toggle}>
                <Avatar {person} />
            </button>
            if *is_open {
                <Menu {label} {items} at={MenuAt::End} on_close={Callback::from({
                    let is_open = is_open.setter();
                    move |()| is_open.set(false)
                })} />
            }
        </span>
    }
}
