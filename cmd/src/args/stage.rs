//! What can be staged, as it is typed.

use super::{
    example,
    setting::{Existing, New, Settings},
};
use clap::{Args, Subcommand};

/// What to stage.
#[derive(Subcommand, Clone, Debug)]
pub enum Stage {
    /// A new service.
    CreateService(Box<NewService>),
    /// Settings of a service.
    #[command(after_help = example::SET)]
    Set(Box<SetService>),
    /// Variables.
    #[command(subcommand, visible_alias = "variable")]
    Var(VariableAction),
    /// Deletion of a service.
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
    /// Its slug, which is its private address. Default: made from the name.
    #[arg(long)]
    pub slug: Option<String>,
    /// A variable: KEY=VALUE, KEY=@FILE, or KEY alone for standard input; may be repeated.
    #[arg(long = "var", value_name = "KEY[=VALUE]")]
    pub variables: Vec<String>,
    #[command(flatten)]
    pub settings: Settings<New>,
}

/// Settings of a service.
#[derive(Args, Clone, Debug)]
pub struct SetService {
    /// The service: slug, name or id.
    pub service: String,
    #[command(flatten)]
    pub settings: Settings<Existing>,
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
    /// Delete variables.
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
    /// Create one.
    Create {
        /// What it is called.
        name: String,
        /// A service to lie in it; may be repeated.
        #[arg(long, short, value_delimiter = ',')]
        service: Vec<String>,
    },
    /// Rename one.
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
    /// Create one, and mount it in a service.
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
    /// Unmount one from a service; its data stays.
    Unmount {
        /// The volume: name or id.
        volume: String,
        /// The service: slug, name or id.
        service: String,
    },
    /// Delete one: Easel forgets it, its data stays in the engine.
    Delete {
        /// The volume: name or id.
        volume: String,
    },
}
