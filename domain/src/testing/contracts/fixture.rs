//! Somebody at work in one environment.

use super::store::Store;
use crate::{
    Address, ChangeId, EnvironmentId, EnvironmentSpec, Error, Message, Name, PullPolicy, Result,
    Secret, ServiceId, Source, UserId, VariableKey,
    access::{Actor, AuthMethod, IdempotencyKey, InstanceRole, Mutation, ProjectRole},
    account::{NewUser, User},
    audit::AuditEntry,
    canvas::Snapshot,
    change::StagedChange,
    changes::{Applied, Selection, Staging},
    deployment::{Deployment, RunConfig, Transition},
    edit::{Edit, NewService},
    event::{LoggedEvent, Replay},
    page::Page,
    project::Project,
    rollout::Step,
    workspace::Workspace,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A value that must turn up nowhere but in the configuration itself.
pub const SECRET: &str = "planted-secret-4711";

/// Somebody at work in one environment, of which everything that happened can be checked at the
/// end.
pub struct Fixture {
    /// The store under test.
    pub store: Store,
    /// Who works.
    pub by: Mutation,
    /// Where.
    pub project: Project,
    /// And which part of it.
    pub environment: EnvironmentId,
    first: Snapshot,
}

/// A name.
pub fn name(text: &str) -> Name {
    Name::try_from(text).expect("the test's name is one")
}

/// An image as a source.
pub fn image(text: &str) -> Source {
    let image = text.parse().expect("the test's image is one");
    Source::Image { image, pull: PullPolicy::Missing }
}

/// A service with an image, to be made.
pub fn new_service(text: &str) -> NewService {
    NewService { source: image("app:1"), ..NewService::named(name(text)) }
}

impl Store {
    /// An account, the first of which is made by claiming.
    pub async fn person(&self, email: &str) -> User {
        let first = !self.accounts.has_users().await.expect("the store answers");
        let user = NewUser {
            email: email.parse().expect("the test's e-mail is one"),
            name: name(email.split('@').next().unwrap_or("somebody")),
            role: InstanceRole::Member,
            password_hash: Secret::from("$2b$12$not-a-real-hash"),
        };
        let made = if first {
            self.accounts.register_first(user).await
        } else {
            let all = self.accounts.users(Page::new(0, 100)).await.expect("the store answers");
            let admin = all.data.last().expect("somebody has claimed it").id;
            self.accounts.create_user(&mutation(admin, InstanceRole::Admin), user).await
        };
        made.expect("the account can be made")
    }

    /// All audit entries, oldest first.
    pub async fn audited(&self) -> Vec<AuditEntry> {
        let page = self.audit.entries(None, Page::new(0, 100)).await.expect("the store answers");
        page.data.into_iter().rev().collect()
    }
}

/// What somebody asks for, by their browser.
pub fn mutation(user: UserId, role: InstanceRole) -> Mutation {
    let session = crate::SessionId::new(Uuid::from_u128(0x5e55));
    Mutation {
        actor: Actor { user, role, via: AuthMethod::Session(session) },
        idempotency: None,
        request: "request-1".to_owned(),
        source: Some("192.0.2.7".to_owned()),
    }
}

impl Fixture {
    /// Claims the store, makes a project, and sits down.
    pub async fn open(store: Store) -> Self {
        let user = store.person("ann@example.com").await;
        let by = mutation(user.id, InstanceRole::Admin);
        Self::create(store, by, "shop").await
    }

    async fn create(store: Store, by: Mutation, project: &str) -> Self {
        let project = store.projects.create(&by, name(project)).await.expect("a project is made");
        let environment =
            store.projects.environment(project.id, None).await.expect("it has an environment").id;
        let first = store.snapshots.snapshot(environment).await.expect("it has a snapshot");
        Self { store, by, project, environment, first }
    }

    /// The same person, in another project of their own.
    pub async fn other_project(&self) -> Self {
        Self::create(self.store.clone(), self.by.clone(), "elsewhere").await
    }

    /// Somebody else, at the same desk.
    pub async fn other_user(&self) -> Mutation {
        let user = self.store.person("bob@example.com").await;
        (self.store.projects)
            .set_member(&self.by, self.project.id, user.id, Some(ProjectRole::Editor))
            .await
            .expect("a member is made");
        mutation(user.id, InstanceRole::Member)
    }

    /// The same person, with a key for the mutation.
    pub fn keyed(&self, key: &str) -> Mutation {
        let key = IdempotencyKey::try_from(key).expect("the test's key is one");
        Mutation { idempotency: Some(key), ..self.by.clone() }
    }

    /// Stages, if it can be.
    pub async fn try_stage(&self, edit: Edit) -> Result<Staging> {
        self.store.changes.stage(&self.by, self.environment, vec![edit]).await
    }

    /// Stages.
    pub async fn stage(&self, edit: Edit) -> Staging {
        self.try_stage(edit).await.expect("the edit can be staged")
    }

    /// Stages what shall stand at an address.
    pub async fn set(&self, address: Address, content: crate::Content) -> Staging {
        self.stage(Edit::Set { address, content }).await
    }

    /// Stages that nothing shall stand there.
    pub async fn clear(&self, address: Address) -> Staging {
        self.stage(Edit::Clear { address }).await
    }

    /// Stages a variable.
    pub async fn variable(&self, address: Address, value: &str) -> Staging {
        self.stage(variable(address, value)).await
    }

    /// Stages a new service.
    pub async fn staged_service(&self, name: &str) -> ServiceId {
        self.staged(Edit::CreateService(Box::new(new_service(name)))).await
    }

    /// Stages a new service, and says which.
    pub async fn staged(&self, edit: Edit) -> ServiceId {
        let staging = self.stage(edit).await;
        staging.addresses[0].service().expect("it makes a service")
    }

    /// Makes a service.
    pub async fn service(&self, name: &str) -> ServiceId {
        let service = self.staged_service(name).await;
        self.apply_all().await;
        service
    }

    /// Makes a service, whatever else waits.
    pub async fn service_directly(&self, name: &str) -> ServiceId {
        let service = self.staged_service(name).await;
        let create = self.changes().await.pop().expect("it is staged").id;
        self.try_apply(&[create]).await.expect("it needs nothing else");
        service
    }

    /// Makes a group of these services.
    pub async fn group(&self, title: &str, services: &[ServiceId]) -> crate::GroupId {
        let edit =
            Edit::CreateGroup { name: name(title), services: services.to_vec(), position: None };
        let staging = self.stage(edit).await;
        self.apply_all().await;
        match staging.addresses[0] {
            Address::Group(group) => group,
            ref other => panic!("a group was made at {other}"),
        }
    }

    /// What is desired, and what is staged.
    pub async fn workspace(&self) -> Workspace {
        self.store.changes.workspace(self.environment).await.expect("the store answers")
    }

    /// What is desired.
    pub async fn spec(&self) -> EnvironmentSpec {
        self.workspace().await.spec
    }

    /// What waits.
    pub async fn changes(&self) -> Vec<StagedChange> {
        self.workspace().await.changes()
    }

    /// The ids of what waits.
    pub async fn waiting(&self) -> Vec<ChangeId> {
        self.changes().await.iter().map(|change| change.id).collect()
    }

    /// Applies these.
    pub async fn try_apply(&self, changes: &[ChangeId]) -> Result<Applied> {
        let selection = Selection::Changes { changes: changes.to_vec() };
        let message = Message::try_from("a message").expect("this is a message");
        self.store.changes.apply(&self.by, self.environment, selection, message).await
    }

    /// Applies all that waits.
    pub async fn apply_all(&self) -> Applied {
        self.try_apply(&self.waiting().await).await.expect("all can be applied")
    }

    /// Discards these.
    pub async fn discard(&self, changes: &[ChangeId]) -> Vec<ChangeId> {
        let discarded = self.store.changes.discard(&self.by, self.environment, changes, None).await;
        discarded.expect("they can be discarded").edits
    }

    /// What a service's newest deployment runs.
    pub async fn newest(&self, service: ServiceId) -> Deployment {
        let list = self.store.deployments.list(self.environment, service, Page::FIRST).await;
        let newest = list.expect("the store answers").data.remove(0);
        let whole = self.store.deployments.get(self.environment, service, newest.id).await;
        whole.expect("what is listed exists")
    }

    /// What a service's newest deployment runs with.
    pub async fn environment_of(&self, service: ServiceId) -> BTreeMap<String, String> {
        let RunConfig { variables, .. } = self.newest(service).await.config;
        variables
            .into_iter()
            .map(|(key, value)| (key.to_string(), value.expose().to_owned()))
            .collect()
    }

    /// Lets the newest deployment of a service go live, as the reconciler would.
    pub async fn go_live(&self, service: ServiceId) -> Deployment {
        let deployment = self.newest(service).await;
        let reached = |transition| Step::Reached { deployment: deployment.id, transition };
        let steps = [
            reached(Transition::StartRequested),
            reached(Transition::Started),
            reached(Transition::Ready),
            Step::Promoted { deployment: deployment.id },
            reached(Transition::Drained),
        ];
        self.record(&steps).await;
        self.newest(service).await
    }

    /// Records what the reconciler did.
    pub async fn record(&self, steps: &[Step]) {
        self.try_record(steps).await.expect("the steps can be recorded");
    }

    /// Records what the reconciler did, if the rows allow it.
    pub async fn try_record(&self, steps: &[Step]) -> Result<(), crate::rollout::RolloutError> {
        let fence = self.store.rollouts.acquire_fence().await?;
        let now = crate::Clock::now(self.store.clock.as_ref());
        self.store.rollouts.record(fence, now, steps).await
    }

    /// All events of the environment.
    pub async fn events(&self) -> Vec<LoggedEvent> {
        match self.store.events.after(self.environment, 0, 10_000).await {
            Ok(Replay::Events(events)) => events,
            other => panic!("the events cannot be read: {other:?}"),
        }
    }

    /// A snapshot of now.
    pub async fn snapshot(&self) -> Snapshot {
        self.store.snapshots.snapshot(self.environment).await.expect("the store answers")
    }

    /// Checks what must hold whatever happened: events without gaps, announced, free of values;
    /// and that folding them into the first snapshot gives the last one.
    pub async fn close(self) {
        let events = self.events().await;
        let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
        let expected: Vec<u64> = (1..=events.len() as u64).collect();
        assert_eq!(numbers, expected, "events are numbered without gaps");
        let last = numbers.last().copied().unwrap_or(0);
        assert_eq!(self.store.bus.announced(self.environment), last, "the last event is announced");

        let snapshot = self.snapshot().await;
        let mut folded = self.first.clone();
        for event in events {
            folded.fold(event);
        }
        folded.people = snapshot.people.clone();
        assert_eq!(folded, snapshot, "folding the events gives what a fresh snapshot holds");

        self.search_secret().await;
    }

    /// Looks for the planted secret wherever no value may be.
    pub async fn search_secret(&self) {
        let mut texts = vec![serde_json::to_string(&self.snapshot().await)];
        texts.push(serde_json::to_string(&self.events().await));
        texts.push(serde_json::to_string(&self.store.audited().await));
        for number in 1..=self.spec().await.revision.0 {
            let revision = (self.store.changes)
                .revision(self.environment, crate::RevisionNumber(number))
                .await
                .expect("every revision is kept");
            texts.push(serde_json::to_string(&revision));
        }
        let mut searched = 0;
        for text in texts {
            let text = text.expect("it can be written as JSON");
            assert!(!text.contains(SECRET), "no value leaves the store: {text}");
            searched += text.len();
        }
        assert!(searched > 100, "there is something to search");
    }
}

/// An edit that sets a variable.
pub fn variable(address: Address, value: &str) -> Edit {
    let value = Secret::from(value);
    Edit::SetVariable { address, value, sealed: false, only_new: false }
}

/// A variable's key.
pub fn key(text: &str) -> VariableKey {
    VariableKey::try_from(text).expect("the test's key is one")
}

/// Where a service's variable is.
pub fn own(service: ServiceId, text: &str) -> Address {
    Address::ServiceVariable(service, key(text))
}

/// Where a shared variable is.
pub fn shared(text: &str) -> Address {
    Address::Variable(key(text))
}

/// Whether it is refused because something like it exists.
pub fn is_taken<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Exists(_)))
}
