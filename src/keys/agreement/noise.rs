//! The Noise handshake itself: crate `snow`, with our randomness and our Diffie-Hellman.
//!
//! Randomness is an argument: the seed is the ephemeral secret, and is used once. The Diffie-Hellman refuses a
//! result of 32 zero octets (RFC 7748 section 6.1), which the Noise specification leaves open.

use std::sync::{Arc, Mutex};

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::error::AgreementError;
use super::MAX_MESSAGE;
use crate::vocab::{AgreementKey, Digest};

const PATTERN: &str = "Noise_IK_25519_ChaChaPoly_SHA256";

/// Octets that the handshake adds to the longest payload: ephemeral key, sealed static key, tag.
const OVERHEAD: usize = 32 + 48 + 16;

/// One side of a handshake.
pub(super) struct Handshake {
    state: snow::HandshakeState,
    ephemeral: Ephemeral,
}

/// What both sides hold after the second message.
pub(super) struct Split {
    pub(super) hash: Digest,
    pub(super) k_i2r: Zeroizing<[u8; 32]>,
    pub(super) k_r2i: Zeroizing<[u8; 32]>,
}

impl Handshake {
    pub(super) fn initiator(secret: &[u8; 32], remote: &AgreementKey, prologue: &[u8]) -> Result<Self, AgreementError> {
        Self::build(secret, prologue, &Worked::default(), |builder| {
            builder.remote_public_key(&remote.0)?.build_initiator()
        })
    }

    /// `worked` is that of other handshakes for the same message, with the same secret.
    pub(super) fn responder(secret: &[u8; 32], prologue: &[u8], worked: &Worked) -> Result<Self, AgreementError> {
        Self::build(secret, prologue, worked, snow::Builder::build_responder)
    }

    fn build<'a>(
        secret: &'a [u8; 32],
        prologue: &'a [u8],
        worked: &Worked,
        finish: impl FnOnce(snow::Builder<'a>) -> Result<snow::HandshakeState, snow::Error>,
    ) -> Result<Self, AgreementError> {
        let ephemeral = Ephemeral::default();
        let pattern = PATTERN.parse().expect("snow knows the pattern");
        let builder = snow::Builder::with_resolver(pattern, Box::new(Resolver(ephemeral.clone(), worked.clone())));
        let build = || finish(builder.local_private_key(secret)?.prologue(prologue)?);
        Ok(Self { state: build().map_err(unauthentic)?, ephemeral })
    }

    /// Writes the next message; `seed` becomes its ephemeral secret.
    pub(super) fn write(&mut self, payload: &[u8], seed: [u8; 32]) -> Result<Vec<u8>, AgreementError> {
        if payload.len() + OVERHEAD > MAX_MESSAGE {
            return Err(AgreementError::Length);
        }
        self.ephemeral.put(seed);
        let mut message = vec![0; payload.len() + OVERHEAD];
        let len = self.state.write_message(payload, &mut message).map_err(unauthentic)?;
        message.truncate(len);
        Ok(message)
    }

    /// Reads the next message and gives its payload.
    pub(super) fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, AgreementError> {
        if message.len() > MAX_MESSAGE {
            return Err(AgreementError::Length);
        }
        let mut payload = vec![0; message.len()];
        let len = self.state.read_message(message, &mut payload).map_err(unauthentic)?;
        payload.truncate(len);
        Ok(payload)
    }

    /// The other side's static key, once it is known.
    pub(super) fn remote_static(&self) -> Option<AgreementKey> {
        self.state.get_remote_static().and_then(AgreementKey::from_slice)
    }

    /// `None` before the second message.
    pub(super) fn split(&mut self) -> Option<Split> {
        if !self.state.is_handshake_finished() {
            return None;
        }
        let hash = Digest::from_slice(self.state.get_handshake_hash())?;
        let (k_i2r, k_r2i) = self.state.dangerously_get_raw_split();
        Some(Split { hash, k_i2r: Zeroizing::new(k_i2r), k_r2i: Zeroizing::new(k_r2i) })
    }
}

/// Noise does not tell why, and a peer must not learn it.
fn unauthentic(_: snow::Error) -> AgreementError {
    AgreementError::Unauthentic
}

/// Holds the seed between its arrival and its one use.
#[derive(Clone, Default)]
struct Ephemeral(Arc<Mutex<Option<Zeroizing<[u8; 32]>>>>);

impl Ephemeral {
    fn put(&self, seed: [u8; 32]) {
        *self.0.lock().expect("no holder of the lock panics") = Some(Zeroizing::new(seed));
    }
}

impl Random for Ephemeral {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        let seed = self.0.lock().ok().and_then(|mut slot| slot.take()).ok_or(snow::Error::Rng)?;
        if dest.len() != seed.len() {
            return Err(snow::Error::Rng);
        }
        dest.copy_from_slice(&*seed);
        Ok(())
    }
}

