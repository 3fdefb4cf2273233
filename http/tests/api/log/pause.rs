//! Output that pauses: streams that break off, containers that end and run again.

use super::Shop;
use serde_json::json;
use std::time::Duration;

// DK-123: what breaks off in the middle says nothing of the container: it is read on where it was.
#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_is_no_end_of_its_container() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.run(1, "bbbbbbbbbbbb0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let mut live = shop.open("", None).await;
    assert_eq!(live.line().await, "a1");
    tokio::time::sleep(Duration::from_secs(1)).await;

    shop.app.scripted.break_stream("aaaaaaaaaaaa0");
    tokio::time::sleep(Duration::from_millis(100)).await;
    shop.say("aaaaaaaaaaaa0", 2, "while nobody read");
    shop.say("bbbbbbbbbbbb0", 3, "the other");

    assert_eq!(live.line().await, "the other", "it does not wait");
    assert_eq!(live.line().await, "while nobody read", "and not a word of an end");
    shop.say("aaaaaaaaaaaa0", 4, "a4");
    assert_eq!(live.line().await, "a4", "once");
}

// DK-123: an end is told once; whoever reads on waits a while for another run of it.
#[tokio::test(start_paused = true)]
async fn a_container_that_ended_is_read_on_when_it_runs_again() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "first run");
    let mut live = shop.open("", None).await;
    assert_eq!(live.line().await, "first run");

    shop.app.scripted.exit("aaaaaaaaaaaa0");
    let ended = live.next().await.expect("a notice");
    assert_eq!(
        (ended.event.as_str(), &ended.data["container_id"]),
        ("container_exited", &json!("aaaaaaaaaaaa"))
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    shop.app.scripted.run_again("aaaaaaaaaaaa0");
    shop.say("aaaaaaaaaaaa0", 2, "second run");

    assert_eq!(live.line().await, "second run", "and the first one is not told again");
    shop.app.scripted.exit("aaaaaaaaaaaa0");
    assert_eq!(live.next().await.expect("a notice").event, "container_exited");
    assert_eq!(live.next().await.expect("the end").event, "end");
    assert!(live.next().await.is_none());
}
