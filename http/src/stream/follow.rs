//! Reads the output of a service's containers: history in order of time, then as it comes.

use super::outlet::{self, Outlet, StreamEnded};
use crate::{
    admission::Admission,
    authorization::{EnvironmentAccess, Logs, May},
    caller::Credential,
    connection::Connection,
    error::{ErrorResponse, Result},
    server::Server,
};
use axum::response::sse::Event;
use domain::{
    DeploymentId, ServiceId, Timestamp, UserId,
    access::Permission,
    api::log::{LogEntry, LogEvent, LogOrigin},
    deployments::ReplicaSummary,
    runtime::{ContainerState, Follow, LogLine, LogsFrom, ReplicaHandle, RuntimeError},
};
use futures::{
    Stream, StreamExt,
    stream::{BoxStream, SelectAll},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    time::Duration,
};

/// How often containers are looked for that nobody has announced.
const RECHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long a stream waits for a successor of its last container.
const SUCCESSOR_WAIT: Duration = Duration::from_secs(5);

type Lines = BoxStream<'static, Result<LogLine, RuntimeError>>;
type Open = SelectAll<BoxStream<'static, (ReplicaHandle, ContainerOutput)>>;

/// Where a reader is in each container's output: the id of the last event that it has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// From an event's id. What makes no sense is left out, and read from its tail.
    pub(crate) fn parse(id: &str) -> Self {
        let part = |part: &str| {
            let (container, place) = part.split_once('@')?;
            let (millis, nanos) = place.split_once('.')?;
            let at = Timestamp::from_millis(millis.parse().ok()?);
            Some((container.to_owned(), Position { at, nanos: nanos.parse().ok()? }))
        };
        Self(id.split(',').filter_map(part).collect())
    }

    fn id(&self) -> String {
        let parts: Vec<String> = (self.0.iter())
            .map(|(container, place)| {
                format!("{container}@{}.{}", place.at.as_millis(), place.nanos)
            })
            .collect();
        parts.join(",")
    }

    fn after(&self, container: &ReplicaHandle) -> Option<LogsFrom> {
        let place = self.0.get(container.short())?;
        Some(LogsFrom::After { at: place.at, nanos: place.nanos })
    }

    fn keep<'a>(&mut self, containers: impl Iterator<Item = &'a ReplicaHandle>) {
        let kept: BTreeSet<&str> = containers.map(ReplicaHandle::short).collect();
        self.0.retain(|container, _| kept.contains(container.as_str()));
    }

    fn advance(&mut self, container: &ReplicaHandle, line: &LogLine) {
        let place = Position { at: line.at, nanos: line.nanos };
        self.0.insert(container.short().to_owned(), place);
    }
}

/// Where a reader is in the output of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    at: Timestamp,
    nanos: u32,
}

/// A reader of a service's output.
pub(crate) struct LogFollower {
    server: Server,
    pub(crate) user: UserId,
    credential: Credential,
    place: EnvironmentAccess,
    service: ServiceId,
    deployment: Option<DeploymentId>,
    pub(crate) positions: Positions,
}

/// A container whose history is being read.
pub(crate) struct ContainerLog {
    replica: ReplicaSummary,
    container: ReplicaHandle,
    lines: Lines,
    head: Option<LogLine>,
}

/// What comes of one container.
enum ContainerOutput {
    Line(LogLine),
    /// The engine ended it in the middle: that says nothing of the container.
    Broken,
    Ended,
}

impl LogFollower {
    pub(crate) fn new(
        server: &Server,
        may: &May<Logs>,
        service: ServiceId,
        deployment: Option<DeploymentId>,
    ) -> Self {
        Self {
            server: server.clone(),
            user: may.user.id,
            credential: may.credential,
            place: may.place.clone(),
            service,
            deployment,
            positions: Positions::default(),
        }
    }

