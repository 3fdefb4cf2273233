//! Bodies: JSON, bounded, read strictly, and refused in words.

use crate::error::ErrorResponse;
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Error, api::ErrorCode, nested::place_of};
use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::{collections::HashSet, fmt, time::Duration};

/// The largest body that is read.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// How deep a body may be nested.
const MAX_DEPTH: usize = 64;
/// What is said of a field that is missing.
const REQUIRED: &str = "is required";
/// How long a whole body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body, with rejections turned into [`ErrorResponse`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned + Serialize, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ErrorResponse> {
        if !is_json(&request) {
            return Err(ErrorResponse::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorCode::Invalid,
                "the body must be JSON, sent with `Content-Type: application/json`",
            ));
        }
        parse(&read(request.into_body()).await?).map(Self)
    }
}

/// A JSON body that may be absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaybeJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Serialize + Default, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        if is_json(&request) {
            return Json::from_request(request, state).await.map(|Json(body)| Self(body));
        }
        if read(request.into_body()).await?.is_empty() {
            Ok(Self(T::default()))
        } else {
            Err(ErrorResponse::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorCode::Invalid,
                "the body must be JSON, sent with `Content-Type: application/json`",
            ))
        }
    }
}

fn is_json(request: &Request) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(body: Body) -> Result<axum::body::Bytes, ErrorResponse> {
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let is_long = std::error::Error::source(&error)
                .is_some_and(|cause| cause.to_string().contains("length limit"));
            Err(if is_long {
                ErrorResponse::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    ErrorCode::TooLarge,
                    "the body must be at most 1 MiB long",
                )
            } else {
                ErrorResponse::unreadable("the body broke off")
            })
        }
        Err(_) => Err(ErrorResponse::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::TooSlow,
            "the body took longer than 30 s to arrive",
        )),
    }
}

/// A value from JSON text. Text that is no JSON is unreadable; a value that is not as it should
/// be is named by its field.
pub(crate) fn parse<T: DeserializeOwned + Serialize>(text: &[u8]) -> Result<T, ErrorResponse> {
    let mut strict = serde_json::Deserializer::from_slice(text);
    let sent = (StructureLimits { depth: 0 }.deserialize(&mut strict))
        .and_then(|()| strict.end())
        .and_then(|()| serde_json::from_slice(text));
    let sent: Value = sent.map_err(|error| {
        ErrorResponse::unreadable(format!("the body is not sound JSON: {error}"))
    })?;

    let value: T = serde_path_to_error::deserialize(&sent).map_err(|error| {
        let path = error.path().to_string();
        let (field, rule) = explain(path.trim_start_matches('.'), &error.inner().to_string());
        match field.rsplit_once('.').unwrap_or_default() {
            (list, _) if rule == REQUIRED && at(&sent, list).is_some_and(Value::is_array) => {
                no_object(list)
            }
            _ => Error::field(field, rule).into(),
        }
    })?;
    let meant = serde_json::to_value(&value).unwrap_or_default();
    match list_for_object(&sent, &meant) {
        Some(list) => Err(no_object(&list)),
        None => Ok(value),
    }
}

/// Where a list stands for an object. Serde would read it by the order of the object's fields.
fn list_for_object(sent: &Value, meant: &Value) -> Option<String> {
    match (sent, meant) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(sent), Value::Array(meant)) => {
            sent.iter().zip(meant).enumerate().find_map(|(index, (sent, meant))| {
                Some(joined(&format!("[{index}]"), &list_for_object(sent, meant)?))
            })
        }
        (Value::Object(sent), Value::Object(meant)) => sent.iter().find_map(|(field, sent)| {
            Some(joined(field, &list_for_object(sent, meant.get(field)?)?))
        }),
        _ => None,
    }
}

