use domain::{
    Timestamp,
    api::log::{LogEntry, LogOrigin},
    runtime::{LogLine, LogStream},
};
use yew::{ServerRenderer, prelude::*};

use super::*;

const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

fn origin() -> LogOrigin {
    LogOrigin {
        replica: ID.parse().unwrap(),
        container_id: "aaaaaaaaaaaa".to_owned(),
        index: 0,
        deployment: ID.parse().unwrap(),
    }
}

pub(super) fn line(stream: LogStream, text: &str) -> Row {
    let at = Timestamp::from_millis(0);
    let line = LogLine { at, nanos: 0, stream, line: text.to_owned(), cut: false };
    Row::Line(LogEntry { from: origin(), line })
}

#[component]
fn Flood() -> Html {
    let feed = LogFeed::default();
    for number in 0..20_000 {
        feed.push(line(LogStream::Stderr, &format!("line {number}")));
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

#[component]
fn Mixed() -> Html {
    let feed = LogFeed::default();
    for row in [
        line(LogStream::Stdout, "all is well"),
        line(LogStream::Stdout, "\u{1b}[31mred\u{1b}[0m and plain"),
        line(LogStream::Stderr, "not well"),
        Row::Exited(origin(), Timestamp::from_millis(0)),
    ] {
        feed.push(row);
    }
    html! { <LogView {feed} /> }
}

// DK-125
#[tokio::test]
async fn a_row_is_marked_by_where_it_comes_from_and_coloured_by_what_it_says() {
    let html = ServerRenderer::<Mixed>::new().hydratable(false).render().await;

    let rows: Vec<&str> = html.split("<div class=\"log-row").skip(2).collect();
    let [plain, red, error, event] = rows[..] else { panic!("{} rows: {html}", rows.len()) };
    let class = |row: &str| row.split('"').next().unwrap_or_default().trim().to_owned();
    assert_eq!([plain, red, error, event].map(class), ["", "", "log-row--error", "log-row--event"]);
    assert!(plain.contains("all is well") && !plain.contains("ansi-"), "{plain}");
    assert!(red.contains("<span class=\"ansi-1\">red</span> and plain"), "{red}");
    assert!(error.contains("not well"), "{error}");
    assert!(event.contains("container exited"), "{event}");
}
