//! The master key: from the setting, or from a file that only its owner may read.
//!
//! A key is known by its id, which is not secret: a sealed row names the key that it needs, so that a machine with another
//! key can be told which one it lacks.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use nix::fcntl::OFlag;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length of a key in bytes.
pub const KEY_BYTES: usize = 32;
/// A key file holds a few lines; more than this is no key file.
const FILE_BYTES_MAX: u64 = 4096;

/// Why there is no key. No sentence repeats what was given.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What was given is no key.
    #[error(
        "{0} holds no key: give 32 bytes in base64 or hex, for example from `openssl rand -base64 32`, several with commas between"
    )]
    Unreadable(String),
    /// Others may read the file.
    #[error("{} may be read by others (mode {mode:o}): make it yours alone with `chmod 600 {}`", .path.display(), .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file belongs to somebody else, or is no plain file.
    #[error("{} is not a plain file of this user: move it away, or run as its owner", .0.display())]
    Foreign(PathBuf),
    /// The system said no.
    #[error("the key file {} can't be used ({cause}): check the folder and its rights", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Neither setting nor file.
    #[error("there is no master key: set SWITCHBOARD_MASTER_KEY, or give {} its 0600 file", .0.display())]
    None(PathBuf),
}

/// One key.
pub struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> MasterKey {
        let digest = Sha256::new().chain_update(b"switchboard master key id").chain_update(bytes.as_slice()).finalize();
        let id = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        MasterKey { id, bytes }
    }

    /// Eight hexadecimal digits that name it and tell nothing of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// The spellings in which it could be written down, for the redactor.
    pub fn spellings(&self) -> [SecretString; 2] {
        let hex: String = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [hex.into(), STANDARD_NO_PAD.encode(self.bytes.as_slice()).into()]
    }
}

/// All keys of this process; the first one seals.
#[derive(Debug, Default)]
pub struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// Reads keys with commas or line ends between; `from` names the place in the error.
    pub fn parse(text: &str, from: &str) -> Result<MasterKeys, KeyError> {
        let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let keys: Option<Vec<_>> = parts.map(|part| decode(part).map(MasterKey::new)).collect();
        let keys = keys.filter(|keys| !keys.is_empty());
        keys.map(MasterKeys).ok_or_else(|| KeyError::Unreadable(from.to_owned()))
    }

    /// The key that seals; none if there is no key at all.
    pub fn first(&self) -> Option<&MasterKey> {
        self.0.first()
    }

    /// The key of this id.
    pub fn find(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Ids of all keys, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.id.clone()).collect()
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        self.0.iter()
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if text.len() == KEY_BYTES * 2 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        for (place, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(key);
    }
    let plain = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(plain).or_else(|_| URL_SAFE_NO_PAD.decode(plain)).ok().map(Zeroizing::new)?;
    (bytes.len() == KEY_BYTES).then(|| key.copy_from_slice(&bytes))?;
    Some(key)
}

/// Where keys come from: the setting wins over the file.
#[derive(Debug, Clone)]
pub struct KeySource {
    /// `SWITCHBOARD_MASTER_KEY`.
    pub setting: Option<SecretString>,
    /// The key file, there or not.
    pub file: PathBuf,
}

impl KeySource {
    /// The setting, or `master.key` in the XDG data folder.
    pub fn here(setting: Option<SecretString>) -> KeySource {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        KeySource { setting, file: base.unwrap_or_else(|| PathBuf::from("/")).join("switchboard/master.key") }
    }

    /// The keys that are there; none at all is no error here. A file that others may read is refused.
    pub fn load(&self) -> Result<MasterKeys, KeyError> {
        match &self.setting {
            Some(text) => MasterKeys::parse(text.expose_secret(), "SWITCHBOARD_MASTER_KEY"),
            None => read(&self.file),
        }
    }

    /// Makes the key file with a new key: only for a vault in which nothing is sealed.
    pub fn create(&self) -> Result<MasterKeys, KeyError> {
        let failed = |cause| KeyError::Io { path: self.file.clone(), cause };
        if let Some(folder) = self.file.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let bytes: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(rand::random());
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(bytes.as_slice())));
        let mut options = OpenOptions::new();
        let opened =
            options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits()).open(&self.file);
        match opened {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                tracing::info!(file = %self.file.display(), "made a master key; keep a copy of it where the database is not");
            }
            // Another process was first: its key is the key.
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(failed(cause)),
        }
        self.load()
    }
}

fn read(path: &Path) -> Result<MasterKeys, KeyError> {
    let failed = |cause| KeyError::Io { path: path.to_owned(), cause };
    let opened = OpenOptions::new().read(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(MasterKeys::default()),
        Err(cause) if cause.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            return Err(KeyError::Foreign(path.to_owned()));
        }
        Err(cause) => return Err(failed(cause)),
    };
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() || found.uid() != nix::unistd::geteuid().as_raw() {
        return Err(KeyError::Foreign(path.to_owned()));
    }
    if found.mode() & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode: found.mode() & 0o777 });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    MasterKeys::parse(&text, &path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn hex(byte: u8) -> String {
        format!("{byte:02x}").repeat(KEY_BYTES)
    }

    #[test]
    fn a_key_is_the_same_in_hex_and_in_base64_and_the_first_one_seals() {
        let coded = STANDARD.encode([0xab; KEY_BYTES]);
        let keys = MasterKeys::parse(&format!("{coded}, {}", hex(1)), "x").unwrap();
        assert_eq!(keys.first().unwrap().id(), MasterKeys::parse(&hex(0xab), "x").unwrap().ids()[0]);
        assert_eq!(keys.ids().len(), 2);
        for wrong in ["", "short", &hex(1)[2..], &format!("{}, x", hex(1))] {
            let refusal = MasterKeys::parse(wrong, "SWITCHBOARD_MASTER_KEY").unwrap_err().to_string();
            assert!(
                refusal.starts_with("SWITCHBOARD_MASTER_KEY holds no key") && !refusal.contains("short"),
                "{refusal}"
            );
        }
    }

    #[test]
    fn a_file_that_others_may_read_and_a_link_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource { setting: None, file: folder.path().join("a/master.key") };
        assert!(source.load().unwrap().first().is_none());
        let made = source.create().unwrap().ids();
        assert_eq!((made.clone(), source.create().unwrap().ids()), (source.load().unwrap().ids(), made));
        let mode = std::fs::metadata(&source.file).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        std::fs::set_permissions(&source.file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refusal = source.load().unwrap_err().to_string();
        assert!(refusal.contains("mode 640") && refusal.contains("chmod 600"), "{refusal}");
        std::fs::set_permissions(&source.file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let link = KeySource { setting: None, file: folder.path().join("link") };
        std::os::unix::fs::symlink(&source.file, &link.file).unwrap();
        assert!(matches!(link.load(), Err(KeyError::Foreign(_))));
    }

    #[test]
    fn debug_output_and_ids_tell_nothing_of_the_key() {
        let keys = MasterKeys::parse(&hex(0x5a), "x").unwrap();
        assert!(!format!("{keys:?}").contains("5a5a"));
    }
}
