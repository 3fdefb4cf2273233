//! `cargo xtask bare`: what a stranger meets, on a Debian that has nothing but Rust.
//!
//! A fresh root with mounts, processes and a network of its own, so that its engine meets ours nowhere.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::rootfs::Rootfs;
use crate::{debian, image, process, workspace};

/// What is there before Easel: a linker, git, and what rustup itself needs.
const PACKAGES: &[&str] = &["ca-certificates", "curl", "gcc", "git", "libc6-dev"];
/// As the installer leaves them.
const SOURCES: &str = "deb http://deb.debian.org/debian bookworm main\n\
                       deb http://deb.debian.org/debian bookworm-updates main\n\
                       deb http://deb.debian.org/debian-security bookworm-security main\n";
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const PROXIES: &[&str] =
    &["cargo", "cargo-clippy", "cargo-fmt", "clippy-driver", "rustc", "rustdoc", "rustfmt"];

/// One of the README's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadmeCommand {
    /// `cargo xtask run`, twice
    Run,
    /// `cargo xtask test`
    Test,
}

/// Tells the story from a clone of the last commit; fails where the stranger would be stuck.
pub(crate) fn run(command: ReadmeCommand) -> Result<()> {
    debian::ensure(&["slirp4netns", "util-linux"], "give a bare machine its network")?;
    fs::create_dir_all(image::folder())?;
    let root = Rootfs::new(&image::folder())?;
    root.debian()?;
    root.write("etc/apt/sources.list", SOURCES, 0o644)?;
    root.install(PACKAGES)?;
    root.write("story", include_str!("../bare/run-readme"), 0o755)?;
    // The network of the namespace answers names here, by asking ours.
    root.write("etc/resolv.conf", "nameserver 10.0.2.3\n", 0o644)?;
    fs::copy(CERTIFICATES, root.folder().join("etc/ssl/host.crt"))?;
    let rustup = provide_rust(root.folder())?;

    let enter = image::folder().join("enter");
    fs::write(&enter, include_str!("../bare/enter"))?;
    let mut machine = Machine::start(&enter, root.folder(), &rustup, command)?;
    let status = machine.inside.wait()?;
    if !status.success() {
        bail!("a stranger's `cargo xtask {}` failed: {status}", name(command));
    }
    println!("a stranger's `cargo xtask {}` works", name(command));
    Ok(())
}

fn name(command: ReadmeCommand) -> String {
    format!("{command:?}").to_lowercase()
}

/// rustup with its names, but none of cargo's downloads; the answer is where the toolchains lie.
fn provide_rust(root: &Path) -> Result<PathBuf> {
    let rustup =
        process::find("rustup").context("a bare machine gets its Rust from ours by rustup")?;
    let bin = root.join("root/.cargo/bin");
    fs::create_dir_all(&bin)?;
    fs::copy(rustup, bin.join("rustup"))?;
    for proxy in PROXIES {
        symlink("rustup", bin.join(proxy))?;
    }
    let of_user = || env::home_dir().map(|home| home.join(".rustup"));
    let home = env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(of_user);
    home.context("rustup keeps its toolchains in a home folder")
}

/// The namespaces and the network that leads out of them; both end with us.
struct Machine {
    inside: Child,
    network: Option<Child>,
}

impl Machine {
    fn start(enter: &Path, root: &Path, rustup: &Path, command: ReadmeCommand) -> Result<Self> {
        let namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
        let mut unshare = Command::new("unshare");
        unshare.args(namespaces).arg("sh").arg(enter);
        unshare.args([root, workspace::root(), rustup]).arg(name(command));
        let inside = unshare.spawn().context("could not start unshare")?;
        let mut machine = Self { inside, network: None };

        let process = machine.inside.id();
        let ours = fs::read_link("/proc/self/ns/net")?;
        let is_apart =
            || fs::read_link(format!("/proc/{process}/ns/net")).is_ok_and(|it| it != ours);
        if !process::until(Duration::from_secs(10), is_apart) {
            bail!("the bare machine got no network namespace");
        }
        let mut slirp = Command::new("slirp4netns");
        slirp.args(["--configure", "--mtu=65520", "--disable-host-loopback"]);
        let log = fs::File::create(enter.with_extension("network.log"))?;
        slirp.arg(process.to_string()).arg("tap0").stdout(log.try_clone()?).stderr(log);
        machine.network = Some(slirp.spawn().context("could not start slirp4netns")?);
        Ok(machine)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for child in [Some(&mut self.inside), self.network.as_mut()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
