//! All projects that somebody belongs to, and how they are doing.

mod card;
mod create;

use icondata_lu::{LuFrame, LuPlus};
use yew::prelude::{Callback, Html, component, html, use_callback, use_effect_with, use_state_eq};

pub use self::card::ProjectCard;
use self::create::CreateProject;
use crate::{
    api::{use_api, use_pages},
    component::{Button, ButtonKind, Empty, TextField},
    screen::failure::{Failure, Stale},
    shell::Shell,
    view::{
        clock::{Timer, use_every},
        page,
    },
};

/// How long a person may pause within a word, in milliseconds.
const PAUSE: u32 = 200;
/// How often the counts are read again, in milliseconds.
const REFRESH: u32 = 15_000;
/// From this many on, there is a filter.
const MANY: u64 = 7;

#[component]
pub fn Projects() -> Html {
    page::use_title("Projects");
    let api = use_api();
    let typed = use_state_eq(String::new);
    let wanted = use_state_eq(String::new);
    let is_creating = use_state_eq(|| false);
    use_effect_with((*typed).clone(), {
        let wanted = wanted.setter();
        move |typed| {
            let typed = typed.trim().to_owned();
            let timer = Timer::set(PAUSE, Callback::from(move |()| wanted.set(typed.clone())));
            move || drop(timer)
        }
    });
    let projects = use_pages((*wanted).clone(), move |name, offset| async move {
        api.projects(name, offset).await
    });
    // Reading anew begins at the first part: only where that is all.
    let is_whole = projects.missing() == 0;
    let refresh = use_callback((projects.reload.clone(), is_whole), |(), (reload, is_whole)| {
        if *is_whole {
            reload.emit(());
        }
    });
    use_every(REFRESH, refresh);
    let open = Callback::from({
        let is_creating = is_creating.setter();
        move |_| is_creating.set(true)
    });

    let is_filtered = !wanted.is_empty() || !typed.is_empty();
    let rows = projects.rows.clone();
    let content = match (&rows, &projects.error) {
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={projects.reload.clone()} />
        },
        (None, None) => skeleton(),
        (Some(rows), _) if rows.is_empty() && is_filtered => html! {
            <p class="muted quiet-line">{ format!("No project's name contains “{}”.", *wanted) }</p>
        },
        (Some(rows), _) if rows.is_empty() => html! {
            <Empty icon={LuFrame} title="Create your first project"
                text="A project is a canvas for things that run together: an app, its database, a worker. They share a private network, and nothing outside of it sees them.">
                <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={open.clone()}>
                    { "Create a project" }
                </Button>
            </Empty>
        },
        (Some(rows), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={projects.reload.clone()} />
                }
                <ul class="projects">
                    { for rows.iter().map(|summary| html! {
                        <li key={summary.project.id.to_string()}>
                            <ProjectCard summary={summary.clone()} />
                        </li>
                    }) }
                </ul>
                if projects.missing() > 0 {
                    <div class="row load-more">
                        <Button busy={projects.is_busy} onclick={projects.more.reform(|_| ())}>
                            { "Load more" }
                        </Button>
                        <span class="muted">{ format!("{} of {}", rows.len(), projects.total) }</span>
                    </div>
                }
            </>
        },
    };
    let is_empty = rows.as_ref().is_some_and(|rows| rows.is_empty()) && !is_filtered;
    html! {
        <Shell>
            <div class="row row--between row--wrap heading">
                <h1>{ "Projects" }</h1>
                if !is_empty {
                    <div class="row">
                        if projects.total >= MANY || is_filtered {
                            <TextField id="projects-filter" label="Filter by name" label_hidden=true
                                placeholder="Filter by name" kind="search" value={(*typed).clone()}
                                on_input={{ let typed = typed.setter(); Callback::from(move |text| typed.set(text)) }} />
                        }
                        <Button kind={ButtonKind::Primary} icon={LuPlus} onclick={open}>
                            { "New project" }
                        </Button>
                    </div>
                }
            </div>
            { content }
            if *is_creating {
                <CreateProject on_close={Callback::from({
                    let is_creating = is_creating.setter();
                    move |()| is_creating.set(false)
                })} />
            }
        </Shell>
    }
}

fn skeleton() -> Html {
    html! {
        <div role="status">
            <span class="sr-only">{ "Loading projects" }</span>
            <ul class="projects" aria-hidden="true">
                { for (0..3).map(|at| html! {
                    <li key={at}><div class="project project--shape"><div class="project-map" />
                        <div class="project-text"><div class="skeleton-line" /><div class="skeleton-line" /></div></div></li>
                }) }
            </ul>
        </div>
    }
}
