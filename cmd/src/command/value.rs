//! From typed words to values of the domain, refused with the name of the flag.

use crate::exit::Failure;
use anyhow::{Context, Result};
use domain::{
    Command, ImageRef, Limits, Port, Probe, Protocol, PullPolicy, Replicas, Secret, Source,
    Strategy, VariableKey,
    readiness::{Check, Pace},
};
use std::{collections::BTreeSet, io::Read, str::FromStr};

/// A value that a flag gave.
pub(super) fn parse<T>(flag: &str, text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let shown: String = if text.chars().count() > 60 {
        text.chars().take(60).chain(['…']).collect()
    } else {
        text.to_owned()
    };
    text.parse().map_err(|rule| Failure::usage(format!("{flag} `{shown}` {rule}")).into())
}

pub(super) fn source(image: &str, pull: Option<&str>) -> Result<Source> {
    let image: ImageRef = parse("the image", image)?;
    let pull = pull.map(self::pull).transpose()?.unwrap_or_default();
    Ok(Source::Image { image, pull })
}

pub(super) fn pull(text: &str) -> Result<PullPolicy> {
    match text {
        "missing" => Ok(PullPolicy::Missing),
        "always" => Ok(PullPolicy::Always),
        "never" => Ok(PullPolicy::Never),
        _ => {
            Err(Failure::usage(format!("--pull `{text}` must be missing, always or never")).into())
        }
    }
}

pub(super) fn command(line: &str) -> Result<Command> {
    Command::parse(line).map_err(|rule| Failure::usage(format!("the command {rule}")).into())
}

pub(super) fn ports(words: &[String]) -> Result<Vec<Port>> {
    words
        .iter()
        .map(|word| {
            let (number, protocol) = match word.split_once('/') {
                None => (word.as_str(), Protocol::Tcp),
                Some((number, "tcp")) => (number, Protocol::Tcp),
                Some((number, "udp")) => (number, Protocol::Udp),
                Some(_) => {
                    return Err(Failure::usage(format!(
                        "--port `{word}` must end in /tcp or /udp, or in nothing"
                    ))
                    .into());
                }
            };
            let number = number.parse().map_err(|_| {
                Failure::usage(format!("--port `{word}` must be a number from 1 to 65535"))
            })?;
            Ok(Port { number, protocol })
        })
        .collect()
}

pub(super) fn replicas(count: u16) -> Result<Replicas> {
    Replicas::try_from(count)
        .map_err(|rule| Failure::usage(format!("--replicas `{count}` {rule}")).into())
}

/// Limits as given, upon those that stand there.
pub(super) fn limits(
    old: &Limits,
    memory_mb: Option<u32>,
    cpu_millis: Option<u32>,
    cpu_shares: Option<u32>,
) -> Result<Limits> {
    Limits::new(
        memory_mb.or(old.memory_mb()),
        cpu_millis.or(old.cpu_millis()),
        cpu_shares.or(old.cpu_shares()),
    )
    .map_err(|rule| {
        let rule = rule.to_string().replace("memory_mb", "--memory-mb");
        let rule = rule.replace("cpu_millis", "--cpu-millis").replace("cpu_shares", "--cpu-shares");
        Failure::usage(format!("this {rule}")).into()
    })
}

/// `auto`, `tcp:PORT`, `http:PORT/PATH`, `command:LINE`.
pub(super) fn check(text: &str, pace: Pace) -> Result<Check> {
    let wrong = || {
        Failure::usage(format!(
            "--check `{text}` must be auto, tcp:PORT, http:PORT/PATH or command:LINE"
        ))
    };
    let probe = match text.split_once(':') {
        None if text == "auto" => Probe::Automatic,
        Some(("tcp", port)) => Probe::Tcp { port: port.parse().map_err(|_| wrong())? },
        Some(("http", rest)) => {
            let slash = rest.find('/').unwrap_or(rest.len());
            let (port, path) = rest.split_at(slash);
            let path = if path.is_empty() { "/" } else { path };
            Probe::Http {
                port: port.parse().map_err(|_| wrong())?,
                path: parse("--check's path", path)?,
            }
        }
        Some(("command", line)) => Probe::Command { command: command(line)? },
        _ => return Err(wrong().into()),
    };
    Ok(Check { probe, pace })
}

pub(super) fn strategy(text: &str) -> Result<Strategy> {
    match text {
        "automatic" => Ok(Strategy::Automatic),
        "start_first" | "start-first" => Ok(Strategy::StartFirst),
        "stop_first" | "stop-first" => Ok(Strategy::StopFirst),
        _ => Err(Failure::usage(format!(
            "--strategy `{text}` must be automatic, start_first or stop_first"
        ))
        .into()),
    }
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
    // The line end that `echo` adds is nobody's wish; all others are kept.
    if text.ends_with('\n') {
        text.truncate(text.len() - 1);
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
    fn two_values_from_one_standard_input_are_refused() {
        let refused = variables(&words(&["A", "B"]), &mut std::io::empty()).unwrap_err();

        assert_eq!(crate::exit::code(&refused), 2);
    }

    #[test]
    fn a_variable_that_is_given_twice_is_refused() {
        let refused = variables(&words(&["A=1", "B=2", "A=3"]), &mut std::io::empty()).unwrap_err();

        assert_eq!(refused.to_string(), "A is given twice; say it once");
    }

    #[test]
    fn checks_are_read_as_they_are_shown() {
        for text in ["auto", "tcp:5432", "http:8080/health?x=1", "command:redis-cli ping"] {
            let check = check(text, Pace::default()).unwrap();
            assert_eq!(super::super::describe::check(&check), text);
        }
        for wrong in ["", "tcp", "tcp:0", "http:x/", "http:80/a b", "command:", "other:1"] {
            assert!(check(wrong, Pace::default()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_are_tcp_unless_said_otherwise() {
        let ports = ports(&words(&["80", "53/udp", "443/tcp"])).unwrap();

        assert_eq!(super::super::describe::ports(&ports), "80, 53/udp, 443");
        for wrong in ["0", "65536", "http", "80/sctp", "-1", ""] {
            assert!(super::ports(&words(&[wrong])).is_err(), "{wrong}");
        }
    }
}