    async fn replicas(&self) -> Result<Vec<(ReplicaSummary, ReplicaHandle)>> {
        let environment = self.place.environment.id;
        let replicas = self.server.app.deployments.replicas(environment, self.service).await?;
        Ok((replicas.into_iter())
            .filter(|replica| self.deployment.is_none_or(|id| id == replica.deployment))
            .filter_map(|replica| replica.container.clone().map(|container| (replica, container)))
            .collect())
    }

    /// What there is to read now. Empty: nothing runs.
    pub(crate) async fn history(&self, tail: u32) -> Result<Vec<ContainerLog>> {
        let mut sources = Vec::new();
        for (replica, container) in self.replicas().await? {
            let from = self.positions.after(&container).unwrap_or(LogsFrom::Tail(tail));
            match self.server.app.runtime.logs(&container, from, Follow::No).await {
                Ok(lines) => sources.push(ContainerLog { replica, container, lines, head: None }),
                Err(RuntimeError::Gone(_)) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sources)
    }

    /// The way to the client, for as long as it may read.
    pub(super) fn open(
        &self,
        connection: Connection,
    ) -> (Outlet, impl Stream<Item = Result<Event, Infallible>> + use<>) {
        let who = (self.user, self.credential);
        let admission = Admission::new(&self.server, who, &self.place, Permission::Logs);
        outlet::open(admission, connection)
    }

    /// Sends all of it, until there is no more, or the reader or the right to read is gone.
    pub(super) async fn run(
        mut self,
        history: Vec<ContainerLog>,
        tail: u32,
        follow: bool,
        mut outlet: Outlet,
    ) {
        let stop = self.server.stop.clone();
        let closed = outlet.closed();
        let work = async {
            let broke = self.send_history(history, &mut outlet).await?;
            if follow {
                // What broke off is read on from where it is.
                self.send_live(tail, &mut outlet).await?;
            } else if let Some(error) = broke {
                let answer = ErrorResponse::from(error);
                return outlet.say(&LogEvent::Failed(*answer.body)).await;
            }
            outlet.say(&LogEvent::End).await
        };
        tokio::select! {
            _ = work => (),
            () = stop.cancelled() => (),
            () = closed => (),
        }
    }

    /// History of all containers as one, in order of time. Says why it is not all of it.
    async fn send_history(
        &mut self,
        mut sources: Vec<ContainerLog>,
        outlet: &mut Outlet,
    ) -> Result<Option<RuntimeError>, StreamEnded> {
        let mut broke = None;
        loop {
            for source in &mut sources {
                if source.head.is_none() {
                    source.head = match source.lines.next().await {
                        Some(Ok(line)) => Some(line),
                        Some(Err(error)) => {
                            broke = Some(error);
                            None
                        }
                        None => None,
                    };
                }
            }
            let earliest = (sources.iter_mut())
                .filter(|source| source.head.is_some())
                .min_by_key(|source| source.head.as_ref().map(|line| (line.at, line.nanos)));
            let Some(source) = earliest else { return Ok(broke) };
            if let Some(line) = source.head.take() {
                let (replica, container) = (source.replica.clone(), source.container.clone());
                self.send_line(&replica, &container, line, outlet).await?;
            }
        }
    }

    /// Lines as they come, of containers that come and go.
    async fn send_live(&mut self, tail: u32, outlet: &mut Outlet) -> Result<(), StreamEnded> {
        let mut open = Open::new();
        let mut known: BTreeMap<ReplicaHandle, ReplicaSummary> = BTreeMap::new();
        let mut reading: BTreeSet<ReplicaHandle> = BTreeSet::new();
        let mut idle = Duration::ZERO;
        let mut look = tokio::time::interval(RECHECK_INTERVAL);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some((container, said)) = open.next(), if !open.is_empty() => {
                    let Some(replica) = known.get(&container).cloned() else { continue };
                    match said {
                        ContainerOutput::Line(line) => {
                            self.send_line(&replica, &container, line, outlet).await?;
                        }
                        ContainerOutput::Broken => {
                            reading.remove(&container);
                            known.remove(&container);
                        }
                        ContainerOutput::Ended => {
                            reading.remove(&container);
                            let exited = LogEvent::Exited(origin(&replica, &container));
                            outlet.say(&exited).await?;
                        }
                    }
                }
                _ = look.tick() => {
                    let looked = self.open_new(tail, &mut open, &mut known, &mut reading).await;
                    // Without the engine nobody knows whether something runs.
                    let is_idle = reading.is_empty() && looked.is_ok();
                    idle = if is_idle { idle + RECHECK_INTERVAL } else { Duration::ZERO };
                    if idle > SUCCESSOR_WAIT {
                        return Ok(());
                    }
                }
                () = outlet.in_doubt() => outlet.check().await?,
            }
        }
    }

    /// Begins to read containers that are new, or run again. `Err`: nobody could be asked.
    async fn open_new(
        &mut self,
        tail: u32,
        open: &mut Open,
        known: &mut BTreeMap<ReplicaHandle, ReplicaSummary>,
        reading: &mut BTreeSet<ReplicaHandle>,
    ) -> Result<()> {
        let replicas = self.replicas().await?;
        // Of what is gone nobody asks any more: ids of events stay short.
        self.positions.keep(replicas.iter().map(|(_, container)| container).chain(&*reading));
        let waiting: Vec<_> =
            (replicas.into_iter()).filter(|(_, container)| !reading.contains(container)).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let observed = self.server.app.runtime.replicas_of(self.service).await?;
        let runs = |container: &ReplicaHandle| {
            let lives = |state| !matches!(state, ContainerState::Exited | ContainerState::Dead);
            observed.iter().any(|one| one.container == *container && lives(one.state))
        };
        for (replica, container) in waiting {
            // One that has ended is read once; one that runs again is read on.
            if known.contains_key(&container) && !runs(&container) {
                continue;
            }
            let from = self.positions.after(&container).unwrap_or(LogsFrom::Tail(tail));
            let lines = match self.server.app.runtime.logs(&container, from, Follow::Yes).await {
                Ok(lines) => lines,
                Err(error) if error.is_outage() => return Err(error.into()),
                // It has just gone.
                Err(_) => continue,
            };
            let name = container.clone();
            let said =
                lines.map(|line| line.map_or(ContainerOutput::Broken, ContainerOutput::Line));
            let ended = futures::stream::once(async { ContainerOutput::Ended });
            // One that broke off has said its last: it is no end of the container.
            let said = said.chain(ended).scan(false, |is_broken, said| {
                let is_terminal =
                    std::mem::replace(is_broken, matches!(said, ContainerOutput::Broken));
                futures::future::ready((!is_terminal).then_some(said))
            });
            open.push(said.map(move |said| (name.clone(), said)).boxed());
            known.insert(container.clone(), replica);
            reading.insert(container);
        }
        Ok(())
    }

    async fn send_line(
        &mut self,
        replica: &ReplicaSummary,
        container: &ReplicaHandle,
        line: LogLine,
        outlet: &mut Outlet,
    ) -> Result<(), StreamEnded> {
        self.positions.advance(container, &line);
        let entry = LogEntry { from: origin(replica, container), line };
        let event = Event::default().id(self.positions.id());
        outlet.send(event.data(LogEvent::Line(entry).data())).await
    }
}

fn origin(replica: &ReplicaSummary, container: &ReplicaHandle) -> LogOrigin {
    LogOrigin {
        replica: replica.id,
        container_id: container.short().to_owned(),
        index: replica.index,
        deployment: replica.deployment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let id = "0123456789ab@1700000000123.456789,cdef01234567@5.0";
        assert_eq!(Positions::parse(id).id(), id);
    }

    #[test]
    fn nonsense_is_left_out() {
        assert_eq!(Positions::parse("x,y@,z@1,@@..,a@b.c"), Positions::default());
    }
}
