//! What every [`EventLog`](crate::event::EventLog) and
//! [`Snapshots`](crate::canvas::Snapshots) promise.

use super::{
    Store,
    desk::{Desk, SECRET, new_service, own, variable},
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
    let desk = Desk::open(store).await;
    let desk = &desk;
    let all = (0..20).map(|number| async move {
        let edit = Edit::CreateService(Box::new(new_service(&format!("service {number}"))));
        desk.try_stage(edit).await.expect("it can be staged");
    });

    futures::future::join_all(all).await;

    let numbers: Vec<u64> = desk.events().await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let mut seqs: Vec<u64> = desk.workspace().await.edits.iter().map(|edit| edit.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
}

/// DK-140: made, lost, made again, removed; and nothing twice.
pub async fn containers_are_told_as_they_come_and_go(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let deployment = desk.newest(web).await.id;
    let replica = ReplicaId::new(Uuid::from_u128(1));
    let container = |name: &str| ReplicaHandle(name.to_owned());
    let before = desk.events().await.len();

    desk.record(&[
        Step::ReplicaAdded { replica, deployment, index: 0 },
        Step::ContainerMade { replica, container: container("one") },
    ])
    .await;
    desk.record(&[Step::ContainerLost { replica, container: container("one") }]).await;
    desk.record(&[Step::ContainerMade { replica, container: container("two") }]).await;
    desk.record(&[Step::ReplicaRetired { replica }, Step::ReplicaReleased { replica }]).await;
    desk.record(&[Step::ReplicaReleased { replica }]).await;

    let told: Vec<_> = (desk.events().await.into_iter().skip(before))
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
    desk.close().await;
}

/// Newest first, and nothing of its neighbours. F36: it says why.
pub async fn a_service_has_a_history_of_its_own(store: Store) {
    let desk = Desk::open(store).await;
    let (web, neighbour) = (desk.service("web").await, desk.service("neighbour").await);
    let incident = Incident {
        kind: IncidentKind::Removed,
        exit_code: None,
        text: "its container was removed outside Easel".to_owned(),
    };
    desk.record(&[Step::Incident {
        service: ServiceKey { environment: desk.environment, service: web },
        replica: ReplicaId::new(Uuid::from_u128(1)),
        incident: incident.clone(),
    }])
    .await;

    let history = desk.store.events.history(desk.environment, web, 10).await.expect("it reads");

    assert_eq!(history[0].event, Event::Incident { service: web, incident });
    assert!(matches!(history[1].event, Event::Moved { .. }));
    assert!(history.iter().all(|one| one.event.service() == Some(web)));
    let newest = desk.store.events.history(desk.environment, neighbour, 1).await.expect("it reads");
    assert_eq!(newest.len(), 1);
    desk.close().await;
}

/// Numbers say nothing about other environments.
pub async fn every_environment_counts_for_itself(store: Store) {
    let desk = Desk::open(store).await;
    let other = desk.elsewhere().await;
    desk.staged_service("a").await;
    other.staged_service("b").await;
    desk.staged_service("c").await;

    assert_eq!(desk.events().await.len(), 2);
    assert_eq!(other.events().await.len(), 1);
    desk.close().await;
    other.close().await;
}

/// From anywhere, in pages.
pub async fn a_reader_gets_exactly_what_it_missed(store: Store) {
    let desk = Desk::open(store).await;
    for text in ["a", "b", "c", "d"] {
        desk.staged_service(text).await;
    }
    let all = desk.events().await;
    let after = async |number, limit| {
        desk.store.events.after(desk.environment, number, limit).await.expect("it answers")
    };

    assert_eq!(after(2, 100).await, Replay::Events(all[2..].to_vec()));
    assert_eq!(after(1, 2).await, Replay::Events(all[1..3].to_vec()));
    assert_eq!(after(4, 100).await, Replay::Events(Vec::new()));
    desk.close().await;
}

/// Whoever has seen more than there is has seen another log.
pub async fn a_reader_from_another_time_takes_a_snapshot(store: Store) {
    let desk = Desk::open(store).await;
    desk.staged_service("a").await;

    let ahead = desk.store.events.after(desk.environment, 2, 100).await;

    assert_eq!(ahead.expect("the store answers"), Replay::Gone);
    desk.close().await;
}

/// All or nothing.
pub async fn a_refused_mutation_leaves_no_event(store: Store) {
    let desk = Desk::open(store).await;
    desk.service("web").await;
    let before = desk.events().await;

    assert!(desk.try_stage(Edit::CreateService(Box::new(new_service("web")))).await.is_err());

    assert_eq!(desk.events().await, before);
    let heard = desk.store.bell.heard(desk.environment);
    assert_eq!(heard, before.len() as u64);
    desk.close().await;
}

/// And finds what it was woken for.
pub async fn a_reader_is_woken_after_the_commit(store: Store) {
    let desk = Desk::open(store).await;
    let bell = desk.store.bell.clone();
    let reader = async {
        bell.changed(desk.environment, 0).await;
        desk.events().await
    };

    let (seen, _) = tokio::join!(reader, desk.staged_service("web"));

    assert!(matches!(seen[0].event, Event::Staged { .. }));
    desk.close().await;
}

/// Whether it is staged, applied, revealed, sealed or shared.
pub async fn no_event_and_no_snapshot_holds_a_value(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let address = own(web, "SEALED");
    let value = Secret::from(SECRET);
    desk.stage(Edit::SetVariable { address, value, sealed: true, only_new: false }).await;
    desk.stage(variable(super::desk::shared("SHARED"), SECRET)).await;
    let group = desk.group("backend", &[web]).await;
    let address = crate::Address::GroupVariable(group, super::desk::key("GROUPED"));
    desk.variable(address, &format!("a {SECRET} ${{{{SHARED}}}}")).await;
    desk.search_secret().await;
    desk.apply_all().await;
    desk.go_live(web).await;
    desk.variable(own(web, "OPEN"), SECRET).await;
    desk.discard(&[]).await;

    desk.close().await;
}

/// Authors of edits and of deployments.
pub async fn a_snapshot_names_the_people_it_speaks_of(store: Store) {
    let desk = Desk::open(store).await;
    desk.service("web").await;
    let colleague = desk.colleague().await;
    let edit = Edit::CreateService(Box::new(new_service("db")));
    let staged = desk.store.changes.stage(&colleague, desk.environment, vec![edit]).await;
    staged.expect("it can be staged");

    let people = desk.snapshot().await.people;

    assert_eq!(people[&desk.by.actor.user].as_str(), "ann");
    assert_eq!(people[&colleague.actor.user].as_str(), "bob");
    desk.close().await;
}

/// What was staged and applied is not in it; what came of that is.
pub async fn the_history_of_a_service_is_its_own_and_newest_first(store: Store) {
    let desk = Desk::open(store).await;
    let (web, db) = (desk.service("web").await, desk.service("db").await);
    desk.go_live(web).await;
    let history = async |service, limit| {
        desk.store.events.history(desk.environment, service, limit).await.expect("it answers")
    };

    let webs = history(web, 100).await;

    let mut expected = desk.events().await;
    expected.reverse();
    expected.retain(|event| event.event.service() == Some(web));
    assert_eq!(webs, expected);
    assert!(webs.len() >= 6, "each step is in it");
    assert_eq!(history(web, 2).await, expected[..2]);
    assert_eq!(history(db, 100).await.len(), 1, "its own deployment waits");
    desk.close().await;
}

/// The epoch stays, and an environment without events has none to miss.
pub async fn the_log_keeps_its_name(store: Store) {
    let first = store.events.epoch().await.expect("the store answers");
    let second = store.events.epoch().await.expect("the store answers");
    let empty = store.events.after(EnvironmentId::new(Uuid::nil()), 0, 10).await;

    assert!(!first.is_empty() && first == second);
    assert!(!matches!(empty, Ok(Replay::Events(events)) if !events.is_empty()));
}
