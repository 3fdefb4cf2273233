//! The parts as the server would render them.

use yew::{ServerRenderer, prelude::*};

use super::{
    relative_time::{lasting, relative},
    *,
};

/// Renders what `draw` draws, at one million milliseconds past the epoch.
async fn rendered(draw: fn() -> Html) -> String {
    #[derive(Clone, Properties)]
    struct ShowProps {
        draw: fn() -> Html,
    }

    impl PartialEq for ShowProps {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }

    #[component]
    fn Show(props: &ShowProps) -> Html {
        html! {
            <ContextProvider<Now> context={Now(1_000_000)}>{ (props.draw)() }</ContextProvider<Now>>
        }
    }

    let renderer = ServerRenderer::<Show>::with_props(move || ShowProps { draw });
    renderer.hydratable(false).render().await
}

#[tokio::test]
async fn a_busy_button_cannot_be_pressed_again_and_says_so() {
    let html = rendered(|| {
        html! { <Button kind={ButtonKind::Primary} busy=true>{ "Apply 3 changes" }</Button> }
    })
    .await;

    assert!(html.contains("disabled"));
    assert!(html.contains("aria-busy=\"true\""));
    assert!(html.contains("Apply 3 changes"));
}

#[tokio::test]
async fn every_state_has_a_shape_a_word_and_a_colour_of_its_own() {
    let html = rendered(|| {
        let all = [
            Status::Live,
            Status::Progress,
            Status::Staged,
            Status::Failed,
            Status::Stopped,
            Status::Sleeping,
        ];
        html! { { for all.map(|status| html! { <StatusMark {status} /> }) } }
    })
    .await;

    let marks: Vec<_> = html.split("<span class=\"status ").skip(1).collect();
    assert_eq!(marks.len(), 6);
    for (at, mark) in marks.iter().enumerate() {
        assert!(mark.contains("<svg") && mark.contains("status-word"));
        assert!(!marks[..at].contains(mark));
    }
}

#[tokio::test]
async fn a_field_is_tied_to_its_label_and_to_what_is_wrong_with_it() {
    let html = rendered(|| {
        html! {
            <TextField id="slug" label="Name" value="Web" on_input={Callback::noop()}
                error="Use small letters, digits and hyphens" />
        }
    })
    .await;

    assert!(html.contains("for=\"slug\"") && html.contains("id=\"slug\""));
    assert!(html.contains("aria-invalid=\"true\""));
    assert!(html.contains("aria-describedby=\"slug-note\"") && html.contains("id=\"slug-note\""));
    assert!(html.contains("role=\"alert\""));
}

#[tokio::test]
async fn a_dialog_is_named_by_its_title() {
    let html = rendered(|| {
        html! { <Dialog title="Delete shop" on_close={Callback::noop()}>{ "All of it." }</Dialog> }
    })
    .await;

    assert!(html.contains("role=\"dialog\"") && html.contains("aria-modal=\"true\""));
    assert!(html.contains("aria-labelledby=\"dialog-title\""));
    assert!(html.contains("id=\"dialog-title\">Delete shop"));
}

#[tokio::test]
async fn what_cannot_be_undone_waits_for_the_name() {
    let html = rendered(|| {
        html! {
            <Confirm title="Delete postgres-data" action="Delete postgres-data for ever"
                name="postgres-data"
                on_confirm={Callback::noop()} on_close={Callback::noop()}>
                { "The data is lost." }
            </Confirm>
        }
    })
    .await;

    let action = html.split("<button").find(|part| part.contains("for ever")).unwrap();
    assert!(action.contains("disabled"));
}

#[tokio::test]
async fn one_tab_is_chosen_and_only_it_is_a_stop_of_the_keyboard() {
    let html = rendered(|| {
        html! {
            <Tabs label="Service" chosen="logs" on_choose={Callback::noop()}
                tabs={vec![Tab::new("deployments", "Deployments"), Tab::new("logs", "Logs")]}>
                { "lines" }
            </Tabs>
        }
    })
    .await;

    assert_eq!(html.matches("aria-selected=\"true\"").count(), 1);
    assert_eq!(html.matches("tabindex=\"0\"").count(), 1);
    assert!(html.contains("aria-labelledby=\"tab-logs\""));
}

#[tokio::test]
async fn a_secret_is_not_in_the_page_until_it_is_asked_for() {
    let html = rendered(|| {
        html! { <SecretValue name="API_KEY" value={Secrecy::Known("hunter2".into())} /> }
    })
    .await;

    assert!(!html.contains("hunter2"));
    assert!(html.contains("Show API_KEY"));
}

#[tokio::test]
async fn a_moment_is_told_relative_and_exact() {
    let html = rendered(|| html! { <RelativeTime at={1_000_000 - 180_000} /> }).await;

    assert!(html.contains("3 min ago"));
    assert!(html.contains("1970-01-01T00:13:40Z"));
}

#[test]
fn moments_read_as_people_say_them() {
    let day = 86_400_000;

    assert_eq!(relative(5_000, 0), "just now");
    assert_eq!(relative(59_000, 0), "59 s ago");
    assert_eq!(relative(3 * 3_600_000, 0), "3 h ago");
    assert_eq!(relative(day, 0), "1 day ago");
    assert_eq!(relative(12 * day, 0), "12 days ago");
    assert_eq!(relative(0, 120_000), "in 2 min");
}

#[test]
fn what_lasts_is_told_by_its_length() {
    assert_eq!(lasting(41 * 60_000, 0), "for 41 min");
    assert_eq!(lasting(3 * 86_400_000, 0), "for 3 days");
    assert_eq!(lasting(5_000, 0), "for less than 10 s");
    assert_eq!(lasting(0, 5_000), "for less than 10 s", "clocks differ");
}

#[tokio::test]
async fn people_beyond_the_first_three_are_counted_by_name() {
    let html = rendered(|| {
        let people = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Ken"]
            .map(|name| Person::new(name, name))
            .to_vec();
        html! { <AvatarStack {people} /> }
    })
    .await;

    assert!(html.contains(">AL<") && html.contains("+2"));
    assert!(html.contains("Barbara Liskov, Ken"));
}

#[tokio::test]
async fn an_icon_is_decoration_unless_it_has_a_label() {
    let html = rendered(|| {
        html! { <><Icon icon={icondata_lu::LuX} /><Icon icon={icondata_lu::LuX} label="a \"b\"" /></> }
    })
    .await;

    assert_eq!(html.matches("aria-hidden=\"true\"").count(), 1);
    assert!(html.contains("aria-label=\"a &quot;b&quot;\""));
}
