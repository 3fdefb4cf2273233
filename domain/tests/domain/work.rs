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
