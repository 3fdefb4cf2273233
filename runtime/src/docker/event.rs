//! Hints that something has happened.

use super::{
    Docker,
    known::{ContainerIndex, NetworkIndex, OwnUpdates},
    label,
};
use bollard::{
    models::{EventMessage, EventMessageTypeEnum},
    query_parameters::EventsOptionsBuilder,
};
use domain::{
    Timestamp,
    runtime::{ReplicaHandle, RuntimeError, RuntimeEvent},
};
use futures::{StreamExt, future, stream, stream::BoxStream};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// What may change what should be done. Our own commands in containers are not among it.
const OF_CONTAINERS: [&str; 10] =
    ["create", "start", "die", "oom", "stop", "pause", "unpause", "rename", "destroy", "update"];
const OF_NETWORKS: [&str; 2] = ["disconnect", "destroy"];

impl Docker {
    pub(super) async fn listen(&self) -> Result<BoxStream<'static, RuntimeEvent>, RuntimeError> {
        let client = self.connection.client().await?;
        self.updates.clear();
        // The engine is asked when the stream is first read, and told to begin at this moment.
        // It goes by whole seconds, and a hint twice is a hint once.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let since = now.saturating_sub(1).to_string();
        let listen = |kind: &str, actions: &[&str], ours_only: bool| {
            let mut filters =
                if ours_only { self.instance_labels.filter() } else { Default::default() };
            filters.insert("type", vec![kind.to_owned()]);
            filters.insert("event", actions.iter().map(|&action| action.to_owned()).collect());
            let options = EventsOptionsBuilder::new().since(&since).filters(&filters).build();
            client.events(Some(options)).map(Some).chain(stream::iter([None]))
        };
        // The engine writes no labels on what it tells of networks, so these are told by name.
        let containers = listen("container", &OF_CONTAINERS, true);
        let networks = listen("network", &OF_NETWORKS, false);
        let connection = Arc::clone(&self.connection);
        let (containers_known, networks_known) =
            (Arc::clone(&self.known), Arc::clone(&self.networks));
        let updates = Arc::clone(&self.updates);
        let events = stream::select(containers.boxed(), networks.boxed())
            // When one of the two ends, the engine has gone, and so both end.
            .map(move |event| match event {
                Some(Ok(event)) => Some(event),
                Some(Err(error)) => {
                    let error = RuntimeError::from(connection.failure(error));
                    tracing::debug!("the event stream ended: {error}");
                    None
                }
                None => None,
            })
            .take_while(|event| future::ready(event.is_some()))
            .filter_map(move |event| {
                let news = event.filter(|event| !is_own(event, &updates));
                let hint = news.and_then(|event| hint(event, &containers_known, &networks_known));
                future::ready(hint)
            });
        Ok(events.boxed())
    }
}

/// Whether it tells of what we have changed ourselves.
fn is_own(event: &EventMessage, updates: &OwnUpdates) -> bool {
    let container = event.actor.as_ref().and_then(|actor| actor.id.clone()).map(ReplicaHandle);
    event.action.as_deref() == Some("update")
        && container.is_some_and(|container| updates.end(&container))
}

fn hint(
    event: EventMessage,
    containers: &ContainerIndex,
    networks: &NetworkIndex,
) -> Option<RuntimeEvent> {
    let actor = event.actor?;
    let attributes = actor.attributes?;
    match event.typ? {
        EventMessageTypeEnum::CONTAINER => {
            let service = label::read(&attributes, label::SERVICE)?;
            let end = || {
                let nanos = event.time_nano.filter(|_| event.action.as_deref() == Some("die"))?;
                Some(RuntimeEvent::Ended {
                    service,
                    container: ReplicaHandle(actor.id?),
                    exit_code: attributes.get("exitCode").and_then(|code| code.parse().ok()),
                    at: Timestamp::from_millis(nanos / 1_000_000),
                })
            };
            Some(end().unwrap_or(RuntimeEvent::Service(service)))
        }
        EventMessageTypeEnum::NETWORK => {
            let environment = networks.environment(attributes.get("name")?)?;
            // Who was disconnected: each promotion does that, and its neighbours need not look up.
            let container = attributes.get("container").map(|id| ReplicaHandle(id.clone()));
            let service = container.and_then(|container| containers.service(&container));
            Some(service.map_or(RuntimeEvent::Environment(environment), RuntimeEvent::Service))
        }
        EventMessageTypeEnum::EMPTY
        | EventMessageTypeEnum::BUILDER
        | EventMessageTypeEnum::CONFIG
        | EventMessageTypeEnum::DAEMON
        | EventMessageTypeEnum::IMAGE
        | EventMessageTypeEnum::NODE
        | EventMessageTypeEnum::PLUGIN
        | EventMessageTypeEnum::SECRET
        | EventMessageTypeEnum::SERVICE
        | EventMessageTypeEnum::VOLUME => None,
    }
}
