//! The table of a service's fields: each stands here once.
//!
//! Addresses, what may stand there, the service itself, what is asked to be made, the API's PATCH, what a
//! container is made of, effects, the settings of the command line and of the app are made from it by
//! macros that are given all rows. `docs/architecture.md` says how to add one.

use crate::effect::Effect;

/// Hands all rows to a macro: those of the service as a whole (`planned`), and those that each of its
/// containers is made of (`container`), which a deployment keeps as they are.
///
/// Types are written as paths, so that who makes something of the rows imports none of them.
///
/// A row says whether it may be absent where a whole service is read, what the field is called, its
/// type, and then:
/// - `field`, `content`: its variants of [`Field`] and [`Content`](crate::Content);
/// - `holds`: the type of what stands in it; `required`, `optional` (an `Option` of it) or `defaulted`
///   (what is taken away returns to its default);
/// - `api`: its key in the API's bodies, and how one that may be absent or `null` is read there;
/// - `effect`: what a change of it does to what runs; `Inherited` is that of the variables it brings;
/// - `help`: what it is, in a sentence, wherever it is described;
/// - `form`: its [`Form`]: label, what is so when nothing stands in it, an example, section, settings.
macro_rules! service_fields {
    ($generate:ident) => {
        $generate! {
            planned {
                name: [crate::Name] {
                    field: Name, content: Name, holds: required [crate::Name],
                    api: "name" by "given", effect: None,
                    help: "What people call it.",
                    form: ("Name", "", "web", General, TEXT),
                }
                #[serde(default)]
                icon: [Option<crate::IconUrl>] {
                    field: Icon, content: Icon, holds: optional [crate::IconUrl],
                    api: "icon_url" by "filled", effect: None,
                    help: "The address of a picture in place of the one that its image suggests. Pictures of other hosts are kept and not drawn: they would learn who looks.",
                    form: ("Icon", "By its image", "https://example.org/icon.svg", General, MONO),
                }
                #[serde(default)]
                group: [Option<crate::GroupId>] {
                    field: Group, content: GroupId, holds: optional [crate::GroupId],
                    api: "group_id" by "given", effect: Inherited,
                    help: "The group that it lies in, whose variables it inherits.",
                    form: ("Group", "No group", "", General, GROUP),
                }
                #[serde(default)]
                source: [crate::config::Source] {
                    field: Source, content: Source, holds: defaulted [crate::config::Source],
                    api: "source" by "given", effect: Redeploy,
                    help: "Where its image comes from. Without one it stays on the canvas and does not run.",
                    form: ("Image", "No image: it does not run", "nginx:1.29", Source, SOURCE),
                }
                #[serde(default)]
                replicas: [crate::config::Replicas] {
                    field: Replicas, content: Replicas, holds: defaulted [crate::config::Replicas],
                    api: "replicas" by "given", effect: Scale,
                    help: "How many of it should run; 0 stops it.",
                    form: ("Replicas", "1", "3", Scale, NUMBER),
                }
                #[serde(default)]
                strategy: [crate::config::Strategy] {
                    field: Strategy, content: Strategy, holds: defaulted [crate::config::Strategy],
                    api: "strategy" by "given", effect: None,
                    help: "How a new deployment takes over from the old one.",
                    form: ("Strategy", "Automatic", "start_first", Deploy, STRATEGY),
                }
            }
            container {
                #[serde(default)]
                command: [Option<crate::config::Command>] {
                    field: Command, content: Command, holds: optional [crate::config::Command],
                    api: "command" by "given", effect: Redeploy,
                    help: "Arguments in place of the image's own. Split at blanks; quotes group; no shell reads them.",
                    form: ("Command", "The image's own", "npm run start", Source, MONO),
                }
                #[serde(default)]
                entrypoint: [Option<crate::config::Command>] {
                    field: Entrypoint, content: Entrypoint, holds: optional [crate::config::Command],
                    api: "entrypoint" by "given", effect: Redeploy,
                    help: "The program in place of the image's own entrypoint, with its first arguments; the image's command then counts no more.",
                    form: ("Entrypoint", "The image's own", "/docker-entrypoint.sh", Source, MONO),
                }
                #[serde(default)]
                working_dir: [Option<crate::config::WorkingDir>] {
                    field: WorkingDir, content: WorkingDir, holds: optional [crate::config::WorkingDir],
                    api: "working_dir" by "filled", effect: Redeploy,
                    help: "The folder in which its program starts.",
                    form: ("Working directory", "The image's own", "/app", Source, MONO),
                }
                #[serde(default)]
                user: [Option<crate::config::ContainerUser>] {
                    field: User, content: User, holds: optional [crate::config::ContainerUser],
                    api: "user" by "filled", effect: Redeploy,
                    help: "The user of the image as whom its program runs, and perhaps a group.",
                    form: ("User", "The image's own", "1000:1000", Source, MONO),
                }
                #[serde(default)]
                ports: [crate::config::Ports] {
                    field: Ports, content: Ports, holds: defaulted [crate::config::Ports],
                    api: "ports" by "given", effect: Redeploy,
                    help: "Ports that it listens on inside its container, the main one first.",
                    form: ("Ports", "None", "80, 53/udp", Networking, PORTS),
                }
                #[serde(default)]
                limits: [crate::config::Limits] {
                    field: Limits, content: Limits, holds: defaulted [crate::config::Limits],
                    api: "limits" by "given", effect: Update,
                    help: "What each replica may use of its host.",
                    form: ("Limits", "No limits", "", Scale, LIMITS),
                }
                #[serde(default)]
                check: [crate::HealthCheck] {
                    field: Check, content: Check, holds: defaulted [crate::HealthCheck],
                    api: "check" by "given", effect: Redeploy,
                    help: "How one tells that it is ready.",
                    form: ("Health check", "Its port answers, or it stays up", "http:8080/health", Deploy, CHECK),
                }
                #[serde(default)]
                stop_signal: [Option<crate::config::StopSignal>] {
                    field: StopSignal, content: StopSignal, holds: optional [crate::config::StopSignal],
                    api: "stop_signal" by "filled", effect: Redeploy,
                    help: "The signal that asks it to stop.",
                    form: ("Stop signal", "The image's own, else SIGTERM", "SIGINT", Deploy, MONO),
                }
                #[serde(default)]
                stop_grace_period: [Option<crate::config::StopGrace>] {
                    field: StopGracePeriod, content: StopGracePeriod, holds: optional [crate::config::StopGrace],
                    api: "stop_grace_period" by "filled", effect: Redeploy,
                    help: "How long it may take to stop once it has been asked, before it is killed.",
                    form: ("Stop grace period", "10s", "1m 30s", Deploy, MONO),
                }
                #[serde(default)]
                shm_size: [Option<crate::config::ShmSize>] {
                    field: ShmSize, content: ShmSize, holds: optional [crate::config::ShmSize],
                    api: "shm_size" by "filled", effect: Redeploy,
                    help: "The size of /dev/shm in each container, which counts as its memory; a bare number means MiB.",
                    form: ("Shared memory size", "64 MiB", "256 MiB", Scale, MONO),
                }
                #[serde(default)]
                read_only: [crate::config::Flag] {
                    field: ReadOnly, content: ReadOnly, holds: defaulted [crate::config::Flag],
                    api: "read_only" by "given", effect: Redeploy,
                    help: "Whether its container's files can only be read, but for its volumes.",
                    form: ("Read-only root", "Off", "true", Deploy, FLAG),
                }
            }
        }
    };
}
pub(crate) use service_fields;

