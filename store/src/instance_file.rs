//! The file beside the database that says which installation this is, so that a copy shows.

use crate::{row::unsigned, table::instance};
use domain::InstanceId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What the file is called.
pub(crate) const FILE: &str = "instance.json";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceFile {
    /// The database's own id.
    pub(crate) instance: InstanceId,
    /// Where it lay when this was written: a copy lies elsewhere.
    pub(crate) directory: PathBuf,
    /// How often somebody had taken over: an older database has a lower count.
    pub(crate) fence: u64,
}

impl InstanceFile {
    /// Reads the file; `None` when there is none.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        serde_json::from_slice(&text).map(Some).map_err(io::Error::other)
    }

    /// Writes the file: wholly or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        let new = path.with_extension("new");
        let _left_from_before = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    /// What the file says while all is well.
    pub(crate) fn of(row: &instance::Model, directory: &Path) -> Self {
        Self {
            instance: InstanceId::new(row.instance_id),
            directory: directory.to_owned(),
            fence: unsigned(row.fence),
        }
    }

    /// What speaks against the database being the one that the file was written for, by what was
    /// found of it.
    pub(crate) fn doubt(
        found: &io::Result<Option<Self>>,
        row: &instance::Model,
        directory: &Path,
    ) -> Option<String> {
        match found {
            Ok(Some(instance_file)) => instance_file.doubts(&Self::of(row, directory)),
            // Nothing was done with any engine yet, so there is nothing to be in doubt of.
            Ok(None) if row.engine.is_none() => None,
            Ok(None) => Some(format!("{FILE} is missing beside the database: it may be a copy")),
            Err(error) => Some(format!("{FILE} beside the database cannot be read: {error}")),
        }
    }

    fn doubts(&self, present: &Self) -> Option<String> {
        if self.instance != present.instance {
            return Some("the database belongs to another installation of Easel".to_owned());
        }
        if self.directory != present.directory {
            return Some(format!(
                "the data directory was at {} before: it may be a copy",
                self.directory.display()
            ));
        }
        if self.fence > present.fence {
            return Some("the database is older than this installation: a backup?".to_owned());
        }
        None
    }
}