struct Resolver(Ephemeral, Worked);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(self.0.clone()))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519)
            .then(|| Box::new(X25519 { worked: self.1.clone(), ..X25519::default() }) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// What was worked out for one name of ours and is the same for the next: the first key pair, and its first Diffie-Hellman.
#[derive(Clone, Default)]
pub(super) struct Worked(Arc<Mutex<Work>>);

#[derive(Default)]
struct Work {
    pair: Option<Pair>,
    shared: Option<Shared>,
}

struct Shared {
    with: [u8; 32],
    /// A result of zeros is none.
    secret: Option<Zeroizing<[u8; 32]>>,
}

struct Pair {
    secret: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Worked {
    fn public_of(&self, secret: &[u8; 32]) -> [u8; 32] {
        let make = || PublicKey::from(&StaticSecret::from(*secret)).to_bytes();
        let Ok(mut work) = self.0.lock() else { return make() };
        let pair = work.pair.get_or_insert_with(|| Pair { secret: Zeroizing::new(*secret), public: make() });
        if *pair.secret == *secret {
            pair.public
        } else {
            make()
        }
    }

    /// `None` for a result of zeros.
    fn shared(&self, secret: &[u8; 32], public: [u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let Ok(mut work) = self.0.lock() else { return diffie_hellman(secret, public) };
        let is_ours = work.pair.as_ref().is_some_and(|pair| *pair.secret == *secret);
        if let Some(shared) = work.shared.as_ref().filter(|shared| is_ours && shared.with == public) {
            return shared.secret.clone();
        }
        let shared = diffie_hellman(secret, public);
        if is_ours && work.shared.is_none() {
            work.shared = Some(Shared { with: public, secret: shared.clone() });
        }
        shared
    }
}

fn diffie_hellman(secret: &[u8; 32], public: [u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    #[cfg(test)]
    MADE.set(MADE.get() + 1);
    let shared = StaticSecret::from(*secret).diffie_hellman(&PublicKey::from(public));
    shared.was_contributory().then(|| Zeroizing::new(shared.to_bytes()))
}

#[cfg(test)]
thread_local! {
    /// Diffie-Hellmans on this thread.
    pub(super) static MADE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// X25519 (RFC 7748).
#[derive(Default)]
struct X25519 {
    secret: Zeroizing<[u8; 32]>,
    public: [u8; 32],
    worked: Worked,
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, secret: &[u8]) {
        self.secret.copy_from_slice(secret);
        self.public = self.worked.public_of(&self.secret);
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), snow::Error> {
        let mut secret = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut *secret)?;
        self.set(&*secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &*self.secret
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        let public: [u8; 32] = *public.first_chunk().ok_or(snow::Error::Dh)?;
        let shared = self.worked.shared(&self.secret, public).ok_or(snow::Error::Dh)?;
        out.get_mut(..32).ok_or(snow::Error::Dh)?.copy_from_slice(&*shared);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTOR: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/noise-ik.json"));

    fn octets(vector: &Value, name: &str) -> Vec<u8> {
        hex::decode(vector[name].as_str().unwrap()).unwrap()
    }

    fn key(vector: &Value, name: &str) -> [u8; 32] {
        octets(vector, name).try_into().unwrap()
    }

    /// The vector of the Haskell library cacophony for this pattern.
    #[test]
    fn the_handshake_gives_the_published_octets() {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        assert_eq!(vector["protocol_name"], PATTERN);
        let prologue = octets(&vector, "init_prologue");
        let remote = AgreementKey(key(&vector, "init_remote_static"));
        let mut alice = Handshake::initiator(&key(&vector, "init_static"), &remote, &prologue).unwrap();
        let mut bob = Handshake::responder(&key(&vector, "resp_static"), &prologue, &Worked::default()).unwrap();

        let [first, second, third, fourth] = [0, 1, 2, 3].map(|i| &vector["messages"][i]);
        let one = alice.write(&octets(first, "payload"), key(&vector, "init_ephemeral")).unwrap();
        assert_eq!(one, octets(first, "ciphertext"));
        assert_eq!(bob.read(&one).unwrap(), octets(first, "payload"));
        let two = bob.write(&octets(second, "payload"), key(&vector, "resp_ephemeral")).unwrap();
        assert_eq!(two, octets(second, "ciphertext"));
        assert_eq!(alice.read(&two).unwrap(), octets(second, "payload"));

        let (alice, bob) = (alice.split().unwrap(), bob.split().unwrap());
        assert_eq!(alice.hash.0.to_vec(), octets(&vector, "handshake_hash"));
        assert_eq!(alice.hash, bob.hash);
        assert_eq!((&alice.k_i2r, &alice.k_r2i), (&bob.k_i2r, &bob.k_r2i));
        // The transport messages of the vector show that the split keys are Noise's own, and which is whose.
        assert_eq!(seal(&alice.k_i2r, &octets(third, "payload")), octets(third, "ciphertext"));
        assert_eq!(seal(&alice.k_r2i, &octets(fourth, "payload")), octets(fourth, "ciphertext"));
    }

    fn seal(key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        use chacha20poly1305::aead::{Aead, KeyInit};
        chacha20poly1305::ChaCha20Poly1305::new(key.into()).encrypt(&[0; 12].into(), plain).unwrap()
    }

    #[test]
    fn a_zero_diffie_hellman_result_aborts() {
        let mut dh = X25519::default();
        dh.set(&[9; 32]);
        // Points of small order: 0, 1, and one of order 8.
        let eighth = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        let mut one = [0; 32];
        one[0] = 1;
        for point in [[0; 32], one, hex::decode(eighth).unwrap().try_into().unwrap()] {
            assert_eq!(dh.dh(&point, &mut [0; 32]), Err(snow::Error::Dh));
        }
        let remote = AgreementKey([0; 32]);
        let mut alice = Handshake::initiator(&[1; 32], &remote, b"").unwrap();
        assert_eq!(alice.write(b"", [2; 32]).err(), Some(AgreementError::Unauthentic));
    }

    #[test]
    fn a_seed_serves_once() {
        let mut ephemeral = Ephemeral::default();
        ephemeral.put([1; 32]);
        assert_eq!(ephemeral.try_fill_bytes(&mut [0; 32]), Ok(()));
        assert_eq!(ephemeral.try_fill_bytes(&mut [0; 32]), Err(snow::Error::Rng));
    }

    #[test]
    fn before_the_second_message_there_are_no_keys() {
        let mut bob = Handshake::responder(&[1; 32], b"", &Worked::default()).unwrap();
        assert!(bob.split().is_none());
    }
}
