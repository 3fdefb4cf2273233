//! A Docker engine for the tests and for Easel itself: the one that answers, else one we start.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fmt};

use anyhow::{Context, Result, bail};

use crate::{debian, process, workspace};

const DEFAULT: &str = "unix:///var/run/docker.sock";
const PATIENCE: Duration = Duration::from_secs(5);

/// An engine that has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    host: String,
}

impl Engine {
    /// Where it listens, as `DOCKER_HOST` has it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The `docker` client, speaking to this engine.
    pub(crate) fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.host]);
        docker
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

/// The engine that answers: that of `DOCKER_HOST`, or the machine's own, started when we may.
pub(crate) fn ensure() -> Result<Engine> {
    let chosen = env::var_os("DOCKER_HOST").filter(|host| !host.is_empty());
    if let Some(host) = chosen {
        let host = host.to_string_lossy().into_owned();
        if !answers(&host) {
            bail!(
                "no Docker engine answers at {host} (DOCKER_HOST). Start it, or unset DOCKER_HOST"
            );
        }
        return Ok(Engine { host });
    }

    let engine = Engine { host: DEFAULT.to_owned() };
    if answers(DEFAULT) {
        return Ok(engine);
    }
    if !debian::is_root() {
        bail!(
            "no Docker engine answers at {DEFAULT}. Start Docker (and join the group `docker`), \
             or run this as root on Debian, which installs and starts one"
        );
    }
    if process::find("dockerd").is_none() {
        debian::ensure(&["docker.io", "iptables", "ca-certificates"], "run containers")?;
    }
    start()?;
    Ok(engine)
}

/// Whether an engine answers a ping. A hung engine accepts and says nothing, so we do not wait long.
fn answers(host: &str) -> bool {
    let ping = || match host.split_once("://") {
        Some(("unix", path)) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            ping(stream)
        }
        Some(("tcp" | "http", address)) => {
            let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            ping(stream)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    };
    ping().is_ok_and(|reply| reply.starts_with("HTTP/1.1 200"))
}

fn ping(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")?;
    let mut reply = [0; 12];
    stream.read_exact(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// Starts the engine: by systemd where that runs, else as a process of its own that outlives us.
fn start() -> Result<()> {
    if Path::new("/run/systemd/system").exists() {
        let _ = process::output(Command::new("systemctl").args(["start", "docker"]));
        if process::until(Duration::from_secs(30), || answers(DEFAULT)) {
            return Ok(());
        }
    }

    mount_cgroups();
    let folder = workspace::target().join("engine");
    let log = folder.join("dockerd.log");
    fs::create_dir_all(&folder)?;
    println!("starting dockerd (its log: {})", log.display());
    // Some kernels lack the tables that iptables needs by default, or any at all.
    let attempts: [&[&str]; 2] = [&[], &["--iptables=false", "--ip6tables=false"]];
    for arguments in attempts {
        let mut dockerd = spawn(arguments, &log)?;
        fs::write(folder.join("dockerd.pid"), dockerd.id().to_string())?;
        let mut ended = None;
        process::until(Duration::from_secs(60), || {
            ended = dockerd.try_wait().ok().flatten();
            ended.is_some() || answers(DEFAULT)
        });
        if ended.is_none() {
            if answers(DEFAULT) {
                return Ok(());
            }
            let _ = dockerd.kill();
            let _ = dockerd.wait();
            break;
        }
    }
    bail!("dockerd does not start. The end of {}:\n{}", log.display(), process::tail(&log, 15))
}

/// `setsid`, so that an interrupt for us does not end the engine under running apps.
fn spawn(arguments: &[&str], log: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log)?;
    Command::new("setsid")
        .arg("dockerd")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("could not start dockerd")
}

/// A bare root has no control groups mounted: the unified tree, or what of the old ones exists.
fn mount_cgroups() {
    let root = Path::new("/sys/fs/cgroup");
    let is_mounted = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
    if is_mounted {
        return;
    }
    let known = fs::read_to_string("/proc/cgroups").unwrap_or_default();
    let controllers = in_old_trees(&known);
    if controllers.is_empty() {
        mount(&["-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"]);
        return;
    }
    mount(&["-t", "tmpfs", "cgroup", "/sys/fs/cgroup"]);
    // containerd reads nothing of a container, neither usage nor want of memory, without the last.
    let named = [("systemd", "none,name=systemd")];
    for (name, options) in controllers.into_iter().map(|it| (it, it)).chain(named) {
        let folder = root.join(name);
        let _ = fs::create_dir_all(&folder);
        mount(&["-t", "cgroup", "-o", options, "cgroup", &folder.to_string_lossy()]);
    }
}

fn mount(arguments: &[&str]) {
    if let Err(error) = process::output(Command::new("mount").args(arguments)) {
        println!("{error:#}");
    }
}

/// The controllers that `/proc/cgroups` shows enabled and attached to a tree of the first version.
fn in_old_trees(known: &str) -> Vec<&str> {
    let rows = known.lines().filter(|line| !line.starts_with('#'));
    let columns = rows.map(|row| row.split_whitespace().collect::<Vec<_>>());
    columns
        .filter_map(|columns| match columns[..] {
            [name, tree, _, "1"] if tree != "0" => Some(name),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_of_the_unified_tree_are_left_to_it() {
        let known = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t9\t1\nmemory\t0\t9\t1\nrdma\t4\t1\t0\n";

        assert_eq!(in_old_trees(known), ["cpu"]);
    }

    #[test]
    fn nobody_answers_where_nobody_listens() {
        assert!(!answers("unix:///nowhere/docker.sock"));
        assert!(!answers("ssh://elsewhere"));
    }
}
