//! Sealing: XChaCha20-Poly1305 under a key of the version's own, and that key under the master key.
//!
//! The associated data name the vault, the slot and the version: a row that is moved to another slot, another version or
//! another database does not open. Nonces are random; 24 bytes are enough for that.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::key::{KEY_BYTES, MasterKey, MasterKeys};

const NONCE_BYTES: usize = 24;

/// A key that seals one thing.
pub type DataKey = Zeroizing<[u8; KEY_BYTES]>;

/// Why something did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// This machine does not hold the key.
    #[error(
        "it is sealed under master key {0}, which this machine does not hold: give it the SWITCHBOARD_MASTER_KEY (or the key file) of the machine that sealed it"
    )]
    UnknownKey(String),
    /// The row is not what was sealed for this place.
    #[error("its row was changed or moved since it was sealed: enter the credential anew")]
    Broken,
    /// There is no key to seal with.
    #[error("there is no master key to seal with: set SWITCHBOARD_MASTER_KEY")]
    NoKey,
}

/// Which place in which vault a sealed value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The vault.
    pub vault: Uuid,
    /// Slot.
    pub slot: &'a str,
    /// Version.
    pub version: i32,
}

impl Place<'_> {
    fn of_value(&self) -> String {
        format!("switchboard/1/value|{}|{}|{}", self.vault, self.slot, self.version)
    }

    fn of_key(&self, key_id: &str) -> String {
        format!("switchboard/1/key|{}|{}|{}|{key_id}", self.vault, self.slot, self.version)
    }
}

/// A data key under a master key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Wrapped {
    /// Id of the master key.
    pub key_id: String,
    /// Nonce.
    pub wrap_nonce: Vec<u8>,
    /// Data key with its tag.
    pub wrapped_key: Vec<u8>,
}

/// A sealed value.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Sealed {
    /// Nonce.
    pub nonce: Vec<u8>,
    /// Value with its tag.
    pub sealed: Vec<u8>,
    /// Its key.
    #[sqlx(flatten)]
    pub key: Wrapped,
}

/// Seals `plain` for `place` under a key of its own, and that under the first master key.
pub fn seal(keys: &MasterKeys, place: Place<'_>, plain: &[u8]) -> Result<Sealed, SealError> {
    let data_key = new_key();
    let (nonce, sealed) = encrypt(&data_key, plain, &place.of_value())?;
    Ok(Sealed { nonce, sealed, key: wrap(keys.first().ok_or(SealError::NoKey)?, place, &data_key)? })
}

/// Opens what was sealed for `place`.
pub fn open(keys: &MasterKeys, place: Place<'_>, value: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let data_key = unwrap(keys, place, &value.key)?;
    decrypt(&data_key, &value.nonce, &value.sealed, &place.of_value())
}

/// A new data key.
pub fn new_key() -> DataKey {
    Zeroizing::new(rand::random())
}

/// Puts a data key under a master key.
pub fn wrap(master: &MasterKey, place: Place<'_>, data_key: &DataKey) -> Result<Wrapped, SealError> {
    let (wrap_nonce, wrapped_key) = encrypt(master.bytes(), data_key.as_slice(), &place.of_key(master.id()))?;
    Ok(Wrapped { key_id: master.id().to_owned(), wrap_nonce, wrapped_key })
}

