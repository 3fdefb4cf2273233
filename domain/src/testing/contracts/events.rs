//! What every [`EventLog`](crate::event::EventLog) and
//! [`Snapshots`](crate::canvas::Snapshots) promise.

use super::{
    Store,
    fixture::{Fixture, SECRET, new_service, own, variable},
};
use crate::{
    EnvironmentId, ReplicaId, Secret,
    edit::Edit,
    event::{Announcements, ContainerChange, Event, Replay},
    rollout::{Incident, IncidentKind, ServiceKey, Step},
    runtime::ReplicaHandle,
};
use uuid::Uuid;

/// Tests that an [`EventLog`](crate::event::EventLog) keeps its promises.
#[macro_export]
macro_rules! events_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            events,
            $store,
            [
                events_are_numbered_without_gaps_whoever_writes_at_once,
                every_environment_counts_for_itself,
                a_reader_gets_exactly_what_it_missed,
                a_reader_from_another_time_takes_a_snapshot,
                a_refused_mutation_leaves_no_event,
                a_reader_is_woken_after_the_commit,
                no_event_and_no_snapshot_holds_a_value,
                a_snapshot_names_the_people_it_speaks_of,
                containers_are_told_as_they_come_and_go,
                a_service_has_a_history_of_its_own,
                the_history_of_a_service_is_its_own_and_newest_first,
                the_log_keeps_its_name,
            ]
        );
    };
}

/// DK-82.
pub async fn events_are_numbered_without_gaps_whoever_writes_at_once(store: Store) {
    let fixture = Fixture::open(store).await;
    let fixture = &fixture;
    let all = (0..20).map(|number| async move {
        let edit = Edit::CreateService(Box::new(new_service(&format!("service {number}"))));
        fixture.try_stage(edit).await.expect("it can be staged");
    });

    futures::future::join_all(all).await;

    let numbers: Vec<u64> = fixture.events().await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let mut seqs: Vec<u64> = fixture.workspace().await.edits.iter().map(|edit| edit.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
}

/// DK-140: made, lost, made again, removed; and nothing twice.
pub async fn containers_are_told_as_they_come_and_go(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let deployment = fixture.newest(web).await.id;
    let replica = ReplicaId::new(Uuid::from_u128(1));
    let container = |name: &str| ReplicaHandle(name.to_owned());
    let before = fixture.events().await.len();

    fixture
        .record(&[
            Step::ReplicaAdded { replica, deployment, index: 0 },
            Step::ContainerMade { replica, container: container("one") },
        ])
        .await;
    fixture.record(&[Step::ContainerLost { replica, container: container("one") }]).await;
    fixture.record(&[Step::ContainerMade { replica, container: container("two") }]).await;
    fixture.record(&[Step::ReplicaRetired { replica }, Step::ReplicaReleased { replica }]).await;
    fixture.record(&[Step::ReplicaReleased { replica }]).await;

    let told: Vec<_> = (fixture.events().await.into_iter().skip(before))
        .filter_map(|numbered| match numbered.event {
            Event::Container { service, deployment: its, container, change } => {
                assert_eq!((service, its), (web, deployment));
                Some((container.0, change))
            }
            _ => None,
        })
        .collect();
    let (created, deleted) = (ContainerChange::Created, ContainerChange::Deleted);
    let all = [("one", created), ("one", deleted), ("two", created), ("two", deleted)];
    assert_eq!(told, all.map(|(name, change)| (name.to_owned(), change)));
    fixture.close().await;
}

/// Newest first, and nothing of its neighbours. F36: it says why.
pub async fn a_service_has_a_history_of_its_own(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, neighbour) = (fixture.service("web").await, fixture.service("neighbour").await);
    let incident = Incident {
        kind: IncidentKind::Removed,
        exit_code: None,
        text: "its container was removed outside Easel".to_owned(),
    };
    fixture
        .record(&[Step::Incident {
            service: ServiceKey { environment: fixture.environment, service: web },
            replica: ReplicaId::new(Uuid::from_u128(1)),
            incident: incident.clone(),
        }])
        .await;

    let history =
        fixture.store.events.history(fixture.environment, web, 10).await.expect("it reads");

    assert_eq!(history[0].event, Event::Incident { service: web, incident });
    assert!(matches!(history[1].event, Event::Moved { .. }));
    assert!(history.iter().all(|one| one.event.service() == Some(web)));
    let newest =
        fixture.store.events.history(fixture.environment, neighbour, 1).await.expect("it reads");
    assert_eq!(newest.len(), 1);
    fixture.close().await;
}

/// Numbers say nothing about other environments.
pub async fn every_environment_counts_for_itself(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    fixture.staged_service("a").await;
    other.staged_service("b").await;
    fixture.staged_service("c").await;

    assert_eq!(fixture.events().await.len(), 2);
    assert_eq!(other.events().await.len(), 1);
    fixture.close().await;
    other.close().await;
}

