//! The table of a service's fields, as people type them.

use domain::{
    Content, Field, Limits, MemorySize, Ports, Probe, PullPolicy, Service, Setting, Source,
    Strategy,
    api::service::UpdateService,
    config::{StopGrace, StopSignal},
    effect::Effect,
    setting::Input,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn service() -> Service {
    Service::named("web".parse().unwrap(), "web".parse().unwrap())
}

/// A service in which every setting but the group has a value.
pub(crate) fn filled() -> Service {
    let mut service = service();
    for setting in Setting::all() {
        let text = match setting.input {
            Input::Choice(choices) => choices[choices.len() - 1].0,
            Input::Group => continue,
            _ => setting.example,
        };
        setting.set(&mut service, text).unwrap_or_else(|rule| panic!("{}: {rule}", setting.word));
    }
    service
}

#[test]
fn every_field_has_a_setting_of_a_word_of_its_own() {
    let words: BTreeSet<&str> = Setting::all().map(|setting| setting.word).collect();
    let fields: BTreeSet<Field> = Setting::all().map(|setting| setting.field).collect();

    assert_eq!(words.len(), Setting::all().count());
    assert_eq!(fields, Field::ALL.iter().copied().collect());
    for setting in Setting::all() {
        assert!(setting.help.ends_with('.'), "{} is described in a sentence", setting.word);
        assert!(Setting::find(setting.word).is_some_and(|found| found.word == setting.word));
    }
}

#[test]
fn every_setting_reads_what_it_shows() {
    let filled = filled();

    for setting in Setting::all() {
        let mut again = filled.clone();
        setting.set(&mut again, &setting.show(&filled)).unwrap();

        assert_eq!(again, filled, "{} is as it was", setting.word);
    }
}

#[test]
fn every_setting_that_may_be_empty_can_be_emptied() {
    let filled = filled();

    for setting in Setting::all().filter(|setting| setting.may_be_empty()) {
        let mut emptied = filled.clone();
        setting.set(&mut emptied, " ").unwrap();

        let mut bare = Service { source: filled.source.clone(), ..service() };
        setting.set(&mut bare, "").unwrap();
        assert_eq!(setting.show(&emptied), setting.show(&bare), "{} is empty", setting.word);
    }
    assert!(Setting::find("name").unwrap().read(&filled, "").is_err(), "a name must be there");
}

#[test]
fn a_part_leaves_the_other_parts_alone() {
    let mut service = filled();

    Setting::find("image").unwrap().set(&mut service, "redis:7").unwrap();
    Setting::find("memory").unwrap().set(&mut service, "").unwrap();
    Setting::find("check").unwrap().set(&mut service, "tcp:6379").unwrap();

    assert_eq!(Setting::find("pull").unwrap().show(&service), "never");
    assert_eq!(service.limits.to_string(), "0.5 CPU, 2048 CPU shares");
    assert_eq!(service.check.probe.to_string(), "tcp:6379");
}

#[test]
fn there_is_nothing_to_pull_without_an_image() {
    let pull = Setting::find("pull").unwrap();

    let refused = pull.read(&service(), "always").unwrap_err();

    assert!(refused.to_string().contains("needs an image"), "{refused}");
}

#[test]
fn what_redeploys_is_said_in_one_place() {
    let effect = |word: &str| {
        let field = Field::ALL.iter().find(|field| field.as_str() == word).unwrap();
        field.effect()
    };

    assert_eq!(effect("name"), Some(Effect::None));
    assert_eq!(effect("strategy"), Some(Effect::None));
    assert_eq!(effect("limits"), Some(Effect::Update));
    assert_eq!(effect("replicas"), Some(Effect::Scale));
    assert_eq!(effect("command"), Some(Effect::Redeploy));
    assert_eq!(effect("group"), None);
}

#[test]
fn the_api_sets_and_clears_every_field() {
    let filled = filled();
    for field in Field::ALL.iter().copied().filter(|field| *field != Field::Group) {
        let content = serde_json::to_value(filled.get(field).unwrap()).unwrap();
        let value = content.as_object().unwrap().values().next().unwrap().clone();
        let key = match field {
            Field::Icon => "icon_url",
            other => other.as_str(),
        };

        let set: UpdateService = serde_json::from_value(serde_json::json!({ key: value })).unwrap();
        let clear: UpdateService =
            serde_json::from_value(serde_json::json!({ key: null })).unwrap();

        assert_eq!(set.edits(domain::ServiceId::new(uuid::Uuid::nil())).len(), 1, "{key}");
        assert_eq!(clear.edits(domain::ServiceId::new(uuid::Uuid::nil())).len(), 1, "{key}");
    }
}

#[test]
fn text_that_means_nothing_is_refused_with_a_rule() {
    for (word, wrong) in [
        ("ports", "0"),
        ("ports", "65536"),
        ("ports", "http"),
        ("ports", "80/sctp"),
        ("ports", "80, 80"),
        ("replicas", "101"),
        ("replicas", "-1"),
        ("replicas", "many"),
        ("memory", "5"),
        ("memory", "1 TB"),
        ("cpu", "nan"),
        ("cpu", "1e3"),
        ("cpu", "0.001"),
        ("cpu", "1001"),
        ("cpu_shares", "1"),
        ("strategy", "hope"),
        ("pull", "sometimes"),
        ("check", "tcp"),
        ("check", "tcp:0"),
        ("check", "http:x/"),
        ("check", "http:80/a b"),
        ("check", "command:"),
        ("check", "other:1"),
        ("command", "\"open"),
        ("icon", "nginx"),
        ("image", "Not An Image"),
        ("group", "web"),
        ("stop_grace_period", "0"),
        ("stop_grace_period", "500ms"),
        ("stop_grace_period", "61m"),
        ("stop_grace_period", "soon"),
        ("working_dir", "app"),
        ("working_dir", "/a\tb"),
        ("user", "a:b:c"),
        ("user", "1000:"),
        ("user", "1a"),
        ("user", "4294967296"),
        ("read_only", "maybe"),
        ("shm_size", "0"),
        ("shm_size", "2000 GiB"),
        ("shm_size", "64 kB"),
        ("stop_signal", "SIGHOPE"),
        ("stop_signal", "0"),
        ("stop_signal", "32"),
        ("stop_signal", "SIGRTMIN+16"),
    ] {
        let refused = Setting::find(word).unwrap().read(&filled(), wrong);

        assert!(refused.is_err(), "{word} {wrong:?} is refused");
    }
}

#[test]
fn values_read_as_people_write_them() {
    let ports: Ports = "80, 53/udp 443/tcp".parse().unwrap();
    let size = |text: &str| text.parse::<MemorySize>().map(MemorySize::mebibytes);
    let cpu = |text: &str| Limits::default().with_cpu(Some(text)).unwrap().cpu_millis();

    assert_eq!(ports.to_string(), "80, 53/udp, 443");
    assert_eq!("".parse::<Ports>().unwrap(), Ports::default());
    for (text, mebibytes) in
        [("512", 512), ("512 MiB", 512), ("64m", 64), ("2g", 2048), ("1 GiB", 1024)]
    {
        assert_eq!(size(text), Ok(mebibytes), "{text}");
    }
    for (text, millis) in
        [("0.5", 500), ("0,25", 250), (".5", 500), ("2.", 2_000), ("1.0006", 1_001)]
    {
        assert_eq!(cpu(text), Some(millis), "{text}");
    }
    for (text, shown) in [("90", "1m 30s"), ("1m30s", "1m 30s"), ("10s", "10s"), ("1h", "1h")] {
        assert_eq!(text.parse::<StopGrace>().unwrap().to_string(), shown);
    }
    for (text, name) in [("term", "SIGTERM"), ("2", "SIGINT"), ("rtmin+3", "SIGRTMIN+3")] {
        assert_eq!(text.parse::<StopSignal>().unwrap().as_str(), name);
    }
    assert_eq!("stop-first".parse::<Strategy>(), Ok(Strategy::StopFirst));
    for text in ["automatic", "tcp:5432", "http:8080/health?x=1", "command:redis-cli ping"] {
        assert_eq!(text.parse::<Probe>().unwrap().to_string(), text);
    }
}

crate::fixture::properties! {
    #[test]
    fn limits_read_what_they_show(
        memory in prop::option::of(6..1_048_576_u32),
        millis in prop::option::of(10..1_000_000_u32),
        shares in prop::option::of(2..262_144_u32),
    ) {
        let limits = Limits::new(memory, millis, shares).unwrap();

        prop_assert_eq!(limits.to_string().parse::<Limits>().unwrap(), limits);
    }

    #[test]
    fn no_text_that_is_typed_panics(text in "\\PC{0,40}") {
        let mut service = filled();
        for setting in Setting::all() {
            let before = service.clone();
            if setting.set(&mut service, &text).is_err() {
                prop_assert_eq!(&service, &before, "what is refused changes nothing");
            }
        }
    }

    #[test]
    fn an_image_that_is_typed_keeps_its_pull_policy(number in 0..3_usize) {
        let mut service = service();
        let pull = PullPolicy::ALL[number];
        service.source = Source::Image { image: "app:1".parse().unwrap(), pull };

        let read = Setting::find("image").unwrap().read(&service, "app:2").unwrap();

        let image = "app:2".parse().unwrap();
        prop_assert_eq!(read, Some(Content::Source(Source::Image { image, pull })));
    }
}
