//! What holds whatever people do.

use crate::fixture::{Fixture, RandomEdit, bare, place, random_edits};
use domain::{
    Address, ChangeId, EnvironmentSpec, Field,
    apply::plan,
    change::{StagedChange, StagedEdit, compact},
    changes::Selection,
    consequence::{consequences, effect_of, effects},
    dependency::{closure, dependents},
    edit::{Edit, MAX_EDITS, stage},
    effect::Effect,
    supersede::superseded,
    testing::SeededIds,
    workspace::Workspace,
};
use proptest::{prelude::*, sample::subsequence};
use std::collections::BTreeSet;

/// A workspace, and a choice among its changes.
fn chosen() -> impl Strategy<Value = (Vec<RandomEdit>, Vec<RandomEdit>, u64)> {
    (random_edits(60), random_edits(30), any::<u64>())
}

/// Those whose bit is set.
fn choose(all: &[StagedChange], choice: u64) -> Vec<ChangeId> {
    all.iter()
        .enumerate()
        .filter(|(bit, _)| choice >> (bit % 64) & 1 == 1)
        .map(|(_, change)| change.id)
        .collect()
}

fn only(all: &[StagedChange], ids: &[ChangeId]) -> Vec<StagedChange> {
    all.iter().filter(|change| ids.contains(&change.id)).cloned().collect()
}

fn without(all: &[StagedChange], ids: &[ChangeId]) -> Vec<StagedChange> {
    all.iter().filter(|change| !ids.contains(&change.id)).cloned().collect()
}

fn hidden(workspace: &Workspace) -> Workspace {
    let hide = |edit: &StagedEdit| StagedEdit {
        content: edit.content.as_ref().map(domain::Content::hidden),
        ..edit.clone()
    };
    Workspace { spec: workspace.spec.hidden(), edits: workspace.edits.iter().map(hide).collect() }
}

