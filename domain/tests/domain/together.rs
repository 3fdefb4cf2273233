//! People at one environment at once: overtaken, discarded and brought back in any order.

use crate::bench::{Bench, acts, bare, config, key, name};
use domain::{
    Address, ChangeId, Content, Error, Field, Replicas,
    change::{Refusal, StagedChange, StagedEdit},
    changes::Keep,
    edit::Edit,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Whether what was written touches what this change is about.
fn touches(written: &StagedChange, change: &StagedChange) -> bool {
    written.address == change.address
        || written.address.parent().as_ref() == Some(&change.address)
        || (written.new.is_none() && change.address.parent().as_ref() == Some(&written.address))
}

fn conflicting(bench: &Bench) -> Vec<ChangeId> {
    match bench.workspace.spec.apply(&bench.changes()) {
        Err(Refusal::Conflicts(conflicts)) => conflicts.0.iter().map(|one| one.change).collect(),
        Err(Refusal::Problems(_)) | Ok(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(config())]

    /// Design §3.6: whoever was overtaken is told, and nobody else; who is told nothing gets all
    /// that they staged.
    #[test]
    fn exactly_what_was_overtaken_conflicts(
        applied in acts(40),
        staged in acts(30),
        others in acts(12),
    ) {
        let mut bench = Bench::of(&applied, &staged);
        let written: Vec<StagedChange> =
            others.iter().flat_map(|act| bench.write(act)).collect();
        let all = bench.changes();
        let overtaken: Vec<ChangeId> = (all.iter())
            .filter(|change| written.iter().any(|one| touches(one, change)))
            .map(|change| change.id)
            .collect();

        prop_assert_eq!(conflicting(&bench), overtaken);

        if let Ok(after) = bench.workspace.spec.apply(&all) {
            prop_assert_eq!(bare(&after), bare(&bench.workspace.staged()));
            for change in all.iter().filter(|change| !change.address.is_whole()) {
                let Some(new) = &change.new else { continue };
                let stands = after.get(&change.address);
                let same = stands.as_ref().is_some_and(|stands| stands.same_as(new));
                prop_assert!(same, "{:?} is not what {:?} says", stands, change);
            }
        }
    }

    /// Design §3.6: never a dead end, whichever way each conflict is settled.
    #[test]
    fn every_conflict_can_be_settled(
        applied in acts(40),
        staged in acts(30),
        others in acts(12),
        choice in any::<u64>(),
    ) {
        let mut bench = Bench::of(&applied, &staged);
        for act in &others {
            bench.write(act);
        }
        for (bit, change) in conflicting(&bench).into_iter().enumerate() {
            let known = bench.changes().into_iter().find(|one| one.id == change);
            // It went along with another one.
            let Some(known) = known else { continue };
            let mine = choice >> (bit % 64) & 1 == 1;
            if mine && bench.settle(change, Keep::Mine).is_ok() {
                let kept = bench.changes().into_iter().find(|one| one.id == change);
                prop_assert_eq!(kept.map(|one| one.new), Some(known.new));
            } else {
                bench.settle(change, Keep::Theirs).unwrap();
                prop_assert!(bench.changes().iter().all(|one| one.id != change));
            }
        }

        prop_assert_eq!(conflicting(&bench), Vec::new());
    }

    /// Design §3.4: what several discards took away comes back, in whatever order they are undone.
    #[test]
    fn discards_are_undone_in_any_order(
        applied in acts(40),
        staged in acts(30),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        order in any::<u64>(),
    ) {
        let mut bench = Bench::of(&applied, &staged);
        let (before, all) = (bench.workspace.staged(), bench.waiting());
        let mut gone: Vec<Vec<StagedEdit>> = Vec::new();
        for pick in picks {
            let waiting = bench.waiting();
            if !waiting.is_empty() {
                gone.push(bench.discard(&[*pick.get(&waiting)]).unwrap());
            }
        }

        let mut tries = 0_usize;
        while !gone.is_empty() {
            tries += 1;
            if tries > 100 {
                // Two that need each other come back together.
                gone = vec![gone.concat()];
            }
            prop_assert!(tries < 110, "some can never be brought back: {:?}", gone);
            let turn = u32::try_from(tries * 7 % 64).unwrap();
            let next = (order.rotate_left(turn) as usize).wrapping_add(tries) % gone.len();
            // One that needs another is refused, in words, and comes after it.
            let held = bench.workspace.clone();
            match bench.restore(&gone[next]) {
                Ok(()) => drop(gone.remove(next)),
                Err(Error::NotNow(_) | Error::Blocked(_) | Error::Exists(_)) => {
                    prop_assert_eq!(&bench.workspace, &held);
                }
                Err(other) => panic!("{other:?}"),
            }
        }

        prop_assert_eq!(bench.workspace.staged(), before);
        let ids = |ids: Vec<ChangeId>| ids.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(ids(bench.waiting()), ids(all));
    }

    /// Design §3.4: a service that somebody has just taken away can be taken back at once.
    #[test]
    fn the_end_of_a_service_is_taken_back(
        applied in acts(40),
        staged in acts(30),
        which in any::<prop::sample::Index>(),
    ) {
        let mut bench = Bench::of(&applied, &staged);
        let view = bench.workspace.staged();
        let services: Vec<_> = view.services.keys().collect();
        prop_assume!(!services.is_empty());
        let address = Address::Service(**which.get(&services));
        let before = bench.workspace.clone();

        let rows = bench.stage(Edit::Clear { address: address.clone() }).unwrap();
        let end: Vec<ChangeId> = (rows.iter())
            .filter(|row| row.address == address).map(|row| row.id).collect();
        let gone = bench.discard(&end).unwrap();
        prop_assert_eq!(gone.len(), 1, "nothing else goes");
        prop_assert_eq!(&bench.workspace, &before);
        bench.restore(&gone).unwrap();
        prop_assert!(bench.workspace.staged().get(&address).is_none());
    }
}

fn replicas(count: u16) -> Content {
    Content::Replicas(Replicas::try_from(count).unwrap())
}

/// Design §3.5: who deletes something must have seen what was done to it.
#[test]
fn a_deletion_conflicts_with_what_was_changed_within_meanwhile() {
    let mut bench = Bench::new();
    let web = bench.service("web");
    bench.apply(bench.waiting()).unwrap();
    let end = bench.stage(Edit::Clear { address: Address::Service(web) }).unwrap()[0].id;
    let address = Address::ServiceField(web, Field::Replicas);
    let edit = Edit::Set { address, content: replicas(3) };
    let (stager, place) = (bench.stager(), crate::bench::place());
    let writing = bench.workspace.writing(place, vec![edit], stager, &bench.ids, None).unwrap();
    bench.workspace.spec = writing.plan.spec;

    let refused = bench.apply(vec![end]);

    let Err(Error::Conflict(conflicts)) = refused else { panic!("it has moved: {refused:?}") };
    assert_eq!(conflicts.0[0].title, "web");
    assert!(conflicts.to_string().contains("meanwhile: web;"), "{conflicts}");
    bench.settle(end, Keep::Mine).unwrap();
    bench.apply(vec![end]).unwrap();
    assert!(bench.workspace.spec.services.is_empty());
}

/// The end of a service that was only staged, with all that was staged in it.
#[test]
fn a_service_that_was_only_staged_comes_back_whole() {
    let mut bench = Bench::new();
    let web = bench.service("web");
    bench.own(web, "A", "1");
    let before = bench.workspace.staged();
    let end = bench.stage(Edit::Clear { address: Address::Service(web) }).unwrap()[0].id;
    assert_eq!(bench.changes(), []);

    let other = bench.service("web");
    let clash = bench.discard(&[end]);
    assert!(matches!(clash, Err(Error::Exists(_))), "the name was taken meanwhile: {clash:?}");
    let create =
        bench.changes().iter().find(|one| one.address == Address::Service(other)).unwrap().id;
    bench.discard(&[create]).unwrap();
    bench.discard(&[end]).unwrap();

    assert_eq!(bench.workspace.staged(), before);
    assert!(matches!(bench.discard(&[end]), Err(Error::NotNow(_))), "it is taken back already");
}

/// The end of a group takes its services out of it, and gives them back.
#[test]
fn the_end_of_a_group_is_taken_back_with_those_in_it() {
    let mut bench = Bench::new();
    let web = bench.service("web");
    let group = Edit::CreateGroup { name: name("g"), services: vec![web], position: None };
    let rows = bench.stage(group).unwrap();
    bench.set(Address::GroupVariable(group_of(&rows), key("A")), "1");
    let before = bench.workspace.staged();

    let end = bench.stage(Edit::Clear { address: rows[0].address.clone() }).unwrap();
    let ids: Vec<ChangeId> = end.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    bench.discard(&ids).unwrap();

    assert_eq!(bench.workspace.staged(), before);
}

fn group_of(rows: &[StagedEdit]) -> domain::GroupId {
    match rows[0].address {
        Address::Group(group) => group,
        ref other => panic!("a group was made at {other}"),
    }
}

/// What is part of something that is gone does not come back without it.
#[test]
fn an_edit_comes_back_only_to_what_it_is_part_of() {
    let mut bench = Bench::new();
    let web = bench.service("web");
    let create = bench.waiting()[0];
    bench.own(web, "A", "1");
    let gone = bench.discard(&[create]).unwrap();
    let (variable, service): (Vec<_>, Vec<_>) =
        gone.into_iter().partition(|edit| edit.address.variable_key().is_some());

    let refused = bench.restore(&variable);
    assert!(matches!(refused, Err(Error::NotNow(_))), "{refused:?}");
    bench.restore(&service).unwrap();
    bench.restore(&variable).unwrap();

    assert_eq!(bench.changes().len(), 2);
}
