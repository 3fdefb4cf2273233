//! From typed words to values of the domain, refused with the name of the flag.

use crate::exit::Failure;
use anyhow::{Context, Result};
use domain::{Invalid, Secret, Setting, VariableKey};
use std::{collections::BTreeSet, io::Read, str::FromStr};

/// A value that a flag gave.
pub(super) fn parse<T>(flag: &str, text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|rule| Failure::usage(format!("{flag} `{}` {rule}", short(text))).into())
}

/// Why a setting's text was refused, with the flag that gave it.
pub(super) fn refused(setting: &Setting, text: &str, rule: &Invalid) -> anyhow::Error {
    let flag = crate::args::flag(setting);
    Failure::usage(format!("--{flag} `{}` {rule}", short(text))).into()
}

fn short(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(60).chain(['…']).collect()
}

/// `KEY=VALUE`, `KEY=@FILE`, or `KEY` alone for standard input, which only one can have.
pub(super) fn variables(
    words: &[String],
    input: &mut dyn Read,
) -> Result<Vec<(VariableKey, Secret)>> {
    if words.iter().filter(|word| !word.contains('=')).count() > 1 {
        return Err(Failure::usage(
            "only one variable's value can be read from standard input at a time",
        )
        .into());
    }
    let keys = words.iter().map(|word| word.split_once('=').map_or(word.as_str(), |(key, _)| key));
    let mut seen = BTreeSet::new();
    if let Some(twice) = keys.into_iter().find(|key| !seen.insert(*key)) {
        return Err(Failure::usage(format!("{twice} is given twice; say it once")).into());
    }
    words
        .iter()
        .map(|word| {
            let (key, value) = match word.split_once('=') {
                None => (word.as_str(), typed(word, input)?),
                Some((key, value)) => match value.strip_prefix('@') {
                    Some(literal) if literal.starts_with('@') => (key, literal.to_owned()),
                    Some(path) => {
                        let text = std::fs::read(path).map_err(|error| {
                            Failure::usage(format!("the value of {key} is not in {path}: {error}"))
                        })?;
                        (key, text_of(key, text)?)
                    }
                    None => (key, value.to_owned()),
                },
            };
            Ok((parse("the key", key)?, Secret::from(value)))
        })
        .collect()
}

fn typed(key: &str, input: &mut dyn Read) -> Result<String> {
    if crate::console::Console::can_ask() {
        return rpassword::prompt_password(format!("{key}: ")).context("read the value");
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).context("read the value from standard input")?;
    let mut text = text_of(key, bytes)?;
    // The line end that `echo` adds is nobody's wish, of whichever kind; all others are kept.
    if let Some(rest) = text.strip_suffix('\n') {
        text.truncate(rest.strip_suffix('\r').unwrap_or(rest).len());
    }
    Ok(text)
}

fn text_of(key: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("the value of {key} is not text (UTF-8)")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn values_come_from_the_word_a_file_or_standard_input() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("value");
        std::fs::write(&file, "from a file\n").unwrap();
        let from_file = format!("B=@{}", file.display());

        let read = variables(
            &words(&["A=x=y", &from_file, "C=@@literal", "D"]),
            &mut "line 1\nline 2\n".as_bytes(),
        )
        .unwrap();

        let read: Vec<_> = read.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(
            read,
            [("A", "x=y"), ("B", "from a file\n"), ("C", "@literal"), ("D", "line 1\nline 2")]
        );
    }

    #[test]
    fn standard_input_loses_one_line_end_of_either_kind_and_no_other() {
        for (given, kept) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r\n\r\n", "a\r\n"),
            ("a\r", "a\r"),
            ("\n", ""),
        ] {
            let read = variables(&words(&["A"]), &mut given.as_bytes()).unwrap();

            assert_eq!(read[0].1.expose(), kept, "{given:?}");
        }
    }

    #[test]
    fn two_values_from_one_standard_input_are_refused() {
        let refused = variables(&words(&["A", "B"]), &mut std::io::empty()).unwrap_err();

        assert_eq!(crate::exit::code(&refused), 2);
    }

    #[test]
    fn a_variable_that_is_given_twice_is_refused() {
        let refused = variables(&words(&["A=1", "B=2", "A=3"]), &mut std::io::empty()).unwrap_err();

        assert_eq!(refused.to_string(), "A is given twice; say it once");
    }
}
