//! The data directory: space, key, database, and who uses it.

use super::finding::{CheckStatus, Finding};
use crate::Config;
use domain::host::{DiskFacts, Host};
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Write},
    path::Path,
};
use store::{Examined, KeySource, OpenError, Store};

/// What was found about the data.
pub(super) struct Data {
    pub(super) findings: Vec<Finding>,
    /// Whether a server uses it at the moment.
    pub(super) is_running: bool,
}

pub(super) async fn check(config: &Config) -> Data {
    let dir = &config.data_dir;
    let (directory, is_running) = directory(dir);
    let is_usable = directory.status == CheckStatus::Ok;
    let mut findings = vec![directory];
    if is_running {
        findings.push(Finding::ok("database", "open in the running server, with its key"));
    } else if is_usable {
        findings.push(database(config).await);
    }
    findings.push(space(dir).await);
    Data { findings, is_running }
}

fn directory(dir: &Path) -> (Finding, bool) {
    if !dir.exists() {
        let nearest = dir.ancestors().skip(1).find(|dir| dir.exists());
        let finding = match nearest {
            Some(nearest) if probe(nearest).is_ok() => {
                Finding::ok("data", format!("{} is made at the first start", dir.display()))
            }
            _ => Finding::fail(
                "data",
                format!("{} does not exist and cannot be made", dir.display()),
                "make it for the user that runs Easel, or choose another with --data-dir",
            ),
        };
        return (finding, false);
    }
    if !dir.is_dir() {
        let found = format!("{} is no folder", dir.display());
        return (Finding::fail("data", found, "choose another with --data-dir"), false);
    }
    let holder = holder(dir);
    let is_running = holder.is_some();
    if let Err(error) = probe(dir) {
        let next = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "free some space on its disk; until then nothing can be changed"
            }
            ErrorKind::ReadOnlyFilesystem => {
                "mount its disk for writing, or choose another with --data-dir"
            }
            _ => "give it to the user that runs Easel (chown)",
        };
        let found = format!("{} cannot be written: {error}", dir.display());
        return (Finding::fail("data", found, next), is_running);
    }
    if let Some(holder) = holder {
        let found = format!("{} is in use: a server runs ({holder})", dir.display());
        return (Finding::ok("data", found), true);
    }
    (Finding::ok("data", format!("{} can be written", dir.display())), false)
}

/// The server that uses a folder, if one does.
fn holder(dir: &Path) -> Option<String> {
    let mut file = File::open(dir.join("easel.lock")).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut holder = String::new();
    let _ = file.read_to_string(&mut holder);
    Some(holder.trim().to_owned())
}

/// Tried, not guessed: a file system may be full, or read-only for everybody.
fn probe(dir: &Path) -> io::Result<()> {
    static PROBE: [u8; 65536] = [0; 65536];
    let path = dir.join(format!(".easel-doctor-{}", std::process::id()));
    let mut file = File::create_new(&path)?;
    let written = file.write_all(&PROBE).and_then(|()| file.sync_all());
    fs::remove_file(&path)?;
    written
}

/// Database and key, as the server would find them.
async fn database(config: &Config) -> Finding {
    let path = config.data_dir.join("easel.db");
    let keys = config.key_file.clone().map_or(KeySource::DataDir, KeySource::File);
    let error = match Store::examine(&config.data_dir, &keys).await {
        Ok(Examined::New) => {
            return match &config.key_file {
                Some(key) if !key.exists() => Finding::fail(
                    "key",
                    format!("{} does not exist", key.display()),
                    "--key-file names a key that is there; without it, one is made in the data \
                     folder at the first start",
                ),
                _ => Finding::ok("database", "made at the first start, with its key"),
            };
        }
        Ok(Examined::Sound) => {
            let size = fs::metadata(&path).map(|found| found.len()).unwrap_or_default();
            let found = format!("{}, {}, whole, and its key fits", path.display(), bytes(size));
            return Finding::ok("database", found);
        }
        Ok(Examined::Doubtful(why)) => {
            return Finding::warn(
                "database",
                format!("Easel would be observe-only: {why}"),
                "if this one shall manage the engine, and no other runs on the same data, start \
                    it once with --adopt-engine",
            );
        }
        Ok(Examined::AuditBroken(number)) => {
            return Finding::warn(
                "database",
                format!(
                    "entry {number} of the audit does not fit: it, or one before it, was changed, \
                     added or removed by something else than Easel"
                ),
                "find out who could write to the database; compare it with a backup",
            );
        }
        Err(error) => error,
    };
    let (what, next) = match &error {
        OpenError::KeyMissing { .. } | OpenError::WrongKey { .. } => {
            ("key", "put the right one back from your backup")
        }
        OpenError::Key(_) => ("key", "fix that, or restore it from your backup"),
        OpenError::Newer { .. } => ("database", "install that version, or restore a backup"),
        OpenError::NotEasel { .. } => ("database", "choose another folder with --data-dir"),
        OpenError::DatabaseMissing { .. } | OpenError::Corrupt { .. } => {
            ("database", "restore it from a backup; containers are not touched without it")
        }
        OpenError::StorageFull { .. } => ("database", "free some space on its disk"),
        OpenError::Directory { .. } | OpenError::Held { .. } | OpenError::Database(_) => {
            ("database", "give it to the user that runs Easel (chown), or look at its disk")
        }
    };
    Finding::fail(what, error.to_string(), next)
}

async fn space(dir: &Path) -> Finding {
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(dir).to_owned();
    let facts = runtime::SystemHost::new(existing).facts().await;
    let Some(disk) = facts.disks.iter().find(|disk| disk.holds_data) else {
        return Finding::warn(
            "disk",
            "how much space there is cannot be told",
            "look with `df -h`",
        );
    };
    assess(disk)
}

fn assess(disk: &DiskFacts) -> Finding {
    const MIB: u64 = 1024 * 1024;
    let free = disk.space.total_bytes.saturating_sub(disk.space.used_bytes);
    let found =
        format!("{} free of {} at {}", bytes(free), bytes(disk.space.total_bytes), disk.mount);
    if free < 200 * MIB {
        Finding::fail("disk", found, "free some space: databases need it to be safe")
    } else if free < 2048 * MIB {
        Finding::warn("disk", found, "free some space: images need it")
    } else {
        Finding::ok("disk", found)
    }
}

fn bytes(count: u64) -> String {
    const KIB: u64 = 1024;
    match count {
        0..KIB => format!("{count} bytes"),
        count if count < 1024 * KIB => format!("{} KiB", count / KIB),
        count if count < 1024 * 1024 * KIB => format!("{} MiB", count / KIB / KIB),
        count => format!("{} GiB", count / KIB / KIB / KIB),
    }
}

#[cfg(test)]
mod tests {
    use super::super::CheckStatus;
    use super::*;

    #[tokio::test]
    async fn a_folder_that_was_never_used_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let (data, is_running) = directory(&dir.path().join("new"));
        assert_eq!((data.status, is_running), (CheckStatus::Ok, false));
        assert!(!dir.path().join("new").exists(), "nothing is made by looking");

        let (data, is_running) = directory(dir.path());

        assert_eq!((data.status, is_running), (CheckStatus::Ok, false));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let mut disk = DiskFacts::default();
        disk.space.total_bytes = 1 << 40;
        disk.space.used_bytes = (1 << 40) - 1000;

        assert_eq!(assess(&disk).status, CheckStatus::Fail);
    }
}
