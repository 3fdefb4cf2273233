use super::*;
use gloo::timers::callback::Interval;

#[component]
pub fn LogDemo() -> Html {
    let feed = yew::use_memo((), |()| LogFeed::default());
    use_effect_with((), {
        let feed = (*feed).clone();
        move |()| {
            feed.set_state(FeedState::Live);
            let mut n = 0;
            let interval = Interval::new(20, move || {
                for _ in 0..4 {
                    n += 1;
                    let now = crate::view::clock::now();
                    let line = match n % 11 {
                        3 => Line::new(
                            now,
                            Source::Error,
                            Some("web-2".into()),
                            "error: connection to redis:6379 was refused, trying again in 2 s",
                        ),
                        7 => Line::new(
                            now,
                            Source::Event,
                            Some("web-1".into()),
                            "container exited with code 137",
                        ),
                        _ => Line::new(
                            now,
                            Source::Output,
                            Some(format!("web-{}", n % 3 + 1).into()),
                            &format!(
                                "\u{1b}[32mINFO\u{1b}[0m request {n} \u{1b}[36mGET\u{1b}[0m /products/{n} \u{1b}[33m200\u{1b}[0m in \u{1b}[1;34m{} ms\u{1b}[0m",
                                n % 40
                            ),
                        ),
                    };
                    feed.push(line);
                }
            });
            move || drop(interval)
        }
    });
    html! { <div class="log-demo"><LogView feed={(*feed).clone()} /></div> }
}
