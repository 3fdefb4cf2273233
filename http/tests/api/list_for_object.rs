//! A list where an object belongs: refused wherever the document says that there is an object.

use crate::{app::TestApp, client::Reply};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How one gets from a body into one of its parts.
#[derive(Clone)]
enum Step {
    /// To a field, past the fields that say which variant this is.
    Field { tags: Map<String, Value>, name: String },
    /// To the first of a list.
    First,
    /// To a value under any key.
    Key,
}

/// A body that holds `[]` at the end of the steps and else only what leads there; and the field's
/// name in an error.
fn body(steps: &[Step], key: &str) -> (Value, String) {
    let body = steps.iter().rev().fold(json!([]), |inner, step| match step {
        Step::First => json!([inner]),
        Step::Key => json!({ key: inner }),
        Step::Field { tags, name } => {
            let mut fields = tags.clone();
            fields.insert(name.clone(), inner);
            Value::Object(fields)
        }
    });
    let mut path = String::new();
    for step in steps {
        match step {
            Step::First => path.push_str("[0]"),
            Step::Key => path.extend([".", key]),
            Step::Field { name, .. } => path.extend([".", name]),
        }
    }
    let path = path.trim_start_matches('.');
    (body, if path.is_empty() { "body".to_owned() } else { path.to_owned() })
}

struct Document(Value);

impl Document {
    /// A schema, itself and not a name for it.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.resolve(self.0.pointer(&name[1..]).expect("the schema exists")),
            None => schema,
        }
    }

    /// The properties of an object, those of its parts too.
    fn properties(&self, schema: &Value) -> Map<String, Value> {
        let schema = self.resolve(schema);
        let mut all = schema["properties"].as_object().cloned().unwrap_or_default();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            all.extend(self.properties(part));
        }
        all
    }

    /// All ways to a place where there must be an object.
    fn objects(&self, schema: &Value, steps: &[Step], found: &mut Vec<Vec<Step>>) {
        let schema = self.resolve(schema);
        let forms = ["oneOf", "anyOf"].iter().find_map(|kind| schema[kind].as_array());
        if let Some(forms) = forms {
            for form in forms {
                self.objects(form, steps, found);
            }
            return;
        }
        let deeper = |step: Step| [steps, &[step]].concat();
        if schema["items"].is_object() {
            return self.objects(&schema["items"], &deeper(Step::First), found);
        }
        let properties = self.properties(schema);
        let values = &schema["additionalProperties"];
        if properties.is_empty() && !values.is_object() {
            return;
        }
        found.push(steps.to_owned());
        if values.is_object() {
            self.objects(values, &deeper(Step::Key), found);
        }
        let tags: Map<String, Value> = (properties.iter())
            .filter_map(|(name, schema)| match schema["enum"].as_array().map(Vec::as_slice) {
                Some([only]) => Some((name.clone(), only.clone())),
                _ => None,
            })
            .collect();
        for (name, schema) in properties.iter().filter(|(name, _)| !tags.contains_key(*name)) {
            let step = Step::Field { tags: tags.clone(), name: name.clone() };
            self.objects(schema, &deeper(step), found);
        }
    }
}

/// What one field or another may hold.
fn samples(id: &str) -> Vec<Value> {
    let address = format!("service/{id}/name");
    let texts = ["a", "KEY", "/a", "a@example.org", id, &address, "read", "mine", "viewer"];
    let others = [json!(1), json!(false), json!([]), json!({}), json!({ "name": "a" })];
    texts.map(Value::from).into_iter().chain(others).collect()
}

/// The only thing that is wrong, if it is that this field is missing.
fn missing(reply: &Reply) -> Option<String> {
    let (field, rules) = reply.body["errors"].as_object()?.iter().next()?;
    (*rules == json!(["is required"])).then(|| field.clone())
}

/// The body with something at a place in it.
fn with(mut body: Value, place: &str, value: &Value) -> Value {
    let (parent, name) = place.rsplit_once('.').unwrap_or(("", place));
    let steps = parent.split(['.', '[']).filter(|step| !step.is_empty());
    let pointer: String = steps.map(|step| format!("/{}", step.trim_end_matches(']'))).collect();
    let parent = body.pointer_mut(&pointer).expect("what lacks it is there");
    parent.as_object_mut().expect("it is an object").insert(name.to_owned(), value.clone());
    body
}

/// What is answered to a body that lacks nothing any more: that something is missing is said first.
async fn answer(app: &TestApp, method: &str, path: &str, body: Value, samples: &[Value]) -> Reply {
    let mut body = body;
    let mut reply = app.admin.send(method, path, body.clone()).await;
    while let Some(field) = missing(&reply) {
        for sample in samples {
            let fuller = with(body.clone(), &field, sample);
            reply = app.admin.send(method, path, fuller.clone()).await;
            if reply.body["errors"][&field].is_null() {
                body = fuller;
                break;
            }
        }
        assert_ne!(missing(&reply).as_ref(), Some(&field), "{method} {path}: what is {field}?");
    }
    reply
}

// DK-157: each of them names the field.
#[tokio::test]
async fn a_list_is_no_object_anywhere_in_any_body() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let service = app.service(&project, "web").await;
    let document = Document(app.admin.get("/openapi.json").await.body);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    let samples = samples(&service);
    // What has several forms says so.
    let rules =
        [json!(["must be an object"]), json!(["must be one of the words that are known here"])];

    let paths = document.0["paths"].as_object().expect("it has paths");
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("it has methods") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            // Whatever else stands in the path need only look like an id.
            let path = path
                .strip_prefix("/api")
                .expect("all of it is the API")
                .replace("{project}", &project)
                .replace("{environment}", "production")
                .replace("{key}", "KEY")
                .split('/')
                .map(|part| if part.starts_with('{') { &service } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let mut places = Vec::new();
            document.objects(schema, &[], &mut places);
            assert!(!places.is_empty(), "{method} {path} takes no object");
            for steps in places {
                let mut answers = Vec::new();
                // Some keys are names of variables, some are nodes of the canvas.
                for key in ["KEY", &format!("service/{service}")] {
                    let (body, field) = body(&steps, key);
                    let method = method.to_uppercase();
                    let reply = answer(&app, &method, &path, body.clone(), &samples).await;
                    if reply.status == 422 && rules.contains(&reply.body["errors"][&field]) {
                        seen.insert(field.replace(key, "*"));
                        answers.clear();
                        break;
                    }
                    answers.push(format!("{method} {path} {body}: {} {}", reply.status, reply.raw));
                }
                wrong.extend(answers);
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for field in ["body", "limits", "check", "check.probe", "check.pace", "source", "ports[0]"] {
        assert!(seen.contains(field), "{field} is not in {seen:?}");
    }
    for field in ["edits[0].limits", "edits[0].position", "edits[0].mount", "places.*"] {
        assert!(seen.contains(field), "{field} is not in {seen:?}");
    }
}
