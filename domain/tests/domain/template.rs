//! Text with references: read, shown, and read again.

use crate::fixture::key;
use domain::{
    Reference, ServiceId, Template,
    template::Segment,
    variable::{Value, Variable},
};
use proptest::prelude::*;
use uuid::Uuid;

const WEB: ServiceId = ServiceId::new(Uuid::from_u128(7));

fn find(name: &str) -> Option<ServiceId> {
    (name.to_lowercase() == "web.app").then_some(WEB)
}

fn name_of(service: ServiceId) -> Option<String> {
    (service == WEB).then(|| "Web.App".to_owned())
}

fn parse(text: &str) -> Template {
    Template::parse(text, find)
}

fn references(text: &str) -> Vec<Reference> {
    parse(text).references().cloned().collect()
}

/// The text with its references left out.
fn plain(template: &Template) -> String {
    template
        .segments()
        .iter()
        .map(|segment| match segment {
            Segment::Text { text } => text.expose(),
            Segment::Reference(_) => "",
        })
        .collect()
}

#[test]
fn the_grammar() {
    assert_eq!(references("${{A}}"), [Reference::Own { key: key("A") }]);
    assert_eq!(references("x${{ shared.A }}y"), [Reference::Shared { key: key("A") }]);
    assert_eq!(
        references("${{web.app.URL}}"),
        [Reference::Service { service: WEB, key: key("URL") }]
    );
    assert_eq!(
        references("${{ nobody . URL }}"),
        [Reference::Unknown { namespace: "nobody".to_owned(), key: key("URL") }]
    );
    assert_eq!(references("${{A}}${{B}}").len(), 2);
}

#[test]
fn what_is_no_reference_stays_as_it_is() {
    for text in [
        "",
        "$",
        "$$",
        "${",
        "${A}",
        "{{A}}",
        "${{",
        "${{}}",
        "${{ }}",
        "${{A}",
        "${{A",
        "${{1}}",
        "${{a b}}",
        "${{.A}}",
        "${{web.}}",
        "${{A\n}}",
        "${{${{A",
        "$}}",
        "a $${ b",
        "$${A}",
    ] {
        assert_eq!(references(text), [], "{text:?}");
        assert_eq!(plain(&parse(text)), text);
        assert_eq!(parse(text).render(name_of), text);
    }
    assert_eq!(references("${{${{A}}"), [Reference::Own { key: key("A") }]);
}

/// `$${{` is the literal `${{`.
#[test]
fn an_escaped_reference_is_text() {
    for (typed, text) in [
        ("$${{A}}", "${{A}}"),
        ("a $${{ b", "a ${{ b"),
        ("$$${{A}}", "$${{A}}"),
        ("$${{A}} $${{shared.B}}", "${{A}} ${{shared.B}}"),
    ] {
        assert_eq!(references(typed), [], "{typed:?}");
        assert_eq!(plain(&parse(typed)), text);
    }
}

#[test]
fn a_reference_is_shown_by_the_name_of_now() {
    assert_eq!(parse("a ${{ WEB.APP.URL }} b").render(name_of), "a ${{Web.App.URL}} b");
    let gone = parse("${{web.app.URL}}").render(|_| None);
    assert_eq!(gone, format!("${{{{{WEB}.URL}}}}"));
}

#[test]
fn hiding_leaves_references_and_no_text() {
    let value = Value::Shown(parse("secret ${{B}} ${{web.app.A}} ${{B}}"));
    let variable = Variable { value, sealed: false, version: 3 };

    let hidden = variable.hidden();

    let json = serde_json::to_string(&hidden).unwrap();
    assert!(!json.contains("secret"));
    assert_eq!(hidden.references().len(), 2, "each once: how often would say something");
    assert_eq!(hidden.references(), variable.references());
    assert_eq!((hidden.version, hidden.sealed), (3, false));
    assert_eq!(hidden.hidden(), hidden);
}

/// What people type to try the edges.
fn tricky() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just("$".to_owned()),
        Just("${{".to_owned()),
        Just("}}".to_owned()),
        Just("{".to_owned()),
        Just("A".to_owned()),
        Just("${{A}}".to_owned()),
        Just("$${{A}}".to_owned()),
        Just("${{web.app.B}}".to_owned()),
        Just("${{shared.C}}".to_owned()),
        Just("${{nobody.D}}".to_owned()),
        Just(" ".to_owned()),
        Just("\r\n".to_owned()),
        "[^\0]{0,4}",
    ];
    prop::collection::vec(parts, 0..10).prop_map(|parts| parts.concat())
}

crate::fixture::properties! {
    /// Any Unicode.
    #[test]
    fn what_is_shown_is_read_as_the_same(text in prop_oneof![tricky(), "[^\0]*"]) {
        let template = parse(&text);

        let shown = template.render(name_of);

        prop_assert_eq!(parse(&shown), template, "{:?} is shown as {:?}", text, shown);
    }

    /// Whatever a text holds, it can be written such that it is read as that very text.
    #[test]
    fn every_text_can_be_written(text in prop_oneof![tricky(), "[^\0]*"]) {
        let template = Template::literal(&text);

        let shown = template.render(name_of);

        prop_assert_eq!(plain(&template), text);
        prop_assert_eq!(parse(&shown), template, "{:?}", shown);
    }

    #[test]
    fn a_template_is_written_as_json_and_read_back(text in tricky()) {
        let template = parse(&text);
        let json = serde_json::to_string(&template).unwrap();
        prop_assert_eq!(serde_json::from_str::<Template>(&json).unwrap(), template);
    }

    #[test]
    fn texts_are_never_empty_and_never_side_by_side(text in tricky()) {
        let template = parse(&text);
        let is_text = |segment: &Segment| matches!(segment, Segment::Text { .. });
        for pair in template.segments().windows(2) {
            prop_assert!(!(is_text(&pair[0]) && is_text(&pair[1])));
        }
        for segment in template.segments() {
            if let Segment::Text { text } = segment {
                prop_assert!(!text.expose().is_empty());
            }
        }
    }
}
