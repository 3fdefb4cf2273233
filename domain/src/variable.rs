//! Variables: a key's value in one scope.

use crate::{
    Secret, ServiceId,
    name::Invalid,
    template::{Reference, Segment, Template},
};
use serde::{Deserialize, Serialize};

/// The largest value of a variable, in bytes, before and after its references are filled in.
pub const MAX_VALUE: usize = 64 * 1024;

/// A variable's value in one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variable {
    /// The value, or what may be known of it.
    pub value: Value,
    /// Whether it is write-only: shown to nobody, ever.
    #[serde(default)]
    pub sealed: bool,
    /// Changes whenever the value is written anew: the number of the edit that wrote it. Hidden
    /// values are compared by it.
    pub version: u64,
}

/// A value, as far as the holder may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Value {
    /// The whole of it.
    Shown(Template),
    /// Only to whom it refers, so that edges can be drawn.
    Hidden {
        /// To whom it refers.
        references: Vec<Reference>,
    },
}

impl Variable {
    /// What may leave the server: everything but the text.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let value = match &self.value {
            Value::Shown(template) => {
                let mut references: Vec<_> = template.references().cloned().collect();
                references.sort();
                references.dedup();
                Value::Hidden { references }
            }
            Value::Hidden { .. } => self.value.clone(),
        };
        Self { value, ..*self }
    }

    /// Whether both hold the same, as far as versions tell: the same for those who see values and
    /// those who do not, so that nobody learns one by staging guesses.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.sealed == other.sealed && self.version == other.version
    }

    /// The same, with unknown names looked up again.
    #[must_use]
    pub fn relinked(&self, find: impl Fn(&str) -> Option<ServiceId>) -> Self {
        let value = match &self.value {
            Value::Shown(template) => Value::Shown(template.relinked(find)),
            Value::Hidden { references } => {
                let mut references: Vec<_> =
                    references.iter().map(|reference| reference.relinked(&find)).collect();
                references.sort();
                references.dedup();
                Value::Hidden { references }
            }
        };
        Self { value, ..*self }
    }

    /// How many bytes its value takes, about.
    pub(crate) fn bytes(&self) -> usize {
        /// What a variable, or a reference, takes besides its text.
        const PART: usize = 64;
        match &self.value {
            Value::Shown(template) => (template.segments().iter())
                .map(|segment| match segment {
                    Segment::Text { text } => text.expose().len(),
                    Segment::Reference(_) => PART,
                })
                .fold(PART, |sum, part| sum + part),
            Value::Hidden { references } => PART * (1 + references.len()),
        }
    }

    /// Whether one of its references is such.
    pub(crate) fn any_reference(&self, is_such: impl FnMut(&Reference) -> bool) -> bool {
        match &self.value {
            Value::Shown(template) => template.references().any(is_such),
            Value::Hidden { references } => references.iter().any(is_such),
        }
    }

    /// To whom it refers: each once, in an order that does not tell where in the text.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let mut references: Vec<&Reference> = match &self.value {
            Value::Shown(template) => template.references().collect(),
            Value::Hidden { references } => references.iter().collect(),
        };
        references.sort();
        references.dedup();
        references
    }
}

/// A typed value: any Unicode without NUL, kept exactly.
///
/// # Errors
/// When it holds a NUL or is larger than [`MAX_VALUE`].
pub fn check_value(text: &Secret) -> Result<(), Invalid> {
    if text.expose().contains('\0') {
        return Err(Invalid::new("must not contain a NUL character"));
    }
    if text.expose().len() > MAX_VALUE {
        return Err(Invalid::new("must be at most 64 KiB long"));
    }
    Ok(())
}
