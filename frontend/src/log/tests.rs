use yew::{ServerRenderer, prelude::*};

use super::*;

#[component]
fn Flood() -> Html {
    let feed = LogFeed::default();
    for number in 0..20_000 {
        feed.push(Line::new(0, Source::Error, Some("web-1".into()), &format!("line {number}")));
    }
    html! { <LogView {feed} /> }
}

#[tokio::test]
async fn of_a_flood_of_lines_only_the_window_is_rendered() {
    let html = ServerRenderer::<Flood>::new().hydratable(false).render().await;

    let rows = html.matches("class=\"log-row ").count();
    assert!((10..100).contains(&rows), "{rows} rows");
    assert!(html.contains("5000 lines"));
    assert!(html.contains("line 19999") && !html.contains("line 15000<"));
}
