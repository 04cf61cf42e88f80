//! A password of ours at rest. Its key follows from the device's key file, so that the database alone is of no use:
//!
//! ```text
//! key    = HKDF-SHA256(IKM = the 64 octets of the key file, no salt, info = "sottovoce-account-password-1")   (RFC 5869)
//! sealed = version (1 octet, 1) | nonce (24 octets) | XChaCha20-Poly1305(key, nonce, AD, password)   (draft-irtf-cfrg-xchacha-03)
//! AD     = "sottovoce-account-password-1", version, account, user, realm, each with its length before it
//! ```

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::fields::framed;
use super::Identity;
use crate::vocab::{Entity, Redacted};

const LABEL: &[u8] = b"sottovoce-account-password-1";
const VERSION: u8 = 1;
const NONCE: usize = 24;

/// What a sealed password belongs to: with any other it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Belongs<'a> {
    pub account: &'a Entity,
    pub user: &'a str,
    pub realm: &'a str,
}

/// Why a sealed password does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    #[error("the key file is another one than that which encrypted it, or what is stored was changed")]
    Key,
    #[error("what is stored is cut off")]
    Length,
    #[error("it was stored by another version of this program (format {0})")]
    Version(u8),
}

/// `nonce` must be random and is never used twice.
///
/// # Panics
/// When a name or the password has 64 KiB or more: both are bounded where they are read.
pub fn seal(identity: &Identity, belongs: &Belongs<'_>, password: &Redacted<String>, nonce: [u8; NONCE]) -> Vec<u8> {
    let aad = associated(VERSION, belongs);
    let payload = Payload { msg: password.0.as_bytes(), aad: &aad };
    let sealed = cipher(identity).encrypt(XNonce::from_slice(&nonce), payload).expect("a password is short");
    [&[VERSION][..], &nonce, &sealed].concat()
}

/// # Errors
/// [`Unopened`]; nothing of the password is known then.
pub fn open(identity: &Identity, belongs: &Belongs<'_>, sealed: &[u8]) -> Result<Redacted<String>, Unopened> {
    let (version, rest) = sealed.split_first().ok_or(Unopened::Length)?;
    if *version != VERSION {
        return Err(Unopened::Version(*version));
    }
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(Unopened::Length)?;
    let aad = associated(*version, belongs);
    let payload = Payload { msg: sealed, aad: &aad };
    let opened = cipher(identity).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Unopened::Key)?;
    let opened = Zeroizing::new(opened);
    std::str::from_utf8(&opened).map(|text| Redacted(text.to_owned())).map_err(|_| Unopened::Key)
}

fn cipher(identity: &Identity) -> XChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; 32]);
    let secret = identity.to_bytes();
    Hkdf::<Sha256>::new(None, &*secret).expand(LABEL, &mut *key).expect("32 octets are a length of HKDF");
    XChaCha20Poly1305::new((&*key).into())
}

fn associated(version: u8, belongs: &Belongs<'_>) -> Vec<u8> {
    let Belongs { account, user, realm } = belongs;
    framed(&[LABEL, &[version], account.as_str().as_bytes(), user.as_bytes(), realm.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery staple";

    fn alice() -> Entity {
        Entity::parse("sip:alice@example.org").unwrap()
    }

    fn of<'a>(account: &'a Entity, user: &'a str, realm: &'a str) -> Belongs<'a> {
        Belongs { account, user, realm }
    }

    fn sealed() -> Vec<u8> {
        let account = alice();
        let password = Redacted(PASSWORD.to_owned());
        seal(&Identity::generate(&[7; 64]), &of(&account, "alice", "example.org"), &password, [0x40; NONCE])
    }

    /// draft-irtf-cfrg-xchacha-03 appendix A.3.1.
    #[test]
    fn the_cipher_is_that_of_the_draft() {
        let octets = |text: &str| hex::decode(text).unwrap();
        let key: [u8; 32] = std::array::from_fn(|at| 0x80 + at as u8);
        let nonce: [u8; NONCE] = std::array::from_fn(|at| 0x40 + at as u8);
        let aad = octets("50515253c0c1c2c3c4c5c6c7");
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let cipher = XChaCha20Poly1305::new((&key).into());
        let made = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: text, aad: &aad }).unwrap();
        assert_eq!(made[..16], octets("bd6d179d3e83d43b9576579493c0e939")[..]);
        assert_eq!(made[made.len() - 16..], octets("c0875924c1c7987947deafd8780acf49")[..]);
    }

    /// Made by tests/data/keys/sealed.py, which shares no code with this.
    #[test]
    fn what_is_stored_today_opens_tomorrow() {
        let known = include_str!("../../tests/data/keys/sealed.hex").trim();
        assert_eq!(hex::encode(sealed()), known);
    }

    #[test]
    fn it_opens_with_its_own_key_and_names_only() {
        let (sealed, account) = (sealed(), alice());
        let belongs = of(&account, "alice", "example.org");
        let identity = Identity::generate(&[7; 64]);
        assert_eq!(open(&identity, &belongs, &sealed).unwrap().0, PASSWORD);
        assert_eq!(open(&Identity::generate(&[8; 64]), &belongs, &sealed).unwrap_err(), Unopened::Key);
        let other = Entity::parse("sip:bob@example.org").unwrap();
        for belongs in
            [of(&other, "alice", "example.org"), of(&account, "al", "example.org"), of(&account, "alice", "b")]
        {
            assert_eq!(open(&identity, &belongs, &sealed).unwrap_err(), Unopened::Key);
        }
    }

    #[test]
    fn no_octet_of_it_can_be_changed_and_none_left_out() {
        let (sealed, account, identity) = (sealed(), alice(), Identity::generate(&[7; 64]));
        let belongs = of(&account, "alice", "example.org");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            open(&identity, &belongs, &changed).unwrap_err();
            open(&identity, &belongs, &sealed[..at]).unwrap_err();
        }
        assert_eq!(open(&identity, &belongs, &[2, 0, 0]).unwrap_err(), Unopened::Version(2));
    }

    #[test]
    fn it_does_not_contain_the_password_and_differs_with_its_nonce() {
        let account = alice();
        let with = |nonce| {
            let password = Redacted(PASSWORD.to_owned());
            seal(&Identity::generate(&[7; 64]), &of(&account, "alice", "example.org"), &password, [nonce; NONCE])
        };
        assert!(!with(1).windows(5).any(|part| PASSWORD.as_bytes().windows(5).any(|word| word == part)));
        assert_ne!(with(1)[1 + NONCE..], with(2)[1 + NONCE..]);
    }
}
