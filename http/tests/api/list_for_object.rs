//! A list where an object belongs: refused wherever the document says that there is an object.

use crate::app::TestApp;
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

// DK-157: each of them names the field.
#[tokio::test]
async fn a_list_is_no_object_anywhere_in_any_body() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let service = app.service(&project, "web").await;
    let document = Document(app.admin.get("/openapi.json").await.body);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
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
                    let reply = app.admin.send(&method.to_uppercase(), &path, body.clone()).await;
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
