//! People at one environment at once: overtaken, discarded and brought back in any order.

use crate::fixture::{Fixture, bare, key, name, random_edits};
use domain::{
    Address, ChangeId, Content, Error, Field, Replicas,
    change::{ApplyError, StagedChange, StagedEdit},
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

fn conflicting(fixture: &Fixture) -> Vec<ChangeId> {
    match fixture.workspace.spec.apply(&fixture.changes()) {
        Err(ApplyError::Conflicts(conflicts)) => conflicts.0.iter().map(|one| one.change).collect(),
        Err(ApplyError::Problems(_)) | Ok(_) => Vec::new(),
    }
}

crate::fixture::properties! {
    /// Design §3.6: whoever was overtaken is told, and nobody else; who is told nothing gets all
    /// that they staged.
    #[test]
    fn exactly_what_was_overtaken_conflicts(
        applied in random_edits(40),
        staged in random_edits(30),
        others in random_edits(12),
    ) {
        let mut fixture = Fixture::of(&applied, &staged);
        let written: Vec<StagedChange> =
            others.iter().flat_map(|act| fixture.write(act)).collect();
        let all = fixture.changes();
        let overtaken: Vec<ChangeId> = (all.iter())
            .filter(|change| written.iter().any(|one| touches(one, change)))
            .map(|change| change.id)
            .collect();

        prop_assert_eq!(conflicting(&fixture), overtaken);

        if let Ok(after) = fixture.workspace.spec.apply(&all) {
            prop_assert_eq!(bare(&after), bare(&fixture.workspace.staged()));
            for change in all.iter().filter(|change| !change.address.is_entity()) {
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
        applied in random_edits(40),
        staged in random_edits(30),
        others in random_edits(12),
        choice in any::<u64>(),
    ) {
        let mut fixture = Fixture::of(&applied, &staged);
        for act in &others {
            fixture.write(act);
        }
        for (bit, change) in conflicting(&fixture).into_iter().enumerate() {
            let known = fixture.changes().into_iter().find(|one| one.id == change);
            // It went along with another one.
            let Some(known) = known else { continue };
            let mine = choice >> (bit % 64) & 1 == 1;
            if mine && fixture.settle(change, Keep::Mine).is_ok() {
                let kept = fixture.changes().into_iter().find(|one| one.id == change);
                prop_assert_eq!(kept.map(|one| one.new), Some(known.new));
            } else {
                fixture.settle(change, Keep::Theirs).unwrap();
                prop_assert!(fixture.changes().iter().all(|one| one.id != change));
            }
        }

        prop_assert_eq!(conflicting(&fixture), Vec::new());
    }

    /// Design §3.4: what several discards took away comes back, in whatever order they are undone.
    #[test]
    fn discards_are_undone_in_any_order(
        applied in random_edits(40),
        staged in random_edits(30),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        order in any::<u64>(),
    ) {
        let mut fixture = Fixture::of(&applied, &staged);
        let (before, all) = (fixture.workspace.staged(), fixture.waiting());
        let mut gone: Vec<Vec<StagedEdit>> = Vec::new();
        for pick in picks {
            let waiting = fixture.waiting();
            if !waiting.is_empty() {
                gone.push(fixture.discard(&[*pick.get(&waiting)]).unwrap());
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
            let held = fixture.workspace.clone();
            match fixture.restore(&gone[next]) {
                Ok(()) => drop(gone.remove(next)),
                Err(Error::InvalidState(_) | Error::Blocked(_) | Error::Exists(_)) => {
                    prop_assert_eq!(&fixture.workspace, &held);
                }
                Err(other) => panic!("{other:?}"),
            }
        }

        prop_assert_eq!(fixture.workspace.staged(), before);
        let ids = |ids: Vec<ChangeId>| ids.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(ids(fixture.waiting()), ids(all));
    }

    /// Design §3.4: a service that somebody has just taken away can be taken back at once.
    #[test]
    fn the_end_of_a_service_is_taken_back(
        applied in random_edits(40),
        staged in random_edits(30),
        which in any::<prop::sample::Index>(),
    ) {
        let mut fixture = Fixture::of(&applied, &staged);
        let view = fixture.workspace.staged();
        let services: Vec<_> = view.services.keys().collect();
        prop_assume!(!services.is_empty());
        let address = Address::Service(**which.get(&services));
        let before = fixture.workspace.clone();

        let rows = fixture.stage(Edit::Clear { address: address.clone() }).unwrap();
        let end: Vec<ChangeId> = (rows.iter())
            .filter(|row| row.address == address).map(|row| row.id).collect();
        let gone = fixture.discard(&end).unwrap();
        prop_assert_eq!(gone.len(), 1, "nothing else goes");
        prop_assert_eq!(&fixture.workspace, &before);
        fixture.restore(&gone).unwrap();
        prop_assert!(fixture.workspace.staged().get(&address).is_none());
    }
}

fn replicas(count: u16) -> Content {
    Content::Replicas(Replicas::try_from(count).unwrap())
}

/// Design §3.5: who deletes something must have seen what was done to it.
#[test]
fn a_deletion_conflicts_with_what_was_changed_within_meanwhile() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    fixture.apply(fixture.waiting()).unwrap();
    let end = fixture.stage(Edit::Clear { address: Address::Service(web) }).unwrap()[0].id;
    let address = Address::ServiceField(web, Field::Replicas);
    let edit = Edit::Set { address, content: replicas(3) };
    let (stage_context, place) = (fixture.stage_context(), crate::fixture::place());
    let writing =
        fixture.workspace.writing(place, vec![edit], stage_context, &fixture.ids, None).unwrap();
    fixture.workspace.spec = writing.plan.spec;

    let refused = fixture.apply(vec![end]);

    let Err(Error::Conflict(conflicts)) = refused else { panic!("it has moved: {refused:?}") };
    assert_eq!(conflicts.0[0].title, "web");
    assert!(conflicts.to_string().contains("meanwhile: web;"), "{conflicts}");
    fixture.settle(end, Keep::Mine).unwrap();
    fixture.apply(vec![end]).unwrap();
    assert!(fixture.workspace.spec.services.is_empty());
}

/// The end of a service that was only staged, with all that was staged in it.
#[test]
fn a_service_that_was_only_staged_comes_back_whole() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    fixture.own(web, "A", "1");
    let before = fixture.workspace.staged();
    let end = fixture.stage(Edit::Clear { address: Address::Service(web) }).unwrap()[0].id;
    assert_eq!(fixture.changes(), []);

    let other = fixture.service("web");
    let clash = fixture.discard(&[end]);
    assert!(matches!(clash, Err(Error::Exists(_))), "the name was taken meanwhile: {clash:?}");
    let create =
        fixture.changes().iter().find(|one| one.address == Address::Service(other)).unwrap().id;
    fixture.discard(&[create]).unwrap();
    fixture.discard(&[end]).unwrap();

    assert_eq!(fixture.workspace.staged(), before);
    assert!(
        matches!(fixture.discard(&[end]), Err(Error::InvalidState(_))),
        "it is taken back already"
    );
}

/// The end of a group takes its services out of it, and gives them back.
#[test]
fn the_end_of_a_group_is_taken_back_with_those_in_it() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    let group = Edit::CreateGroup { name: name("g"), services: vec![web], position: None };
    let rows = fixture.stage(group).unwrap();
    fixture.set(Address::GroupVariable(group_of(&rows), key("A")), "1");
    let before = fixture.workspace.staged();

    let end = fixture.stage(Edit::Clear { address: rows[0].address.clone() }).unwrap();
    let ids: Vec<ChangeId> = end.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    fixture.discard(&ids).unwrap();

    assert_eq!(fixture.workspace.staged(), before);
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
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    let create = fixture.waiting()[0];
    fixture.own(web, "A", "1");
    let gone = fixture.discard(&[create]).unwrap();
    let (variable, service): (Vec<_>, Vec<_>) =
        gone.into_iter().partition(|edit| edit.address.variable_key().is_some());

    let refused = fixture.restore(&variable);
    assert!(matches!(refused, Err(Error::InvalidState(_))), "{refused:?}");
    fixture.restore(&service).unwrap();
    fixture.restore(&variable).unwrap();

    assert_eq!(fixture.changes().len(), 2);
}
