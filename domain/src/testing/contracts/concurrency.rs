//! What every [`Changes`](crate::changes::Changes) promises of many who work at once.

use super::{
    Store,
    fixture::{Fixture, own, variable},
};
use crate::{
    Address, ChangeId, Content, Error, Field, Message, Replicas, Result, RevisionNumber, ServiceId,
    changes::{Keep, Selection},
    edit::Edit,
    event::Event,
    testing::{Rng, seeds},
};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody was told, to be compared with what happened.
#[derive(Default)]
struct Acknowledged {
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
            | Error::InvalidState(_)
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
async fn act(
    fixture: &Fixture,
    service: ServiceId,
    rng: &mut Rng,
    acknowledged: &mut Acknowledged,
) {
    let (changes, by, at) = (&fixture.store.changes, &fixture.by, fixture.environment);
    let waiting = fixture.waiting().await;
    let some: Vec<ChangeId> = waiting.iter().filter(|_| rng.percent(50)).copied().collect();
    let one = usize::try_from(rng.below(waiting.len() as u64)).ok();
    let one = one.and_then(|index| waiting.get(index).copied());
    match rng.below(10) {
        0..4 => {
            let address = own(service, &format!("K{}", rng.below(4)));
            let edit = match rng.below(4) {
                0 => Edit::Clear { address },
                1 => replicas(service, rng.below(9)),
                _ => variable(address, &rng.next_u64().to_string()),
            };
            let staging = answer(changes.stage(by, at, vec![edit]).await);
            acknowledged.staged.extend(staging.into_iter().flat_map(|staging| staging.edits));
        }
        4..6 => {
            let Some(one) = one else { return };
            let gone = answer(changes.discard(by, at, &[one], None).await);
            acknowledged.discarded.extend(gone.into_iter().flat_map(|gone| gone.edits));
        }
        6 => {
            let Some(gone) = acknowledged.discarded.last().copied() else { return };
            let back = answer(changes.restore(by, at, &[gone]).await);
            acknowledged.restored.extend(back.into_iter().flat_map(|back| back.edits));
        }
        7 => {
            let Some(one) = one else { return };
            let keep = if rng.percent(50) { Keep::Mine } else { Keep::Theirs };
            answer(changes.settle(by, at, one, keep).await);
        }
        8 => {
            let selection = Selection::Changes { changes: some };
            let applied = answer(changes.apply(by, at, selection, Message::default()).await);
            let revision = applied.and_then(|applied| applied.revision);
            acknowledged
                .revisions
                .extend(revision.map(|revision| (revision.number, revision.changes)));
        }
        _ => {
            let edits = vec![replicas(service, rng.below(9))];
            let done = answer(changes.write(by, at, edits, Message::default(), None).await);
            let revision = done.and_then(|(_, applied)| applied.revision);
            acknowledged
                .revisions
                .extend(revision.map(|revision| (revision.number, revision.changes)));
        }
    }
}

/// DK-73, DK-79, DK-87: what everybody was told is what happened, once; and what waits at the end
/// is what was staged and neither discarded nor applied.
pub async fn whoever_works_at_once_nothing_is_lost_or_done_twice(store: Store) {
    let fixture = Fixture::open(store).await;
    let service = fixture.service("web").await;

    let acknowledged: Vec<Acknowledged> = join_all(seeds(4, 2).into_iter().map(|seed| {
        let fixture = &fixture;
        async move {
            let (mut rng, mut acknowledged) = (Rng::new(seed), Acknowledged::default());
            for _ in 0..20 {
                act(fixture, service, &mut rng, &mut acknowledged).await;
            }
            acknowledged
        }
    }))
    .await;

    let mut balance: BTreeMap<ChangeId, i64> = BTreeMap::new();
    let (mut staged, mut discarded, mut applied) = (Vec::new(), Vec::new(), Vec::new());
    let mut superseded: Vec<ChangeId> = Vec::new();
    let mut revisions = Vec::new();
    for event in fixture.events().await {
        match event.event {
            Event::Staged { edits, superseded: gone, .. } => {
                staged.extend(edits.iter().map(|edit| edit.id));
                superseded.extend(gone);
            }
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
    for id in discarded.iter().chain(&applied).chain(&superseded) {
        *balance.entry(*id).or_default() -= 1;
    }
    let left: Vec<ChangeId> = fixture.workspace().await.edits.iter().map(|edit| edit.id).collect();
    let counted: BTreeSet<ChangeId> =
        balance.iter().filter(|(_, count)| **count == 1).map(|(id, _)| *id).collect();
    assert!(balance.values().all(|count| (0..2).contains(count)), "{balance:?}");
    assert_eq!(left.iter().copied().collect::<BTreeSet<_>>(), counted);
    let once: BTreeSet<ChangeId> = applied.iter().copied().collect();
    assert_eq!(once.len(), applied.len(), "each edit is applied once");

    let seqs: Vec<u64> = fixture.workspace().await.edits.iter().map(|edit| edit.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    let expected: Vec<u64> = (1..=revisions.len() as u64).collect();
    let numbers: Vec<u64> = revisions.iter().map(|(number, _)| number.0).collect();
    assert_eq!(numbers, expected, "one after the other, without a gap");
    assert_eq!(fixture.spec().await.revision.0, revisions.len() as u64);
    let mut said: Vec<_> =
        acknowledged.iter().flat_map(|acknowledged| acknowledged.revisions.clone()).collect();
    said.sort_unstable();
    assert_eq!(said, revisions[1..], "all but the one that made the service");
    let happened = |acknowledged: fn(&Acknowledged) -> &Vec<ChangeId>,
                    events: &[ChangeId],
                    all: &[Acknowledged]| {
        all.iter().flat_map(acknowledged).all(|id| events.contains(id))
    };
    assert!(happened(|acknowledged| &acknowledged.staged, &staged, &acknowledged));
    assert!(happened(|acknowledged| &acknowledged.restored, &staged, &acknowledged));
    assert!(happened(|acknowledged| &acknowledged.discarded, &discarded, &acknowledged));
    fixture.close().await;
}
