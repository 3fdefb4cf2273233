//! Keeps containers from the host that they run on.
//!
//! A bridge network leads to the host's own addresses too: to Easel's port, to whatever else listens there, to
//! what is only meant for this host's cable. Engines leave that open. So packets from the networks of
//! environments are refused there by iptables, which is also what engines write their rules with. Answers
//! pass: health checks and the proxy come from the host.

mod rules;

use crate::host_routes;
use ipnet::Ipv4Net;
use rules::{Jump, chains, jumps, own_nameservers};
use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

/// How long one call of iptables may take. It waits for others for five seconds at most.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"];

/// The rules that keep the containers of these networks from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    subnets: BTreeSet<Ipv4Net>,
    /// The host's own addresses that containers ask for names.
    nameservers: Vec<Ipv4Addr>,
}

/// Why containers are not kept from the host: for the sentence "containers can reach this host, because …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsolationError {
    /// There is nothing to write rules with.
    #[error("there is no iptables; install it (Debian's package iptables)")]
    NoProgram,
    /// Whoever runs Easel may not write rules.
    #[error(
        "the user that runs Easel may not write the host's packet rules; run Easel as root, or run \
         `easel isolate` as root at each boot and after each change of the network range"
    )]
    NotPermitted,
    /// The engine, and so its networks, are somewhere else.
    #[error(
        "the engine runs on another machine or in a user's own networks, where Easel writes no rules"
    )]
    Elsewhere,
    /// Rules for the whole range would cut this host off from its neighbours.
    #[error(
        "some of the range of networks is this host's own neighbourhood; choose another with \
         --network-range"
    )]
    Clash,
    /// A rule is missing.
    #[error("the rules are not in place; `easel serve` as root, or `easel isolate`, writes them")]
    Missing,
    /// It refused.
    #[error("iptables refused: this kernel may lack what the rules need")]
    Failed,
}

impl Isolation {
    /// For these networks of containers.
    #[must_use]
    pub fn new(subnets: impl IntoIterator<Item = Ipv4Net>) -> Self {
        let nameservers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        Self { subnets: subnets.into_iter().collect(), nameservers: own_nameservers(&nameservers) }
    }

    /// Whether some of these addresses are this host's own or its neighbours', so that no rule may be for
    /// all of them.
    #[must_use]
    pub fn clashes(range: Ipv4Net) -> bool {
        let overlap = |other: Ipv4Net| range.contains(&other) || other.contains(&range);
        host_routes().into_iter().any(|route| overlap(route.addresses))
    }

    /// Sees to it that the rules are there. Changes nothing where they are.
    ///
    /// # Errors
    /// With why they are not.
    pub async fn enforce(&self) -> Result<(), IsolationError> {
        match self.check().await {
            Err(IsolationError::Missing) => (),
            other => return other,
        }
        restore(&chains(&self.nameservers)).await?;
        for jump in self.jumps().await? {
            if !run(jump.check()).await?.status.success() {
                let inserted = succeed(run(jump.insert()).await?);
                if jump.is_needed {
                    inserted?;
                }
            }
        }
        self.check().await
    }

    /// Whether the rules are there. Changes nothing.
    ///
    /// # Errors
    /// With why they are not, or cannot be read.
    pub async fn check(&self) -> Result<(), IsolationError> {
        for jump in self.jumps().await?.into_iter().filter(|jump| jump.is_needed) {
            match succeed(run(jump.check()).await?) {
                Err(IsolationError::Failed) => return Err(IsolationError::Missing),
                other => other?,
            }
        }
        // What stands at the end of both chains.
        for chain in rules::LAST {
            match succeed(run(chain.iter().map(|&word| word.to_owned()).collect()).await?) {
                Err(IsolationError::Failed) => return Err(IsolationError::Missing),
                other => other?,
            }
        }
        Ok(())
    }

    /// Takes away what leads these networks to the rules.
    ///
    /// # Errors
    /// When rules cannot be changed.
    pub async fn lift(&self) -> Result<(), IsolationError> {
        for jump in self.jumps().await? {
            while run(jump.check()).await?.status.success() {
                succeed(run(jump.delete()).await?)?;
            }
        }
        Ok(())
    }

    /// Docker has a chain for what others want to say of its networks; other engines have none.
    async fn jumps(&self) -> Result<Vec<Jump>, IsolationError> {
        let list = ["-n", "-L", "DOCKER-USER"].map(str::to_owned).to_vec();
        let listed = run(list).await?;
        if is_denied(&listed) {
            return Err(IsolationError::NotPermitted);
        }
        let forward = if listed.status.success() { "DOCKER-USER" } else { "FORWARD" };
        Ok(jumps(forward, &self.subnets))
    }
}

fn program(name: &str) -> Result<PathBuf, IsolationError> {
    let places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    places.into_iter().find(|path| path.exists()).ok_or(IsolationError::NoProgram)
}

/// A call with a list of arguments and an empty environment.
async fn run(arguments: Vec<String>) -> Result<Output, IsolationError> {
    let mut command = Command::new(program("iptables")?);
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let ran = timeout(CALL_TIMEOUT, command.args(["-w", "5"]).args(arguments).output()).await;
    ran.ok().and_then(Result::ok).ok_or(IsolationError::Failed)
}

/// Writes whole chains, all or nothing.
async fn restore(chains: &str) -> Result<(), IsolationError> {
    let mut command = Command::new(program("iptables-restore")?);
    command.env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let written = async {
        let mut child = command.args(["-w", "5", "--noflush"]).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(chains.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let written = timeout(CALL_TIMEOUT, written).await;
    succeed(written.ok().and_then(Result::ok).ok_or(IsolationError::Failed)?)
}

fn succeed(output: Output) -> Result<(), IsolationError> {
    if output.status.success() {
        Ok(())
    } else if is_denied(&output) {
        Err(IsolationError::NotPermitted)
    } else {
        Err(IsolationError::Failed)
    }
}

fn is_denied(output: &Output) -> bool {
    let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
    !output.status.success()
        && ["permission denied", "operation not permitted", "must be root"]
            .iter()
            .any(|words| told.contains(words))
}
