//! What people do with the `docker` client is mended within seconds, and told.

use crate::support::World;
use domain::rollout::IncidentKind;
use std::time::Duration;

// F37, W24: a killed container suppresses the engine's restart policy.
#[tokio::test(start_paused = true)]
async fn a_container_killed_by_hand_is_back_within_seconds_and_history_says_why() {
    let world = World::new();
    let key = world.live("web", 1, "listen 80 0").await;
    let before = world.now();

    world.engine.kill(&world.only(key).id);
    world.until("it is back", |world| world.is_healthy(key, 1)).await;

    assert!(world.now().since(before) < Duration::from_secs(3));
    let incident = world.incidents().pop().expect("it is told");
    assert_eq!(incident.kind, IncidentKind::Stopped);
    assert_eq!(incident.exit_code, Some(137));
    assert!(incident.text.contains("killed outside Easel"), "{}", incident.text);
    world.assert_at_rest().await;
}
