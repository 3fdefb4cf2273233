//! Addresses, what may stand at them, and what containers come to.

use crate::{
    fixture::{Fixture, image, key, name, new_service, place, variable},
    setting::filled,
};
use domain::{
    Address, Content, Field, Group, GroupId, Limits, Map, MountPath, Replicas, Secret, Service,
    ServiceId, Slug, Strategy, Template, Volume, VolumeId,
    apply::plan,
    changes::Selection,
    consequence::{consequences, effect_of},
    dependency::closure,
    edit::{Edit, NewMount},
    effect::Effect,
    variable::{Value, Variable},
};
use proptest::{prelude::*, strategy::Strategy as Values};
use std::collections::BTreeMap;
use uuid::Uuid;

fn addresses() -> Vec<Address> {
    let id = Uuid::from_u128(0xabc);
    let (service, group, volume) = (ServiceId::new(id), GroupId::new(id), VolumeId::new(id));
    let mut all = vec![
        Address::ProjectName,
        Address::Variable(key("A")),
        Address::Group(group),
        Address::GroupName(group),
        Address::GroupVariable(group, key("A")),
        Address::Volume(volume),
        Address::VolumeName(volume),
        Address::Service(service),
        Address::ServiceVariable(service, key("A")),
        Address::ServiceMount(service, volume),
    ];
    all.extend(Field::ALL.iter().map(|field| Address::ServiceField(service, *field)));
    all
}

fn contents() -> Vec<Content> {
    let value = Value::Shown(Template::literal("x"));
    let mut service = filled();
    service.group = Some(GroupId::new(Uuid::from_u128(0xabc)));
    let mut all: Vec<Content> = Field::ALL.iter().filter_map(|it| service.get(*it)).collect();
    all.extend([
        Content::MountPath(MountPath::try_from("/data").unwrap()),
        Content::Variable(Variable { value, sealed: false, version: 1 }),
        Content::Group(Group { name: name("g"), variables: Map::new() }),
        Content::Volume(Volume { name: name("v") }),
        Content::Service(Box::new(Service::named(name("s"), Slug::try_from("s").unwrap()))),
    ]);
    all
}

