//! What nobody may learn.

use crate::bench::{Act, Bench, acts, key, name, new_service, place};
use domain::{
    Address, Secret, ServiceId, Value,
    apply::plan,
    change::StagedChange,
    changes::{Revealed, Selection},
    consequence::{consequences, effect_of},
    deployment::{DeploymentState, Failure, Milestone},
    edit::{Edit, NewVariable},
    time::Timestamp,
};
use proptest::prelude::*;
use std::fmt::Debug;

const SECRET: &str = "planted-secret-4711";

fn sealed(address: Address, value: &str) -> Edit {
    Edit::SetVariable { address, value: Secret::from(value), sealed: true, only_new: false }
}

/// A service with a sealed variable of this value, and others that refer to it.
fn with_sealed(value: &str, applied: &[Act]) -> (Bench, ServiceId) {
    with(value, applied, sealed)
}

fn with(value: &str, applied: &[Act], set: fn(Address, &str) -> Edit) -> (Bench, ServiceId) {
    let mut bench = Bench::of(applied, &[]);
    let new = new_service(name("vault"));
    let rows = bench.stage(Edit::CreateService(Box::new(new))).unwrap();
    let vault = rows[0].address.service().unwrap();
    bench.stage(set(Address::ServiceVariable(vault, key("SEALED")), value)).unwrap();
    let user = bench.service("user of it");
    bench.own(user, "URL", "x:${{vault.SEALED}}");
    bench.apply(bench.waiting()).unwrap();
    (bench, vault)
}

/// All that somebody who stages gets to see.
fn answers(bench: &Bench) -> String {
    let spec = &bench.workspace.spec;
    let all = bench.changes();
    let shown: Vec<StagedChange> = all.iter().map(StagedChange::hidden).collect();
    let effects: Vec<_> = all.iter().map(|change| effect_of(spec, &all, change)).collect();
    let staged = bench.workspace.staged();
    let seen = (
        serde_json::to_string(&shown).unwrap(),
        serde_json::to_string(&effects).unwrap(),
        serde_json::to_string(&consequences(spec, &staged)).unwrap(),
        serde_json::to_string(&staged.check()).unwrap(),
        serde_json::to_string(&staged.hidden()).unwrap(),
    );
    format!("{seen:?}")
}

proptest! {
    #![proptest_config(crate::bench::config())]

    /// DK-180: whether a guess is right makes no difference to anything that staging answers.
    #[test]
    fn a_guess_at_a_sealed_value_is_never_answered(
        applied in acts(20),
        value in "[a-z]{0,3}",
        guess in "[a-z]{0,3}",
        detour in 0..4_u8,
        after in acts(6),
    ) {
        let tried = |truth: &str| {
            let (mut bench, vault) = with_sealed(truth, &applied);
            let address = Address::ServiceVariable(vault, key("SEALED"));
            if detour == 1 {
                bench.stage(Edit::Clear { address: address.clone() }).unwrap();
            }
            if detour == 2 {
                bench.set(address.clone(), "something else");
            }
            bench.set(address.clone(), &guess);
            if detour == 3 {
                bench.set(address, &guess);
            }
            for act in &after {
                if let Some(edit) = bench.edit(act) {
                    let _ = bench.stage(edit);
                }
            }
            answers(&bench)
        };

        prop_assert_eq!(tried(&value), tried(&guess));
    }

    /// Nor is a guess at any value answered to a key that may stage and not see.
    #[test]
    fn a_guess_is_never_answered_to_one_who_sees_no_values(
        applied in acts(20),
        value in "[a-z]{0,3}",
        guess in "[a-z]{0,3}",
        detour in 0..3_u8,
        after in acts(6),
    ) {
        let tried = |truth: &str| {
            let (mut bench, vault) = with(truth, &applied, crate::bench::variable);
            bench.sees_values = false;
            let address = Address::ServiceVariable(vault, key("SEALED"));
            if detour == 1 {
                bench.stage(Edit::Clear { address: address.clone() }).unwrap();
            }
            if detour == 2 {
                bench.set(address.clone(), "something else");
            }
            bench.set(address, &guess);
            for act in &after {
                if let Some(edit) = bench.edit(act) {
                    let _ = bench.stage(edit);
                }
            }
            answers(&bench)
        };

        prop_assert_eq!(tried(&value), tried(&guess));
    }

    /// DK-180: nor is it answered to one who gives the value again, sealed, elsewhere or by reference.
    #[test]
    fn a_sealed_value_stays_sealed(detours in prop::collection::vec(0..4_u8, 0..5)) {
        let (mut bench, vault) = with_sealed(SECRET, &[]);
        let address = Address::ServiceVariable(vault, key("SEALED"));
        for detour in detours {
            let edit = match detour {
                0 => Edit::Clear { address: address.clone() },
                1 => crate::bench::variable(address.clone(), "new"),
                2 => sealed(address.clone(), "new"),
                _ => crate::bench::variable(address.clone(), SECRET),
            };
            let _ = bench.stage(edit);
            if let Some(domain::Content::Variable(variable)) = bench.workspace.staged().get(&address) {
                prop_assert!(variable.sealed);
            }
            if let Ok(Revealed { applied, staged, resolved }) = bench.workspace.revealing(&address) {
                prop_assert_eq!((applied, staged, resolved), (None, None, None));
            }
        }
    }

    /// Whatever people do, what leaves the server holds no value.
    #[test]
    fn nothing_hidden_holds_a_value(applied in acts(40), staged in acts(30)) {
        let mut bench = Bench::of(&applied, &staged);
        let services: Vec<ServiceId> = bench.workspace.staged().services.keys().copied().collect();
        for service in services {
            bench.own(service, "PLANTED", &format!("{SECRET} ${{{{HOST}}}} {SECRET}"));
        }
        bench.set(Address::Variable(key("PLANTED")), SECRET);

        prop_assert!(!answers(&bench).contains(SECRET));
        let printed = format!("{bench:?}");
        prop_assert!(!printed.contains(SECRET), "nor does a log of it");
        let selection = Selection::Changes { changes: bench.waiting() };
        let printed = match plan(place(), &bench.workspace, &selection) {
            Ok(plan) => format!("{plan:?}"),
            Err(error) => format!("{error:?} {error}"),
        };
        prop_assert!(!printed.contains(SECRET), "{}", printed);
    }
}