/// How a field is filled in by a person, wherever that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its name beside a value.
    pub label: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// What is so when nothing stands in it; nothing for a field that is never empty.
    pub empty: &'static str,
    /// What one could type.
    pub example: &'static str,
    /// What it stands together with.
    pub section: Section,
}

/// Under what heading a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each names its heading")]
pub enum Section {
    General,
    Source,
    Networking,
    Scale,
    Deploy,
}

impl Section {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::General, Self::Source, Self::Networking, Self::Scale, Self::Deploy];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Source => "Source",
            Self::Networking => "Networking",
            Self::Scale => "Scale",
            Self::Deploy => "Deploy",
        }
    }
}

macro_rules! fields {
    (planned { $($planned:tt)* } container { $($container:tt)* }) => {
        fields! { $($planned)* $($container)* }
    };
    ($($(#[$default:meta])? $name:ident: $type:tt {
        field: $field:ident, content: $content:ident, holds: $kind:ident [$($inner:tt)+],
        api: $api:literal by $read:literal, effect: $effect:ident, help: $help:literal,
        form: ($label:literal, $empty:literal, $example:literal, $section:ident, $settings:ident),
    })*) => {
        /// A single-valued part of a service's configuration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $(#[doc = $help] $field,)*
        }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$field),*];

            /// The word in its address.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$field => stringify!($name),)*
                }
            }

            /// What a change of it does to what runs. `None`: what the change of the variables does
            /// that come or go with it.
            #[must_use]
            pub const fn effect(self) -> Option<Effect> {
                match self {
                    $(Self::$field => fields!(@effect $effect),)*
                }
            }

            /// How it is filled in.
            #[must_use]
            pub const fn form(self) -> Form {
                match self {
                    $(Self::$field => Form {
                        label: $label,
                        help: $help,
                        empty: $empty,
                        example: $example,
                        section: Section::$section,
                    },)*
                }
            }
        }
    };
    (@effect Inherited) => { None };
    (@effect $effect:ident) => {
        Some(Effect::$effect)
    };
}

service_fields!(fields);
