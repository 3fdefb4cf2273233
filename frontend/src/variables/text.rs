//! A value in an editor. A text area writes every line end as `\n`; values are kept exactly.

/// How the lines of a value end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// One line, or `\n`.
    #[default]
    Lf,
    /// `\r\n`, as Windows writes it.
    CrLf,
    /// Some of each, or a lone `\r`.
    Mixed,
}

impl LineEnds {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let pairs = text.matches("\r\n").count();
        let (returns, feeds) = (text.matches('\r').count(), text.matches('\n').count());
        match (pairs, returns, feeds) {
            (_, 0, _) => Self::Lf,
            (pairs, returns, feeds) if pairs == returns && pairs == feeds => Self::CrLf,
            _ => Self::Mixed,
        }
    }
}

/// A value and what a person has made of it in a text area.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    original: String,
    /// As the text area shows it.
    shown: String,
    /// How lines shall end.
    ends: LineEnds,
}

impl Text {
    #[must_use]
    pub fn of(original: &str) -> Self {
        Self {
            shown: as_shown(original),
            ends: LineEnds::of(original),
            original: original.to_owned(),
        }
    }

    /// What the text area holds.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    #[must_use]
    pub fn ends(&self) -> LineEnds {
        self.ends
    }

    /// After a person has typed.
    #[must_use]
    pub fn typed(&self, shown: &str) -> Self {
        Self { shown: as_shown(shown), ..self.clone() }
    }

    /// With other line ends.
    #[must_use]
    pub fn ending(&self, ends: LineEnds) -> Self {
        Self { ends, ..self.clone() }
    }

    /// The value to be kept: the very same if nothing was typed.
    #[must_use]
    pub fn value(&self) -> String {
        let untouched =
            self.shown == as_shown(&self.original) && self.ends == LineEnds::of(&self.original);
        if untouched {
            return self.original.clone();
        }
        match self.ends {
            LineEnds::CrLf => self.shown.replace('\n', "\r\n"),
            LineEnds::Lf | LineEnds::Mixed => self.shown.clone(),
        }
    }

    /// Whether saving would change line ends that nobody has touched.
    #[must_use]
    pub fn loses_line_ends(&self) -> bool {
        self.ends == LineEnds::Mixed && self.shown != as_shown(&self.original)
    }

    /// What a person may not see but a program does.
    #[must_use]
    pub fn oddities(&self) -> Vec<&'static str> {
        let value = self.value();
        let mut oddities = Vec::new();
        if value != value.trim_start_matches([' ', '\t']) {
            oddities.push("It begins with a blank.");
        }
        if value.ends_with('\n') {
            oddities.push("It ends with an empty line.");
        } else if value != value.trim_end_matches([' ', '\t']) {
            oddities.push("It ends with a blank.");
        }
        oddities
    }
}

/// A text as a text area gives it back.
fn as_shown(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_line_ends_outlive_an_edit() {
        let text = Text::of("-----BEGIN\r\nabc\r\n").typed("-----BEGIN\nabcd\n");

        assert_eq!(text.ends(), LineEnds::CrLf);
        assert_eq!(text.value(), "-----BEGIN\r\nabcd\r\n");
    }

    #[test]
    fn mixed_line_ends_are_kept_until_something_is_typed_and_then_it_is_said() {
        let text = Text::of("a\r\nb\nc");

        assert_eq!(text.value(), "a\r\nb\nc");
        assert!(!text.loses_line_ends());
        assert!(text.typed("a\nb\nc!").loses_line_ends());
        assert_eq!(text.typed("a\nb\nc!").value(), "a\nb\nc!");
    }

    #[test]
    fn line_ends_can_be_chosen() {
        assert_eq!(Text::of("a\r\nb").ending(LineEnds::Lf).value(), "a\nb");
        assert_eq!(Text::of("a\nb").ending(LineEnds::CrLf).value(), "a\r\nb");
    }

    #[test]
    fn blanks_that_one_does_not_see_are_told() {
        assert_eq!(Text::of("secret ").oddities(), ["It ends with a blank."]);
        assert_eq!(Text::of("key\n").oddities(), ["It ends with an empty line."]);
        assert!(Text::of("fine").oddities().is_empty());
    }

    proptest! {
        #[test]
        fn whatever_a_value_is_looking_at_it_changes_nothing(value in "[a-z\r\n ]{0,40}") {
            let text = Text::of(&value);
            let looked_at = text.typed(text.shown());

            prop_assert_eq!(looked_at.value(), value);
        }
    }
}