#[test]
fn an_address_is_read_back_as_it_was_written() {
    for address in addresses() {
        let text = address.to_string();
        assert_eq!(text.parse::<Address>().unwrap(), address);
        assert_eq!(serde_json::to_string(&address).unwrap(), format!("{text:?}"));
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let id = Uuid::from_u128(1);
    for text in [
        "".to_owned(),
        "/".to_owned(),
        "service".to_owned(),
        "service/".to_owned(),
        "service/x".to_owned(),
        format!("service/{id}/"),
        format!("service/{id}/slug"),
        format!("service/{id}/variables"),
        format!("service/{id}/variables/A=B"),
        format!("service/{id}/variables/A/B"),
        format!("service/{id}/mounts/x"),
        format!("/service/{id}"),
        format!("Service/{id}"),
        format!("group/{id}/icon"),
        format!("volume/{id}/variables/A"),
        "variables/a b".to_owned(),
        "project".to_owned(),
        "project/slug".to_owned(),
    ] {
        assert!(text.parse::<Address>().is_err(), "{text:?} is refused");
    }
}

/// Every address holds exactly one kind of thing.
#[test]
fn only_what_belongs_at_an_address_can_stand_there() {
    let mut spec = Fixture::new().workspace.spec;
    for content in contents() {
        let id = Uuid::from_u128(0xabc);
        let whole = match &content {
            Content::Group(_) => Address::Group(GroupId::new(id)),
            Content::Volume(_) => Address::Volume(VolumeId::new(id)),
            Content::Service(_) => Address::Service(ServiceId::new(id)),
            _ => continue,
        };
        spec.put(&whole, Some(content)).unwrap();
    }
    for address in addresses() {
        let fitting = (contents().into_iter())
            .filter(|content| {
                let mut trial = spec.clone();
                let is_put = trial.put(&address, Some(content.clone())).is_ok();
                assert_eq!(is_put, trial.get(&address).as_ref() == Some(content));
                assert!(is_put || trial == spec, "a refusal changes nothing");
                is_put
            })
            .count();
        assert_eq!(fitting, 1, "{address}");
    }
}

#[test]
fn a_place_without_its_parent_holds_nothing() {
    let mut spec = Fixture::new().workspace.spec;
    for address in addresses().iter().filter(|address| address.parent().is_some()) {
        for content in contents() {
            assert!(spec.put(address, Some(content)).is_err(), "{address}");
        }
        assert!(spec.put(address, None).is_err() && spec.get(address).is_none());
    }
}

/// Of its place.
#[test]
fn a_container_is_told_who_it_is() {
    let mut fixture = Fixture::new();
    let web = fixture.service("My Web");
    fixture.apply(fixture.waiting()).unwrap();

    let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();

    let seen: BTreeMap<&str, &str> =
        config.variables.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
    assert_eq!(seen["EASEL_PROJECT_ID"], place().project.to_string());
    assert_eq!(seen["EASEL_ENVIRONMENT_ID"], place().environment.to_string());
    assert_eq!(seen["EASEL_SERVICE_ID"], web.to_string());
    assert_eq!(seen["EASEL_PRIVATE_DOMAIN"], "my-web");
    assert_eq!(seen.len(), 4);
}

/// DK-59: everybody's own scopes come after what Easel provides.
#[test]
fn what_easel_provides_can_be_referred_to_and_overridden() {
    let mut fixture = Fixture::new();
    let (web, db) = (fixture.service("web"), fixture.service("db"));
    fixture.own(web, "URL", "${{db.HOST}}:${{db.PORT}} ${{db.EASEL_SERVICE_ID}} ${{HOST}}");
    fixture.apply(fixture.waiting()).unwrap();
    let url = |fixture: &Fixture| {
        let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();
        config.variables[&key("URL")].expose().to_owned()
    };
    assert_eq!(url(&fixture), format!("db:8080 {db} web"));

    fixture.own(db, "HOST", "10.0.0.9");
    fixture.apply(fixture.waiting()).unwrap();
    assert_eq!(url(&fixture), format!("10.0.0.9:8080 {db} web"));
}

/// A volume has one writer.
#[test]
fn a_service_with_a_volume_stops_first() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    fixture.apply(fixture.waiting()).unwrap();
    let strategy =
        |fixture: &Fixture| fixture.workspace.staged().services[&web].resolved_strategy();
    assert_eq!(strategy(&fixture), Strategy::StartFirst);

    let mount = Some(NewMount { service: web, path: "/data".parse().unwrap() });
    fixture.stage(Edit::CreateVolume { name: name("data"), mount }).unwrap();
    assert_eq!(strategy(&fixture), Strategy::StopFirst);

    let address = Address::ServiceField(web, Field::Strategy);
    let content = Content::Strategy(Strategy::StartFirst);
    fixture.stage(Edit::Set { address, content }).unwrap();
    assert_eq!(strategy(&fixture), Strategy::StartFirst);
}

// F65: several replicas of a service that stops first would all write to its volume.
#[test]
fn several_replicas_have_a_volume_only_where_the_program_shares_it() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    let field = |field| Address::ServiceField(web, field);
    let replicas = |count| Edit::Set {
        address: field(Field::Replicas),
        content: Content::Replicas(Replicas::try_from(count).unwrap()),
    };
    let mount = || {
        let mount = Some(NewMount { service: web, path: "/data".parse().unwrap() });
        Edit::CreateVolume { name: name("data"), mount }
    };
    fixture.stage(replicas(3)).unwrap();

    let refused = fixture.stage(mount()).unwrap_err().to_string();
    fixture.stage(replicas(1)).unwrap();
    fixture.stage(mount()).unwrap();
    let again = fixture.stage(replicas(2)).unwrap_err();
    let shared = Content::Strategy(Strategy::StartFirst);
    fixture.stage(Edit::Set { address: field(Field::Strategy), content: shared }).unwrap();
    fixture.stage(replicas(2)).unwrap();

    assert!(refused.contains("web has 3 replicas") && refused.contains("start_first"), "{refused}");
    assert!(again.to_string().contains("web has 2 replicas"), "{again}");
    let problems = fixture.workspace.staged().check();
    assert!(problems.is_empty(), "who shares it says so: {problems:?}");
}

