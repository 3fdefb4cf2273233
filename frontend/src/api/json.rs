//! Reading JSON, in one way for all of it: each further way would be compiled for every type.

use std::{fmt, io, marker::PhantomData, vec};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{
    Map, Value,
    ser::{Formatter, Serializer},
};

/// Reads a value. What is wrong with it is not told: the server is of another version then, and to
/// explain it would take words for every type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let Buffered::Value(Only(value)) = Buffered::deserialize(Json(tagged(text)?))?;
    Ok(value)
}

/// Writes a value. By way of [`Value`], so that there is one way here too.
pub fn written<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    let written = serde_json::to_value(value)
        .and_then(|value| value.serialize(&mut Serializer::with_formatter(&mut out, WholeNumbers)));
    written.expect("what is sent is plain data");
    String::from_utf8(out).expect("JSON is text")
}

/// JSON without fractions: whoever can write them brings tables that weigh more than all the rest of this,
/// and the browser sends none.
struct WholeNumbers;

impl Formatter for WholeNumbers {
    fn write_f64<W: io::Write + ?Sized>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// It is not what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not what was expected")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

fn tagged(text: &str) -> Result<Value, Unreadable> {
    let value = serde_json::from_str(text).map_err(|_| Unreadable)?;
    Ok(Value::Object(Map::from_iter([("value".to_owned(), value), (String::new(), "".into())])))
}

/// What has a tag is read into a buffer first, and then out of it. Much of what Easel says has tags
/// within; with one around it, nothing is read without a buffer.
#[derive(Deserialize)]
#[serde(tag = "")]
enum Buffered<T> {
    #[serde(rename = "")]
    Value(Only<T>),
}

/// The only value of a map.
struct Only<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Only<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnlyVisitor(PhantomData))
    }
}

struct OnlyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyVisitor<T> {
    type Value = Only<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Only<T>, A::Error> {
        map.next_key::<IgnoredAny>()?;
        map.next_value().map(Only)
    }
}

/// JSON on its way into the buffer.
struct Json(Value);

impl<'de> Deserializer<'de> for Json {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is) => visitor.visit_bool(is),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (_, Some(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(number.as_f64().ok_or(Unreadable)?),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(list) => visitor.visit_seq(List(list.into_iter())),
            Value::Object(map) => visitor.visit_map(Entries { rest: map.into_iter(), value: None }),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct List(vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for List {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        self.0.next().map(|value| seed.deserialize(Json(value))).transpose()
    }
}

struct Entries {
    rest: serde_json::map::IntoIter,
    value: Option<Value>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Unreadable;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Json(Value::String(key))).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Unreadable> {
        seed.deserialize(Json(self.value.take().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn every_kind_of_value_is_read() {
        assert_eq!(read::<Vec<u8>>("[1, 2]"), Ok(vec![1, 2]));
        assert_eq!(read::<Option<String>>("null"), Ok(None));
        assert_eq!(read::<(i8, f64, bool)>("[-1, 0.5, true]"), Ok((-1, 0.5, true)));
        assert_eq!(read::<()>("null"), Ok(()));
    }

    #[test]
    fn what_the_server_says_is_read_as_it_was_meant() {
        let id = "00000000-0000-0000-0000-000000000004";
        let content = format!(
            r#"{{"service":{{"check":{{"pace":{{"deadline":300,"healthy_after":1,"interval":2,
            "start_period":0,"timeout":5,"unhealthy_after":3}},"probe":{{"kind":"automatic"}}}},
            "group":null,"limits":{{"cpu_millis":null,"cpu_shares":null,"memory_mb":null}},
            "mounts":{{"{id}":"/data"}},"name":"Web","ports":[],"replicas":1,"slug":"web",
            "source":{{"image":"app:1","kind":"image","pull":"missing"}},"strategy":"automatic",
            "variables":{{"A":{{"sealed":true,"value":{{"shown":[{{"kind":"text","text":"x"}}]}},
            "version":3}}}}}}}}"#
        );
        let pair = format!(r#"[["{id}","{id}"]]"#);

        let said: serde_json::Value = serde_json::from_str(&content).unwrap();
        let meant: domain::Content = serde_json::from_value(said).unwrap();
        let pairs: Vec<(domain::ServiceId, domain::DeploymentId)> = read(&pair).unwrap();

        assert_eq!(read::<domain::Content>(&content), Ok(meant));
        assert_eq!(serde_json::to_string(&pairs).unwrap(), pair);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read_as_it_was_meant(
            text: String, list: Vec<i64>, map: std::collections::BTreeMap<String, Option<bool>>,
            number: u64,
        ) {
            let value = serde_json::json!({ "text": text, "list": list, "map": map, "n": number });

            prop_assert_eq!(serde_json::from_str::<Value>(&written(&value)).unwrap(), value);
        }
    }

    #[test]
    fn what_is_no_value_or_another_is_refused() {
        assert_eq!(read::<u8>(""), Err(Unreadable));
        assert_eq!(read::<u8>("1 2"), Err(Unreadable));
        assert_eq!(read::<u8>("\"1\""), Err(Unreadable));
    }
}
