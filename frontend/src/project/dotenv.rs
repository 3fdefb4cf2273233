//! Variables as people keep them in files: `KEY=value`, one a line.

use domain::VariableKey;

/// Reads lines of `KEY=value`. Blank lines and `#` lines say nothing; `export` before a key is
/// dropped; quotes around a value are taken off, and within double ones `\n` is a line end.
///
/// # Errors
/// What is wrong with the first line that cannot be read.
pub fn read(text: &str) -> Result<Vec<(VariableKey, String)>, String> {
    let mut variables: Vec<(VariableKey, String)> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((key, value)) = line.split_once('=') else {
            return Err(format!("Line {number} has no “=”: write KEY=value."));
        };
        let key = VariableKey::try_from(key.trim())
            .map_err(|rule| format!("Line {number}: the key {rule}."))?;
        let value = unquoted(value.trim());
        match variables.iter_mut().find(|(known, _)| *known == key) {
            // As in a shell, the last one counts.
            Some(known) => known.1 = value,
            None => variables.push((key, value)),
        }
    }
    Ok(variables)
}

fn unquoted(value: &str) -> String {
    let within = |quote: char| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (value.len() >= 2).then_some(inner)
    };
    if let Some(plain) = within('\'') {
        return plain.to_owned();
    }
    let Some(escaped) = within('"') else { return value.to_owned() };
    let mut out = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other @ ('"' | '\\' | '$')) => out.push(other),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            (letter, false) => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_variables_is_read_as_shells_read_it() {
        let read = read("# comment\n\nexport A=1\nB='x = y'\nC=\"two\\nlines\"\nA=2\n").unwrap();

        let read: Vec<(&str, &str)> =
            read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, [("A", "2"), ("B", "x = y"), ("C", "two\nlines")]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        assert!(read("A=1\nnonsense").unwrap_err().starts_with("Line 2 "));
        assert!(read("1A=1").unwrap_err().starts_with("Line 1: the key must begin"));
    }
}
