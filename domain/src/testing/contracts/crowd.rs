//! What every [`Changes`](crate::changes::Changes) promises of many who work at once.

use super::{
    Store,
    desk::{Desk, own, variable},
};
use crate::{
    Address, ChangeId, Content, Error, Field, Message, Replicas, Result, RevisionNumber, ServiceId,
    changes::{Keep, Selection},
    edit::Edit,
    event::Event,
    testing::Chance,
};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody was told, to be compared with what happened.
#[derive(Default)]
struct Told {
    staged: Vec<ChangeId>,
    discarded: Vec<ChangeId>,
    restored: Vec<ChangeId>,
    revisions: Vec<(RevisionNumber, u64)>,
}

/// What may be answered to somebody who was overtaken. Anything else is a fault.
fn answer<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            Error::NotFound(_)
            | Error::NotNow(_)
            | Error::Exists(_)
            | Error::Conflict(_)
            | Error::Incomplete { .. }
            | Error::Blocked(_),
        ) => None,
        Err(fault) => panic!("that is nobody's fault but the store's: {fault:?}"),
    }
}

fn replicas(service: ServiceId, count: u64) -> Edit {
    let count = u16::try_from(count).ok().and_then(|count| Replicas::try_from(count).ok());
    let content = Content::Replicas(count.expect("it is not too many"));
    Edit::Set { address: Address::ServiceField(service, Field::Replicas), content }
}

/// Somebody does one thing or another.
async fn act(desk: &Desk, service: ServiceId, chance: &mut Chance, told: &mut Told) {
    let (changes, by, at) = (&desk.store.changes, &desk.by, desk.environment);
    let waiting = desk.waiting().await;
    let some: Vec<ChangeId> = waiting.iter().filter(|_| chance.percent(50)).copied().collect();
    let one = usize::try_from(chance.below(waiting.len() as u64)).ok();
    let one = one.and_then(|index| waiting.get(index).copied());
    match chance.below(10) {
        0..4 => {
            let address = own(service, &format!("K{}", chance.below(4)));
            let edit = match chance.below(4) {
                0 => Edit::Clear { address },
                1 => replicas(service, chance.below(9)),
                _ => variable(address, &chance.roll().to_string()),
            };
            let staging = answer(changes.stage(by, at, vec![edit]).await);
            told.staged.extend(staging.into_iter().flat_map(|staging| staging.edits));
        }
        4..6 => {
            let Some(one) = one else { return };
            let gone = answer(changes.discard(by, at, &[one], None).await);
            told.discarded.extend(gone.into_iter().flat_map(|gone| gone.edits));
        }
        6 => {
            let Some(gone) = told.discarded.last().copied() else { return };
            let back = answer(changes.restore(by, at, &[gone]).await);
            told.restored.extend(back.into_iter().flat_map(|back| back.edits));
        }
        7 => {
            let Some(one) = one else { return };
            let keep = if chance.percent(50) { Keep::Mine } else { Keep::Theirs };
            answer(changes.settle(by, at, one, keep).await);
        }
        8 => {
            let selection = Selection::Changes { changes: some };
            let applied = answer(changes.apply(by, at, selection, Message::default()).await);
            let revision = applied.and_then(|applied| applied.revision);
            told.revisions.extend(revision.map(|revision| (revision.number, revision.changes)));
        }
        _ => {
            let edits = vec![replicas(service, chance.below(9))];
            let done = answer(changes.write(by, at, edits, Message::default(), None).await);
            let revision = done.and_then(|(_, applied)| applied.revision);
            told.revisions.extend(revision.map(|revision| (revision.number, revision.changes)));
        }
    }
}

/// DK-73, DK-79, DK-87: what everybody was told is what happened, once; and what waits at the end
/// is what was staged and neither discarded nor applied.
pub async fn whoever_works_at_once_nothing_is_lost_or_done_twice(store: Store) {
    let desk = Desk::open(store).await;
    let service = desk.service("web").await;

    let told: Vec<Told> = join_all((0..6).map(|seed| {
        let desk = &desk;
        async move {
            let (mut chance, mut told) = (Chance::new(seed), Told::default());
            for _ in 0..20 {
                act(desk, service, &mut chance, &mut told).await;
            }
            told
        }
    }))
    .await;

    let mut balance: BTreeMap<ChangeId, i64> = BTreeMap::new();
    let (mut staged, mut discarded, mut applied) = (Vec::new(), Vec::new(), Vec::new());
    let mut revisions = Vec::new();
    for event in desk.events().await {
        match event.event {
            Event::Staged { edits, .. } => staged.extend(edits.iter().map(|edit| edit.id)),
            Event::Discarded { edits, .. } => discarded.extend(edits),
            Event::Applied { revision, edits, .. } => {
                revisions.push((revision.number, revision.changes));
                applied.extend(edits);
            }
            _ => (),
        }
    }
    for id in &staged {
        *balance.entry(*id).or_default() += 1;
    }
    for id in discarded.iter().chain(&applied) {
        *balance.entry(*id).or_default() -= 1;
    }
    let left: Vec<ChangeId> = desk.workspace().await.edits.iter().map(|edit| edit.id).collect();
    let counted: BTreeSet<ChangeId> =
        balance.iter().filter(|(_, count)| **count == 1).map(|(id, _)| *id).collect();
    assert!(balance.values().all(|count| (0..2).contains(count)), "{balance:?}");
    assert_eq!(left.iter().copied().collect::<BTreeSet<_>>(), counted);
    let once: BTreeSet<ChangeId> = applied.iter().copied().collect();
    assert_eq!(once.len(), applied.len(), "each edit is applied once");

    let seqs: Vec<u64> = desk.workspace().await.edits.iter().map(|edit| edit.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    let expected: Vec<u64> = (1..=revisions.len() as u64).collect();
    let numbers: Vec<u64> = revisions.iter().map(|(number, _)| number.0).collect();
    assert_eq!(numbers, expected, "one after the other, without a gap");
    assert_eq!(desk.spec().await.revision.0, revisions.len() as u64);
    let mut said: Vec<_> = told.iter().flat_map(|told| told.revisions.clone()).collect();
    said.sort_unstable();
    assert_eq!(said, revisions[1..], "all but the one that made the service");
    let happened = |told: fn(&Told) -> &Vec<ChangeId>, events: &[ChangeId], all: &[Told]| {
        all.iter().flat_map(told).all(|id| events.contains(id))
    };
    assert!(happened(|told| &told.staged, &staged, &told));
    assert!(happened(|told| &told.restored, &staged, &told));
    assert!(happened(|told| &told.discarded, &discarded, &told));
    desk.close().await;
}
