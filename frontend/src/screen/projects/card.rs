//! A project in the list.

use domain::project::ProjectSummary;
use yew::prelude::{Html, Properties, component, html};

use crate::{
    component::{RelativeTime, Status, StatusMark},
    route::{Route, link::Link},
};

/// No more slabs than this are drawn.
const MOST: u64 = 18;

#[derive(Properties, PartialEq)]
pub struct ProjectCardProps {
    pub summary: ProjectSummary,
}

/// A thumbnail of its canvas: a slab for each service, in its state's pigment.
#[component]
pub fn ProjectCard(props: &ProjectCardProps) -> Html {
    let ProjectSummary { project, services, running, failing, pending, .. } = &props.summary;
    let rest = services.saturating_sub(running + failing);
    // Failing ones first, so that they are seen however many there are.
    let slabs = [("failed", *failing), ("live", *running), ("stopped", rest)];
    let slabs = slabs.into_iter().flat_map(|(name, count)| (0..count).map(move |_| name));
    let to = Route::Canvas { project: project.slug.to_string() };
    html! {
        <Link {to} classes="project">
            <div class="project-map" aria-hidden="true">
                { for slabs.take(usize::try_from(MOST).unwrap_or(18)).enumerate().map(|(at, name)| html! {
                    <span key={at} class={format!("slab slab--{name}")} />
                }) }
                if *services > MOST {
                    <span class="slab-more">{ format!("+{}", services - MOST) }</span>
                }
            </div>
            <div class="project-text">
                <h2 class="project-name">{ project.name.as_str() }</h2>
                <p class="project-state">
                    { for states(*services, *failing, *running, rest, *pending).into_iter().map(|(status, word)| html! {
                        <StatusMark {status} word={word.clone()} key={word} />
                    }) }
                </p>
                <p class="project-foot faint small">
                    <span class="mono truncate">{ project.slug.as_str() }</span>
                    <span>{ "created " }<RelativeTime at={project.created_at.as_millis()} /></span>
                </p>
            </div>
        </Link>
    }
}

/// What its services are like, in words; the worst first.
fn states(
    services: u64,
    failing: u64,
    running: u64,
    rest: u64,
    pending: u64,
) -> Vec<(Status, String)> {
    let mut states = Vec::new();
    if services == 0 && pending == 0 {
        states.push((Status::Stopped, "No services yet".to_owned()));
    }
    if failing > 0 {
        states.push((Status::Failed, format!("{failing} failing")));
    }
    if running > 0 {
        states.push((Status::Live, format!("{running} running")));
    }
    if rest > 0 {
        states.push((Status::Stopped, format!("{rest} not running")));
    }
    if pending > 0 {
        let noun = if pending == 1 { "change" } else { "changes" };
        states.push((Status::Staged, format!("{pending} {noun} staged")));
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    // DK-33
    #[test]
    fn the_worst_comes_first_and_nothing_is_left_out() {
        let words: Vec<_> = states(6, 1, 3, 2, 1).into_iter().map(|(_, word)| word).collect();

        assert_eq!(words, ["1 failing", "3 running", "2 not running", "1 change staged"]);
    }

    // DK-33
    #[test]
    fn an_empty_project_says_so() {
        assert_eq!(states(0, 0, 0, 0, 0)[0].1, "No services yet");
        assert_eq!(states(0, 0, 0, 0, 2)[0].1, "2 changes staged");
    }
}
