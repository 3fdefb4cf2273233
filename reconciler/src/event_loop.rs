//! The event loop: woken by the work queue, engine events, deadlines and the clock, it starts passes.

mod outcomes;
mod resynced;

use crate::{
    context::Context,
    entry::Entry,
    error::ReconcileError,
    reconcile::{LoopError, Reconcile},
    resync::{DesiredState, Resync, ResyncScope, resync},
    situation::WorkerState,
    worker::{Outcome, PassStart, pass},
};
use domain::{
    Timestamp,
    rollout::ServiceKey,
    runtime::{Engine, RuntimeError, RuntimeEvent},
};
use futures::{StreamExt, stream::BoxStream};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// Something that was done beside the loop.
enum TaskResult {
    Pass(ServiceKey, Box<Outcome>),
    Resync(Result<Resync, ReconcileError>, Timestamp),
    Connected(Result<(Engine, BoxStream<'static, RuntimeEvent>), RuntimeError>),
    Checked(Result<(), RuntimeError>),
    /// It was written down that the database rules this engine.
    Bound(Result<(), ReconcileError>),
    NetworkRemoved(Result<(), ReconcileError>),
}

/// The engine's event stream.
enum EngineStream {
    Down { retry_at: Timestamp },
    Connecting,
    Up(BoxStream<'static, RuntimeEvent>),
}

/// The loop's own state.
pub(crate) struct EventLoop {
    reconciler: Arc<Reconcile>,
    context: Arc<Context>,
    stop: CancellationToken,
    entries: BTreeMap<ServiceKey, Entry>,
    tasks: JoinSet<TaskResult>,
    task_services: HashMap<Id, ServiceKey>,
    stream: EngineStream,
    wait: Duration,
    engine: Option<String>,
    may_change: bool,
    /// What the resync reads that is under way.
    resyncing: Option<ResyncScope>,
    requested: Option<ResyncScope>,
    /// After a resync that has failed: how long to wait, and until when.
    resync_backoff: Duration,
    resync_not_before: Timestamp,
    /// What the last resync has read.
    rows: Option<Arc<DesiredState>>,
    checking: bool,
    resync_at: Timestamp,
}

impl EventLoop {
    pub(crate) fn new(
        reconciler: Arc<Reconcile>,
        context: Arc<Context>,
        stop: CancellationToken,
    ) -> Self {
        let now = reconciler.clock.now();
        Self {
            reconciler,
            context,
            stop,
            entries: BTreeMap::new(),
            tasks: JoinSet::new(),
            task_services: HashMap::new(),
            stream: EngineStream::Down { retry_at: now },
            wait: Duration::ZERO,
            engine: None,
            may_change: false,
            resyncing: None,
            requested: None,
            resync_backoff: Duration::ZERO,
            resync_not_before: now,
            rows: None,
            checking: false,
            resync_at: now,
        }
    }

    fn now(&self) -> Timestamp {
        self.reconciler.clock.now()
    }

    pub(crate) async fn run(&mut self) -> Result<(), LoopError> {
        loop {
            self.start_due();
            let now = self.now();
            let wait = self.next_due().map_or(Duration::from_secs(3600), |due| due.since(now));
            let stream = &mut self.stream;
            let event = async {
                match stream {
                    EngineStream::Up(events) => events.next().await,
                    EngineStream::Down { .. } | EngineStream::Connecting => {
                        std::future::pending().await
                    }
                }
            };
            tokio::select! {
                // In this order, so that a story of chance is the same each time it is told. What comes
                // first is never without end: each task that is done was begun below.
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(done) = self.tasks.join_next_with_id() => self.on_task_done(done)?,
                () = self.reconciler.queue.notified() => self.take_pending(),
                event = event => self.on_engine_event(event),
                () = self.reconciler.clock.sleep(wait) => (),
            }
        }
    }

    /// Lets what is under way come to a good place, for a short time.
    pub(crate) async fn end(&mut self) {
        self.stop.cancel();
        let tasks = &mut self.tasks;
        tokio::select! {
            biased;
            () = async { while tasks.join_next().await.is_some() {} } => (),
            () = self.reconciler.clock.sleep(Duration::from_secs(5)) => (),
        }
        self.tasks.shutdown().await;
        self.context.pulls.stop().await;
    }

    fn next_due(&self) -> Option<Timestamp> {
        let now = self.now();
        let stream = match self.stream {
            EngineStream::Down { retry_at } => Some(retry_at),
            EngineStream::Connecting => None,
            EngineStream::Up(_) if self.resyncing.is_some() => None,
            EngineStream::Up(_) if self.requested.is_some() => Some(self.resync_not_before),
            EngineStream::Up(_) => Some(self.resync_at.max(self.resync_not_before)),
        };
        let entries = self.entries.values().filter_map(|entry| entry.due(now));
        match self.stream {
            EngineStream::Up(_) if self.may_change => entries.chain(stream).min(),
            _ => stream,
        }
    }

    fn start_due(&mut self) {
        let now = self.now();
        match self.stream {
            EngineStream::Down { retry_at } if retry_at <= now => self.connect(),
            EngineStream::Down { .. } | EngineStream::Connecting => return,
            EngineStream::Up(_) => (),
        }
        if !matches!(self.stream, EngineStream::Up(_)) {
            return;
        }
        if self.resync_at <= now {
            self.requested = self.requested.max(Some(ResyncScope::List));
        }
        if let Some(scope) = self.requested
            && self.resyncing.is_none()
            && self.resync_not_before <= now
        {
            self.requested = None;
            self.resyncing = Some(scope);
            if scope > ResyncScope::Rows {
                self.resync_at = now.plus(self.reconciler.settings.resync);
            }
            let (context, last) = (Arc::clone(&self.context), self.rows.clone());
            self.tasks
                .spawn(async move { TaskResult::Resync(resync(context, scope, last).await, now) });
        }
        if self.may_change {
            let due = |entry: &Entry| entry.due(now).is_some_and(|due| due <= now);
            let keys: Vec<_> =
                self.entries.iter().filter(|(_, it)| due(it)).map(|(key, _)| *key).collect();
            for key in keys {
                self.start_pass(key, now);
            }
        }
    }

    fn start_pass(&mut self, key: ServiceKey, now: Timestamp) {
        let in_flight = self.reconciler.settings.rules.in_flight;
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let is_old = entry.observed_at.is_none_or(|at| now.since(at) >= in_flight);
        let memory =
            entry.situation.as_ref().map_or_else(WorkerState::default, |it| it.memory.clone());
        let is_fresh = entry.is_dirty || (is_old && entry.is_in_flight());
        let has_reported_end = std::mem::take(&mut entry.has_reported_end);
        let begin = match entry.situation.take() {
            Some(situation) if !is_fresh => PassStart::Deadline(situation),
            Some(situation) if has_reported_end => {
                entry.hint = None;
                PassStart::Reported(situation)
            }
            _ => PassStart::Fresh(entry.hint.take()),
        };
        entry.is_running = true;
        entry.is_dirty = false;
        entry.deadline = None;
        entry.not_before = None;
        let (context, stop) = (Arc::clone(&self.context), self.stop.clone());
        let interrupt = Arc::clone(&entry.interrupt);
        let task = self.tasks.spawn(async move {
            let outcome = pass(context, key, memory, begin, interrupt, stop).await;
            TaskResult::Pass(key, Box::new(outcome))
        });
        self.task_services.insert(task.id(), key);
        self.reconciler.current().in_progress += 1;
    }

    fn connect(&mut self) {
        self.stream = EngineStream::Connecting;
        let context = Arc::clone(&self.context);
        self.tasks.spawn(async move {
            let connect = async {
                let engine = context.runtime.engine().await?;
                Ok((engine, context.runtime.events().await?))
            };
            TaskResult::Connected(connect.await)
        });
    }

    /// Marks the service for a pass. What a person has asked for does not wait for a back-off.
    fn mark_dirty(&mut self, key: ServiceKey, backoff: Backoff) {
        let entry = self.entries.entry(key).or_default();
        entry.is_dirty = true;
        entry.converged = None;
        entry.hint = None;
        entry.interrupt.notify_waiters();
        if backoff == Backoff::Ignore {
            entry.not_before = None;
        }
    }

    fn take_pending(&mut self) {
        let pending = self.reconciler.queue.take();
        if pending.all {
            self.requested = self.requested.max(Some(ResyncScope::Rows));
            self.resync_not_before = self.now();
        }
        for key in pending.keys {
            self.mark_dirty(key, Backoff::Ignore);
        }
    }

    fn on_engine_event(&mut self, event: Option<RuntimeEvent>) {
        let keys: Vec<_> = match event {
            None => {
                // The engine went away, or only the stream: either way there is a gap.
                self.on_stream_lost(None);
                return;
            }
            Some(RuntimeEvent::Ended { service, container, exit_code, at }) => {
                let its = self.entries.iter_mut().filter(|(key, _)| key.service == service);
                for (_, entry) in its {
                    entry.note_reported_end(&container, exit_code, at);
                }
                self.entries.keys().filter(|key| key.service == service).copied().collect()
            }
            Some(RuntimeEvent::Service(service)) => {
                self.entries.keys().filter(|key| key.service == service).copied().collect()
            }
            Some(RuntimeEvent::Environment(environment)) => {
                self.entries.keys().filter(|key| key.environment == environment).copied().collect()
            }
        };
        for key in keys {
            self.mark_dirty(key, Backoff::Respect);
        }
    }

    fn on_stream_lost(&mut self, why: Option<&RuntimeError>) {
        let now = self.now();
        self.stream = EngineStream::Down { retry_at: now.plus(self.wait) };
        let settings = &self.reconciler.settings;
        self.wait = (self.wait * 2).clamp(settings.backoff, settings.backoff_max);
        if why.is_some() {
            self.reconciler.note_engine(why);
        }
    }

    fn on_task_done(
        &mut self,
        done: Result<(Id, TaskResult), tokio::task::JoinError>,
    ) -> Result<(), LoopError> {
        let (id, done) = match done {
            Ok(done) => done,
            Err(error) => {
                self.recover(&error);
                return Ok(());
            }
        };
        match done {
            TaskResult::Pass(key, outcome) => {
                self.task_services.remove(&id);
                self.finish(key, *outcome)?;
            }
            TaskResult::Resync(result, began) => {
                let scope = self.resyncing.take();
                match result {
                    Ok(resync) => {
                        self.resync_backoff = Duration::ZERO;
                        self.apply_resync(resync, began);
                    }
                    Err(error) => {
                        self.retry_resync(scope, &error);
                        self.note_global_error(error)?;
                    }
                }
            }
            TaskResult::Connected(Ok((engine, events))) => {
                self.stream = EngineStream::Up(events);
                self.wait = Duration::ZERO;
                self.engine = Some(engine.id);
                self.reconciler.note_engine(None);
                self.requested = Some(ResyncScope::Everything);
                self.resync_not_before = self.now();
            }
            TaskResult::Connected(Err(error)) => self.on_stream_lost(Some(&error)),
            TaskResult::Checked(result) => {
                self.checking = false;
                if let Err(error) = result {
                    self.on_stream_lost(Some(&error));
                }
            }
            TaskResult::Bound(Ok(())) => {
                self.requested = self.requested.max(Some(ResyncScope::Rows))
            }
            TaskResult::Bound(Err(error)) => {
                self.retry_resync(Some(ResyncScope::Rows), &error);
                self.note_global_error(error)?;
            }
            TaskResult::NetworkRemoved(Ok(()) | Err(ReconcileError::Stale(_))) => (),
            TaskResult::NetworkRemoved(Err(error)) => self.retry_network_removal(error)?,
        }
        Ok(())
    }
}

/// Whether a pass waits for a back-off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backoff {
    Ignore,
    Respect,
}
