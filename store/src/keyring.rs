//! Encryption at rest: every secret is bound to the row and column that it lies in.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The first byte of every ciphertext: how it is made up.
const FORMAT: u8 = 1;
const ID_LEN: usize = 4;
const NONCE_LEN: usize = 24;
const HEADER_LEN: usize = 1 + ID_LEN + NONCE_LEN;
const KEY_LEN: usize = 32;
const KEY_FILE_HEADER: &str = "easel-key-1";

/// The place of a table that a ciphertext lies in. It opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
    pub(crate) column: &'a str,
}

impl Cell<'_> {
    fn associated_data(&self) -> Vec<u8> {
        [self.table, self.row, self.column].join("\0").into_bytes()
    }
}

/// Why a ciphertext cannot be opened. It says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecryptError {
    /// It is no ciphertext of ours.
    #[error("a stored secret is damaged")]
    Damaged,
    /// It was made with a key that is not in the key file.
    #[error("a stored secret was encrypted with a key that is not in the key file")]
    UnknownKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("{0} does not exist")]
    Missing(PathBuf),
    #[error("{0} is no key file of Easel")]
    Malformed(PathBuf),
    #[error("{0} may be read by others than its owner; run: chmod 600 {0}")]
    Open(PathBuf),
    #[error("{path} cannot be read or written: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// A key, and its name in ciphertexts.
struct Key {
    id: [u8; ID_LEN],
    cipher: XChaCha20Poly1305,
}

/// Encrypts with the first key of the file, decrypts with any of them.
pub(crate) struct Keyring {
    keys: Vec<Key>,
    /// For fingerprints of requests: nobody can try guesses against them without the key. Of each key
    /// one, in their order.
    peppers: Vec<[u8; KEY_LEN]>,
    /// How many values were decrypted.
    decrypted: AtomicU64,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Makes a key file. One that is there already is never overwritten.
    pub(crate) fn create(path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let mut bytes = [0; KEY_LEN];
        getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error)))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        writeln!(file, "{KEY_FILE_HEADER} {}", hex::encode(bytes)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if let Some(directory) = path.parent() {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    /// Reads a key file: one key a line, the first of which encrypts.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyError::Missing(path.to_owned()));
            }
            Err(error) => return Err(failed(error)),
        };
        let mut text = String::new();
        let malformed = || KeyError::Malformed(path.to_owned());
        file.read_to_string(&mut text).map_err(|_| malformed())?;
        let mut keys = Vec::new();
        let mut peppers = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let hex = line.trim().strip_prefix(KEY_FILE_HEADER).ok_or_else(malformed)?;
            let mut bytes = [0; KEY_LEN];
            hex::decode_to_slice(hex.trim(), &mut bytes).map_err(|_| malformed())?;
            let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| malformed())?;
            keys.push(Key { id: id_of(&bytes), cipher });
            peppers.push(bytes);
        }
        if peppers.is_empty() {
            return Err(malformed());
        }
        Ok(Self { keys, peppers, decrypted: AtomicU64::default() })
    }

    /// Refuses a key file that others than its owner may read.
    pub(crate) fn check_mode(path: &Path) -> Result<(), KeyError> {
        match path.metadata() {
            Ok(file) if file.permissions().mode() & 0o077 != 0 => {
                Err(KeyError::Open(path.to_owned()))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyError::Missing(path.to_owned()))
            }
            Err(source) => Err(KeyError::Io { path: path.to_owned(), source }),
        }
    }

    /// Encrypts for this place.
    pub(crate) fn encrypt(&self, place: Cell<'_>, plain: &[u8]) -> Vec<u8> {
        let key = &self.keys[0];
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).expect("the kernel gives random bytes");
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a message in memory is shorter than the cipher's limit");
        let mut out = Vec::with_capacity(HEADER_LEN + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&key.id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Decrypts what was encrypted for this place.
    pub(crate) fn decrypt(&self, place: Cell<'_>, sealed: &[u8]) -> Result<Vec<u8>, DecryptError> {
        self.decrypted.fetch_add(1, Ordering::Relaxed);
        let (head, body) = sealed.split_at_checked(HEADER_LEN).ok_or(DecryptError::Damaged)?;
        if head[0] != FORMAT {
            return Err(DecryptError::Damaged);
        }
        let key = (self.keys.iter())
            .find(|key| key.id == head[1..=ID_LEN])
            .ok_or(DecryptError::UnknownKey)?;
        let nonce: [u8; NONCE_LEN] =
            head[1 + ID_LEN..].try_into().map_err(|_| DecryptError::Damaged)?;
        let payload = Payload { msg: body, aad: &place.associated_data() };
        key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| DecryptError::Damaged)
    }

    /// How many values were decrypted so far.
    pub(crate) fn decrypted(&self) -> u64 {
        self.decrypted.load(Ordering::Relaxed)
    }

    /// What tells two contents apart, and tells nothing else without the key.
    pub(crate) fn fingerprint(&self, content: &[u8]) -> Vec<u8> {
        fingerprint(&self.peppers[0], content)
    }

    /// Whether it is the fingerprint of this content, by any of the keys.
    pub(crate) fn is_fingerprint(&self, content: &[u8], print: &[u8]) -> bool {
        self.peppers.iter().any(|pepper| fingerprint(pepper, content) == print)
    }
}

