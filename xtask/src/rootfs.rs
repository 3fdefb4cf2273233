//! A root file system being made: a folder that is gone when it is packed.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::process::{logged, output};

const SUITE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";

/// Nobody reads documentation in a test image, and no service starts while packages are installed.
const FILES: &[(&str, &str, u32)] = &[
    (
        "etc/dpkg/dpkg.cfg.d/slim",
        "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\npath-exclude /usr/share/info/*\n",
        0o644,
    ),
    ("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755),
    ("etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n", 0o644),
];

/// Not in an image.
const REST: &[&str] = &[
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt/lists",
    "var/log",
];

/// What an image's content depends on besides its own recipe.
pub(crate) fn recipe() -> String {
    format!("{:?}", (SUITE, FILES, REST))
}

pub(crate) struct Rootfs {
    folder: PathBuf,
    cache: PathBuf,
}

impl Rootfs {
    /// An empty one, below the folder that also keeps the smallest Debian for the next.
    pub(crate) fn new(cache: &Path) -> Result<Self> {
        if !debian::is_root() {
            bail!("another Debian is made as root (debootstrap, chroot). Run this as root");
        }
        let folder = cache.join(format!("work-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
        Ok(Self { folder, cache: cache.to_owned() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The static busybox with a link for each of its names.
    pub(crate) fn busybox(&self) -> Result<()> {
        debian::ensure(&["busybox-static"], "make the smallest test image")?;
        for folder in ["bin", "etc", "root", "proc", "sys", "dev", "www"] {
            fs::create_dir(self.folder.join(folder))?;
        }
        fs::create_dir(self.folder.join("tmp"))?;
        fs::set_permissions(self.folder.join("tmp"), Permissions::from_mode(0o1777))?;
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644)?;
        self.write("etc/group", "root:x:0:\n", 0o644)?;
        let program = self.folder.join("bin/busybox");
        fs::copy("/bin/busybox", &program)?;
        for name in output(Command::new(&program).arg("--list"))?.lines() {
            let link = self.folder.join("bin").join(name);
            if !link.exists() {
                symlink("busybox", link)?;
            }
        }
        Ok(())
    }

    /// The smallest Debian, bootstrapped once and then unpacked.
    pub(crate) fn debian(&self) -> Result<()> {
        let base = self.cache.join(format!("{SUITE}.tar"));
        if !base.exists() {
            debian::ensure(&["debootstrap"], "make another Debian")?;
            let bootstrapped =
                Self { folder: self.folder.with_extension("base"), cache: self.cache.clone() };
            let mirror = env::var_os("EASEL_DEBIAN_MIRROR").unwrap_or_else(|| MIRROR.into());
            let mut debootstrap = Command::new("debootstrap");
            debootstrap.args(["--variant=minbase", SUITE]).arg(&bootstrapped.folder).arg(mirror);
            logged(&mut debootstrap, &self.log())?;
            bootstrapped.pack(&base)?;
        }
        output(tar_command().arg("-xf").arg(base).arg("-C").arg(&self.folder))?;
        for (path, content, mode) in FILES {
            self.write(path, content, *mode)?;
        }
        Ok(())
    }

    /// Installs packages inside.
    pub(crate) fn install(&self, packages: &[&str]) -> Result<()> {
        // The host's way to resolve names holds inside too.
        fs::copy("/etc/resolv.conf", self.folder.join("etc/resolv.conf"))?;
        let install = ["install", "--yes", "--no-install-recommends"];
        logged(self.inside("apt-get").arg("update"), &self.log())?;
        logged(self.inside("apt-get").args(install).args(packages), &self.log())?;
        for path in REST {
            let path = self.folder.join(path);
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path)?;
        }
        fs::remove_file(self.folder.join("etc/resolv.conf"))?;
        Ok(())
    }

    pub(crate) fn write(&self, path: &str, content: &str, mode: u32) -> Result<()> {
        let path = self.folder.join(path);
        let parent = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(parent)?;
        fs::write(&path, content)?;
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(())
    }

    /// Packs everything; a tar that exists is a whole one.
    pub(crate) fn pack(self, tar: &Path) -> Result<()> {
        let part = tar.with_extension("part");
        output(tar_command().arg("-cf").arg(&part).arg("-C").arg(&self.folder).arg("."))?;
        fs::rename(part, tar)?;
        Ok(())
    }

    fn inside(&self, program: &str) -> Command {
        let mut chroot = Command::new("chroot");
        chroot.arg(&self.folder).arg(program);
        chroot.env("DEBIAN_FRONTEND", "noninteractive");
        chroot.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        chroot.env("LC_ALL", "C.UTF-8");
        chroot.env_remove("TMPDIR");
        chroot
    }

    fn log(&self) -> PathBuf {
        self.cache.join("log")
    }
}

impl Drop for Rootfs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Packs or unpacks as root: owners and modes as they are.
fn tar_command() -> Command {
    let mut tar = Command::new("tar");
    tar.args(["--numeric-owner", "--xattrs"]);
    tar
}
