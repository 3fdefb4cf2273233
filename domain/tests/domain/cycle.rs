//! Circles, long chains and growth.

use crate::fixture::{Fixture, key, name, place};
use domain::{
    Address, Content, EnvironmentSpec, Error, Field, ServiceId, Template,
    apply::plan,
    changes::Selection,
    check::ProblemKind,
    dependency::closure,
    edit::Edit,
    variable::{MAX_VALUE, Value, Variable},
};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

fn chain(spec: &mut EnvironmentSpec, length: usize, last: &str) {
    for number in 0..length {
        let text = if number + 1 == length {
            last.to_owned()
        } else {
            format!("${{{{V{}}}}}", number + 1)
        };
        let value = Value::Shown(Template::parse(&text, |_| None));
        let variable = Variable { value, sealed: false, version: number as u64 };
        spec.variables.insert(key(&format!("V{number}")), variable);
    }
}

fn runnable() -> (Fixture, ServiceId) {
    let mut fixture = Fixture::new();
    let service = fixture.service("web");
    fixture.apply(fixture.waiting()).unwrap();
    (fixture, service)
}

#[test]
fn a_circle_of_variables_is_refused_with_its_path() {
    let (mut fixture, web) = runnable();
    let db = fixture.service("db");
    fixture.own(web, "A", "${{db.B}}");
    fixture.own(db, "B", "${{C}}");
    let edit = crate::fixture::variable(Address::ServiceVariable(db, key("C")), "x${{web.A}}");

    let refused = fixture.stage(edit);

    let Err(Error::Blocked(problems)) = refused else { panic!("a circle: {refused:?}") };
    let ProblemKind::Cycle { path } = &problems.0[0].kind else { panic!("{problems:?}") };
    let mut path: Vec<String> = path.iter().map(ToString::to_string).collect();
    path.sort();
    let mut expected = vec![
        format!("service/{web}/variables/A"),
        format!("service/{db}/variables/B"),
        format!("service/{db}/variables/C"),
    ];
    expected.sort();
    assert_eq!(path, expected);
    for word in ["web.A", "db.B", "db.C", " → "] {
        assert!(problems.0[0].message.contains(word), "{}", problems.0[0].message);
    }
}

#[test]
fn a_variable_of_itself_means_the_one_that_it_hides() {
    let (mut fixture, web) = runnable();
    fixture.set(Address::Variable(key("PATH")), "/bin");
    fixture.own(web, "PATH", "/app:${{PATH}}");
    fixture.apply(fixture.waiting()).unwrap();

    let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();
    assert_eq!(config.variables[&key("PATH")].expose(), "/app:/bin");

    let alone =
        fixture.stage(crate::fixture::variable(Address::Variable(key("SELF")), "${{SELF}}"));
    assert!(alone.is_ok(), "it finds nothing, which warns and blocks");
    assert!(!fixture.is_applicable());
}

/// A detour over a group that is joined in the same batch.
#[test]
fn a_part_that_would_go_in_a_circle_takes_along_what_opens_it() {
    let (mut fixture, web) = runnable();
    let group = Edit::CreateGroup { name: name("g"), services: Vec::new(), position: None };
    let Address::Group(group) = fixture.stage(group).unwrap()[0].address.clone() else {
        panic!("it makes a group")
    };
    fixture.set(Address::GroupVariable(group, key("C")), "end");
    let address = Address::ServiceField(web, Field::Group);
    let joins =
        fixture.stage(Edit::Set { address, content: Content::GroupId(group) }).unwrap()[0].id;
    fixture.set(Address::Variable(key("C")), "${{web.C}}");
    let all = fixture.changes();
    let chosen: Vec<_> = fixture.waiting().into_iter().filter(|id| *id != joins).collect();

    let closed = closure(&fixture.workspace.spec, &all, &chosen);

    assert!(closed.contains(&joins));
    fixture.apply(closed).unwrap();
}

/// Design §3.10.
#[test]
fn services_may_refer_to_each_other() {
    let (mut fixture, web) = runnable();
    let db = fixture.service("db");
    fixture.own(web, "DB", "${{db.HOST}}");
    fixture.own(db, "WEB", "${{web.HOST}}");

    let plan =
        plan(place(), &fixture.workspace, &Selection::Changes { changes: fixture.waiting() })
            .unwrap();

    assert_eq!(plan.deploy.len(), 2);
    assert_eq!(plan.spec.deploy_order().len(), 2);
}

#[test]
fn who_is_referred_to_is_deployed_first() {
    let (mut fixture, web) = runnable();
    let (api, db) = (fixture.service("api"), fixture.service("db"));
    fixture.own(web, "API", "${{api.HOST}}");
    fixture.own(api, "DB", "${{db.HOST}}");

    assert_eq!(fixture.workspace.staged().deploy_order(), [db, api, web]);
}

