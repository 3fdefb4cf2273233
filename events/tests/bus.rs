//! What the bus promises.

use domain::{
    EnvironmentId,
    event::{Announcements, Announcer},
};
use events::Bus;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const HERE: EnvironmentId = EnvironmentId::new(Uuid::from_u128(1));
const ELSEWHERE: EnvironmentId = EnvironmentId::new(Uuid::from_u128(2));

#[tokio::test]
async fn a_reader_that_waits_is_woken() {
    let bus = Arc::new(Bus::new());
    let reader = tokio::spawn({
        let bus = Arc::clone(&bus);
        async move { bus.changed(HERE, 4).await }
    });
    tokio::task::yield_now().await;

    bus.announce(HERE, 5);

    reader.await.expect("the reader does not panic");
}

#[tokio::test]
async fn an_announcement_before_the_wait_is_not_lost() {
    let bus = Bus::new();
    bus.announce(HERE, 5);

    bus.changed(HERE, 4).await;
}

#[tokio::test(start_paused = true)]
async fn old_news_and_other_environments_wake_nobody() {
    let bus = Bus::new();
    bus.announce(HERE, 5);
    bus.announce(HERE, 3);
    bus.announce(ELSEWHERE, 9);

    let woken = tokio::time::timeout(Duration::from_secs(60), bus.changed(HERE, 5)).await;

    assert!(woken.is_err(), "there is nothing after number 5");
}

/// DK-166: an announcement never waits, and a slow reader loses nothing but wake-ups.
#[tokio::test]
async fn a_thousand_announcements_without_a_reader_are_one_wake_up() {
    let bus = Bus::new();
    for number in 1..=1000 {
        bus.announce(HERE, number);
    }

    bus.changed(HERE, 999).await;
}
