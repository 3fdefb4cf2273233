//! What can be staged, as it is typed.

use super::example;
use clap::{Args, Subcommand};

/// What to stage.
#[derive(Subcommand, Clone, Debug)]
pub enum Stage {
    /// A new service.
    CreateService(Box<NewService>),
    /// Other settings of a service.
    #[command(after_help = example::SET)]
    Set(Box<SetService>),
    /// Variables.
    #[command(subcommand, visible_alias = "variable")]
    Var(VariableAction),
    /// The end of a service.
    Delete {
        /// The service: slug, name or id.
        service: String,
    },
    /// Groups of services, which share variables.
    #[command(subcommand)]
    Group(GroupAction),
    /// Volumes, which keep data.
    #[command(subcommand, after_help = example::VOLUMES)]
    Volume(VolumeAction),
}

/// A service to be made.
#[derive(Args, Clone, Debug)]
pub struct NewService {
    /// What it is called.
    pub name: String,
    /// What to run, such as nginx:1.27.
    #[arg(long)]
    pub image: Option<String>,
    /// When to ask the registry for it: missing, always or never.
    #[arg(long)]
    pub pull: Option<String>,
    /// Its name on the private network. Default: made from the name.
    #[arg(long)]
    pub slug: Option<String>,
    /// A command in place of the image's own; quotes group, no shell reads it.
    #[arg(long)]
    pub command: Option<String>,
    /// A port it listens on, such as 80 or 53/udp; may be repeated.
    #[arg(long = "port", value_name = "PORT", value_delimiter = ',')]
    pub ports: Vec<String>,
    /// A variable: KEY=VALUE, KEY=@FILE, or KEY alone for standard input; may be repeated.
    #[arg(long = "var", value_name = "KEY[=VALUE]")]
    pub variables: Vec<String>,
    /// How many of it should run.
    #[arg(long)]
    pub replicas: Option<u16>,
    /// The group that it lies in: name or id.
    #[arg(long)]
    pub group: Option<String>,
}

/// Other settings of a service.
#[derive(Args, Clone, Debug)]
pub struct SetService {
    /// The service: slug, name or id.
    pub service: String,
    /// What people call it.
    #[arg(long)]
    pub name: Option<String>,
    /// What to run, such as nginx:1.27.
    #[arg(long)]
    pub image: Option<String>,
    /// When to ask the registry for it: missing, always or never.
    #[arg(long)]
    pub pull: Option<String>,
    /// A command in place of the image's own; quotes group, no shell reads it.
    #[arg(long)]
    pub command: Option<String>,
    /// The image's own command.
    #[arg(long, conflicts_with = "command")]
    pub no_command: bool,
    /// A port it listens on, such as 80 or 53/udp; repeat it for all of them.
    #[arg(long = "port", value_name = "PORT", value_delimiter = ',')]
    pub ports: Vec<String>,
    /// No ports.
    #[arg(long, conflicts_with = "ports")]
    pub no_ports: bool,
    /// How many of it should run; 0 stops it.
    #[arg(long)]
    pub replicas: Option<u16>,
    /// The group that it lies in: name or id.
    #[arg(long)]
    pub group: Option<String>,
    /// No group.
    #[arg(long, conflicts_with = "group")]
    pub no_group: bool,
    /// The address of a picture for it.
    #[arg(long)]
    pub icon: Option<String>,
    /// The picture that its image suggests.
    #[arg(long, conflicts_with = "icon")]
    pub no_icon: bool,
    /// Memory that a replica may use, in MiB.
    #[arg(long)]
    pub memory_mb: Option<u32>,
    /// CPU time that a replica may use, in thousandths of a core.
    #[arg(long)]
    pub cpu_millis: Option<u32>,
    /// CPU weight against others; 1024 is usual.
    #[arg(long)]
    pub cpu_shares: Option<u32>,
    /// No limits at all.
    #[arg(long, conflicts_with_all = ["memory_mb", "cpu_millis", "cpu_shares"])]
    pub no_limits: bool,
    /// How one tells that it is ready: auto, tcp:PORT, http:PORT/PATH or command:LINE.
    #[arg(long)]
    pub check: Option<String>,
    /// How a new deployment takes over: automatic, start_first or stop_first.
    #[arg(long)]
    pub strategy: Option<String>,
}

/// Whose variables.
#[derive(Args, Clone, Debug, Default)]
#[group(multiple = false)]
pub struct Owner {
    /// A service's: slug, name or id. Default: shared by all services.
    #[arg(long, short)]
    pub service: Option<String>,
    /// A group's: name or id.
    #[arg(long, short)]
    pub group: Option<String>,
}

/// What to do with variables.
#[derive(Subcommand, Clone, Debug)]
pub enum VariableAction {
    /// Set variables: KEY=VALUE, KEY=@FILE for a file's text, or KEY alone, whose value is read
    /// from standard input (so that it shows up in no list of processes). KEY=@@x means `@x`.
    #[command(after_help = example::VARIABLES)]
    Set {
        /// Which, and what to.
        #[arg(required = true, value_name = "KEY[=VALUE]")]
        variables: Vec<String>,
        #[command(flatten)]
        owner: Owner,
        /// Make them write-only for ever.
        #[arg(long)]
        sealed: bool,
    },
    /// Take variables away.
    Unset {
        /// Which.
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        owner: Owner,
    },
}

/// What to do with groups.
#[derive(Subcommand, Clone, Debug)]
pub enum GroupAction {
    /// Make one.
    Create {
        /// What it is called.
        name: String,
        /// A service to lie in it; may be repeated.
        #[arg(long, short, value_delimiter = ',')]
        service: Vec<String>,
    },
    /// Call one something else.
    Rename {
        /// The group: name or id.
        group: String,
        /// What it is called from now on.
        name: String,
    },
    /// Delete one; its services stay.
    Delete {
        /// The group: name or id.
        group: String,
    },
}

/// What to do with volumes.
#[derive(Subcommand, Clone, Debug)]
pub enum VolumeAction {
    /// Make one, and mount it in a service.
    Create {
        /// What it is called.
        name: String,
        /// The service to mount it in.
        #[arg(long, short, requires = "path")]
        service: Option<String>,
        /// Where it appears in the service, such as /data.
        #[arg(long, requires = "service")]
        path: Option<String>,
    },
    /// Mount one in a service, or elsewhere in it.
    Mount {
        /// The volume: name or id.
        volume: String,
        /// The service: slug, name or id.
        service: String,
        /// Where it appears, such as /data.
        path: String,
    },
    /// Take one out of a service; its data stays.
    Unmount {
        /// The volume: name or id.
        volume: String,
        /// The service: slug, name or id.
        service: String,
    },
    /// Give one up: Easel forgets it, its data stays in the engine.
    Delete {
        /// The volume: name or id.
        volume: String,
    },
}