/// Takes a data key from under the master key that it names.
pub fn unwrap(keys: &MasterKeys, place: Place<'_>, wrapped: &Wrapped) -> Result<DataKey, SealError> {
    let master = keys.find(&wrapped.key_id).ok_or_else(|| SealError::UnknownKey(wrapped.key_id.clone()))?;
    let bytes = decrypt(master.bytes(), &wrapped.wrap_nonce, &wrapped.wrapped_key, &place.of_key(&wrapped.key_id))?;
    let mut key = DataKey::default();
    if bytes.len() != KEY_BYTES {
        return Err(SealError::Broken);
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// A keyed hash that tells equal secrets from different ones and nothing else; 32 hexadecimal digits.
pub fn fingerprint(key: &DataKey, slot: &str, plain: &[u8]) -> String {
    // A key of any length is accepted: the error can't come.
    let Ok(mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_slice()) else { return String::new() };
    let code = mac.chain_update(slot.as_bytes()).chain_update([0]).chain_update(plain).finalize().into_bytes();
    code.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn encrypt(key: &[u8; KEY_BYTES], plain: &[u8], place: &str) -> Result<(Vec<u8>, Vec<u8>), SealError> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let payload = Payload { msg: plain, aad: place.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&nonce.into(), payload).map_err(|_| SealError::Broken)?;
    Ok((nonce.to_vec(), sealed))
}

fn decrypt(key: &[u8; KEY_BYTES], nonce: &[u8], sealed: &[u8], place: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Broken)?;
    let payload = Payload { msg: sealed, aad: place.as_bytes() };
    let plain = XChaCha20Poly1305::new(key.into()).decrypt(&nonce.into(), payload).map_err(|_| SealError::Broken)?;
    Ok(Zeroizing::new(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(bytes: &[u8]) -> MasterKeys {
        let text: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}").repeat(KEY_BYTES)).collect();
        MasterKeys::parse(&text.join(","), "test").unwrap()
    }

    const PLACE: Place<'static> = Place { vault: Uuid::nil(), slot: "twilio", version: 7 };

    #[test]
    fn what_was_sealed_opens_at_its_place_only() {
        let keys = keys(&[1]);
        let sealed = seal(&keys, PLACE, b"hush").unwrap();
        assert_eq!(open(&keys, PLACE, &sealed).unwrap().as_slice(), b"hush");
        for other in [
            Place { slot: "hunter", ..PLACE },
            Place { version: 6, ..PLACE },
            Place { vault: Uuid::from_u128(1), ..PLACE },
        ] {
            assert_eq!(open(&keys, other, &sealed), Err(SealError::Broken), "{other:?}");
        }
    }

    #[test]
    fn a_key_that_is_not_held_is_named() {
        let sealed = seal(&keys(&[1]), PLACE, b"hush").unwrap();
        let refusal = open(&keys(&[2]), PLACE, &sealed).unwrap_err().to_string();
        assert!(refusal.contains(&sealed.key.key_id), "{refusal}");
        assert_eq!(open(&MasterKeys::default(), PLACE, &sealed), Err(SealError::UnknownKey(sealed.key.key_id.clone())));
    }

    #[test]
    fn a_new_master_key_needs_no_look_at_the_value() {
        let (both, new) = (keys(&[2, 1]), keys(&[2]));
        let mut sealed = seal(&keys(&[1]), PLACE, b"hush").unwrap();
        let data_key = unwrap(&both, PLACE, &sealed.key).unwrap();
        sealed.key = wrap(both.first().unwrap(), PLACE, &data_key).unwrap();
        assert_eq!(open(&new, PLACE, &sealed).unwrap().as_slice(), b"hush");
        // A wrapped key that is put back from before does not pass for the new one.
        let mut renamed = seal(&keys(&[1]), PLACE, b"hush").unwrap();
        renamed.key.key_id = new.ids()[0].clone();
        assert_eq!(open(&new, PLACE, &renamed), Err(SealError::Broken));
    }

    #[test]
    fn fingerprints_tell_equal_from_different() {
        let key = new_key();
        assert_eq!(fingerprint(&key, "twilio", b"a"), fingerprint(&key, "twilio", b"a"));
        assert_ne!(fingerprint(&key, "twilio", b"a"), fingerprint(&key, "hunter", b"a"));
        assert_ne!(fingerprint(&key, "twilio", b"a"), fingerprint(&new_key(), "twilio", b"a"));
    }

    proptest! {
        #[test]
        fn one_changed_bit_anywhere_is_seen(plain in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), part in 0usize..4) {
            let keys = keys(&[1]);
            let mut sealed = seal(&keys, PLACE, &plain).unwrap();
            let bytes = [&mut sealed.nonce, &mut sealed.sealed, &mut sealed.key.wrap_nonce, &mut sealed.key.wrapped_key].into_iter().nth(part).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1;
            prop_assert!(open(&keys, PLACE, &sealed).is_err());
        }
    }
}
