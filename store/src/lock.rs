//! One process for each data directory, said by the operating system and gone with the process.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Holds the data directory for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    // A lock file that somebody removes is made anew, and free; the directory itself stays the one.
    _directory: File,
}

/// Who holds a data directory, as far as they have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(String);

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Why the directory cannot be had.
#[derive(Debug)]
pub(crate) enum LockError {
    Held(Holder),
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Lock {
    /// Takes the directory, or says who has it. Waits for nobody.
    pub(crate) fn acquire(path: &Path) -> Result<Self, LockError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let directory = File::open(path.parent().unwrap_or(Path::new(".")))?;
        match file.try_lock().and_then(|()| directory.try_lock()) {
            Ok(()) => {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                write!(file, "process {}", std::process::id())?;
                file.flush()?;
                Ok(Self { _file: file, _directory: directory })
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                let is_told = text.starts_with("process ");
                let holder = if is_told { text } else { "another process".to_owned() };
                Err(LockError::Held(Holder(holder)))
            }
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}
