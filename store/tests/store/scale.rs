//! A thousand services: reads stay a handful of queries, writes stay quick.

use crate::bench::{Bench, somebody};
use domain::{
    Address, Field, Message, Replicas, Secret,
    access::InstanceRole,
    account::Accounts,
    canvas::Snapshots,
    changes::{Changes, Selection},
    edit::{Edit, NewVariable},
    project::Projects,
    rollout::Rollouts,
    testing::contracts::desk::{mutation, name, new_service},
};
use std::{collections::BTreeMap, time::Instant};

#[tokio::test]
#[ignore = "prints times; run it with --release"]
async fn a_thousand_services() {
    let bench = Bench::new();
    let store = bench.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;
    let clock = Instant::now();
    let mut services = Vec::new();
    for batch in 0..20 {
        let edits = (0..50)
            .map(|number| {
                let variables: BTreeMap<_, _> = (0..5)
                    .map(|key| {
                        let value = Secret::new(format!("value {key}"));
                        let key = format!("KEY_{key}").try_into().unwrap();
                        (key, NewVariable { value, sealed: false })
                    })
                    .collect();
                let new = new_service(&format!("service {batch} {number}"));
                Edit::CreateService(Box::new(domain::edit::NewService { variables, ..new }))
            })
            .collect();
        let (_, applied) = store.write(&by, place, edits, Message::default(), None).await.unwrap();
        services.extend(applied.created);
    }
    println!("made in {:?}", clock.elapsed());

    let fence = store.take_over().await.unwrap();
    for _ in 0..3 {
        let clock = Instant::now();
        let desired = store.desired(fence).await.unwrap();
        println!("desired, {} services: {:?}", desired.services.len(), clock.elapsed());
    }
    let clock = Instant::now();
    store.snapshot(place).await.unwrap();
    println!("snapshot: {:?}", clock.elapsed());
    let clock = Instant::now();
    let address = Address::ServiceField(services[7], Field::Replicas);
    let content = domain::Content::Replicas(Replicas::try_from(3).unwrap());
    store.stage(&by, place, vec![Edit::Set { address, content }]).await.unwrap();
    println!("stage one: {:?}", clock.elapsed());
    let clock = Instant::now();
    let all = Selection::UpTo { up_to: u64::MAX };
    store.apply(&by, place, all, Message::default()).await.unwrap();
    println!("apply one: {:?}", clock.elapsed());
    store.close().await;
    drop(store);
    let clock = Instant::now();
    bench.open().await;
    println!("open: {:?}", clock.elapsed());
}
