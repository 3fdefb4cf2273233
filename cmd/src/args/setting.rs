//! The flags of a service's settings: one for each [`Setting`], and one that empties it.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use domain::{Setting, setting::Input};
use std::marker::PhantomData;

/// What was typed for settings, in their order: the text of each, empty where it is to be emptied.
#[derive(Clone, Debug)]
pub struct Settings<Of> {
    /// The settings, with what was typed.
    pub typed: Vec<(&'static Setting, String)>,
    of: PhantomData<Of>,
}

/// Of a service that is to be made: its name has a place of its own, and nothing is to be emptied.
#[derive(Clone, Debug)]
pub enum New {}

/// Of a service that there is.
#[derive(Clone, Debug)]
pub enum Existing {}

/// Which flags there are.
pub trait Flags {
    /// Whether the setting has a flag.
    fn has(setting: &Setting) -> bool;
    /// Whether it has one that empties it.
    const EMPTIES: bool;
}

impl Flags for New {
    const EMPTIES: bool = false;

    fn has(setting: &Setting) -> bool {
        setting.word != "name"
    }
}

impl Flags for Existing {
    const EMPTIES: bool = true;

    fn has(_: &Setting) -> bool {
        true
    }
}

/// The flag's name: the setting's word with hyphens.
pub fn flag(setting: &Setting) -> String {
    setting.word.replace('_', "-")
}

fn clear_flag(setting: &Setting) -> String {
    format!("no-{}", flag(setting))
}

impl<Of: Flags> Args for Settings<Of> {
    fn augment_args(mut command: Command) -> Command {
        for setting in Setting::all().filter(|setting| Of::has(setting)) {
            command = command.arg(value(setting));
        }
        for setting in Setting::all().filter(|it| Of::EMPTIES && it.may_be_empty()) {
            let name = clear_flag(setting);
            command = command.arg(
                Arg::new(name.clone())
                    .long(name)
                    .action(ArgAction::SetTrue)
                    .conflicts_with(flag(setting))
                    .help_heading("Taking settings away")
                    .help(setting.empty),
            );
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flag that takes a value.
fn value(setting: &Setting) -> Arg {
    let mut arg = Arg::new(flag(setting)).long(flag(setting)).help_heading("Settings");
    let mut help = setting.help.to_owned();
    arg = match setting.input {
        Input::Choice(choices) => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            help = format!("{help} One of: {}", words.join(", "));
            arg
        }
        Input::Group => {
            help = format!("{help} By name or id");
            arg
        }
        // As one repeats it: `--port 80 --port 53/udp`.
        Input::List => {
            let singular = setting.word.trim_end_matches('s');
            arg.action(ArgAction::Append).visible_alias(singular.to_owned())
        }
        Input::Text | Input::Machine | Input::Number | Input::HealthCheck => arg,
    };
    if !setting.example.is_empty() {
        help = format!("{help} Example: {}", setting.example);
    }
    arg.help(help).value_name(flag(setting).to_uppercase())
}

impl<Of: Flags> FromArgMatches for Settings<Of> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut typed = Vec::new();
        for setting in Setting::all().filter(|setting| Of::has(setting)) {
            let empties = Of::EMPTIES && setting.may_be_empty();
            if let Some(texts) = matches.get_many::<String>(&flag(setting)) {
                let texts: Vec<&str> = texts.map(String::as_str).collect();
                typed.push((setting, texts.join(",")));
            } else if empties && matches.get_flag(&clear_flag(setting)) {
                typed.push((setting, String::new()));
            }
        }
        Ok(Self { typed, of: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