/// Design §3.7.
#[test]
fn each_change_states_its_effect() {
    let mut fixture = Fixture::new();
    let (web, idle) = (fixture.service("web"), fixture.service("idle"));
    fixture.apply(fixture.waiting()).unwrap();
    let field = |field| Address::ServiceField(web, field);
    for (address, content) in [
        (Address::ProjectName, Content::Name(name("other"))),
        (field(Field::Name), Content::Name(name("api"))),
        (field(Field::Limits), Content::Limits(Limits::new(Some(64), None, None).unwrap())),
        (field(Field::Replicas), Content::Replicas(Replicas::try_from(3).unwrap())),
        (field(Field::Source), Content::Source(image("app:2"))),
    ] {
        fixture.stage(Edit::Set { address, content }).unwrap();
    }
    fixture.set(Address::Variable(key("A")), "for all");
    let all = fixture.changes();

    let effects: Vec<Effect> =
        all.iter().map(|change| effect_of(&fixture.workspace.spec, &all, change)).collect();

    use Effect::{Redeploy, Scale, Update};
    assert_eq!(effects, [Effect::None, Effect::None, Update, Scale, Redeploy, Redeploy]);
    let said = consequences(&fixture.workspace.spec, &fixture.workspace.staged());
    assert_eq!(said.affected, Map::from([(web, Redeploy), (idle, Redeploy)]));
}

/// What a service referred to by a detour becomes its own.
#[test]
fn joining_a_group_whose_variable_was_used_by_a_detour_redeploys() {
    let mut fixture = Fixture::new();
    let (web, api) = (fixture.service("web"), fixture.service("api"));
    let group = Edit::CreateGroup { name: name("g"), services: vec![web], position: None };
    let Address::Group(group) = fixture.stage(group).unwrap()[0].address.clone() else {
        panic!("it makes a group")
    };
    fixture.set(Address::GroupVariable(group, key("K")), "1");
    fixture.own(api, "URL", "${{web.K}}");
    fixture.apply(fixture.waiting()).unwrap();
    let address = Address::ServiceField(api, Field::Group);
    fixture.stage(Edit::Set { address, content: Content::GroupId(group) }).unwrap();

    let said = consequences(&fixture.workspace.spec, &fixture.workspace.staged());
    let selection = Selection::Changes { changes: fixture.waiting() };
    let plan = plan(place(), &fixture.workspace, &selection).unwrap();

    assert_eq!(plan.deploy.iter().map(|(service, _)| *service).collect::<Vec<_>>(), [api]);
    assert_eq!(said.affected, Map::from([(api, Effect::Redeploy)]));
}

#[test]
fn destroying_data_is_said() {
    let mut fixture = Fixture::new();
    let Address::Volume(volume) =
        fixture.stage(Edit::CreateVolume { name: name("data"), mount: None }).unwrap()[0]
            .address
            .clone()
    else {
        panic!("it makes a volume")
    };
    fixture.apply(fixture.waiting()).unwrap();
    fixture.stage(Edit::Clear { address: Address::Volume(volume) }).unwrap();

    assert!(fixture.changes()[0].destroys_data());
    let said = consequences(&fixture.workspace.spec, &fixture.workspace.staged());
    assert_eq!(said.destroyed, [volume]);
}

/// A reference written before its service was made is tied when it is.
#[test]
fn a_reference_to_what_comes_later_is_tied() {
    let mut fixture = Fixture::new();
    let web = fixture.service("web");
    let rows = fixture.stage(variable(Address::ServiceVariable(web, key("DB")), "${{db.HOST}}"));
    assert!(rows.is_ok() && !fixture.is_applicable());

    let db = fixture.service("db");
    fixture.apply(fixture.waiting()).unwrap();
    let address = Address::ServiceField(db, Field::Name);
    fixture.stage(Edit::Set { address, content: Content::Name(name("store")) }).unwrap();
    fixture.apply(fixture.waiting()).unwrap();

    let config = fixture.workspace.spec.resolve(place(), web).unwrap().unwrap();
    assert_eq!(config.variables[&key("DB")].expose(), "db");
    assert_eq!(fixture.workspace.spec.edges().len(), 1);
}