#[test]
fn a_chain_of_a_thousand_references_is_no_deep_call() {
    let (mut fixture, web) = runnable();
    chain(&mut fixture.workspace.spec, 1000, "end");
    let started = Instant::now();

    let problems = fixture.workspace.spec.check();
    let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();

    assert_eq!(problems, []);
    assert_eq!(config.variables[&key("V0")].expose(), "end");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_circle_of_a_thousand_is_found() {
    let (mut fixture, web) = runnable();
    chain(&mut fixture.workspace.spec, 1000, "${{V0}}");

    let problems = fixture.workspace.spec.check();

    assert_eq!(problems.len(), 1);
    assert!(matches!(&problems[0].kind, ProblemKind::Cycle { path } if path.len() == 1000));
    assert!(fixture.workspace.spec.resolve(place(), web).is_err());
}

#[test]
fn growth_beyond_all_measure_is_cut() {
    let (mut fixture, web) = runnable();
    fixture.set(Address::Variable(key("V0")), "0123456789");
    for number in 1..64 {
        let before = format!("${{{{V{}}}}}", number - 1);
        fixture.set(Address::Variable(key(&format!("V{number}"))), &before.repeat(8));
    }
    let started = Instant::now();

    let refused = fixture.apply(fixture.waiting());

    let Err(Error::Blocked(problems)) = refused else { panic!("it grows: {refused:?}") };
    assert!(
        (problems.0.iter()).any(|problem| matches!(problem.kind, ProblemKind::TooLarge { .. }))
    );
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(fixture.workspace.spec.variables.is_empty());
    let _ = web;
}

#[test]
fn a_value_of_the_largest_size_is_kept_and_a_larger_one_refused() {
    let (mut fixture, web) = runnable();
    let largest = "ä".repeat(MAX_VALUE / 2);
    fixture.own(web, "LARGE", &largest);
    fixture.apply(fixture.waiting()).unwrap();
    let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();
    assert_eq!(config.variables[&key("LARGE")].expose(), largest);

    let address = Address::ServiceVariable(web, key("LARGER"));
    let larger = fixture.stage(crate::fixture::variable(address, &format!("{largest}x")));
    assert!(matches!(larger, Err(Error::Invalid(_))));
}

/// Shared variables and variables of services, and who refers to whom among them.
const PLACES: usize = 7;

/// All that can be reached from each, by at least one step.
fn reach(edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let mut reach = edges.clone();
    for via in 0..PLACES {
        for from in 0..PLACES {
            for to in 0..PLACES {
                if reach.contains(&(from, via)) && reach.contains(&(via, to)) {
                    reach.insert((from, to));
                }
            }
        }
    }
    reach
}

/// The first three are shared, the others belong to services.
fn places(fixture: &mut Fixture) -> (Vec<Address>, Vec<String>) {
    (0..PLACES)
        .map(|number| {
            if number < 3 {
                let text = format!("V{number}");
                (Address::Variable(key(&text)), format!("${{{{shared.{text}}}}}"))
            } else {
                let text = format!("s{number}");
                let service = fixture.service(&text);
                (Address::ServiceVariable(service, key("K")), format!("${{{{ {text}.K }}}}"))
            }
        })
        .unzip()
}

crate::fixture::properties! {
    /// Design §3.10: whatever refers to whatever, exactly the circles are refused, each with a path
    /// that goes round.
    #[test]
    fn exactly_the_circles_are_refused_with_their_path(
        wanted in prop::collection::vec((0..PLACES, 0..PLACES), 0..16),
    ) {
        let mut fixture = Fixture::new();
        let (addresses, names) = places(&mut fixture);
        for address in &addresses {
            fixture.set(address.clone(), "end");
        }
        fixture.apply(fixture.waiting()).unwrap();
        let mut edges = BTreeSet::new();
        let text = |edges: &BTreeSet<(usize, usize)>, from: usize| -> String {
            let to = edges.iter().filter(|(one, _)| *one == from);
            to.map(|(_, to)| names[*to].as_str()).collect()
        };
        for edge in wanted {
            let mut more = edges.clone();
            more.insert(edge);
            let edit = crate::fixture::variable(addresses[edge.0].clone(), &text(&more, edge.0));
            let goes_round = reach(&more).iter().any(|(from, to)| from == to);
            match fixture.stage(edit) {
                Ok(_) => {
                    prop_assert!(!goes_round, "{:?} goes in a circle", more);
                    edges = more;
                }
                Err(Error::Blocked(problems)) => {
                    prop_assert!(goes_round, "{:?} goes in no circle: {}", more, problems);
                    for problem in &problems.0 {
                        let ProblemKind::Cycle { path } = &problem.kind else {
                            panic!("{problem:?}")
                        };
                        let at: Vec<usize> = (path.iter())
                            .map(|one| addresses.iter().position(|known| known == one).unwrap())
                            .collect();
                        for (number, from) in at.iter().enumerate() {
                            let to = at[(number + 1) % at.len()];
                            prop_assert!(more.contains(&(*from, to)), "{:?} in {:?}", at, more);
                        }
                        prop_assert!(at.contains(&edge.0), "what was staged closes it");
                    }
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        prop_assert!(fixture.is_applicable());
    }
}
