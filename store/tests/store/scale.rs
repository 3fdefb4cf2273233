//! Hundreds of services: what is about one of them reads that one, and touches no other.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    Address, Content, EnvironmentId, Error, Field, Message, Name, Replicas, Resource, Secret,
    ServiceId,
    access::{InstanceRole, Mutation},
    account::Accounts,
    canvas::Snapshots,
    changes::{Changes, Selection},
    deployments::Deployments,
    edit::{Edit, MAX_EDITS, NewService, NewVariable},
    project::Projects,
    rollout::Rollouts,
    testing::contracts::fixture::{mutation, name, new_service},
};
use store::Store;

fn service(label: &str) -> Edit {
    let variables = (0..3).map(|key| {
        let (value, sealed) = (Secret::new(format!("value of {label}")), key == 2);
        (format!("KEY_{key}").try_into().unwrap(), NewVariable { value, sealed })
    });
    Edit::CreateService(Box::new(NewService {
        variables: variables.collect(),
        ..new_service(label)
    }))
}

/// An environment with so many services, applied.
pub(crate) async fn many_services(
    store: &Store,
    services: usize,
) -> (Mutation, EnvironmentId, Vec<ServiceId>) {
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    let numbers: Vec<usize> = (0..services).collect();
    let mut created = Vec::new();
    for batch in numbers.chunks(MAX_EDITS) {
        let edits = batch.iter().map(|number| service(&format!("service {number}"))).collect();
        let (_, applied) = store.write(&by, place, edits, Message::default(), None).await.unwrap();
        created.extend(applied.created);
    }
    (by, place, created)
}

pub(crate) fn replicas(service: ServiceId, count: u16) -> Edit {
    Edit::Set {
        address: Address::ServiceField(service, Field::Replicas),
        content: Content::Replicas(Replicas::try_from(count).unwrap()),
    }
}

#[tokio::test]
async fn a_change_to_one_of_hundreds_touches_no_other() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let (by, place, services) = many_services(&store, 200).await;
    let fence = store.acquire_fence().await.unwrap();
    let before = store.desired(fence).await.unwrap();

    store.stage(&by, place, vec![replicas(services[7], 3)]).await.unwrap();
    let all = Selection::UpTo { up_to: u64::MAX };
    let applied = store.apply(&by, place, all, Message::default()).await.unwrap();

    assert_eq!((applied.applied_count, applied.deployments.len()), (1, 0));
    let after = store.desired(fence).await.unwrap();
    let moved: Vec<ServiceId> = (before.services.iter().zip(&after.services))
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.id)
        .collect();
    assert_eq!(moved, [services[7]]);
    assert_eq!(store.snapshot(place).await.unwrap().spec.services.len(), 200);
}

#[tokio::test]
async fn one_service_is_read_as_the_whole_shows_it() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let (by, place, services) = many_services(&store, 5).await;
    let staging = store.stage(&by, place, vec![service("late")]).await.unwrap();
    let late = staging.addresses[0].service().unwrap();
    let rename = |service, label: &str| Edit::Set {
        address: Address::ServiceField(service, Field::Name),
        content: Content::Name(Name::try_from(label).unwrap()),
    };
    let secret = |address| Edit::SetVariable {
        address,
        value: Secret::from("other"),
        sealed: false,
        only_new: false,
    };
    let key = |text: &str| text.to_owned().try_into().unwrap();
    let edits = vec![
        rename(services[0], "first"),
        rename(late, "later"),
        replicas(services[0], 2),
        secret(Address::ServiceVariable(services[0], key("KEY_0"))),
        secret(Address::ServiceVariable(services[0], key("KEY_2"))),
        secret(Address::ServiceVariable(late, key("KEY_1"))),
        secret(Address::Variable(key("SHARED"))),
        Edit::CreateGroup { name: name("group"), services: vec![services[1]], position: None },
        Edit::Clear { address: Address::Service(services[2]) },
    ];
    store.stage(&by, place, edits).await.unwrap();
    // An edit back to the old value: there is no change left.
    store.stage(&by, place, vec![replicas(services[0], 1)]).await.unwrap();

    let whole = store.workspace(place).await.unwrap();
    let states = store.states(place).await.unwrap();

    for id in services.iter().copied().chain([late]) {
        assert_eq!(store.service(place, id).await.unwrap(), whole.load_service(id).unwrap());
        let state = states.iter().find(|state| state.service == id);
        assert_eq!(store.state(place, id).await.unwrap().as_ref(), state);
    }
    for edit in &whole.edits {
        let one = store.change_at(place, &edit.address).await.unwrap();
        assert_eq!(one, whole.change_at(&edit.address).map(|change| change.hidden()));
    }
    let nobody = ServiceId::new(place.as_uuid());
    let missing = store.service(place, nobody).await;
    assert!(matches!(missing, Err(Error::NotFound(Resource::Service))), "{missing:?}");
    assert_eq!(store.state(place, nobody).await.unwrap(), None);
}
