//! The settings of a service: its fields, or parts of them, as a person types them.
//!
//! The command line's flags and the rows of the app's settings are these, one by one.

use crate::{
    Content, Field, HealthCheck, Limits, MemorySize, PullPolicy, Service, Source, Strategy,
    config::Flag,
    field::{Section, service_fields},
    name::Invalid,
};

/// A field of a service, or a part of one, as text.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The field that it is, or is a part of.
    pub field: Field,
    /// Its word: the id of its row in the app, and with hyphens the flag of the command line.
    pub word: &'static str,
    /// Its name beside the value.
    pub label: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// What is so when nothing is typed; nothing for what is never empty.
    pub empty: &'static str,
    /// What one could type.
    pub example: &'static str,
    /// How it is typed.
    pub input: Input,
    show: fn(&Service) -> Option<String>,
    read: fn(&Service, Option<&str>) -> Result<Option<Content>, Invalid>,
}

/// How a setting is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// In a person's words.
    Text,
    /// In a machine's words: images, addresses, commands.
    Machine,
    /// A whole number.
    Number,
    /// Several, apart by commas.
    List,
    /// One of these words, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// A group of the environment, by its id.
    Group,
    /// A health check: the app has a form for its parts.
    HealthCheck,
}

impl Setting {
    /// All of them, in the order of their fields.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SETTINGS.iter().copied().flatten()
    }

    /// The one with that word.
    #[must_use]
    pub fn find(word: &str) -> Option<&'static Self> {
        Self::all().find(|setting| setting.word == word)
    }

    /// Under what heading it stands.
    #[must_use]
    pub const fn section(&self) -> Section {
        self.field.form().section
    }

    /// Whether it can be empty.
    #[must_use]
    pub const fn may_be_empty(&self) -> bool {
        !self.empty.is_empty()
    }

    /// What is set, as one would type it; nothing when it is empty.
    #[must_use]
    pub fn show(&self, service: &Service) -> String {
        (self.show)(service).unwrap_or_default()
    }

    /// What shall stand in the [`field`](Self::field) of this service once this is typed. Nothing
    /// typed means nothing set; then the field may be empty too.
    ///
    /// # Errors
    /// When the text cannot be set here: what it must be like.
    pub fn read(&self, service: &Service, text: &str) -> Result<Option<Content>, Invalid> {
        match text.trim() {
            "" if !self.may_be_empty() => Err(Invalid::new("must not be empty")),
            "" => (self.read)(service, None),
            text => (self.read)(service, Some(text)),
        }
    }

    /// Types it into the service.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn set(&self, service: &mut Service, text: &str) -> Result<(), Invalid> {
        let content = self.read(service, text)?;
        service.put(self.field, content).ok_or_else(|| Invalid::new("does not belong there"))
    }
}

macro_rules! settings {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        settings! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: [$($type:tt)+] {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal,
        form: ($label:literal, $empty:literal, $example:literal, $section:ident, $settings:ident),
    })*) => {
        static SETTINGS: &[&[Setting]] = &[$(settings!(
            @$settings Setting {
                field: Field::$field,
                word: stringify!($name),
                label: $label,
                help: $help,
                empty: $empty,
                example: $example,
                input: Input::Text,
                show: |service| service.get(Field::$field).and_then(|content| content.field_text()),
                read: |_, text| match text {
                    Some(text) => Ok(Some(Content::$content(text.parse()?))),
                    None => Ok(None),
                },
            }
        )),*];
    };
    (@TEXT $whole:expr) => {
        &[$whole]
    };
    (@MONO $whole:expr) => {
        &[Setting { input: Input::Machine, ..$whole }]
    };
    (@NUMBER $whole:expr) => {
        &[Setting { input: Input::Number, ..$whole }]
    };
    (@PORTS $whole:expr) => {
        &[Setting { input: Input::List, ..$whole }]
    };
    (@GROUP $whole:expr) => {
        &[Setting { input: Input::Group, ..$whole }]
    };
    (@STRATEGY $whole:expr) => {
        &[Setting { input: Input::Choice(Strategy::CHOICES), ..$whole }]
    };
    (@FLAG $whole:expr) => {
        &[Setting { input: Input::Choice(Flag::CHOICES), ..$whole }]
    };
    (@CHECK $whole:expr) => {
        &[Setting { input: Input::HealthCheck, read: read_check, ..$whole }]
    };
    (@SOURCE $whole:expr) => {
        &[IMAGE, PULL]
    };
    (@LIMITS $whole:expr) => {
        &[MEMORY, CPU, CPU_SHARES]
    };
}

service_fields!(settings);

const IMAGE: Setting = Setting {
    field: Field::Source,
    word: "image",
    label: "Image",
    help: "What runs: an image of a registry, or one that the machine has already.",
    empty: "No image: it does not run",
    example: "nginx:1.29",
    input: Input::Machine,
    show: |service| service.source.image().map(ToString::to_string),
    read: |service, text| {
        let Some(text) = text else { return Ok(None) };
        let pull = match &service.source {
            Source::Image { pull, .. } => *pull,
            Source::Empty => PullPolicy::default(),
        };
        Ok(Some(Content::Source(Source::Image { image: text.parse()?, pull })))
    },
};

const PULL: Setting = Setting {
    field: Field::Source,
    word: "pull",
    label: "Pull policy",
    help: "When the registry is asked for the image.",
    empty: "Missing",
    example: "always",
    input: Input::Choice(PullPolicy::CHOICES),
    show: |service| match &service.source {
        Source::Image { pull, .. } => Some(pull.to_string()),
        Source::Empty => None,
    },
    read: |service, text| {
        let pull = text.map(str::parse::<PullPolicy>).transpose()?.unwrap_or_default();
        match &service.source {
            Source::Image { image, .. } => {
                Ok(Some(Content::Source(Source::Image { image: image.clone(), pull })))
            }
            Source::Empty => Err(Invalid::new("needs an image: there is nothing to pull yet")),
        }
    },
};

const MEMORY: Setting = Setting {
    field: Field::Limits,
    word: "memory",
    label: "Memory limit",
    help: "How much memory each replica may use; a bare number means MiB.",
    empty: "No limit",
    example: "512 MiB",
    input: Input::Text,
    show: |service| {
        service.limits.memory_mb().map(|size| MemorySize::of_mebibytes(size).to_string())
    },
    read: |service, text| Ok(limits(service.limits.with_memory(text)?)),
};

const CPU: Setting = Setting {
    word: "cpu",
    label: "CPU limit",
    help: "How much CPU time each replica may use, in cores.",
    example: "0.5",
    show: |service| service.limits.cpu(),
    read: |service, text| Ok(limits(service.limits.with_cpu(text)?)),
    ..MEMORY
};

const CPU_SHARES: Setting = Setting {
    word: "cpu_shares",
    label: "CPU shares",
    help: "Its weight against other containers when the CPU is busy.",
    empty: "1024",
    example: "2048",
    input: Input::Number,
    show: |service| service.limits.cpu_shares().map(|shares| shares.to_string()),
    read: |service, text| Ok(limits(service.limits.with_cpu_shares(text)?)),
    ..MEMORY
};

/// No limit of any kind is the same as nothing there.
fn limits(limits: Limits) -> Option<Content> {
    (limits != Limits::default()).then_some(Content::Limits(limits))
}

/// Another probe at the pace of the one before.
fn read_check(service: &Service, text: Option<&str>) -> Result<Option<Content>, Invalid> {
    let Some(text) = text else { return Ok(None) };
    Ok(Some(Content::Check(HealthCheck { probe: text.parse()?, pace: service.check.pace })))
}
