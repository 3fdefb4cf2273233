//! The loop: woken by wishes, events, deadlines and the clock, it lets workers look.

mod ends;
mod findings;

use crate::{
    entry::Entry,
    reconcile::{Ended, Reconcile},
    situation::Memory,
    survey::{Depth, Rows, Survey, survey},
    tools::Tools,
    trouble::Trouble,
    worker::{Begin, Outcome, pass},
};
use domain::{
    Timestamp,
    rollout::{EngineHealth, ServiceKey},
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
enum Done {
    Pass(ServiceKey, Box<Outcome>),
    Survey(Result<Survey, Trouble>, Timestamp),
    Connected(Result<(Engine, BoxStream<'static, RuntimeEvent>), RuntimeError>),
    Checked(Result<(), RuntimeError>),
    /// It was written down that the database rules this engine.
    Bound(Result<(), Trouble>),
    Buried(Result<(), Trouble>),
}

/// Whether the engine is listened to.
enum Link {
    Down { retry_at: Timestamp },
    Connecting,
    Up(BoxStream<'static, RuntimeEvent>),
}

/// The loop's own state.
pub(crate) struct Turn {
    me: Arc<Reconcile>,
    tools: Arc<Tools>,
    stop: CancellationToken,
    entries: BTreeMap<ServiceKey, Entry>,
    tasks: JoinSet<Done>,
    on: HashMap<Id, ServiceKey>,
    link: Link,
    wait: Duration,
    engine: Option<String>,
    may_change: bool,
    /// How thorough the survey is that is under way.
    surveying: Option<Depth>,
    wanted: Option<Depth>,
    /// After a survey that has failed: how long to wait, and until when.
    survey_wait: Duration,
    survey_not_before: Timestamp,
    /// What the last survey has read.
    rows: Option<Arc<Rows>>,
    checking: bool,
    resync_at: Timestamp,
}

impl Turn {
    pub(crate) fn new(me: Arc<Reconcile>, tools: Arc<Tools>, stop: CancellationToken) -> Self {
        let now = me.clock.now();
        Self {
            me,
            tools,
            stop,
            entries: BTreeMap::new(),
            tasks: JoinSet::new(),
            on: HashMap::new(),
            link: Link::Down { retry_at: now },
            wait: Duration::ZERO,
            engine: None,
            may_change: false,
            surveying: None,
            wanted: None,
            survey_wait: Duration::ZERO,
            survey_not_before: now,
            rows: None,
            checking: false,
            resync_at: now,
        }
    }

    fn now(&self) -> Timestamp {
        self.me.clock.now()
    }

    pub(crate) async fn run(&mut self) -> Result<(), Ended> {
        loop {
            self.begin_what_is_due();
            let now = self.now();
            let wait = self.next_due().map_or(Duration::from_secs(3600), |due| due.since(now));
            let link = &mut self.link;
            let event = async {
                match link {
                    Link::Up(events) => events.next().await,
                    Link::Down { .. } | Link::Connecting => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                Some(done) = self.tasks.join_next_with_id() => self.take(done)?,
                () = self.me.nudges.asked() => self.obey(),
                event = event => self.hear(event),
                () = self.me.clock.sleep(wait) => (),
            }
        }
    }

    /// Lets what is under way come to a good place, for a short time.
    pub(crate) async fn end(&mut self) {
        self.stop.cancel();
        let tasks = &mut self.tasks;
        tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => (),
            () = self.me.clock.sleep(Duration::from_secs(5)) => (),
        }
        self.tasks.shutdown().await;
        self.tools.pulls.stop().await;
    }

    fn next_due(&self) -> Option<Timestamp> {
        let now = self.now();
        let link = match self.link {
            Link::Down { retry_at } => Some(retry_at),
            Link::Connecting => None,
            Link::Up(_) if self.surveying.is_some() => None,
            Link::Up(_) if self.wanted.is_some() => Some(self.survey_not_before),
            Link::Up(_) => Some(self.resync_at.max(self.survey_not_before)),
        };
        let entries = self.entries.values().filter_map(|entry| entry.due(now));
        match self.link {
            Link::Up(_) if self.may_change => entries.chain(link).min(),
            _ => link,
        }
    }

    fn begin_what_is_due(&mut self) {
        let now = self.now();
        match self.link {
            Link::Down { retry_at } if retry_at <= now => self.connect(),
            Link::Down { .. } | Link::Connecting => return,
            Link::Up(_) => (),
        }
        if !matches!(self.link, Link::Up(_)) {
            return;
        }
        if self.resync_at <= now {
            self.wanted = self.wanted.max(Some(Depth::List));
        }
        if let Some(depth) = self.wanted
            && self.surveying.is_none()
            && self.survey_not_before <= now
        {
            self.wanted = None;
            self.surveying = Some(depth);
            if depth > Depth::Rows {
                self.resync_at = now.plus(self.me.settings.resync);
            }
            let (tools, last) = (Arc::clone(&self.tools), self.rows.clone());
            self.tasks.spawn(async move { Done::Survey(survey(tools, depth, last).await, now) });
        }
        if self.may_change {
            let due = |entry: &Entry| entry.due(now).is_some_and(|due| due <= now);
            let keys: Vec<_> =
                self.entries.iter().filter(|(_, it)| due(it)).map(|(key, _)| *key).collect();
            for key in keys {
                self.begin(key, now);
            }
        }
    }

    fn begin(&mut self, key: ServiceKey, now: Timestamp) {
        let in_flight = self.me.settings.rules.in_flight;
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let is_old = entry.seen_at.is_none_or(|at| now.since(at) >= in_flight);
        let memory = entry.situation.as_ref().map_or_else(Memory::default, |it| it.memory.clone());
        let is_fresh = entry.is_dirty || (is_old && entry.is_in_flight());
        let has_heard = std::mem::take(&mut entry.has_heard);
        let begin = match entry.situation.take() {
            Some(situation) if !is_fresh => Begin::Deadline(situation),
            Some(situation) if has_heard => {
                entry.hint = None;
                Begin::Heard(situation)
            }
            _ => Begin::Fresh(entry.hint.take()),
        };
        entry.is_running = true;
        entry.is_dirty = false;
        entry.deadline = None;
        entry.not_before = None;
        let (tools, stop) = (Arc::clone(&self.tools), self.stop.clone());
        let interrupt = Arc::clone(&entry.interrupt);
        let task = self.tasks.spawn(async move {
            let outcome = pass(tools, key, memory, begin, interrupt, stop).await;
            Done::Pass(key, Box::new(outcome))
        });
        self.on.insert(task.id(), key);
        self.me.current().busy += 1;
    }

    fn connect(&mut self) {
        self.link = Link::Connecting;
        let tools = Arc::clone(&self.tools);
        self.tasks.spawn(async move {
            let connect = async {
                let engine = tools.runtime.engine().await?;
                Ok((engine, tools.runtime.events().await?))
            };
            Done::Connected(connect.await)
        });
    }

    /// Looks at the service soon. A person's wish does not wait for a back-off.
    fn soil(&mut self, key: ServiceKey, patience: Patience) {
        let entry = self.entries.entry(key).or_default();
        entry.is_dirty = true;
        entry.settled = None;
        entry.hint = None;
        entry.interrupt.notify_waiters();
        if patience == Patience::None {
            entry.not_before = None;
        }
    }

    fn obey(&mut self) {
        let wishes = self.me.nudges.take();
        if wishes.all {
            self.wanted = self.wanted.max(Some(Depth::Rows));
            self.survey_not_before = self.now();
        }
        for key in wishes.keys {
            self.soil(key, Patience::None);
        }
    }

    fn hear(&mut self, event: Option<RuntimeEvent>) {
        let keys: Vec<_> = match event {
            None => {
                // The engine went away, or only the stream: either way there is a gap.
                self.lose_link(None);
                return;
            }
            Some(RuntimeEvent::Ended { service, container, exit_code, at }) => {
                let its = self.entries.iter_mut().filter(|(key, _)| key.service == service);
                for (_, entry) in its {
                    entry.hear_of_end(&container, exit_code, at);
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
            self.soil(key, Patience::Some);
        }
    }

    fn lose_link(&mut self, why: Option<&RuntimeError>) {
        let now = self.now();
        self.link = Link::Down { retry_at: now.plus(self.wait) };
        let settings = &self.me.settings;
        self.wait = (self.wait * 2).clamp(settings.backoff, settings.backoff_most);
        if let Some(why) = why {
            let mut status = self.me.current();
            if !matches!(status.engine, EngineHealth::Unreachable { .. }) {
                tracing::warn!("the container engine is away: {why}");
                status.engine = EngineHealth::Unreachable { since: now, why: why.to_string() };
            }
        }
    }

    fn take(&mut self, done: Result<(Id, Done), tokio::task::JoinError>) -> Result<(), Ended> {
        let (id, done) = match done {
            Ok(done) => done,
            Err(error) => {
                self.recover(&error);
                return Ok(());
            }
        };
        match done {
            Done::Pass(key, outcome) => {
                self.on.remove(&id);
                self.finish(key, *outcome)?;
            }
            Done::Survey(result, began) => {
                let depth = self.surveying.take();
                match result {
                    Ok(survey) => {
                        self.survey_wait = Duration::ZERO;
                        self.take_survey(survey, began);
                    }
                    Err(trouble) => {
                        self.survey_again(depth, &trouble);
                        self.meet(trouble)?;
                    }
                }
            }
            Done::Connected(Ok((engine, events))) => {
                self.link = Link::Up(events);
                self.wait = Duration::ZERO;
                self.engine = Some(engine.id);
                let now = self.now();
                let mut status = self.me.current();
                if !matches!(status.engine, EngineHealth::Reachable { .. }) {
                    status.engine = EngineHealth::Reachable { since: now };
                }
                drop(status);
                self.wanted = Some(Depth::Everything);
                self.survey_not_before = now;
            }
            Done::Connected(Err(error)) => self.lose_link(Some(&error)),
            Done::Checked(result) => {
                self.checking = false;
                if let Err(error) = result {
                    self.lose_link(Some(&error));
                }
            }
            Done::Bound(Ok(())) => self.wanted = self.wanted.max(Some(Depth::Rows)),
            Done::Bound(Err(trouble)) => {
                self.survey_again(Some(Depth::Rows), &trouble);
                self.meet(trouble)?;
            }
            Done::Buried(Ok(()) | Err(Trouble::Stale(_))) => (),
            Done::Buried(Err(trouble)) => self.leave_unburied(trouble)?,
        }
        Ok(())
    }
}

/// Whether a look waits for a back-off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    Some,
}
