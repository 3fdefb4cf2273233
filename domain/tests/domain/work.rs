//! Many staged changes cost many times one, not many times many.

use crate::bench::Bench;
use domain::{
    consequence::{consequences, effects},
    effect::Effect,
    testing::work,
};

/// Ten services, one of which refers to another, and so many variables staged upon them.
fn staged(variables: usize) -> Bench {
    let mut bench = Bench::new();
    let services: Vec<_> = (0..10).map(|number| bench.service(&format!("app {number}"))).collect();
    bench.own(services[0], "URL", "http://${{app 1.HOST}}/");
    bench.apply(bench.waiting()).unwrap();
    for number in 0..variables {
        let (key, service) = (format!("KEY_{number}"), services[number % 9]);
        match number % 3 {
            0 if number == 0 => bench.set(domain::Address::Variable(crate::bench::key(&key)), "x"),
            0 => bench.set(domain::Address::Variable(crate::bench::key(&key)), "${{KEY_0}}"),
            _ => bench.own(service, &key, "${{app 3.KEY_3}}"),
        }
    }
    bench
}

fn grows_evenly(what: &str, act: impl Fn(&mut Bench)) {
    let cost = |variables| {
        let mut bench = staged(variables);
        work::during(|| act(&mut bench))
    };

    let (few, many) = (cost(60), cost(240));

    assert!(many <= 5 * few, "{what}: {few} for 60 staged changes, {many} for 240");
}

#[test]
fn the_work_grows_as_the_list_of_changes_does() {
    grows_evenly("listing them", |bench| {
        let all = bench.changes();
        assert!(effects(&bench.workspace.spec, &all).contains(&Effect::Redeploy));
    });
    grows_evenly("judging them", |bench| {
        let all = bench.changes();
        let spec = &bench.workspace.spec;
        assert!(spec.apply(&all).is_ok());
        assert_eq!(consequences(spec, &spec.overlay(&all)).affected.len(), 10);
    });
    grows_evenly("staging one more", |bench| {
        let address = domain::Address::Variable(crate::bench::key("ONE_MORE"));
        bench.set(address, "x");
    });
}
