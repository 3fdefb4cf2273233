//! The table's rows and remarks, and how it is drawn.

use std::rc::Rc;

use domain::{
    Address, Content, EnvironmentSpec, Group, GroupId, HealthCheck, Name, Port, RevisionNumber,
    Secret, Service, ServiceId, Slug, Template, Timestamp, UserId, Value, Variable, VariableKey,
    canvas::Snapshot, change::StagedEdit,
};
use yew::{ServerRenderer, prelude::*};

use super::*;

fn id<T: std::str::FromStr>(number: u8) -> T
where
    T::Err: std::fmt::Debug,
{
    format!("0193a1f0-0000-7000-8000-0000000000{number:02x}").parse().unwrap()
}

fn key(text: &str) -> VariableKey {
    VariableKey::try_from(text).unwrap()
}

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn variable(text: &str, version: u64) -> Variable {
    let template = Template::parse(text, |_| None);
    Variable { value: Value::Shown(template), sealed: false, version }.hidden()
}

const WEB: u8 = 1;
const DB: u8 = 2;
const DATA: u8 = 3;

/// A service `web` in a group `data`, and a service `db`; a variable in each scope.
fn spec() -> EnvironmentSpec {
    let mut spec = EnvironmentSpec::empty(name("Shop"));
    let mut web = Service::named(name("web"), Slug::try_from("web").unwrap());
    web.group = Some(id(DATA));
    web.variables.insert(key("PORT"), variable("80", 1));
    let mut db = Service::named(name("db"), Slug::try_from("db").unwrap());
    db.ports = vec![Port::tcp(5432.try_into().unwrap())].into();
    db.check = HealthCheck::default();
    let mut data = Group { name: name("data"), variables: Default::default() };
    data.variables.insert(key("REGION"), variable("eu", 1));
    spec.variables.insert(key("REGION"), variable("us", 1));
    spec.variables.insert(key("LEVEL"), variable("info", 1));
    spec.groups.insert(id(DATA), data);
    spec.services.insert(id(WEB), web.into());
    spec.services.insert(id(DB), db.into());
    spec
}

fn snapshot(edits: Vec<(u64, Address, Option<&str>)>) -> Snapshot {
    let spec = spec();
    let edits = edits.into_iter().map(|(seq, address, text)| StagedEdit {
        id: id(100 + u8::try_from(seq).unwrap()),
        seq,
        address,
        content: text.map(|text| Content::Variable(variable(text, 100 + seq))),
        base: RevisionNumber::default(),
        author: id(9),
        at: Timestamp::from_millis(0),
    });
    let json = serde_json::json!({
        "epoch": "e1",
        "number": 0,
        "project": {"id": id::<domain::ProjectId>(20), "name": "Shop", "slug": "shop-1a2b3c",
            "created_at": Timestamp::from_millis(0), "updated_at": Timestamp::from_millis(0)},
        "environment": {"id": id::<domain::EnvironmentId>(21), "project": id::<domain::ProjectId>(20),
            "name": "production", "slug": "production", "created_at": Timestamp::from_millis(0)},
        "spec": spec,
        "edits": edits.collect::<Vec<_>>(),
        "states": {},
        "layout": {},
        "people": {id::<UserId>(9).to_string(): "Ada"},
    });
    serde_json::from_value(json).unwrap()
}

fn own(key_text: &str) -> Address {
    Address::ServiceVariable(id::<ServiceId>(WEB), key(key_text))
}

// DK-70
#[test]
fn what_is_staged_for_a_variable_is_told_and_can_be_undone() {
    let snapshot = snapshot(vec![(1, own("NEW"), Some("x")), (2, own("PORT"), None)]);

    let rows = rows(&snapshot, Scope::Service(id(WEB)));

    let of = |text: &str| rows.iter().find(|row| row.key.as_str() == text).unwrap();
    assert_eq!(of("NEW").staged, Some(VariableChange::Added));
    assert_eq!(of("PORT").staged, Some(VariableChange::Removed));
    assert!(of("NEW").change.is_some() && of("PORT").change.is_some());
    assert_eq!(of("NEW").by, [id(9)]);
}

#[test]
fn an_edited_variable_is_edited_and_not_new() {
    let snapshot = snapshot(vec![(1, own("PORT"), Some("8080"))]);

    let rows = rows(&snapshot, Scope::Service(id(WEB)));

    assert_eq!(rows[0].staged, Some(VariableChange::Edited));
    assert_eq!(rows[0].variable.version, 101);
}

// DK-71
#[test]
fn inherited_variables_come_after_ones_own_and_say_where_they_are_from() {
    let rows = rows(&snapshot(vec![]), Scope::Service(id(WEB)));

    let origins: Vec<_> = rows.iter().map(|row| (row.key.as_str(), &row.origin)).collect();
    assert_eq!(
        origins,
        [
            ("PORT", &Origin::Own),
            ("REGION", &Origin::Group("data".into())),
            ("LEVEL", &Origin::Shared)
        ]
    );
}

