//! A stream is as open as the token that opened it.

use super::Shop;
use serde_json::json;
use std::time::Duration;

// S07, S19: also one that runs out by itself.
#[tokio::test(start_paused = true)]
async fn a_token_that_runs_out_ends_the_stream_that_it_opened() {
    let shop = Shop::new().await;
    shop.run(0, "aaaaaaaaaaaa0").await;
    shop.say("aaaaaaaaaaaa0", 1, "a1");
    let mut live = shop.open("", None).await;
    assert_eq!(live.line().await, "a1");

    shop.app.clock.advance(Duration::from_secs(15 * 60));
    shop.say("aaaaaaaaaaaa0", 2, "said too late");

    let mut told = live.next().await.expect("why");
    if told.event != "error" {
        told = live.next().await.expect("why, after what was on its way");
    }
    assert_eq!((told.event.as_str(), &told.data["error"]), ("error", &json!("unauthorized")));
    assert!(live.next().await.is_none());
    shop.say("aaaaaaaaaaaa0", 3, "to nobody");
}