fn fingerprint(pepper: &[u8; KEY_LEN], content: &[u8]) -> Vec<u8> {
    let inner = Sha256::new_with_prefix(pepper).chain_update(content).finalize();
    Sha256::new_with_prefix(pepper).chain_update(inner).finalize().to_vec()
}

/// A key's name: its digest's beginning, which gives nothing of it away.
fn id_of(key: &[u8; KEY_LEN]) -> [u8; ID_LEN] {
    let digest = Sha256::new_with_prefix(b"easel key id").chain_update(key).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Cell<'_> = Cell { table: "variable", row: "1", column: "value" };

    fn keyring() -> (tempfile::TempDir, Keyring) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("easel.key");
        Keyring::create(&path).unwrap();
        let keyring = Keyring::read(&path).unwrap();
        (directory, keyring)
    }

    // S48
    #[test]
    fn a_secret_opens_in_its_place_only() {
        let (_directory, keyring) = keyring();
        let sealed = keyring.encrypt(HERE, b"hunter2");

        assert_eq!(keyring.decrypt(HERE, &sealed), Ok(b"hunter2".to_vec()));
        for elsewhere in [
            Cell { row: "2", ..HERE },
            Cell { table: "staged_edit", ..HERE },
            Cell { column: "content", ..HERE },
        ] {
            assert_eq!(keyring.decrypt(elsewhere, &sealed), Err(DecryptError::Damaged));
        }
    }

    // S48
    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let (_directory, keyring) = keyring();
        let sealed = keyring.encrypt(HERE, b"hunter2");

        for byte in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[byte] ^= 1;
            assert!(keyring.decrypt(HERE, &bent).is_err(), "byte {byte}");
        }
        assert_eq!(keyring.decrypt(HERE, &sealed[..10]), Err(DecryptError::Damaged));
    }

    #[test]
    fn the_same_text_twice_looks_different() {
        let (_directory, keyring) = keyring();

        assert_ne!(keyring.encrypt(HERE, b"hunter2"), keyring.encrypt(HERE, b"hunter2"));
    }

    #[test]
    fn another_key_opens_nothing_and_says_so() {
        let (_directory, keyring) = keyring();
        let (_other_directory, other) = self::keyring();

        let sealed = keyring.encrypt(HERE, b"hunter2");

        assert_eq!(other.decrypt(HERE, &sealed), Err(DecryptError::UnknownKey));
    }

    #[test]
    fn a_key_file_is_never_overwritten_and_read_by_its_owner_only() {
        let (directory, _vault) = keyring();
        let path = directory.path().join("easel.key");
        let before = std::fs::read(&path).unwrap();

        assert!(matches!(Keyring::create(&path), Err(KeyError::Io { .. })));

        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(matches!(Keyring::check_mode(&path), Err(KeyError::Open(_))));
    }
}