#[test]
fn a_variable_that_hides_an_inherited_one_says_so() {
    let snapshot = snapshot(vec![(1, own("REGION"), Some("asia"))]);

    let rows = rows(&snapshot, Scope::Service(id(WEB)));

    let region = rows.iter().find(|row| row.key.as_str() == "REGION").unwrap();
    assert_eq!(region.origin, Origin::Own);
    assert_eq!(region.hides, Some(Origin::Group("data".into())));
}

#[test]
fn a_group_sees_shared_variables_but_those_that_it_has_itself() {
    let rows = rows(&snapshot(vec![]), Scope::Group(id::<GroupId>(DATA)));

    let keys: Vec<_> = rows.iter().map(|row| (row.key.as_str(), &row.origin)).collect();
    assert_eq!(keys, [("REGION", &Origin::Own), ("LEVEL", &Origin::Shared)]);
}

// DK-72
#[test]
fn a_typed_reference_is_told_and_an_unknown_one_warned_of() {
    let remarks = remarks(
        &spec(),
        Scope::Service(id(WEB)),
        "URL",
        "postgres://${{db.HOST}}:${{DB.PORT}}/${{shared.NAME}}?${{cache.HOST}}",
    );

    assert_eq!(
        remarks,
        [
            Remark::Refers("${{db.HOST}}".into()),
            Remark::Refers("${{db.PORT}}".into()),
            Remark::Unknown("${{shared.NAME}}".into()),
            Remark::Unknown("${{cache.HOST}}".into()),
        ]
    );
}

#[test]
fn a_circle_is_told_before_it_is_staged() {
    let mut spec = spec();
    let loops = Template::parse("${{A}}", |_| None);
    let loops = Variable { value: Value::Shown(loops), sealed: false, version: 7 };
    let address = own("B");
    spec.put(&address, Some(Content::Variable(loops))).unwrap();

    let remarks = remarks(&spec, Scope::Service(id(WEB)), "A", "${{B}}");

    assert!(
        remarks.iter().any(|one| matches!(one, Remark::Refused(text) if text.contains("circle")))
    );
}

#[test]
fn what_a_value_may_refer_to_is_offered_as_it_is_written() {
    let all = suggestions(&spec(), Scope::Service(id(WEB)));

    assert!(all.contains(&"${{db.HOST}}".to_owned()) && all.contains(&"${{db.PORT}}".to_owned()));
    assert!(all.contains(&"${{shared.LEVEL}}".to_owned()));
    assert!(!all.iter().any(|one| one.contains("web")), "not its own");
}

#[derive(Clone, PartialEq, Properties)]
struct ShowProps {
    snapshot: Rc<Snapshot>,
    refusal: Option<AttrValue>,
}

#[component]
fn Show(props: &ShowProps) -> Html {
    html! {
        <VariableTable snapshot={props.snapshot.clone()} refusal={props.refusal.clone()}
            scope={Scope::Service(id(WEB))} />
    }
}

async fn drawn(snapshot: Snapshot, refusal: Option<&'static str>) -> String {
    let renderer = ServerRenderer::<Show>::with_props(move || ShowProps {
        snapshot: Rc::new(snapshot),
        refusal: refusal.map(AttrValue::Static),
    });
    renderer.hydratable(false).render().await
}

// DK-69
#[tokio::test]
async fn values_are_masked_and_each_can_be_shown() {
    let html = drawn(snapshot(vec![]), None).await;

    assert!(html.contains("Show PORT") && html.contains("secret-dots"));
    assert!(html.contains("Edit PORT") && html.contains("Stage deletion of PORT"));
    assert!(html.contains("Inherited: 1 from the group data, 1 shared"));
}

#[tokio::test]
async fn who_may_not_edit_sees_why_and_no_buttons() {
    let html = drawn(snapshot(vec![]), Some("You are a viewer here.")).await;

    assert!(html.contains("You are a viewer here."));
    assert!(!html.contains("Edit PORT") && !html.contains("Show PORT"));
    assert!(!html.contains("Add a variable"));
}

#[tokio::test]
async fn a_staged_row_has_its_badge_its_author_and_its_undo() {
    let html = drawn(snapshot(vec![(1, own("PORT"), Some("8080"))]), None).await;

    assert!(html.contains(">Edited<") && html.contains("by Ada"));
    assert!(html.contains("Discard the change of PORT"));
}

#[test]
fn a_secret_is_never_part_of_a_row() {
    let rows = rows(&snapshot(vec![(1, own("KEY"), Some("hunter2"))]), Scope::Service(id(WEB)));

    assert!(!format!("{rows:?}").contains("hunter2"));
    assert_eq!(format!("{:?}", Secret::from("hunter2")), "***");
}
