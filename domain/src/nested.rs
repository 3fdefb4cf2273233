//! Where an error is within a value that says in one of its fields of which kind it is.
//!
//! Serde puts such a value aside until it knows the kind, and reads the fields afterwards by itself:
//! whoever follows its path loses it there. [`within`] follows it further, and says in the error's
//! text where that has led.

use serde::{Deserialize, Deserializer, de::Error};

/// Reads a field of such a value, or the whole of it when the name is empty. An error says where it
/// is, as [`place_of`] understands.
pub(crate) fn within<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    field: &str,
    deserializer: D,
) -> Result<T, D::Error> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = match (field, error.path().to_string().trim_start_matches('.')) {
            (field, "") => field.to_owned(),
            ("", path) => path.to_owned(),
            (field, path) if path.starts_with('[') => format!("{field}{path}"),
            (field, path) => format!("{field}.{path}"),
        };
        D::Error::custom(format!("{MARK}{path}{MARK}{}", error.into_inner()))
    })
}

/// Functions for `#[serde(deserialize_with)]`, each [`within`] a field of its name.
macro_rules! fields {
    ($($field:ident: $type:ty,)*) => {$(
        fn $field<'de, D: serde::Deserializer<'de>>(inner: D) -> Result<$type, D::Error> {
            $crate::nested::within(stringify!($field), inner)
        }
    )*};
}
pub(crate) use fields;

/// Stands around the place in an error: people cannot have typed it into a word that serde repeats.
const MARK: char = '\u{1f}';

/// The place that [`within`] has put before an error, and the error itself.
#[must_use]
pub fn place_of(error: &str) -> Option<(&str, &str)> {
    error.strip_prefix(MARK)?.split_once(MARK)
}
