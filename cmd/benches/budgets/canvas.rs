//! An open canvas: events as a person gets them, with the moment at which they came.

use crate::{
    api::Project,
    time::{PATIENCE, within},
};
use anyhow::{Context, Result, bail};
use domain::{
    ServiceId,
    api::canvas::{ClientMessage, ServerMessage},
    event::Event,
};
use futures::{SinkExt, StreamExt};
use std::{collections::BTreeSet, time::Instant};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_tungstenite::tungstenite::Message;

/// An open canvas.
pub(crate) struct Canvas {
    receiver: mpsc::UnboundedReceiver<(Instant, Event)>,
    task: JoinHandle<()>,
}

impl Canvas {
    pub(crate) async fn open(project: &Project) -> Result<Self> {
        let host = project.api.url.strip_prefix("http://").context("a plain address")?;
        let url = format!("ws://{host}/api/{}", project.path("canvas/ws"));
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        let token = domain::Secret::from(project.api.token.as_str());
        let open = ClientMessage::Open { epoch: None, after: None };
        for message in [ClientMessage::Auth { token }, open] {
            socket.send(Message::text(serde_json::to_string(&message)?)).await?;
        }
        within("a snapshot", PATIENCE, async {
            while let Some(frame) = socket.next().await {
                if let Message::Text(text) = frame?
                    && let Ok(ServerMessage::Snapshot { .. }) = serde_json::from_str(&text)
                {
                    return Ok(());
                }
            }
            bail!("the canvas was closed")
        })
        .await?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(Ok(frame)) = socket.next().await {
                let at = Instant::now();
                let Message::Text(text) = frame else { continue };
                let Ok(ServerMessage::Events { events, .. }) = serde_json::from_str(&text) else {
                    continue;
                };
                for numbered in events {
                    if sender.send((at, numbered.event)).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { receiver, task })
    }

    /// Forgets what has come so far.
    pub(crate) fn forget(&mut self) {
        while self.receiver.try_recv().is_ok() {}
    }

    /// The first event that fits, and when it came.
    pub(crate) async fn first<T>(
        &mut self,
        what: &str,
        fits: impl Fn(&Event) -> Option<T>,
    ) -> Result<(Instant, T)> {
        within(what, PATIENCE, async {
            while let Some((at, event)) = self.receiver.recv().await {
                if let Some(found) = fits(&event) {
                    return Ok((at, found));
                }
            }
            bail!("the canvas was closed")
        })
        .await
    }

    /// When the last of so many services went live.
    pub(crate) async fn live(&mut self, count: usize) -> Result<Instant> {
        let mut seen: BTreeSet<ServiceId> = BTreeSet::new();
        loop {
            let (at, service) = self
                .first("services to go live", |event| match event {
                    Event::Moved { deployment, active: true }
                        if deployment.state.as_str() == "live" =>
                    {
                        Some(deployment.service)
                    }
                    _ => None,
                })
                .await?;
            seen.insert(service);
            if seen.len() >= count {
                return Ok(at);
            }
        }
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.task.abort();
    }
}