/// What stands at a place, as errors name it.
fn at<'a>(sent: &'a Value, place: &str) -> Option<&'a Value> {
    let steps = place.split(['.', '[']).filter(|step| !step.is_empty());
    let pointer: String = steps.map(|step| format!("/{}", step.trim_end_matches(']'))).collect();
    sent.pointer(&pointer)
}

fn no_object(place: &str) -> ErrorResponse {
    let place = if place.is_empty() { "body" } else { place };
    Error::field(place, "must be an object").into()
}

/// Which field, and what it must be like, from serde's words.
pub(crate) fn explain(path: &str, text: &str) -> (String, String) {
    if let Some((further, text)) = place_of(text) {
        return explain(&joined(path, further), text);
    }
    let rule = text.rfind(" at line ").map_or(text, |at| &text[..at]);
    let within = |field: &str| match path {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    };
    let quoted = |start: &str| {
        rule.strip_prefix(start).and_then(|rest| rest.split('`').next()).map(str::to_owned)
    };
    if let Some(field) = quoted("missing field `") {
        return (within(&field), REQUIRED.to_owned());
    }
    if let Some(field) = quoted("unknown field `") {
        let field =
            if path.rsplit('.').next() == Some(&field) { path.to_owned() } else { within(&field) };
        return (field, "is not known here".to_owned());
    }
    let rule =
        match rule.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
            // What was sent may be a secret: say only what is expected.
            Some((_, expected)) => format!("must be {}", plain(expected)),
            None if rule.starts_with("invalid value: ") || rule.starts_with("invalid length ") => {
                match rule.split_once(", expected ") {
                    Some((_, expected)) => format!("must be {}", plain(expected)),
                    None => "is not valid".to_owned(),
                }
            }
            None if rule.starts_with("unknown variant `") => match rule.rsplit_once("`, expected ")
            {
                Some((_, known)) => format!("must be {known}"),
                None => "is not valid".to_owned(),
            },
            None if rule.contains("did not match any variant of untagged enum") => {
                "is not one of the forms that are known here".to_owned()
            }
            None if rule.starts_with("UUID parsing failed")
                || rule.starts_with("invalid character") =>
            {
                "must be an id".to_owned()
            }
            None => rule.to_owned(),
        };
    (if path.is_empty() { "body".to_owned() } else { path.to_owned() }, rule)
}

/// A path, and what lies at another path from there.
fn joined(path: &str, further: &str) -> String {
    match (path, further.trim_start_matches('.')) {
        (path, "") => path.to_owned(),
        ("", further) => further.to_owned(),
        (path, further) if further.starts_with('[') => format!("{path}{further}"),
        (path, further) => format!("{path}.{further}"),
    }
}

/// What serde expects, in words that people use.
fn plain(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "a nonzero u16" => "a whole number that is not too large",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "variant identifier" | "string or map" => "one of the words that are known here",
        "a formatted UUID string" => "an id",
        "a map" | "map with a single key" => "an object",
        expected
            if ["struct ", "internally tagged enum ", "adjacently tagged enum ", "enum "]
                .iter()
                .any(|kind| expected.starts_with(kind)) =>
        {
            "an object"
        }
        expected => expected,
    }
    .to_owned()
}

/// Walks over a value and keeps nothing: it is not too deep, and no key stands twice.
struct StructureLimits {
    depth: usize,
}

