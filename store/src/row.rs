//! Between columns and values. A row that cannot be read is an internal error, never a guess.

use domain::{Error, Result, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

/// A value as JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal("write a row"))
}

/// What [`json`] wrote.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal("read a row"))
}

/// An enum without data, as its word.
pub(crate) fn enum_text<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value).map_err(Error::internal("write a row"))? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(Error::internal("write a row")(format!("{other} is no word"))),
    }
}

/// What [`enum_text`] wrote.
pub(crate) fn enum_from_text<T: DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .map_err(Error::internal("read a row"))
}

/// A text with rules of its own.
pub(crate) fn text<T: TryFrom<String>>(raw: String) -> Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(raw).map_err(Error::internal("read a row"))
}

/// A name that nothing else has.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    hex::encode(bytes)
}

/// A time that may be missing.
pub(crate) fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

/// A time that may be missing, as its column.
pub(crate) fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millis)
}

/// A count as its column.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A column as a count.
pub(crate) fn unsigned(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}
