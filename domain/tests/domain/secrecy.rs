//! What nobody may learn.

use crate::fixture::{Fixture, RandomEdit, key, name, new_service, place, random_edits};
use domain::{
    Address, Secret, ServiceId, Value,
    apply::plan,
    change::StagedChange,
    changes::{Revealed, Selection},
    consequence::{consequences, effect_of},
    deployment::{DeploymentState, Failure, Transition},
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
fn with_sealed(value: &str, applied: &[RandomEdit]) -> (Fixture, ServiceId) {
    with(value, applied, sealed)
}

fn with(
    value: &str,
    applied: &[RandomEdit],
    set: fn(Address, &str) -> Edit,
) -> (Fixture, ServiceId) {
    let mut fixture = Fixture::of(applied, &[]);
    let new = new_service(name("vault"));
    let rows = fixture.stage(Edit::CreateService(Box::new(new))).unwrap();
    let vault = rows[0].address.service().unwrap();
    fixture.stage(set(Address::ServiceVariable(vault, key("SEALED")), value)).unwrap();
    let user = fixture.service("user of it");
    fixture.own(user, "URL", "x:${{vault.SEALED}}");
    fixture.apply(fixture.waiting()).unwrap();
    (fixture, vault)
}

/// All that somebody who stages gets to see.
fn answers(fixture: &Fixture) -> String {
    let spec = &fixture.workspace.spec;
    let all = fixture.changes();
    let shown: Vec<StagedChange> = all.iter().map(StagedChange::hidden).collect();
    let effects: Vec<_> = all.iter().map(|change| effect_of(spec, &all, change)).collect();
    let staged = fixture.workspace.staged();
    let seen = (
        serde_json::to_string(&shown).unwrap(),
        serde_json::to_string(&effects).unwrap(),
        serde_json::to_string(&consequences(spec, &staged)).unwrap(),
        serde_json::to_string(&staged.check()).unwrap(),
        serde_json::to_string(&staged.hidden()).unwrap(),
    );
    format!("{seen:?}")
}

crate::fixture::properties! {
    /// DK-180: whether a guess is right makes no difference to anything that staging answers.
    #[test]
    fn a_guess_at_a_sealed_value_is_never_answered(
        applied in random_edits(20),
        value in "[a-z]{0,3}",
        guess in "[a-z]{0,3}",
        detour in 0..4_u8,
        after in random_edits(6),
    ) {
        let tried = |truth: &str| {
            let (mut fixture, vault) = with_sealed(truth, &applied);
            let address = Address::ServiceVariable(vault, key("SEALED"));
            if detour == 1 {
                fixture.stage(Edit::Clear { address: address.clone() }).unwrap();
            }
            if detour == 2 {
                fixture.set(address.clone(), "something else");
            }
            fixture.set(address.clone(), &guess);
            if detour == 3 {
                fixture.set(address, &guess);
            }
            for act in &after {
                if let Some(edit) = fixture.edit(act) {
                    let _ = fixture.stage(edit);
                }
            }
            answers(&fixture)
        };

        prop_assert_eq!(tried(&value), tried(&guess));
    }

    /// Nor is a guess at any value answered to a key that may stage and not see.
    #[test]
    fn a_guess_is_never_answered_to_one_who_sees_no_values(
        applied in random_edits(20),
        value in "[a-z]{0,3}",
        guess in "[a-z]{0,3}",
        detour in 0..3_u8,
        after in random_edits(6),
    ) {
        let tried = |truth: &str| {
            let (mut fixture, vault) = with(truth, &applied, crate::fixture::variable);
            fixture.sees_values = false;
            let address = Address::ServiceVariable(vault, key("SEALED"));
            if detour == 1 {
                fixture.stage(Edit::Clear { address: address.clone() }).unwrap();
            }
            if detour == 2 {
                fixture.set(address.clone(), "something else");
            }
            fixture.set(address, &guess);
            for act in &after {
                if let Some(edit) = fixture.edit(act) {
                    let _ = fixture.stage(edit);
                }
            }
            answers(&fixture)
        };

        prop_assert_eq!(tried(&value), tried(&guess));
    }

    /// DK-180: nor is it answered to one who gives the value again, sealed, elsewhere or by reference.
    #[test]
    fn a_sealed_value_stays_sealed(detours in prop::collection::vec(0..4_u8, 0..5)) {
        let (mut fixture, vault) = with_sealed(SECRET, &[]);
        let address = Address::ServiceVariable(vault, key("SEALED"));
        for detour in detours {
            let edit = match detour {
                0 => Edit::Clear { address: address.clone() },
                1 => crate::fixture::variable(address.clone(), "new"),
                2 => sealed(address.clone(), "new"),
                _ => crate::fixture::variable(address.clone(), SECRET),
            };
            let _ = fixture.stage(edit);
            if let Some(domain::Content::Variable(variable)) = fixture.workspace.staged().get(&address) {
                prop_assert!(variable.sealed);
            }
            if let Ok(Revealed { applied, staged, resolved }) = fixture.workspace.revealing(&address) {
                prop_assert_eq!((applied, staged, resolved), (None, None, None));
            }
        }
    }

    /// Whatever people do, what leaves the server holds no value.
    #[test]
    fn nothing_hidden_holds_a_value(applied in random_edits(40), staged in random_edits(30)) {
        let mut fixture = Fixture::of(&applied, &staged);
        let services: Vec<ServiceId> = fixture.workspace.staged().services.keys().copied().collect();
        for service in services {
            fixture.own(service, "PLANTED", &format!("{SECRET} ${{{{HOST}}}} {SECRET}"));
        }
        fixture.set(Address::Variable(key("PLANTED")), SECRET);

        let answers = answers(&fixture);
        prop_assert!(answers.contains("PLANTED"), "there is something to search");
        prop_assert!(!answers.contains(SECRET));
        let printed = format!("{fixture:?}");
        prop_assert!(printed.contains("PLANTED"), "there is something to search");
        prop_assert!(!printed.contains(SECRET), "nor does a log of it");
        let selection = Selection::Changes { changes: fixture.waiting() };
        let printed = match plan(place(), &fixture.workspace, &selection) {
            Ok(plan) => format!("{plan:?}"),
            Err(error) => format!("{error:?} {error}"),
        };
        prop_assert!(!printed.contains(SECRET), "{}", printed);
    }
}

/// DK-180: a value that a sealed one goes into is not shown either.
#[test]
fn a_value_made_of_a_sealed_one_is_not_resolved_for_anybody() {
    let (mut fixture, vault) = with_sealed(SECRET, &[]);
    fixture.own(vault, "DERIVED", "a${{SEALED}}");
    fixture.own(vault, "TWICE", "b${{DERIVED}}");
    fixture.own(vault, "PLAIN", "c${{HOST}}");
    let reveal = |text: &str| {
        fixture.workspace.revealing(&Address::ServiceVariable(vault, key(text))).unwrap()
    };

    assert_eq!(reveal("DERIVED").resolved, None);
    assert_eq!(reveal("TWICE").resolved, None);
    assert_eq!(reveal("PLAIN").resolved, Some(Secret::from("cvault")));
    assert_eq!(reveal("PLAIN").staged, Some(Secret::from("c${{HOST}}")));
}

fn is_silent(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    assert!(text.len() > 6, "there is something to search: {text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn what_debug_prints_gives_no_secret_away() {
    let (mut fixture, vault) = with_sealed(SECRET, &[]);
    let address = Address::ServiceVariable(vault, key("OTHER"));
    fixture.set(address.clone(), SECRET);
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
    is_silent(&fixture.workspace);
    is_silent(&fixture.changes());
    is_silent(&fixture.workspace.spec.resolve(place(), vault));
    is_silent(&fixture.workspace.revealing(&address));
    is_silent(&DeploymentState::Failed { at, failure: failure.clone() });
    is_silent(&Transition::Failed(failure));
    is_silent(&domain::account::Password::try_from(Secret::from(SECRET)).unwrap());
    is_silent(&domain::api::canvas::ClientMessage::Auth { token: Secret::from(SECRET) });
}

/// A refused value is not repeated.
#[test]
fn an_error_repeats_no_value() {
    let (mut fixture, vault) = with_sealed(SECRET, &[]);
    let address = Address::ServiceVariable(vault, key("BAD"));

    let nul = fixture.stage(crate::fixture::variable(address.clone(), &format!("{SECRET}\0")));
    let long = fixture.stage(crate::fixture::variable(address.clone(), &SECRET.repeat(10_000)));
    let unknown =
        fixture.stage(crate::fixture::variable(address, &format!("{SECRET}${{{{no.A}}}}")));
    let blocked = fixture.apply(fixture.waiting());

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
