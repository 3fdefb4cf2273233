//! What the command line remembers between calls, readable by its owner alone.

use crate::{ProcessEnv, exit::Failure};
use anyhow::{Context, Result};
use domain::api::account::Tokens;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};

/// What is remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// The server of the last sign-in.
    pub(crate) url: String,
    /// Who signed in.
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// How the server knows us.
    #[serde(flatten, default)]
    pub(crate) tokens: Option<Tokens>,
    /// The project that commands mean.
    #[serde(default)]
    pub(crate) project: Option<String>,
}

/// Where it is remembered.
#[derive(Clone, Debug)]
pub(crate) struct CredentialStore {
    path: PathBuf,
}

impl CredentialStore {
    /// The place for this person; none without a home.
    pub(crate) fn at(env: &ProcessEnv) -> Option<Self> {
        env.credentials().map(|path| Self { path })
    }

    /// What is remembered, if anything.
    pub(crate) fn load(&self) -> Result<Option<Credentials>> {
        let text = match fs::read(&self.path) {
            Ok(text) => {
                self.tighten();
                text
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", self.path.display()));
            }
        };
        let known = serde_json::from_slice(&text).map_err(|_| {
            Failure::failed(format!(
                "{} is damaged; remove it and run `easel login` again",
                self.path.display()
            ))
        })?;
        Ok(Some(known))
    }

    /// Takes back what others may do with the file, should somebody have given it to them.
    fn tighten(&self) {
        let Ok(found) = fs::metadata(&self.path) else { return };
        if found.permissions().mode() & 0o077 != 0 {
            // Where it is not ours to change, it is not ours to complain about either.
            let _ = fs::set_permissions(&self.path, Permissions::from_mode(0o600));
        }
    }

    /// Remembers this instead: wholly or not at all.
    pub(crate) fn save(&self, known: &Credentials) -> Result<()> {
        let save = || -> std::io::Result<()> {
            let dir = self.path.parent().unwrap_or(&self.path);
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            let draft = self.path.with_extension(format!("{}.tmp", std::process::id()));
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(&serde_json::to_vec_pretty(known)?)?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)
        };
        save().with_context(|| format!("remember the sign-in in {}", self.path.display()))
    }

    /// Remembers something else beside what is remembered.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Credentials)) -> Result<()> {
        let mut known = self.load()?.unwrap_or_default();
        change(&mut known);
        self.save(&known)
    }

    /// Waits until no other command renews tokens, and keeps others waiting while it is held.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        file.lock().with_context(|| format!("lock {}", path.display()))?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    #[test]
    fn what_is_remembered_is_for_its_owner_alone_and_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let env = ProcessEnv { home: Some(home.path().to_path_buf()), ..ProcessEnv::default() };
        let store = CredentialStore::at(&env).unwrap();
        assert!(store.load().unwrap().is_none());

        store
            .change(|known| {
                known.url = "http://127.0.0.1:8080".to_owned();
                known.tokens = Some(Tokens {
                    access_token: "a".into(),
                    refresh_token: "r".into(),
                    expires_at: Timestamp::from_millis(1),
                    refresh_expires_at: Timestamp::from_millis(2),
                });
            })
            .unwrap();
        store.change(|known| known.project = Some("web".to_owned())).unwrap();

        let known = store.load().unwrap().unwrap();
        assert_eq!(known.project.as_deref(), Some("web"));
        assert_eq!(known.tokens.unwrap().refresh_token.expose(), "r");
        let mode = fs::metadata(&store.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs::set_permissions(&store.path, Permissions::from_mode(0o644)).unwrap();
        store.load().unwrap();
        let mode = fs::metadata(&store.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "taken back when it is next read");
    }
}
