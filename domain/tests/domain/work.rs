//! Many staged changes cost many times one, not many times many.

use crate::fixture::Fixture;
use domain::{
    consequence::{consequences, effects},
    effect::Effect,
    testing::work,
};

/// Ten services, one of which refers to another, and so many variables staged upon them.
fn staged(variables: usize) -> Fixture {
    let mut fixture = Fixture::new();
    let services: Vec<_> =
        (0..10).map(|number| fixture.service(&format!("app {number}"))).collect();
    fixture.own(services[0], "URL", "http://${{app 1.HOST}}/");
    fixture.apply(fixture.waiting()).unwrap();
    for number in 0..variables {
        let (key, service) = (format!("KEY_{number}"), services[number % 9]);
        match number % 3 {
            0 if number == 0 => {
                fixture.set(domain::Address::Variable(crate::fixture::key(&key)), "x")
            }
            0 => fixture.set(domain::Address::Variable(crate::fixture::key(&key)), "${{KEY_0}}"),
            _ => fixture.own(service, &key, "${{app 3.KEY_3}}"),
        }
    }
    fixture
}

/// So many services, each of which refers to another one.
fn services(count: usize) -> Fixture {
    let mut fixture = Fixture::new();
    let services: Vec<_> =
        (0..count).map(|number| fixture.service(&format!("app {number}"))).collect();
    for (number, service) in services.iter().enumerate().skip(1) {
        fixture.own(*service, "URL", &format!("http://${{{{app {}.HOST}}}}/", (number - 1) / 2));
        fixture.own(*service, "PLAIN", "x");
    }
    fixture.apply(fixture.waiting()).unwrap();
    fixture
}

#[test]
fn one_change_costs_hardly_more_among_many_services() {
    let cost = |count, act: fn(&mut Fixture)| {
        let mut fixture = services(count);
        let last = *fixture.workspace.spec.services.keys().last().unwrap();
        fixture.own(last, "PLAIN", "y");
        work::during(|| act(&mut fixture))
    };
    type Act = fn(&mut Fixture);
    let acts: [(&str, Act); 3] = [
        ("listing it", |fixture| {
            let all = fixture.changes();
            let spec = &fixture.workspace.spec;
            assert_eq!(effects(spec, &all), [Effect::Redeploy]);
        }),
        ("saying what it does", |fixture| {
            let spec = &fixture.workspace.spec;
            assert_eq!(consequences(spec, &fixture.workspace.staged()).affected.len(), 1);
        }),
        ("applying it", |fixture| fixture.apply(fixture.waiting()).unwrap()),
    ];

    for (what, act) in acts {
        let (few, many) = (cost(20, act), cost(200, act));
        // Each reference of all is checked, once before and once after; no value is filled in.
        assert!(many <= few + 12 * 180, "{what}: {few} among 20 services, {many} among 200");
    }
}

fn grows_evenly(what: &str, act: impl Fn(&mut Fixture)) {
    let cost = |variables| {
        let mut fixture = staged(variables);
        work::during(|| act(&mut fixture))
    };

    let (few, many) = (cost(60), cost(240));

    assert!(many <= 5 * few, "{what}: {few} for 60 staged changes, {many} for 240");
}

#[test]
fn the_work_grows_as_the_list_of_changes_does() {
    grows_evenly("listing them", |fixture| {
        let all = fixture.changes();
        assert!(effects(&fixture.workspace.spec, &all).contains(&Effect::Redeploy));
    });
    grows_evenly("judging them", |fixture| {
        let all = fixture.changes();
        let spec = &fixture.workspace.spec;
        assert!(spec.apply(&all).is_ok());
        assert_eq!(consequences(spec, &spec.overlay(&all)).affected.len(), 10);
    });
    grows_evenly("staging one more", |fixture| {
        let address = domain::Address::Variable(crate::fixture::key("ONE_MORE"));
        fixture.set(address, "x");
    });
}

// What waits has bounds, and says what to do.
#[test]
fn too_much_at_once_is_refused_until_some_of_it_is_gone() {
    let mut fixture = Fixture::new();
    let value = "x".repeat(64 * 1024);
    let variable =
        |number: usize| domain::Address::Variable(crate::fixture::key(&format!("K_{number}")));
    let mut staged = 0;
    let refused = loop {
        match fixture.stage(crate::fixture::variable(variable(staged), &value)) {
            Ok(_) => staged += 1,
            Err(refused) => break refused,
        }
    };

    assert!((500..512).contains(&staged), "{staged} of 64 KiB");
    assert!(matches!(refused, domain::Error::InvalidState(_)), "{refused:?}");
    assert!(refused.to_string().contains("apply or discard some of it first"), "{refused}");
    let first = fixture.waiting()[0];
    fixture.discard(&[first]).unwrap();
    fixture.set(variable(staged), &value);
}
