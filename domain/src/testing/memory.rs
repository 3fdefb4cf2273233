//! All store ports in memory, over one world. Behaves like a database: what it decides is decided
//! by the same pure functions, and each call happens wholly or not at all.

mod accounts;
mod addresses;
mod bus;
mod changes;
mod deployments;
mod projects;
mod pulled;
mod reading;
mod rollouts;
mod tables;

pub use bus::TestBus;

use crate::{
    Clock, EnvironmentId, Error, Ids, ProjectId, Result, Timestamp, UserId,
    access::{AuthMethod, Mutation, RequestOrigin},
    audit::{AuditEntry, AuditOutcome},
    event::{Announcer, Event, LoggedEvent},
    page::{Page, Paged},
    storage::Storage,
};
use async_trait::async_trait;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tables::{Answer, Tables};

/// How long answers to keyed mutations are remembered.
const IDEMPOTENCY_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// All store ports in memory. Clones share one world.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    announcer: Arc<dyn Announcer>,
    tables: Mutex<Tables>,
    is_full: AtomicBool,
}

/// One transaction: works on a copy, which takes the world's place if all goes well.
struct Transaction<'a> {
    tables: Tables,
    now: Timestamp,
    ids: &'a dyn Ids,
    by: Option<&'a Mutation>,
    woken: BTreeSet<EnvironmentId>,
}

impl Memory {
    /// An empty world.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, announcer: Arc<dyn Announcer>) -> Self {
        let tables = Mutex::default();
        let is_full = AtomicBool::default();
        Self { shared: Arc::new(Shared { clock, ids, announcer, tables, is_full }) }
    }

    /// Says from now on that the last write has found no space; or that there is some again.
    pub fn set_full(&self, is_full: bool) {
        self.shared.is_full.store(is_full, Ordering::SeqCst);
    }

    /// Forgets the events of an environment up to this number, as if they had grown old.
    pub fn forget_events(&self, environment: EnvironmentId, up_to: u64) {
        let mut tables = self.shared.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = tables.logs.get_mut(&environment) {
            log.events.retain(|event| event.number > up_to);
        }
    }

    /// Reads, in one look.
    fn read<T>(&self, read: impl FnOnce(&Tables, Timestamp) -> T) -> T {
        let tables = self.shared.tables.lock().unwrap_or_else(PoisonError::into_inner);
        read(&tables, self.shared.clock.now())
    }

    /// Does all or nothing, then announces what happened.
    fn transact<T, E>(
        &self,
        by: Option<&Mutation>,
        act: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.shared.clock.now();
        let mut tables = self.shared.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = Transaction {
            tables: tables.clone(),
            now,
            ids: self.shared.ids.as_ref(),
            by,
            woken: BTreeSet::new(),
        };
        let value = act(&mut transaction)?;
        let woken = std::mem::take(&mut transaction.woken);
        transaction.tables.written += 1;
        *tables = transaction.tables;
        for environment in woken {
            let up_to = tables.logs.get(&environment).map_or(0, |log| log.last);
            self.shared.announcer.announce(environment, up_to);
        }
        Ok(value)
    }

    /// Does a mutation, unless its key says that it has been done: then its answer is given again.
    fn mutate<T: Clone + Send + Sync + 'static>(
        &self,
        by: &Mutation,
        action: &'static str,
        place: impl ToString,
        act: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let place = place.to_string();
        self.transact(Some(by), |tx| {
            let Some(key) = &by.idempotency else { return act(tx) };
            let name = (by.actor.user, key.as_str().to_owned());
            if let Some(answer) = tx.tables.answers.get(&name)
                && tx.now.since(answer.at) < IDEMPOTENCY_TTL
            {
                let value = answer.value.downcast_ref::<T>();
                return match value {
                    Some(value) if answer.action == action && answer.place == place => {
                        Ok(value.clone())
                    }
                    _ => Err(Error::field("Idempotency-Key", "was used for something else")),
                };
            }
            let value = act(tx)?;
            let answer = Answer { action, place, at: tx.now, value: Arc::new(value.clone()) };
            tx.tables.answers.insert(name, answer);
            Ok(value)
        })
    }
}

impl Transaction<'_> {
    /// Adds to the log of an environment.
    fn emit(&mut self, environment: EnvironmentId, event: Event) {
        self.emit_at(environment, self.now, event);
    }

    fn emit_at(&mut self, environment: EnvironmentId, at: Timestamp, event: Event) {
        let log = self.tables.logs.entry(environment).or_default();
        log.last += 1;
        log.events.push(LoggedEvent { number: log.last, at, event });
        self.woken.insert(environment);
    }

    /// Adds to the audit.
    fn audit(&mut self, action: &str, project: Option<ProjectId>, target: impl ToString) {
        let (via, key) = match self.by.map(|by| &by.actor.via) {
            None => ("console", None),
            Some(AuthMethod::Session(_)) => ("session", None),
            Some(AuthMethod::ApiKey { key, .. }) => ("api_key", Some(*key)),
        };
        self.tables.audit.push(AuditEntry {
            number: self.tables.audit.len() as u64 + 1,
            at: self.now,
            actor: self.by.map(|by| by.actor.user),
            via: via.to_owned(),
            key,
            action: action.to_owned(),
            outcome: AuditOutcome::Done,
            project,
            target: target.to_string(),
            before: None,
            after: None,
            count: 1,
            request: self.by.map(|by| by.request.clone()).unwrap_or_default(),
            source: self.by.and_then(|by| by.source.clone()),
        });
    }

    /// Says of the last entry what was before, and is after.
    fn audit_step(&mut self, before: Option<String>, after: Option<String>) {
        if let Some(last) = self.tables.audit.last_mut() {
            (last.before, last.after) = (before, after);
        }
    }

    /// Says of the last entry whose it is, and from where it was asked for.
    fn audit_self(&mut self, user: UserId, via: &str, origin: &RequestOrigin) {
        if let Some(last) = self.tables.audit.last_mut() {
            last.actor = Some(user);
            via.clone_into(&mut last.via);
            last.request.clone_from(&origin.request);
            last.source.clone_from(&origin.source);
        }
    }

    /// Who asks. Only within mutations.
    fn author(&self) -> UserId {
        self.by.map(|by| by.actor.user).expect("a mutation says who asks")
    }
}

/// A page of what is listed oldest first, newest first.
fn paged<T: Clone>(oldest_first: &[T], page: Page) -> Paged<T> {
    page.cut(oldest_first.iter().rev().cloned().collect())
}

#[async_trait]
impl Storage for Memory {
    async fn check(&self) -> Result<()> {
        if self.shared.is_full.load(Ordering::SeqCst) { Err(Error::StorageFull) } else { Ok(()) }
    }
}
