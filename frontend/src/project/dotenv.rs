//! Variables as people keep them in `.env` files.

use domain::VariableKey;
use dotenvor::{KeyParsingMode, ParseErrorKind};

/// Reads a `.env` file. Nothing is filled in: `$` means itself, so that references stay.
///
/// # Errors
/// What is wrong with the first line that cannot be read, and what to write instead.
pub fn read(text: &str) -> Result<Vec<(VariableKey, String)>, String> {
    let entries = dotenvor::parse_str_with_mode(text, KeyParsingMode::Permissive).map_err(wrong)?;
    entries
        .into_iter()
        .map(|entry| {
            let line = entry.line;
            let key = VariableKey::try_from(entry.key)
                .map_err(|rule| format!("Line {line}: the key {rule}."))?;
            if is_cut_short(text, line) {
                return Err(format!(
                    "Line {line}: put the value of {key} in quotes, or a blank before the “#”, \
                     which begins a comment."
                ));
            }
            Ok((key, entry.value))
        })
        .collect()
}

fn wrong(error: dotenvor::Error) -> String {
    let dotenvor::Error::Parse(error) = error else { return error.to_string() };
    let line = error.line;
    match error.kind {
        ParseErrorKind::InvalidSyntax => {
            format!("Line {line} cannot be read: write KEY=value, and a value with quotes whole.")
        }
        ParseErrorKind::MissingKey => format!("Line {line} has no key: write KEY=value."),
        ParseErrorKind::InvalidKey => {
            format!("Line {line}: the key has a blank or a sign that no key can have.")
        }
        ParseErrorKind::UnterminatedQuote => {
            format!("Line {line}: the quote that begins its value has no end.")
        }
    }
}

/// Whether a value without quotes holds a `#` that shells read as a part of it (`a#b`) and other
/// readers as the start of a comment. To guess would be to lose the end of a password.
fn is_cut_short(text: &str, line: u32) -> bool {
    let line = text.lines().nth(line as usize - 1).unwrap_or_default();
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    let quoted = value.starts_with(['"', '\'', '`']);
    let hash = value.find('#').unwrap_or_default();
    !quoted && value[..hash].ends_with(|before: char| !before.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let read = read(text).unwrap();
        read.into_iter().map(|(key, value)| (key.as_str().to_owned(), value)).collect()
    }

    #[test]
    fn a_file_of_variables_is_read_as_people_write_them() {
        for (text, key, value) in [
            ("# comment\n\nexport A=1\n", "A", "1"),
            ("A=\"secret\" # c", "A", "secret"),
            ("A=plain # c", "A", "plain"),
            ("A='x = y'", "A", "x = y"),
            ("A=\"two\\nlines\"", "A", "two\nlines"),
            ("A=\"two\nlines\"", "A", "two\nlines"),
            ("A='-----BEGIN\n#x\n-----END'\n", "A", "-----BEGIN\n#x\n-----END"),
            ("A=\"a#b\"", "A", "a#b"),
            ("A=\"say \\\"hi\\\"\"", "A", "say \"hi\""),
            ("A=${{db.URL}}/$HOME", "A", "${{db.URL}}/$HOME"),
            ("A=", "A", ""),
            ("discovery.type=single-node", "discovery.type", "single-node"),
            ("A=1\r\n", "A", "1"),
            ("A=1\nA=2", "A", "2"),
        ] {
            assert_eq!(pairs(text), [(key.to_owned(), value.to_owned())], "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, says) in [
            ("A=1\nnonsense", "Line 2 cannot be read"),
            ("A=1\nB=\"never ends\nC=2", "Line 2: the quote"),
            ("=1", "Line 1 has no key"),
            ("A B=1", "Line 1: the key has a blank"),
            ("A/B=1", "Line 1: the key must be"),
            ("A=1\nB=pass#word", "Line 2: put the value of B in quotes"),
            ("A=\"x\" y", "Line 1 cannot be read"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.starts_with(says), "{text:?}: {refused}");
        }
    }
}