crate::fixture::properties! {
    /// Design §3.4.
    #[test]
    fn applying_the_changes_is_applying_the_edits_in_order(
        applied in random_edits(60), staged in random_edits(40)
    ) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let mut raw = workspace.spec.clone();
        for edit in &workspace.edits {
            let _ = raw.put(&edit.address, edit.content.clone());
        }

        let compacted = workspace.staged();

        prop_assert_eq!(bare(&raw.overlay(&[])), bare(&compacted));
        let changes = workspace.changes();
        let addresses: BTreeSet<&Address> = changes.iter().map(|change| &change.address).collect();
        prop_assert_eq!(addresses.len(), changes.len(), "one change an address");
        prop_assert!(changes.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    }

    /// Design §3.2.
    #[test]
    fn an_apply_is_all_or_nothing_and_counts_by_one(applied in random_edits(60), staged in random_edits(30)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let changes = workspace.changes();
        let before = workspace.spec.clone();

        let once = workspace.spec.apply(&changes);
        let twice = workspace.spec.apply(&changes);

        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(&workspace.spec, &before);
        if let Ok(after) = once {
            prop_assert_eq!(bare(&after), bare(&workspace.staged()));
            let more = u64::from(!changes.is_empty());
            prop_assert_eq!(after.revision.0, before.revision.0 + more);
            prop_assert_eq!(&after, &workspace.spec.advanced(&changes, after.revision));
            for change in &changes {
                prop_assert_eq!(after.version_of(&change.address), after.revision);
            }
        }
    }

    /// Design §3.6.
    #[test]
    fn any_choice_closes((applied, staged, choice) in chosen()) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let all = workspace.changes();
        let chosen = choose(&all, choice);

        let closed = closure(&workspace.spec, &all, &chosen);

        prop_assert!(chosen.iter().all(|id| closed.contains(id)));
        prop_assert_eq!(&closure(&workspace.spec, &all, &closed), &closed);
        if workspace.spec.apply(&all).is_ok() {
            let part = workspace.spec.apply(&only(&all, &closed));
            prop_assert!(part.is_ok(), "{:?} of {:?}: {:?}", closed, all, part);
        }
    }

    /// Design §3.4.
    #[test]
    fn any_discard_leaves_something_applicable((applied, staged, choice) in chosen()) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let all = workspace.changes();
        let chosen = choose(&all, choice);

        let gone = dependents(&workspace.spec, &all, &chosen);

        prop_assert!(chosen.iter().all(|id| gone.contains(id)));
        prop_assert_eq!(&dependents(&workspace.spec, &all, &gone), &gone);
        if workspace.spec.apply(&all).is_ok() {
            let left = workspace.spec.apply(&without(&all, &gone));
            prop_assert!(left.is_ok(), "without {:?}: {:?}", gone, left);
        }
    }

    /// Design §3.4.
    #[test]
    fn a_discard_and_its_undo_restore((applied, staged, choice) in chosen()) {
        let Fixture { workspace, next_seq, .. } = Fixture::of(&applied, &staged);
        let all = workspace.changes();
        let chosen = choose(&all, choice);
        prop_assume!(!chosen.is_empty());

        let gone = workspace.discarding(&chosen, None).unwrap();
        let (back, left): (Vec<_>, Vec<_>) =
            workspace.edits.iter().cloned().partition(|edit| gone.contains(&edit.id));
        let mut after = Workspace { spec: workspace.spec.clone(), edits: left };
        for change in after.changes() {
            let was = all.iter().find(|one| one.address == change.address);
            prop_assert!(!gone.contains(&change.id), "{:?} is still there", change);
            prop_assert!(was.is_none_or(|was| was.id == change.id), "{:?} is half gone", was);
        }
        let rows = after.restoring(back, next_seq).unwrap();
        after.edits.extend(rows.edits);

        prop_assert_eq!(after.staged(), workspace.staged());
        let ids = |changes: Vec<StagedChange>| -> BTreeSet<ChangeId> {
            changes.iter().map(|change| change.id).collect()
        };
        prop_assert_eq!(ids(after.changes()), ids(all));
    }

    /// Design §3.6: in which order parts are applied decides nothing.
    #[test]
    fn parts_in_any_order_end_where_the_whole_does(
        (applied, staged, choice) in chosen(),
        more in any::<u64>(),
    ) {
        let mut whole = Fixture::of(&applied, &staged);
        prop_assume!(whole.is_applicable());
        let mut parts = Fixture::of(&applied, &staged);
        whole.apply(whole.waiting()).unwrap();

        for choice in [choice, more, u64::MAX] {
            let all = parts.changes();
            let closed = closure(&parts.workspace.spec, &all, &choose(&all, choice));
            let result = parts.apply(closed);
            prop_assert!(result.is_ok(), "{:?}", result);
        }

        prop_assert_eq!(bare(&parts.workspace.spec), bare(&whole.workspace.spec));
        prop_assert!(parts.changes().is_empty());
    }

    /// What is not applied is not lost, and not in conflict.
    #[test]
    fn what_waits_survives_an_apply_of_the_rest((applied, staged, choice) in chosen()) {
        let mut fixture = Fixture::of(&applied, &staged);
        prop_assume!(fixture.is_applicable());
        let staged = fixture.workspace.staged();
        let all = fixture.changes();
        let closed = closure(&fixture.workspace.spec, &all, &choose(&all, choice));
        let left: Vec<ChangeId> = without(&all, &closed).iter().map(|change| change.id).collect();

        fixture.apply(closed).unwrap();

        prop_assert_eq!(fixture.waiting(), left);
        prop_assert_eq!(bare(&fixture.workspace.staged()), bare(&staged));
    }

    /// Design §3.7.
    #[test]
    fn whoever_is_deployed_was_said_to_be(applied in random_edits(60), staged in random_edits(30)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let changes: Vec<ChangeId> =
            workspace.changes().iter().map(|change| change.id).collect();
        let selection = Selection::Changes { changes };
        if let Ok(plan) = plan(place(), &workspace, &selection) {
            let said = consequences(&workspace.spec, &workspace.staged());
            prop_assert_eq!(&plan.created, &said.created);
            prop_assert_eq!(&plan.deleted, &said.deleted);
            for (service, _) in &plan.deploy {
                let effect = said.affected.get(service);
                prop_assert!(
                    said.created.contains(service) || effect == Some(&Effect::Redeploy),
                    "{} was said to meet {:?}", service, effect
                );
            }
        }
    }

    /// Who is looked at for an apply is found by what differs: nobody is forgotten.
    #[test]
    fn exactly_those_are_deployed_that_would_run_otherwise(
        applied in random_edits(60), staged in random_edits(30)
    ) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let changes: Vec<ChangeId> =
            workspace.changes().iter().map(|change| change.id).collect();
        let Ok(plan) = plan(place(), &workspace, &Selection::Changes { changes }) else {
            return Ok(());
        };
        let run = |spec: &EnvironmentSpec, id| spec.resolve(place(), id).ok().flatten();

        let others: Vec<_> = (plan.spec.services.keys().copied())
            .filter(|id| match (run(&workspace.spec, *id), run(&plan.spec, *id)) {
                (Some(old), Some(new)) => old.redeploys(&new),
                (None, new) => new.is_some(),
                (Some(_), None) => false,
            })
            .collect();

        let mut deployed: Vec<_> = plan.deploy.iter().map(|(id, _)| *id).collect();
        deployed.sort();
        prop_assert_eq!(deployed, others);
    }

    /// Each comes after those that it refers to, and nobody is left out.
    #[test]
    fn a_service_is_deployed_after_those_that_it_refers_to(applied in random_edits(80)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &[]);
        let spec = &workspace.spec;
        let edges = spec.edges();
        // Round by round, as it is meant; slow.
        let mut order = Vec::new();
        let mut waiting: Vec<_> = spec.services.keys().copied().collect();
        while !waiting.is_empty() {
            let is_ready = |id: &domain::ServiceId| {
                edges.iter().all(|edge| edge.from != *id || order.contains(&edge.to))
            };
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(is_ready);
            let (ready, rest) = if ready.is_empty() { (rest, Vec::new()) } else { (ready, rest) };
            order.extend(ready);
            waiting = rest;
        }

        prop_assert_eq!(spec.deploy_order(), order);
    }

    /// What is let go of was seen by nobody.
    #[test]
    fn edits_that_are_superseded_show_nowhere(applied in random_edits(40), staged in random_edits(60)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let gone = superseded(&workspace.edits);
        let mut kept = workspace.clone();
        kept.edits.retain(|edit| !gone.contains(&edit.id));

        prop_assert_eq!(kept.changes(), workspace.changes());
        prop_assert_eq!(kept.staged(), workspace.staged());
        let all: Vec<ChangeId> = workspace.changes().iter().map(|change| change.id).collect();
        for chosen in all {
            let without = |workspace: &Workspace| {
                let mut workspace = workspace.clone();
                let gone = workspace.discarding(&[chosen], None).ok()?;
                workspace.edits.retain(|edit| !gone.contains(&edit.id));
                Some(workspace.changes())
            };
            prop_assert_eq!(without(&kept), without(&workspace));
        }
    }

    /// What is said to have no effect changes no container, among all that are staged.
    #[test]
    fn a_change_without_effect_changes_no_container(applied in random_edits(60), staged in random_edits(30)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let all = workspace.changes();
        let whole = workspace.spec.overlay(&all);
        for change in &all {
            if effect_of(&workspace.spec, &all, change) == Effect::Redeploy {
                continue;
            }
            let others = workspace.spec.overlay(&without(&all, &[change.id]));
            for service in workspace.spec.services.keys() {
                let run = |spec: &EnvironmentSpec| {
                    let config = spec.resolve(place(), *service).ok().flatten()?;
                    Some((config.image, config.command, config.variables, config.ports))
                };
                if let (Some(with), Some(without)) = (run(&whole), run(&others)) {
                    prop_assert_eq!(with, without, "{:?}", change);
                }
            }
        }
    }

    /// Many at once or one by one.
    #[test]
    fn effects_together_are_those_of_each(applied in random_edits(60), staged in random_edits(60)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let all = workspace.changes();
        let each: Vec<Effect> =
            all.iter().map(|change| effect_of(&workspace.spec, &all, change)).collect();

        prop_assert_eq!(effects(&workspace.spec, &all), each, "{:?} upon {:?}", all, workspace.spec);
    }

    /// The browser sees no values and runs the same rules.
    #[test]
    fn who_sees_no_values_comes_to_the_same_answers(
        applied in random_edits(60),
        staged in random_edits(40),
        written in random_edits(8),
    ) {
        let mut fixture = Fixture::of(&applied, &staged);
        for act in &written {
            fixture.write(act);
        }
        let workspace = fixture.workspace;
        let browser = hidden(&workspace);
        let (theirs, ours) = (browser.changes(), workspace.changes());

        let shown: Vec<StagedChange> = ours.iter().map(StagedChange::hidden).collect();
        prop_assert_eq!(&theirs, &shown);
        prop_assert_eq!(&browser.staged(), &workspace.staged().hidden());
        prop_assert_eq!(
            consequences(&browser.spec, &browser.staged()),
            consequences(&workspace.spec, &workspace.staged())
        );
        prop_assert_eq!(browser.staged().check(), workspace.staged().check());
        let verdict = |workspace: &Workspace, changes: &[StagedChange]| {
            workspace.spec.apply(changes).map(|spec| spec.hidden()).map_err(|refusal| {
                match domain::Error::from(refusal) {
                    domain::Error::Blocked(problems) => Some(problems),
                    _ => None,
                }
            })
        };
        prop_assert_eq!(verdict(&browser, &theirs), verdict(&workspace, &ours));
        prop_assert_eq!(browser.staged().edges(), workspace.staged().edges());
        for (their, our) in theirs.iter().zip(&ours) {
            prop_assert_eq!(
                effect_of(&browser.spec, &theirs, their),
                effect_of(&workspace.spec, &ours, our)
            );
            let ids = [our.id];
            prop_assert_eq!(
                closure(&browser.spec, &theirs, &ids),
                closure(&workspace.spec, &ours, &ids)
            );
            prop_assert_eq!(
                dependents(&browser.spec, &theirs, &ids),
                dependents(&workspace.spec, &ours, &ids)
            );
        }
    }

    /// DK-66.
    #[test]
    fn a_rename_changes_no_value(
        applied in random_edits(60),
        names in subsequence(vec!["x", "y", "z.z", "WEB2", "db-2"], 3),
    ) {
        let mut fixture = Fixture::of(&applied, &[]);
        let resolved = |spec: &EnvironmentSpec| -> Vec<_> {
            spec.services.keys().map(|id| spec.resolve(place(), *id).ok().flatten()).collect()
        };
        let before = resolved(&fixture.workspace.spec);
        let services: Vec<_> = fixture.workspace.spec.services.keys().copied().collect();

        for (service, name) in services.into_iter().zip(names) {
            let address = Address::ServiceField(service, Field::Name);
            let content = domain::Content::Name(crate::fixture::name(name));
            fixture.stage(Edit::Set { address, content }).unwrap();
        }
        let renamed = fixture.workspace.spec.apply(&fixture.changes()).unwrap();

        prop_assert_eq!(resolved(&renamed), before);
    }

    /// Staging keeps a workspace sound: what it lets through only ever warns.
    #[test]
    fn what_is_staged_has_no_problem_that_is_refused(applied in random_edits(60), staged in random_edits(40)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let refused: Vec<_> = (workspace.staged().check().into_iter())
            .filter(|problem| problem.kind.refused_when_staged())
            .collect();
        prop_assert!(refused.is_empty(), "{:?}", refused);
    }

    /// What is staged in one go is what is staged step by step: later edits see earlier ones.
    #[test]
    fn edits_together_are_edits_one_by_one(applied in random_edits(40), staged in random_edits(20)) {
        let mut fixture = Fixture::of(&applied, &[]);
        let together = Workspace { ..fixture.workspace.clone() };
        let edits: Vec<Edit> = staged.iter().filter_map(|act| fixture.edit(act)).collect();
        let stage_context = fixture.stage_context();
        let ids = SeededIds::new(9);

        let mut done = Vec::new();
        let mut rows = Vec::new();
        fixture.ids = SeededIds::new(9);
        for edit in edits {
            if let Ok(mut one) = fixture.stage(edit.clone()) {
                for row in &mut one {
                    row.at = stage_context.at;
                }
                rows.extend(one);
                done.push(edit);
            } else {
                break;
            }
        }

        prop_assert_eq!(stage(&together, done, stage_context, &ids).unwrap().edits, rows);
    }

    /// A flood of edits is refused at once, and says what to do.
    #[test]
    fn a_flood_of_edits_is_refused(more in 1_usize..4) {
        let fixture = Fixture::new();
        let edits = vec![Edit::Clear { address: Address::ProjectName }; MAX_EDITS + more];
        let refused = stage(&fixture.workspace, edits, fixture.stage_context(), &fixture.ids);
        prop_assert!(format!("{refused:?}").contains("in several steps"), "{:?}", refused);
    }

    /// Rows are written as JSON and read back.
    #[test]
    fn a_workspace_is_read_back_as_it_was_written(applied in random_edits(60), staged in random_edits(30)) {
        let Fixture { workspace, .. } = Fixture::of(&applied, &staged);
        let spec = serde_json::to_string(&workspace.spec).unwrap();
        let edits = serde_json::to_string(&workspace.edits).unwrap();

        let spec: EnvironmentSpec = serde_json::from_str(&spec).unwrap();
        let edits: Vec<StagedEdit> = serde_json::from_str(&edits).unwrap();

        prop_assert_eq!(compact(&spec, &edits), workspace.changes());
        prop_assert_eq!(Workspace { spec, edits }, workspace);
    }
}