/// A name that is given away and given anew means one service, in parts as in the whole.
#[test]
fn a_part_means_the_service_that_the_whole_means() {
    let mut fixture = Fixture::new();
    let (old, user) = (fixture.service("db"), fixture.service("web"));
    fixture.apply(fixture.waiting()).unwrap();
    fixture.stage(Edit::Clear { address: Address::Service(old) }).unwrap();
    fixture.own(user, "URL", "${{db.HOST}}");
    let new = fixture.service("db");
    let all = fixture.changes();
    let url = all.iter().find(|change| change.address.variable_key().is_some()).unwrap().id;

    let closed = closure(&fixture.workspace.spec, &all, &[url]);

    assert_eq!(closed, fixture.waiting());
    fixture.apply(closed).unwrap();
    assert_eq!(fixture.workspace.spec.edges()[0].to, new);
}

/// The browser may ask for a thousand cards' worth of answers.
#[test]
fn a_thousand_services_are_no_burden() {
    let mut fixture = Fixture::new();
    let services: Vec<ServiceId> =
        (1..=1000).map(|id| ServiceId::new(Uuid::from_u128(id))).collect();
    for (number, id) in services.iter().enumerate() {
        let slug = Slug::try_from(format!("s{number}")).unwrap();
        let mut service = Service::named(name(&format!("s{number}")), slug);
        service.source = image("app:1");
        let text = format!("${{{{s{}.HOST}}}}", number / 2);
        let value = Value::Shown(Template::parse(&text, |name| {
            name[1..].parse::<usize>().ok().map(|number| services[number])
        }));
        service.variables.insert(key("UP"), Variable { value, sealed: false, version: 1 });
        fixture.workspace.spec.services.insert(*id, service.into());
    }
    fixture.set(Address::Variable(key("A")), "1");
    let started = std::time::Instant::now();

    let all = fixture.changes();
    let effect = effect_of(&fixture.workspace.spec, &all, &all[0]);
    let said = consequences(&fixture.workspace.spec, &fixture.workspace.staged());
    let edges = fixture.workspace.spec.edges();

    assert_eq!(effect, Effect::Redeploy);
    assert_eq!((said.affected.len(), edges.len()), (1000, 999));
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

crate::fixture::properties! {
    /// Any Unicode without NUL reaches the container as it was written.
    #[test]
    fn a_value_reaches_its_container_exactly(
        parts in prop::collection::vec(prop_oneof![
            Values::prop_map(any::<String>(), |text| text.replace('\0', "")),
            Just("$".to_owned()), Just("${{A}}".to_owned()), Just("\r\n \t".to_owned()),
        ], 0..5),
    ) {
        let mut fixture = Fixture::new();
        let web = fixture.service("web");
        let text = parts.concat();
        let typed = domain::Template::literal(&text).render(|_| None);
        fixture.own(web, "EXACT", &typed);
        fixture.apply(fixture.waiting()).unwrap();
        let address = Address::ServiceVariable(web, key("EXACT"));
        let revealed = fixture.workspace.revealing(&address).unwrap();
        prop_assert_eq!(revealed.applied, Some(Secret::new(typed)));
        prop_assert_eq!(revealed.resolved, Some(Secret::new(text.clone())));

        let json = serde_json::to_string(&fixture.workspace.spec).unwrap();
        let spec: domain::EnvironmentSpec = serde_json::from_str(&json).unwrap();
        let config = spec.resolve(place(), web).unwrap().unwrap();

        prop_assert_eq!(&config.variables[&key("EXACT")], &Secret::new(text));
    }

    #[test]
    fn a_bad_address_is_never_a_panic(text in "[a-z/0-9-]{0,60}") {
        if let Ok(address) = text.parse::<Address>() {
            prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }
    }
}

/// A name in a list of new things is checked like any other.
#[test]
fn two_services_of_one_name_cannot_be_staged() {
    let mut fixture = Fixture::new();
    fixture.service("web");
    let again = fixture.stage(Edit::CreateService(Box::new(new_service(name("WEB")))));
    assert!(matches!(again, Err(domain::Error::Exists(_))));
}
