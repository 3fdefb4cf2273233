//! Hints that something has happened.

use crate::{
    fixture::EngineFixture,
    proxy::{Fault, Proxy},
};
use bollard::models::NetworkDisconnectRequest;
use domain::runtime::{Runtime, RuntimeEvent};
use futures::StreamExt;
use std::time::Duration;

const SLEEP: [&str; 2] = ["sleep", "3600"];

#[tokio::test]
async fn what_happens_to_our_containers_and_networks_is_told_and_nothing_else() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let mut events = fixture.docker.events().await.unwrap();
    // Not read until later: what has happened by then is told all the same.
    let container = fixture.run(&spec).await;
    let run = fixture.docker.inspect(&container).await.unwrap().expect("it runs");
    fixture.exec(&container, &["/bin/busybox", "true"]).await;
    let other = EngineFixture::new().await;
    other.run(&other.replica("web", &SLEEP)).await;
    let network = fixture.network_name();
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };
    fixture.raw.disconnect_network(&network, off).await.unwrap();
    fixture.docker.stop(&container, Duration::ZERO).await.unwrap();
    fixture.docker.remove(&container).await.unwrap();

    let service = RuntimeEvent::Service(spec.identity.service);
    let (mut services, mut ends, mut networks) = (0, 0, 0);
    // Made, started, stopped, removed; died of a signal; and taken off its network.
    while services < 4 || ends < 1 || networks < 1 {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        match event.expect("an event in time").expect("the stream goes on") {
            event if event == service => services += 1,
            RuntimeEvent::Ended { service, container: its, exit_code, at } => {
                assert_eq!((service, &its), (spec.identity.service, &container));
                assert!(matches!(exit_code, Some(137 | 143)), "by a signal: {exit_code:?}");
                assert!(Some(at) > run.started_at, "by the same clock: {at:?}");
                ends += 1;
            }
            event => {
                assert_eq!(event, RuntimeEvent::Environment(fixture.environment));
                networks += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_container_taken_off_its_network_is_news_of_its_own_service_only() {
    let fixture = EngineFixture::new().await;
    let spec = fixture.replica("web", &SLEEP);
    let container = fixture.run(&spec).await;
    let events = fixture.docker.events().await.unwrap();
    let network = fixture.network_name();
    let off = NetworkDisconnectRequest { container: container.0.clone(), force: Some(true) };

    fixture.raw.disconnect_network(&network, off).await.unwrap();

    // What was done a moment ago may be told again; then this one, and nothing of the network.
    let told = events.take_until(tokio::time::sleep(Duration::from_secs(2)));
    let told: Vec<_> = told.collect().await;
    assert!(told.contains(&RuntimeEvent::Service(spec.identity.service)), "{told:?}");
    assert!(!told.contains(&RuntimeEvent::Environment(fixture.environment)), "{told:?}");
}

// F34
#[tokio::test]
async fn the_stream_ends_when_the_engine_goes_away() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let mut events = fixture.docker.events().await.unwrap();
    let spec = fixture.replica("web", &SLEEP);
    fixture.docker.create(&spec).await.unwrap();
    assert_eq!(events.next().await, Some(RuntimeEvent::Service(spec.identity.service)));

    proxy.set("/events", Fault::Refuse);
    proxy.cut_all();

    assert_eq!(
        events
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .find(|event| !matches!(event, RuntimeEvent::Service(_))),
        None
    );
}
