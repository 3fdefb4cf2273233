//! What is done to one thing costs the same in a large environment as in a small one. Counted, not
//! timed: statements that were run and values that were decrypted.

use crate::{
    fixture::{StoreFixture, somebody},
    scale::{many_services, replicas},
};
use domain::{
    Address, Clock, EnvironmentId, Message, Secret, ServiceId, Slug,
    access::{InstanceRole, Mutation},
    account::Accounts,
    api::change::PendingChanges,
    canvas::Snapshots,
    changes::{Changes, Selection},
    deployments::Deployments,
    edit::Edit,
    layout::{Layouts, Node, Position},
    page::Page,
    project::Projects,
    rollout::Rollouts,
    testing::contracts::fixture::{mutation, name},
};
use std::fs;
use store::{Store, Work};

/// An environment with so many services, and somebody at work in it.
struct Growth {
    store: Store,
    by: Mutation,
    place: EnvironmentId,
    services: Vec<ServiceId>,
    fixture: StoreFixture,
}

impl Growth {
    async fn of(services: usize) -> Self {
        let fixture = StoreFixture::new();
        let store = fixture.open().await;
        let (by, place, services) = many_services(&store, services).await;
        Self { store, by, place, services, fixture }
    }

    fn variable(&self, value: &str) -> Edit {
        Edit::SetVariable {
            address: Address::ServiceVariable(self.services[7], "KEY_0".try_into().unwrap()),
            value: Secret::from(value),
            sealed: false,
            only_new: false,
        }
    }

    async fn stage(&self, value: &str) {
        let edits = vec![self.variable(value)];
        self.store.stage(&self.by, self.place, edits).await.unwrap();
    }
}

/// What one thing costs, by name: statements, and values decrypted.
async fn costs(growth: &Growth) -> Vec<(&'static str, u64, u64)> {
    let Growth { store, by, place, services, .. } = growth;
    let (by, place) = (by, *place);
    let mut costs = Vec::new();
    let mut before = store.work();
    let mut note = |what: &'static str, now: Work| {
        costs.push((what, now.statements - before.statements, now.decrypted - before.decrypted));
        before = now;
    };

    growth.stage("one").await;
    note("stage", store.work());
    let _listed = PendingChanges::of(&store.workspace(place).await.unwrap());
    note("list", store.work());
    let there = vec![(Node::Service(services[7]), Position { x: 1, y: 2 })];
    store.place(by, place, &there).await.unwrap();
    note("move a card", store.work());
    store.discard(by, place, &[], None).await.unwrap();
    note("discard", store.work());
    growth.stage("two").await;
    note("stage again", store.work());
    let all = Selection::UpTo { up_to: u64::MAX };
    store.apply(by, place, all, Message::default()).await.unwrap();
    note("apply", store.work());
    store.snapshot(place).await.unwrap();
    note("join", store.work());
    Deployments::list(store, place, services[7], Page::FIRST).await.unwrap();
    note("list deployments", store.work());
    store.redeploy(by, place, services[7], Message::default()).await.unwrap();
    note("redeploy", store.work());
    Projects::list(store, None, None, Page::FIRST).await.unwrap();
    note("list projects", store.work());
    costs
}

#[tokio::test]
async fn what_is_done_to_one_service_costs_the_same_among_hundreds() {
    let (few, many) = (Growth::of(10).await, Growth::of(400).await);

    let (few, many) = (costs(&few).await, costs(&many).await);

    assert_eq!(few, many);
    for (what, statements, decrypted) in many {
        // What was overtaken, and what is answered: never more than a few.
        assert!(decrypted <= 4, "{what}: {decrypted} values decrypted");
        assert!(statements <= 40, "{what}: {statements} statements");
    }
}

#[tokio::test]
async fn one_service_that_the_reconciler_asks_for_is_read_without_the_others() {
    let few = Growth::of(10).await;
    let many = Growth::of(200).await;
    let mut read = Vec::new();
    for Growth { store, place, services, .. } in [&few, &many] {
        let fence = store.acquire_fence().await.unwrap();
        let before = store.work();
        let key = domain::rollout::ServiceKey { environment: *place, service: services[7] };
        let found = store.desired_service(fence, key).await.unwrap().service.unwrap();
        assert_eq!(found.deployments.len(), 1);
        let after = store.work();
        read.push((after.statements - before.statements, after.decrypted - before.decrypted));
    }

    assert_eq!(read[0], read[1]);
    assert_eq!(read[1].1, 1, "its own deployment");
}

// A statement takes 32,766 values at most.
#[tokio::test]
async fn one_shared_variable_may_deploy_thousands() {
    let growth = Growth::of(1_600).await;
    let Growth { store, by, place, services, .. } = &growth;
    let place = *place;
    let shared = |value: &str| {
        vec![Edit::SetVariable {
            address: Address::Variable("REGION".try_into().unwrap()),
            value: Secret::from(value),
            sealed: false,
            only_new: false,
        }]
    };

    for value in ["west", "east"] {
        store.stage(by, place, shared(value)).await.unwrap();
        let all = Selection::UpTo { up_to: u64::MAX };
        let applied = store.apply(by, place, all, Message::default()).await.unwrap();

        assert_eq!(applied.deployments.len(), services.len());
    }

    let states = store.states(place).await.unwrap();
    let newest = states.iter().filter_map(|state| state.newest.as_ref());
    assert!(newest.clone().all(|newest| newest.generation == 3));
    assert_eq!(newest.count(), services.len());
    let ends = services.iter().map(|id| Edit::Clear { address: Address::Service(*id) });
    let ends: Vec<Edit> = ends.collect();
    for batch in ends.chunks(domain::edit::MAX_EDITS) {
        store.stage(by, place, batch.to_vec()).await.unwrap();
    }
    let all = Selection::UpTo { up_to: u64::MAX };
    let applied = store.apply(by, place, all, Message::default()).await.unwrap();
    assert_eq!(applied.deleted.len(), services.len());
}

