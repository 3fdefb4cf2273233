//! The way from a reader of output to its client: what waits on it is dropped with the right to have it.

use crate::{
    admission::{Admission, Gate, Standing},
    connection::Connection,
    error::ErrorResponse,
};
use axum::response::sse::Event;
use domain::api::log::LogEvent;
use futures::{Stream, stream};
use std::{convert::Infallible, pin::pin, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

/// Events that wait for a client.
const QUEUE: usize = 64;
/// How long a client may take nothing.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client has to take the reason for which it gets no more.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a stream ends for good.
pub(super) struct StreamEnded;

/// Where events are handed over.
pub(super) struct Outlet {
    admission: Admission,
    events: mpsc::Sender<Event>,
    last: mpsc::Sender<Event>,
    connection: Connection,
}

/// What a client takes events from.
struct Inlet {
    gate: Gate,
    events: mpsc::Receiver<Event>,
    last: mpsc::Receiver<Event>,
    is_over: bool,
}

/// A way, by its two ends.
pub(super) fn open(
    admission: Admission,
    connection: Connection,
) -> (Outlet, impl Stream<Item = Result<Event, Infallible>> + use<>) {
    let (events, receiver) = mpsc::channel(QUEUE);
    let (last, reason) = mpsc::channel(1);
    let inlet = Inlet { gate: admission.gate(), events: receiver, last: reason, is_over: false };
    let stream = stream::unfold(inlet, |mut inlet| async move {
        let event = inlet.next().await?;
        Some((Ok(event), inlet))
    });
    (Outlet { admission, events, last, connection }, stream)
}

impl Inlet {
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let event = tokio::select! {
            biased;
            Some(reason) = self.last.recv() => return self.end(reason),
            event = self.events.recv() => event?,
        };
        tokio::select! {
            biased;
            Some(reason) = self.last.recv() => self.end(reason),
            passes = self.gate.passes() => passes.then_some(event),
        }
    }

    /// Nothing more is sent but why; what waits is dropped.
    fn end(&mut self, reason: Event) -> Option<Event> {
        self.is_over = true;
        Some(reason)
    }
}

impl Outlet {
    /// Hands an event over, as soon as it is certain that it may be.
    pub(super) async fn send(&mut self, event: Event) -> Result<(), StreamEnded> {
        if self.admission.is_in_doubt() {
            self.check().await?;
        }
        let patience = Instant::now() + WRITE_TIMEOUT;
        let events = self.events.clone();
        let mut sending = pin!(events.send(event));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return sent.map_err(|_| StreamEnded),
                () = self.admission.in_doubt() => self.check().await?,
                () = sleep_until(patience) => return Err(StreamEnded),
            }
        }
    }

    /// Sends what is no line, and so no place to go on from.
    pub(super) async fn say(&mut self, event: &LogEvent) -> Result<(), StreamEnded> {
        self.send(event_of(event)).await
    }

    /// Returns as soon as rights may have changed.
    pub(super) async fn in_doubt(&mut self) {
        self.admission.in_doubt().await;
    }

    /// Looks whether the client may still read. If not, it is told why, and nothing else.
    pub(super) async fn check(&mut self) -> Result<(), StreamEnded> {
        let answer = match self.admission.check().await {
            Standing::Allowed(..) => return Ok(()),
            Standing::Deleted => {
                ErrorResponse::from(domain::Error::NotFound(domain::Resource::Project))
            }
            Standing::Refused(answer) => answer,
        };
        // It may have gone by itself.
        let _ = self.last.try_send(event_of(&LogEvent::Failed(*answer.body)));
        // What lies ready to be written is not to be taken later.
        if timeout(LAST_WRITE_TIMEOUT, self.events.closed()).await.is_err() {
            self.connection.cut();
        }
        Err(StreamEnded)
    }

    /// Returns once the client has gone.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + use<> {
        let events = self.events.clone();
        async move { events.closed().await }
    }
}

fn event_of(event: &LogEvent) -> Event {
    Event::default().event(event.name()).data(event.data())
}