/// From anywhere, in pages.
pub async fn a_reader_gets_exactly_what_it_missed(store: Store) {
    let fixture = Fixture::open(store).await;
    for text in ["a", "b", "c", "d"] {
        fixture.staged_service(text).await;
    }
    let all = fixture.events().await;
    let after = async |number, limit| {
        fixture.store.events.after(fixture.environment, number, limit).await.expect("it answers")
    };

    assert_eq!(after(2, 100).await, Replay::Events(all[2..].to_vec()));
    assert_eq!(after(1, 2).await, Replay::Events(all[1..3].to_vec()));
    assert_eq!(after(4, 100).await, Replay::Events(Vec::new()));
    fixture.close().await;
}

/// Whoever has seen more than there is has seen another log.
pub async fn a_reader_from_another_time_takes_a_snapshot(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.staged_service("a").await;

    let ahead = fixture.store.events.after(fixture.environment, 2, 100).await;

    assert_eq!(ahead.expect("the store answers"), Replay::Gone);
    fixture.close().await;
}

/// All or nothing.
pub async fn a_refused_mutation_leaves_no_event(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.service("web").await;
    let before = fixture.events().await;

    assert!(fixture.try_stage(Edit::CreateService(Box::new(new_service("web")))).await.is_err());

    assert_eq!(fixture.events().await, before);
    let announced = fixture.store.bus.announced(fixture.environment);
    assert_eq!(announced, before.len() as u64);
    fixture.close().await;
}

/// And finds what it was woken for.
pub async fn a_reader_is_woken_after_the_commit(store: Store) {
    let fixture = Fixture::open(store).await;
    let bus = fixture.store.bus.clone();
    let reader = async {
        bus.changed(fixture.environment, 0).await;
        fixture.events().await
    };

    let (seen, _) = tokio::join!(reader, fixture.staged_service("web"));

    assert!(matches!(seen[0].event, Event::Staged { .. }));
    fixture.close().await;
}

/// Whether it is staged, applied, revealed, sealed or shared.
pub async fn no_event_and_no_snapshot_holds_a_value(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let address = own(web, "SEALED");
    let value = Secret::from(SECRET);
    fixture.stage(Edit::SetVariable { address, value, sealed: true, only_new: false }).await;
    fixture.stage(variable(super::fixture::shared("SHARED"), SECRET)).await;
    let group = fixture.group("backend", &[web]).await;
    let address = crate::Address::GroupVariable(group, super::fixture::key("GROUPED"));
    fixture.variable(address, &format!("a {SECRET} ${{{{SHARED}}}}")).await;
    fixture.search_secret().await;
    fixture.apply_all().await;
    fixture.go_live(web).await;
    fixture.variable(own(web, "OPEN"), SECRET).await;
    fixture.discard(&[]).await;

    fixture.close().await;
}

/// Authors of edits and of deployments.
pub async fn a_snapshot_names_the_people_it_speaks_of(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.service("web").await;
    let other_user = fixture.other_user().await;
    let edit = Edit::CreateService(Box::new(new_service("db")));
    let staged = fixture.store.changes.stage(&other_user, fixture.environment, vec![edit]).await;
    staged.expect("it can be staged");

    let people = fixture.snapshot().await.people;

    assert_eq!(people[&fixture.by.actor.user].as_str(), "ann");
    assert_eq!(people[&other_user.actor.user].as_str(), "bob");
    fixture.close().await;
}

/// What was staged and applied is not in it; what came of that is.
pub async fn the_history_of_a_service_is_its_own_and_newest_first(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    fixture.go_live(web).await;
    let history = async |service, limit| {
        fixture.store.events.history(fixture.environment, service, limit).await.expect("it answers")
    };

    let webs = history(web, 100).await;

    let mut expected = fixture.events().await;
    expected.reverse();
    expected.retain(|event| event.event.service() == Some(web));
    assert_eq!(webs, expected);
    assert!(webs.len() >= 6, "each step is in it");
    assert_eq!(history(web, 2).await, expected[..2]);
    assert_eq!(history(db, 100).await.len(), 1, "its own deployment waits");
    fixture.close().await;
}

/// The epoch stays, and an environment without events has none to miss.
pub async fn the_log_keeps_its_name(store: Store) {
    let first = store.events.epoch().await.expect("the store answers");
    let second = store.events.epoch().await.expect("the store answers");
    let empty = store.events.after(EnvironmentId::new(Uuid::nil()), 0, 10).await;

    assert!(!first.is_empty() && first == second);
    assert!(!matches!(empty, Ok(Replay::Events(events)) if !events.is_empty()));
}