#[tokio::test]
async fn more_edits_than_a_statement_takes_values_can_be_asked_for() {
    let growth = Growth::of(10).await;
    let Growth { store, by, place, .. } = &growth;
    let stranger = |number: u128| domain::ChangeId::new(uuid::Uuid::from_u128(number));
    let strangers: Vec<_> = (0..40_000).map(stranger).collect();

    let refused = store.restore(by, *place, &strangers).await;

    assert!(matches!(refused, Err(domain::Error::NotFound(_))), "{refused:?}");
}

// The reconciler keeps what it has read for as long as nothing of that is written.
#[tokio::test]
async fn what_only_people_see_makes_the_reconciler_read_nothing_again() {
    let growth = Growth::of(10).await;
    let Growth { store, by, place, services, fixture } = &growth;
    let before = store.version().await.unwrap();

    growth.stage("one").await;
    let there = vec![(Node::Service(services[7]), Position { x: 1, y: 2 })];
    store.place(by, *place, &there).await.unwrap();
    store.discard(by, *place, &[], None).await.unwrap();
    let session = domain::account::NewSession {
        user: by.actor.user,
        kind: domain::account::SessionKind::Browser,
        device: "Firefox".to_owned(),
        access: [7; 32],
        access_expires_at: fixture.clock.now().plus(domain::account::COOKIE_IDLE_TIMEOUT),
        refresh: None,
        origin: domain::access::RequestOrigin::default(),
        expires_at: fixture.clock.now().plus(domain::account::COOKIE_IDLE_TIMEOUT),
    };
    store.open_session(session).await.unwrap();
    fixture.clock.advance(std::time::Duration::from_secs(120));
    store.session_by_access(&[7; 32]).await.unwrap().expect("it is signed in");

    assert_eq!(store.version().await.unwrap(), before);
    let edits = vec![replicas(services[7], 3)];
    store.write(by, *place, edits, Message::default(), None).await.unwrap();
    assert_ne!(store.version().await.unwrap(), before);
}

// What is held from the last time is what the file says: read by another process, all is the same.
#[tokio::test]
async fn what_is_held_is_what_was_written() {
    let growth = Growth::of(12).await;
    let Growth { store, by, place, services, fixture } = &growth;
    let place = *place;
    let all = || Selection::UpTo { up_to: u64::MAX };
    let clear = |service: usize| Edit::Clear { address: Address::Service(services[service]) };
    growth.stage("one").await;
    store.stage(by, place, vec![replicas(services[3], 2), clear(5)]).await.unwrap();
    let gone = store.stage(by, place, vec![clear(6), replicas(services[8], 4)]).await.unwrap();
    store.discard(by, place, &gone.edits[1..], None).await.unwrap();
    let group = Edit::CreateGroup {
        name: name("group"),
        services: vec![services[1], services[2]],
        position: None,
    };
    store.stage(by, place, vec![group]).await.unwrap();
    store.apply(by, place, all(), Message::default()).await.unwrap();
    let volume = Edit::CreateVolume { name: name("data"), mount: None };
    store.write(by, place, vec![volume], Message::default(), None).await.unwrap();
    // A deletion that waits stands upon each part of what it deletes: a write moves it along.
    store.stage(by, place, vec![clear(3)]).await.unwrap();
    store.stage(by, place, vec![replicas(services[3], 5)]).await.unwrap_err();
    growth.stage("two").await;
    growth.stage("three").await;
    growth.stage("four").await;
    store.write(by, place, vec![replicas(services[9], 2)], Message::default(), None).await.unwrap();

    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixture.path()).unwrap().map(Result::unwrap) {
        if file.file_name() != "easel.lock" {
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let read = fixture.open_at(copy.path()).await.unwrap();

    let (held, read_anew) =
        (store.workspace(place).await.unwrap(), read.workspace(place).await.unwrap());
    assert!(!held.edits.is_empty());
    assert_eq!(held, read_anew);
    assert_eq!(store.states(place).await.unwrap(), read.states(place).await.unwrap());
}

#[tokio::test]
async fn a_project_is_found_by_its_slug_by_those_who_may_know_of_it() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let ann = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(ann.id, InstanceRole::Admin);
    let bob = store.create_user(&by, somebody("bob@example.com")).await.unwrap();
    let project = store.create(&by, name("shop")).await.unwrap();

    let found = |user, slug: Slug| {
        let store = store.clone();
        async move { store.find_slug(user, &slug).await.unwrap() }
    };

    assert_eq!(found(None, project.slug.clone()).await, Some(project.id));
    assert_eq!(found(Some(ann.id), project.slug.clone()).await, Some(project.id));
    assert_eq!(found(Some(bob.id), project.slug.clone()).await, None);
    assert_eq!(found(None, "nobody".parse().unwrap()).await, None);
}
