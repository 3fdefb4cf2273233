//! The data directory: space, key, database, and who uses it.

use super::Finding;
use crate::Config;
use domain::host::{DiskFacts, Host};
use std::{
    fs::{self, File, TryLockError},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// What was found about the data.
pub(super) struct Data {
    pub(super) findings: Vec<Finding>,
    /// Whether a server uses it at the moment.
    pub(super) is_running: bool,
}

pub(super) async fn look(config: &Config) -> Data {
    let dir = &config.data_dir;
    let (directory, is_running) = directory(dir);
    let mut findings = vec![directory];
    if dir.is_dir() {
        findings.extend(files(config));
    }
    findings.push(space(dir).await);
    Data { findings, is_running }
}

fn directory(dir: &Path) -> (Finding, bool) {
    if !dir.exists() {
        let nearest = dir.ancestors().skip(1).find(|dir| dir.exists());
        let finding = match nearest {
            Some(nearest) if is_writable(nearest) => {
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
    if let Ok(mut file) = File::open(dir.join("easel.lock"))
        && matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        let found = format!("{} is in use: a server runs ({})", dir.display(), holder.trim());
        return (Finding::ok("data", found), true);
    }
    if !is_writable(dir) {
        let finding = Finding::fail(
            "data",
            format!("{} cannot be written", dir.display()),
            "give it to the user that runs Easel (chown)",
        );
        return (finding, false);
    }
    (Finding::ok("data", format!("{} can be written", dir.display())), false)
}

/// Tried, not guessed: a root file system may be read-only for everybody.
fn is_writable(dir: &Path) -> bool {
    let probe = dir.join(format!(".easel-doctor-{}", std::process::id()));
    let made = File::create_new(&probe).is_ok();
    made && fs::remove_file(&probe).is_ok()
}

fn files(config: &Config) -> Vec<Finding> {
    let database = config.data_dir.join("easel.db");
    let key = config.key_file.clone().unwrap_or_else(|| config.data_dir.join("easel.key"));
    if !database.exists() {
        if config.data_dir.join("instance.json").exists() {
            return vec![Finding::fail(
                "database",
                format!("{} is missing, although this folder was in use", database.display()),
                "restore it from a backup; containers are not touched without it",
            )];
        }
        return vec![Finding::ok("database", "made at the first start, with its key")];
    }
    vec![look_at_key(&key), look_at_database(&database)]
}

fn look_at_key(key: &Path) -> Finding {
    let shown = key.display();
    match fs::metadata(key) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::fail(
            "key",
            format!("{shown} is missing: secrets in the database cannot be read without it"),
            "put it back from your backup",
        ),
        Err(error) => Finding::fail(
            "key",
            format!("{shown} cannot be read: {error}"),
            "give it to the user that runs Easel (chown)",
        ),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Finding::fail(
            "key",
            format!("{shown} can be read by others than its owner"),
            format!("run `chmod 600 {shown}`"),
        ),
        Ok(_) => Finding::ok("key", format!("{shown} is for its owner alone")),
    }
}

fn look_at_database(database: &Path) -> Finding {
    let shown = database.display();
    let mut head = [0_u8; 16];
    let read = File::open(database).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Ok(()) if head == *b"SQLite format 3\0" => {
            let size = fs::metadata(database).map(|found| found.len()).unwrap_or_default();
            Finding::ok("database", format!("{shown}, {}", bytes(size)))
        }
        Ok(()) => Finding::fail(
            "database",
            format!("{shown} is no SQLite database, or is damaged"),
            "restore it from a backup",
        ),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Finding::warn("database", format!("{shown} is empty"), "it is filled at the next start")
        }
        Err(error) => Finding::fail(
            "database",
            format!("{shown} cannot be read: {error}"),
            "give it to the user that runs Easel (chown)",
        ),
    }
}

async fn space(dir: &Path) -> Finding {
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(dir).to_owned();
    let facts = runtime::Machine::new(existing).facts().await;
    let Some(disk) = facts.disks.iter().find(|disk| disk.holds_data) else {
        return Finding::warn(
            "disk",
            "how much space there is cannot be told",
            "look with `df -h`",
        );
    };
    judge(disk)
}

fn judge(disk: &DiskFacts) -> Finding {
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
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_a_failure_with_its_mend() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("easel.key");
        assert_eq!(look_at_key(&key).verdict, Verdict::Fail);

        fs::write(&key, "x").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let finding = look_at_key(&key);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.next.unwrap().contains("chmod 600"));

        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_at_key(&key).verdict, Verdict::Ok);
    }

    #[test]
    fn a_file_that_is_no_database_is_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("easel.db");

        fs::write(&database, "this is not a database at all").unwrap();

        assert_eq!(look_at_database(&database).verdict, Verdict::Fail);
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let mut disk = DiskFacts::default();
        disk.space.total_bytes = 1 << 40;
        disk.space.used_bytes = (1 << 40) - 1000;

        assert_eq!(judge(&disk).verdict, Verdict::Fail);
    }
}