impl StructureLimits {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for StructureLimits {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StructureLimits {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = self.deeper()?.depth;
        while list.next_element_seed(Self { depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?.depth;
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Self { depth })?;
            if !seen.insert(key) {
                return Err(serde::de::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Name, Secret};
    use serde::Deserialize;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: Name,
        secret: Option<Secret>,
    }

    fn refusal(text: &str) -> (u16, String) {
        let answer = parse::<Body>(text.as_bytes()).expect_err("it is refused");
        answer.into_response_status()
    }

    impl ErrorResponse {
        fn into_response_status(self) -> (u16, String) {
            let fields: Vec<String> = (self.body.errors.iter())
                .map(|(field, rules)| format!("{field} {}", rules[0]))
                .collect();
            let text =
                if fields.is_empty() { self.body.message.clone() } else { fields.join("; ") };
            (self.into_response().status().as_u16(), text)
        }
    }

    // DK-157: a wrong field is named, with its rule.
    #[test]
    fn a_wrong_field_is_named() {
        assert_eq!(refusal("{}"), (422, "name is required".to_owned()));
        assert_eq!(refusal(r#"{"name":" "}"#), (422, "name must not be empty".to_owned()));
        assert_eq!(refusal(r#"{"name":5}"#), (422, "name must be a string".to_owned()));
        assert_eq!(
            refusal(r#"{"name":"a","role":"admin"}"#),
            (422, "role is not known here".to_owned())
        );
    }

    // DK-157
    #[test]
    fn a_wrong_field_of_one_of_many_edits_is_named() {
        let refusal = |edit: &str| {
            let text = format!(r#"{{"edits":[{{"op":"clear","address":"project/name"}},{edit}]}}"#);
            let answer = parse::<domain::api::change::Edits>(text.as_bytes());
            answer.expect_err("it is refused").into_response_status().1
        };

        assert_eq!(
            refusal(r#"{"op":"clear","address":"x"}"#),
            "edits[1].address must be an address such as service/<id>/name"
        );
        assert_eq!(
            refusal(r#"{"op":"set","address":"project/name","content":{"ports":[{"number":0}]}}"#),
            "edits[1].content.ports[0].number must be a whole number that is not too large"
        );
        assert_eq!(refusal(r#"{"op":"create_group"}"#), "edits[1].name is required");
    }

    // DK-157
    #[test]
    fn a_list_is_no_object_whatever_is_in_it() {
        #[derive(Debug, Serialize, Deserialize)]
        struct Wide {
            check: domain::HealthCheck,
            ports: Vec<domain::Port>,
        }
        let refusal = |text: &str| {
            parse::<Wide>(text.as_bytes()).expect_err("it is refused").into_response_status().1
        };

        assert_eq!(self::refusal(r#"["a", null]"#).1, "body must be an object");
        assert_eq!(refusal(r#"{"check":{},"ports":[[80]]}"#), "ports[0] must be an object");
        let probe = r#"{"check":{"probe":["automatic"]},"ports":[]}"#;
        assert_eq!(refusal(probe), "check.probe must be an object");
    }

    #[test]
    fn what_was_sent_is_never_repeated() {
        let (_, text) = refusal(r#"{"name":"a","secret":["hunter2"]}"#);
        assert!(!text.contains("hunter2"), "{text}");
    }

    // DK-157
    #[test]
    fn what_is_expected_is_said_in_plain_words() {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wide {
            replicas: Option<u16>,
            ports: Option<Vec<domain::Port>>,
            strategy: Option<domain::Strategy>,
        }
        let refusal = |text: &str| {
            parse::<Wide>(text.as_bytes()).expect_err("it is refused").into_response_status().1
        };

        assert_eq!(
            refusal(r#"{"replicas":-1}"#),
            "replicas must be a whole number that is not too large"
        );
        assert_eq!(refusal(r#"{"ports":5}"#), "ports must be a list");
        assert_eq!(refusal(r#"{"ports":[80]}"#), "ports[0] must be an object");
        let text = refusal(r#"{"strategy":"hunter2`, expected x"}"#);
        assert_eq!(text, "strategy must be one of `automatic`, `start_first`, `stop_first`");
    }

    // S67
    #[test]
    fn unsound_json_is_unreadable() {
        assert_eq!(refusal("{\"name\":").0, 400);
        assert_eq!(refusal(r#"{"name":"a","name":"b"}"#).0, 400);
        assert_eq!(refusal(r#"{"name":"a"} x"#).0, 400);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refusal(&deep).0, 400);
    }
}
