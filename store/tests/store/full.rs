//! A full disk: it is said, nothing is half done, and it ends without a restart.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    EnvironmentId, Error, Secret,
    access::{InstanceRole, Mutation},
    account::Accounts,
    changes::Changes,
    edit::Edit,
    project::Projects,
    storage::Storage,
    testing::contracts::fixture::{mutation, name},
};
use std::{fs, io::Write, process::Command};
use store::Store;

/// A small disk of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    /// A disk; or why there is none.
    fn mount() -> Result<Self, String> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "easel-test"])
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(directory)),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn fill(&self) {
        let mut filler = fs::File::create(self.0.path().join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

fn large(number: usize) -> Edit {
    Edit::SetVariable {
        address: format!("variables/KEY_{number}").parse().unwrap(),
        value: Secret::new("x".repeat(60_000)),
        sealed: false,
        only_new: false,
    }
}

/// Whether `cargo xtask test` runs this: there, nothing may be left out.
fn must_run_everything() -> bool {
    std::env::var_os("EASEL_TEST_ENGINE").is_some()
}

/// A store on a small disk, and somebody at work in it.
struct FullDiskFixture {
    disk: Disk,
    store: Store,
    by: Mutation,
    place: EnvironmentId,
}

impl FullDiskFixture {
    /// `None` where there is no right to mount a disk, and nobody expects one.
    async fn new() -> Option<Self> {
        let disk = match Disk::mount() {
            Ok(disk) => disk,
            Err(why) => {
                let missing = format!("this test needs the right to mount a small tmpfs: {why}");
                assert!(!must_run_everything(), "{missing}; run it as root");
                eprintln!("left out: {missing}");
                return None;
            }
        };
        let store = StoreFixture::new().open_at(&disk.0.path().join("data")).await.unwrap();
        let user = store.register_first(somebody("ann@example.com")).await.unwrap();
        let by = mutation(user.id, InstanceRole::Admin);
        let project = store.create(&by, name("shop")).await.unwrap();
        let place = store.environment(project.id, None).await.unwrap().id;
        Some(Self { disk, store, by, place })
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_ends_without_a_restart() {
    let Some(FullDiskFixture { disk, store, by, place }) = FullDiskFixture::new().await else {
        return;
    };
    disk.fill();

    let mut staged = 0;
    let refused = loop {
        match store.stage(&by, place, vec![large(staged)]).await {
            Ok(_) => staged += 1,
            Err(error) => break error,
        }
        assert!(staged < 1000, "the disk never got full");
    };

    assert!(matches!(refused, Error::StorageFull), "{refused:?}");
    assert!(matches!(store.check().await, Err(Error::StorageFull)), "whoever asks is told");
    for _ in 0..10 {
        // Now and then one fits after all: the log of the database has begun anew.
        match store.stage(&by, place, vec![large(staged)]).await {
            Ok(_) => staged += 1,
            Err(error) => assert!(matches!(error, Error::StorageFull), "{error:?}"),
        }
    }
    let edits = store.workspace(place).await.expect("it can still be read").edits;
    assert_eq!(edits.len(), staged, "nothing is half done");

    disk.free();
    store.check().await.expect("nobody has to write to learn that there is space again");
    store.stage(&by, place, vec![large(staged)]).await.expect("it goes on by itself");
    assert_eq!(store.workspace(place).await.unwrap().edits.len(), staged + 1);
    store.close().await;
}

// A statement of more than SQLite keeps in memory is written before there is a commit.
#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_a_large_statement_is_said() {
    let Some(FullDiskFixture { disk, store, by, place }) = FullDiskFixture::new().await else {
        return;
    };
    disk.fill();

    let refused = store.stage(&by, place, (0..100).map(large).collect()).await;

    assert!(matches!(refused, Err(Error::StorageFull)), "{refused:?}");
    assert!(matches!(store.check().await, Err(Error::StorageFull)), "whoever asks is told");
    assert_eq!(store.workspace(place).await.unwrap().edits, [], "nothing is half done");
    disk.free();
    store.check().await.expect("there is space again");
    store.stage(&by, place, vec![large(0)]).await.expect("it goes on by itself");
    store.close().await;
}