/// DK-180: a value that a sealed one goes into is not shown either.
#[test]
fn a_value_made_of_a_sealed_one_is_not_resolved_for_anybody() {
    let (mut bench, vault) = with_sealed(SECRET, &[]);
    bench.own(vault, "DERIVED", "a${{SEALED}}");
    bench.own(vault, "TWICE", "b${{DERIVED}}");
    bench.own(vault, "PLAIN", "c${{HOST}}");
    let reveal = |text: &str| {
        bench.workspace.revealing(&Address::ServiceVariable(vault, key(text))).unwrap()
    };

    assert_eq!(reveal("DERIVED").resolved, None);
    assert_eq!(reveal("TWICE").resolved, None);
    assert_eq!(reveal("PLAIN").resolved, Some(Secret::from("cvault")));
    assert_eq!(reveal("PLAIN").staged, Some(Secret::from("c${{HOST}}")));
}

fn is_silent(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn what_debug_prints_gives_no_secret_away() {
    let (mut bench, vault) = with_sealed(SECRET, &[]);
    let address = Address::ServiceVariable(vault, key("OTHER"));
    bench.set(address.clone(), SECRET);
    let mut new = new_service(name("another"));
    let variable = NewVariable { value: Secret::from(SECRET), sealed: false };
    new.variables.insert(key("A"), variable);
    let failure = Failure {
        reason: "it ended".to_owned(),
        exit_code: Some(1),
        log_tail: Some(Secret::from(SECRET)),
    };
    let at = Timestamp::from_millis(0);

    is_silent(&Secret::from(SECRET));
    is_silent(&domain::Template::literal(SECRET));
    is_silent(&Value::Shown(domain::Template::literal(SECRET)));
    is_silent(&sealed(address.clone(), SECRET));
    is_silent(&Edit::CreateService(Box::new(new)));
    is_silent(&bench.workspace);
    is_silent(&bench.changes());
    is_silent(&bench.workspace.spec.resolve(place(), vault));
    is_silent(&bench.workspace.revealing(&address));
    is_silent(&DeploymentState::Failed { at, failure: failure.clone() });
    is_silent(&Milestone::Failed(failure));
    is_silent(&domain::account::Password::try_from(Secret::from(SECRET)).unwrap());
    is_silent(&domain::api::canvas::ClientMessage::Auth { token: Secret::from(SECRET) });
}

/// A refused value is not repeated.
#[test]
fn an_error_repeats_no_value() {
    let (mut bench, vault) = with_sealed(SECRET, &[]);
    let address = Address::ServiceVariable(vault, key("BAD"));

    let nul = bench.stage(crate::bench::variable(address.clone(), &format!("{SECRET}\0")));
    let long = bench.stage(crate::bench::variable(address.clone(), &SECRET.repeat(10_000)));
    let unknown = bench.stage(crate::bench::variable(address, &format!("{SECRET}${{{{no.A}}}}")));
    let blocked = bench.apply(bench.waiting());

    assert!(nul.is_err() && long.is_err() && unknown.is_ok() && blocked.is_err());
    for error in [nul.err(), long.err(), blocked.err()].into_iter().flatten() {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(SECRET), "{text}");
    }
}

/// JSON errors name the place and not the value.
#[test]
fn broken_json_repeats_no_value() {
    let text = format!(r#"{{"op":"set_variable","address":"nowhere","value":"{SECRET}"}}"#);
    let error = serde_json::from_str::<Edit>(&text).unwrap_err();
    assert!(!error.to_string().contains(SECRET), "{error}");
}
