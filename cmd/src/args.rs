//! The command line, as it is typed.

mod example;
mod setting;
mod stage;

pub use setting::flag;
pub use stage::{GroupAction, NewService, Owner, SetService, Stage, VariableAction, VolumeAction};

use crate::{
    config::{Settings, parse_duration},
    exit::EXIT_CODES,
};
use clap::{Args, Parser, Subcommand};
use domain::access::KeyScope;
use std::time::Duration;

/// Run applications on your own machine: one canvas, staged changes, one apply.
#[derive(Parser, Debug)]
#[command(
    name = "easel",
    version,
    after_help = format!("{}\n\n{EXIT_CODES}", example::FIRST_STEPS),
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server: API, web app and everything that keeps containers as they should be.
    #[command(after_help = EXIT_CODES)]
    Serve {
        #[command(flatten)]
        settings: Box<Settings>,
        /// Manage the engine that is there, although the data was copied or belongs to another
        /// one. Easel is observe-only otherwise. Say it once, when no other Easel has the same
        /// data.
        #[arg(long)]
        adopt_engine: bool,
    },
    /// Check whether a server can run here: data, key, database, port, engine, network. Give it the
    /// same settings as `serve`. It changes nothing, and exits with 7 when something is broken.
    Doctor {
        #[command(flatten)]
        settings: Box<Settings>,
        /// Answer with JSON.
        #[arg(long)]
        json: bool,
    },
    /// Keep containers from this host: neither its own addresses nor 169.254.0.0/16. `serve` does so by
    /// itself where its user may; elsewhere root runs this at each boot, with the same settings.
    Isolate {
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Sign in. The password is asked for, or read from standard input; it is never an argument.
    #[command(after_help = example::LOGIN)]
    Login {
        /// The server. Default: the one of the last sign-in, else http://127.0.0.1:8080.
        #[arg(long, env = "EASEL_URL")]
        url: Option<String>,
        /// Your e-mail address.
        #[arg(long)]
        email: Option<String>,
        /// Answer with JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign out, and forget the server's tokens.
    Logout(ServerArgs),
    /// Say who is signed in, and where.
    Whoami(ServerArgs),
    /// Projects: list, create, delete, or choose the one that other commands mean.
    Projects {
        #[command(subcommand)]
        action: Option<ProjectAction>,
        #[command(flatten)]
        target: ServerArgs,
    },
    /// Services of a project. Create and delete take effect at once; `stage` prepares changes.
    #[command(after_help = example::SERVICES)]
    Services {
        #[command(subcommand)]
        action: Option<ServiceAction>,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// Variables, without their values.
    Variables {
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// Volumes, and where they are mounted.
    Volumes(EnvironmentArgs),
    /// Groups, and what lies in them.
    Groups(EnvironmentArgs),
    /// Stage a change: it waits, and everybody sees it, until it is applied.
    #[command(after_help = example::STAGE)]
    Stage {
        #[command(subcommand)]
        what: Stage,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// Staged changes: what was, what will be, and who wanted it.
    #[command(after_help = example::CHANGES)]
    Changes {
        #[command(subcommand)]
        action: Option<ChangeAction>,
        /// Show authors, times and effects.
        #[arg(long, global = true)]
        details: bool,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// Apply staged changes together, as one revision.
    #[command(after_help = example::APPLY)]
    Apply(Apply),
    /// How the services are doing.
    Status {
        /// Keep watching, and print what happens.
        #[arg(long, short)]
        watch: bool,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// What a service prints. Lines of its standard error begin with `!`.
    #[command(after_help = example::LOGS)]
    Logs {
        /// The service: slug, name or id.
        service: String,
        /// Wait for more, also over lost connections and new deployments.
        #[arg(long, short)]
        follow: bool,
        /// How many last lines to begin with.
        #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=5000))]
        tail: u32,
        /// Print when each line was written.
        #[arg(long, short)]
        timestamps: bool,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// A service's deployments, newest first.
    Deployments {
        /// The service: slug, name or id.
        service: String,
        /// How many to list.
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
        limit: u64,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// A service's history: what happened and why, newest first.
    History {
        /// The service: slug, name or id.
        service: String,
        /// How many to list.
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=200))]
        limit: u64,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// Deploy a service's present configuration again; its image is looked up anew.
    Redeploy {
        /// The service: slug, name or id.
        service: String,
        /// What to say about it.
        #[arg(long, short, default_value = "")]
        message: String,
        #[command(flatten)]
        wait: Wait,
        #[command(flatten)]
        scope: EnvironmentArgs,
    },
    /// API keys, for scripts: put one in EASEL_API_KEY.
    #[command(after_help = example::KEYS)]
    Keys {
        #[command(subcommand)]
        action: Option<KeyAction>,
        #[command(flatten)]
        target: ServerArgs,
    },
    /// Say which version this is.
    Version {
        /// Answer with JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which server, and how to answer.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server and output")]
pub struct ServerArgs {
    /// The server. Default: the one of the last sign-in. EASEL_API_KEY replaces the sign-in.
    #[arg(long, env = "EASEL_URL", global = true)]
    pub url: Option<String>,
    /// Answer with JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Which project and environment.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server and output")]
pub struct EnvironmentArgs {
    /// The project: slug, id or name. Default: the one chosen with `projects use`, or the only one.
    #[arg(long, short, env = "EASEL_PROJECT", global = true)]
    pub project: Option<String>,
    /// The environment: slug or id.
    #[arg(long, short, env = "EASEL_ENVIRONMENT", default_value = "production", global = true)]
    pub environment: String,
    #[command(flatten)]
    pub target: ServerArgs,
}

/// Whether to wait for deployments to end.
#[derive(Args, Clone, Debug)]
pub struct Wait {
    /// Wait until the new deployments are live; exit with 7 if one fails, 1 after the timeout.
    #[arg(long, short)]
    pub wait: bool,
    /// How long to wait, such as 90s or 10m.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "must be a time such as 90s, 10m or 1h".to_owned())
}

/// What to apply.
#[derive(Args, Clone, Debug)]
pub struct Apply {
    /// Changes to apply, by the ids that `changes` prints. Default: all that are staged.
    pub changes: Vec<String>,
    /// Apply all that is staged when this command looks; the same as naming none.
    #[arg(long, conflicts_with = "changes")]
    pub all_seen: bool,
    /// What to say about it, for the history.
    #[arg(long, short, default_value = "")]
    pub message: String,
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub wait: Wait,
    #[command(flatten)]
    pub scope: EnvironmentArgs,
}

/// What to do with projects.
#[derive(Subcommand, Clone, Debug)]
pub enum ProjectAction {
    /// List them.
    List {
        /// Only those whose name contains this.
        #[arg(long)]
        name: Option<String>,
    },
    /// Create one.
    Create {
        /// What it is called.
        name: String,
    },
    /// Delete one, with its services. The data of its volumes stays in the engine.
    Delete {
        /// The project: slug, id or name.
        project: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Choose the one that other commands mean.
    Use {
        /// The project: slug, id or name.
        project: String,
    },
}

/// What to do with services.
#[derive(Subcommand, Clone, Debug)]
pub enum ServiceAction {
    /// List them.
    List,
    /// Show one: configuration, state, variables without their values.
    Show {
        /// The service: slug, name or id.
        service: String,
    },
    /// Create one at once, as a revision of its own.
    Create {
        #[command(flatten)]
        new: Box<NewService>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete one at once, as a revision of its own. The data of its volumes stays.
    Delete {
        /// The service: slug, name or id.
        service: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// What to do with staged changes.
#[derive(Subcommand, Clone, Debug)]
pub enum ChangeAction {
    /// List them.
    List,
    /// Discard changes, and those that depend on them.
    Discard {
        /// Which, by the ids that `changes` prints.
        #[arg(required_unless_present = "all")]
        changes: Vec<String>,
        /// All of them.
        #[arg(long, conflicts_with = "changes")]
        all: bool,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Settle the conflict of a change with what somebody else has applied meanwhile.
    Settle {
        /// Which, by the id that `changes` prints.
        change: String,
        /// Which of both stays.
        #[arg(long, value_enum)]
        keep: Side,
    },
    /// Restore discarded edits, by the ids that `discard` printed.
    Restore {
        /// Which.
        #[arg(required = true)]
        edits: Vec<String>,
    },
}

/// Whose value stays.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum Side {
    /// The staged one.
    Mine,
    /// The one that was applied meanwhile.
    Theirs,
}

/// What to do with API keys.
#[derive(Subcommand, Clone, Debug)]
pub enum KeyAction {
    /// List yours.
    List,
    /// Create one. It is shown once.
    Create {
        /// What it is for.
        description: String,
        /// What it may be used for; may be repeated. read: to look, but for values and logs; stage:
        /// to stage and discard; deploy: to apply and deploy; logs: to read what containers write;
        /// write: to reveal values and make projects; admin: members, audit and the end of a project,
        /// and of an admin's key also the instance and every project.
        #[arg(long, value_delimiter = ',', default_value = "read,stage,deploy,logs,write")]
        scope: Vec<KeyScope>,
        /// The only project that it may be used for.
        #[arg(long)]
        only: Option<String>,
        /// When it expires, from now, such as 90d.
        #[arg(long, value_parser = duration)]
        expires: Option<Duration>,
    },
    /// Delete one.
    Delete {
        /// Which: its id, or the beginning of it that the list shows.
        key: String,
    },
}
