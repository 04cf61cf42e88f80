use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::assembly::Assembly;
use super::certificate::CertificateFingerprint;
use super::exchange::Exchange;
use super::flight::Flight;
use super::hello::profile_suite;
use super::message::{fragments, own_certificate, Message, FINISHED};
use super::record::{records, Record, RecordKey, ALERT, HANDSHAKE};
use super::schedule::{Master, OfBoth, Suite};
use super::Identity;
use crate::srtp::{CryptoSuite, MasterKey};
use crate::vocab::Mono;

/// After that a handshake is given up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What is said in clear anybody may have written: where it is wrong, or says that all is over, it is passed over (RFC 6347 section
/// 4.1.2.7), and believed when nothing better has come by then.
const DOUBT: Duration = Duration::from_secs(2);

/// Random octets that a handshake uses up: our random, and a secret for each group.
pub const SEED_LEN: usize = 32 * 3;

/// Octets of messages that belong to one handshake: more is none.
const MAX_TRANSCRIPT: usize = 32 * 1024;

/// A fatal alert, and one that says that nothing was wrong (RFC 5246 section 7.2).
const FATAL: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It begins: `a=setup:active`.
    Client,
    /// `a=setup:passive`.
    Server,
}

/// What a handshake is for.
#[derive(Debug, PartialEq, Eq)]
pub struct SrtpKeys {
    pub suite: CryptoSuite,
    pub ours: MasterKey,
    pub theirs: MasterKey,
}

/// Why there are no keys. Nothing of the peer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DtlsError {
    #[error("the other side ended it with alert {0}")]
    Alert(u8),
    #[error("its certificate is not the one that the call's messages name: somebody may stand between you")]
    Fingerprint,
    #[error("a message of it cannot be read, or is out of order")]
    Malformed,
    #[error("nothing in common of what either side can")]
    NothingInCommon,
    #[error("it does not extend the master secret (RFC 7627)")]
    NotExtended,
    #[error("a signature or a check sum of it is wrong")]
    Proof,
    #[error("it did not come to an end within 20 seconds")]
    TimedOut,
}

impl DtlsError {
    /// The alert that tells the other side (RFC 5246 section 7.2.2).
    fn alert(self) -> Option<u8> {
        match self {
            Self::Alert(_) | Self::TimedOut => None,
            Self::Fingerprint => Some(42),
            Self::Malformed => Some(50),
            Self::NothingInCommon | Self::NotExtended => Some(40),
            Self::Proof => Some(51),
        }
    }
}

/// One side of a handshake, until its keys are there; after that it answers whoever has not heard its last words.
pub struct Handshake {
    pub(super) role: Role,
    pub(super) identity: Arc<Identity>,
    /// The peer's certificate is one of these.
    expected: Vec<CertificateFingerprint>,
    pub(super) random: [u8; 32],
    secrets: Zeroizing<[[u8; 32]; 2]>,
    pub(super) stage: Stage,
    gives_up: Mono,
    /// What was passed over since the last message that was good, and until when.
    doubt: Option<(DtlsError, Mono)>,
    assembly: Assembly,
    /// Messages of both sides, in order.
    pub(super) transcript: Vec<u8>,
    /// The number of our next message.
    next: u16,
    pub(super) flight: Flight,
    pub(super) peer: Peer,
    pub(super) suite: Option<Suite>,
    pub(super) profile: u16,
    pub(super) exchange: Option<Exchange>,
    pub(super) master: Option<Master>,
    keys: Option<OfBoth<RecordKey>>,
    result: Option<Result<SrtpKeys, DtlsError>>,
}

/// What the other side has said of itself.
#[derive(Default)]
pub(super) struct Peer {
    pub(super) random: [u8; 32],
    pub(super) certificate: Vec<u8>,
    /// A server's half of the exchange.
    pub(super) point: Vec<u8>,
}

/// Which message is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Hello,
    Certificate,
    KeyExchange,
    /// Of a client: `CertificateRequest`; of a server: `CertificateVerify`.
    Proof,
    HelloDone,
    Finished,
    Over,
}

impl Handshake {
    /// `expected`: what the peer's session description says of its certificate. `seed` is random, and used for nothing else.
    pub fn new(
        role: Role,
        identity: Arc<Identity>,
        expected: Vec<CertificateFingerprint>,
        seed: &[u8; SEED_LEN],
        now: Mono,
    ) -> Self {
        let mut parts = seed.chunks_exact(32).filter_map(|part| <[u8; 32]>::try_from(part).ok());
        let mut part = || parts.next().unwrap_or_default();
        let (random, secrets) = (part(), Zeroizing::new([part(), part()]));
        let mut handshake = Self::silent(role, identity, expected, (random, secrets), now + PATIENCE);
        if role == Role::Client {
            handshake.say_hello(now, &[]);
        }
        handshake
    }

    /// The same as it was at its beginning, with its first words said, for somebody else who answers them; it ends when this one does. `nth` such:
    /// if both reach the same host, none of their records has the number of another's. Both have the same secrets, and so the same keys where the other
    /// end says the same to both up to its key exchange (RFC 7627 section 3): under those keys, too, no number is used twice.
    pub fn beside(&self, now: Mono, nth: u64) -> Self {
        let (identity, expected) = (self.identity.clone(), self.expected.clone());
        let mut other = Self::silent(self.role, identity, expected, (self.random, self.secrets.clone()), self.gives_up);
        if self.role == Role::Client {
            other.say_hello(now, &[]);
        }
        other.flight.count_from(nth << 16);
        other
    }

    /// How many messages of the peer it went on with.
    pub fn taken(&self) -> u16 {
        self.assembly.taken()
    }

    fn silent(
        role: Role,
        identity: Arc<Identity>,
        expected: Vec<CertificateFingerprint>,
        (random, secrets): ([u8; 32], Zeroizing<[[u8; 32]; 2]>),
        gives_up: Mono,
    ) -> Self {
        Self {
            role,
            identity,
            expected,
            random,
            secrets,
            stage: Stage::Hello,
            gives_up,
            doubt: None,
            assembly: Assembly::default(),
            transcript: Vec::new(),
            next: 0,
            flight: Flight::default(),
            peer: Peer::default(),
            suite: None,
            profile: 0,
            exchange: None,
            master: None,
            keys: None,
            result: None,
        }
    }

    /// A datagram of the peer. What cannot be read is passed over, as whatever anybody sends is.
    pub fn handle_datagram(&mut self, now: Mono, datagram: &[u8]) {
        let mut lost = false;
        for record in records(datagram) {
            if matches!(self.result, Some(Err(_))) {
                return;
            }
            lost |= self.handle_record(now, &record);
        }
        if lost && !matches!(self.result, Some(Err(_))) {
            self.flight.repeat(now, our_key(self.role, self.keys.as_ref()));
        }
    }

    /// Time passes: call it every now and then, [`PATIENCE`] and the waits count in it.
    pub fn handle_timeout(&mut self, now: Mono) {
        if self.stage == Stage::Over {
            return;
        }
        match self.doubt {
            Some((why, until)) if now >= until.min(self.gives_up) => return self.fail(why),
            _ if now >= self.gives_up => return self.fail(DtlsError::TimedOut),
            _ => {}
        }
        if self.flight.again.is_some_and(|again| again <= now) {
            self.flight.send_again(now, our_key(self.role, self.keys.as_ref()));
        }
    }

    /// A datagram for the peer.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.flight.poll()
    }

    /// How it ended, once.
    pub fn take_result(&mut self) -> Option<Result<SrtpKeys, DtlsError>> {
        self.result.take()
    }

    /// Whether the peer said again what it had said: our words are lost.
    fn handle_record(&mut self, now: Mono, record: &Record<'_>) -> bool {
        let opened;
        let body = match record.epoch {
            0 => record.body,
            1 => match their_key(self.role, self.keys.as_ref()).and_then(|key| key.open(record)) {
                Some(text) => {
                    opened = text;
                    opened.as_slice()
                }
                None => return false,
            },
            _ => return false,
        };
        match record.kind {
            ALERT if self.stage != Stage::Over => {
                if let [FATAL, description] = *body {
                    let why = DtlsError::Alert(description);
                    match record.epoch {
                        0 => self.note_doubt(now, why),
                        _ => self.fail(why),
                    }
                }
                false
            }
            HANDSHAKE => self.handle_messages(now, record.epoch, body),
            _ => false,
        }
    }

    fn handle_messages(&mut self, now: Mono, epoch: u16, body: &[u8]) -> bool {
        let mut lost = false;
        for fragment in fragments(body) {
            // The last message is sealed, and no other is.
            if (fragment.kind == FINISHED) == (epoch == 1) {
                lost |= !self.assembly.add(&fragment);
            }
        }
        while let Some(message) = self.assembly.take() {
            if self.stage == Stage::Over {
                break;
            }
            let before = (self.transcript.len(), self.next);
            let taken = match self.role {
                Role::Client => self.take_from_server(now, &message),
                Role::Server => self.take_from_client(now, &message),
            };
            let is_long = self.transcript.len() > MAX_TRANSCRIPT;
            match if is_long { Err(DtlsError::Malformed) } else { taken } {
                Ok(()) => self.doubt = None,
                Err(why) if message.kind == FINISHED => self.fail(why),
                Err(why) => {
                    self.transcript.truncate(before.0);
                    self.next = before.1;
                    self.assembly.give_back(message.sequence);
                    self.note_doubt(now, why);
                    break;
                }
            }
        }
        lost
    }

    fn note_doubt(&mut self, now: Mono, why: DtlsError) {
        self.doubt.get_or_insert((why, now + DOUBT));
    }

    fn fail(&mut self, why: DtlsError) {
        self.stage = Stage::Over;
        self.result = Some(Err(why));
        self.forget();
        self.flight.begin();
        if let Some(alert) = why.alert() {
            self.flight.alert(alert);
        }
    }

    /// What no later word of ours needs.
    fn forget(&mut self) {
        *self.secrets = [[0; 32]; 2];
        (self.master, self.exchange) = (None, None);
        self.transcript = Vec::new();
    }

    /// A message of ours for the flight that is being made.
    pub(super) fn say(&mut self, kind: u8, body: Vec<u8>) {
        let encoded = self.encoded(kind, body);
        self.flight.message(encoded);
    }

    fn encoded(&mut self, kind: u8, body: Vec<u8>) -> Vec<u8> {
        let encoded = Message { kind, sequence: self.next, body }.encode();
        self.next = self.next.wrapping_add(1);
        self.transcript.extend(&encoded);
        encoded
    }

    pub(super) fn heard(&mut self, message: &Message) {
        self.transcript.extend(message.encode());
    }

    /// `waits`: for the other side's last words.
    pub(super) fn finish_flight(&mut self, now: Mono, waits: bool) -> Result<(), DtlsError> {
        let master = self.master.as_ref().ok_or(DtlsError::Malformed)?;
        let by_client = self.role == Role::Client;
        let check = master.finished(by_client, &self.transcript).ok_or(DtlsError::Malformed)?;
        let encoded = self.encoded(FINISHED, check);
        self.flight.finished(encoded);
        self.flight.send(now, our_key(self.role, self.keys.as_ref()), waits);
        Ok(())
    }

    /// The certificate is the one that was named.
    pub(super) fn take_certificate(&mut self, message: &Message) -> Result<(), DtlsError> {
        let certificate = own_certificate(&message.body).ok_or(DtlsError::Malformed)?;
        if !self.expected.iter().any(|expected| expected.is_of(certificate)) {
            return Err(DtlsError::Fingerprint);
        }
        self.peer.certificate = certificate.to_vec();
        self.heard(message);
        Ok(())
    }

    pub(super) fn new_exchange(&self, group: u16) -> Result<Exchange, DtlsError> {
        let [first, second] = &*self.secrets;
        let secret = if group == super::exchange::GROUPS[0] { first } else { second };
        Exchange::new(group, secret).ok_or(DtlsError::NothingInCommon)
    }

    /// Both halves are there, and the transcript goes up to the client's.
    pub(super) fn derive(&mut self, point: &[u8]) -> Result<(), DtlsError> {
        let (exchange, suite) = self.exchange.as_ref().zip(self.suite).ok_or(DtlsError::Malformed)?;
        let agreed = exchange.agree(point).ok_or(DtlsError::Proof)?;
        let master = suite.master(&agreed, &self.transcript).ok_or(DtlsError::Malformed)?;
        let (client, server) = self.randoms();
        self.keys = Some(master.record_keys(&client, &server).ok_or(DtlsError::Malformed)?);
        self.master = Some(master);
        Ok(())
    }

    /// The other side's last message proves that both have heard the same.
    pub(super) fn check_finished(&mut self, message: &Message) -> Result<(), DtlsError> {
        let master = self.master.as_ref().filter(|_| message.kind == FINISHED).ok_or(DtlsError::Malformed)?;
        let check = master.finished(self.role == Role::Server, &self.transcript).ok_or(DtlsError::Malformed)?;
        if !bool::from(check.as_slice().ct_eq(&message.body)) {
            return Err(DtlsError::Proof);
        }
        self.heard(message);
        Ok(())
    }

    /// Both have shown all that they have to.
    pub(super) fn complete(&mut self) -> Result<(), DtlsError> {
        let suite = profile_suite(self.profile).ok_or(DtlsError::Malformed)?;
        let (client, server) = self.randoms();
        let lens = (suite.key_len(), suite.salt_len());
        let master = self.master.as_ref().ok_or(DtlsError::Malformed)?;
        let both = master.srtp(&client, &server, lens).ok_or(DtlsError::Malformed)?;
        let (ours, theirs) = match self.role {
            Role::Client => (both.client, both.server),
            Role::Server => (both.server, both.client),
        };
        let key = |octets: &[u8]| MasterKey::new(suite, octets).ok_or(DtlsError::Malformed);
        let keys = SrtpKeys { suite, ours: key(&ours)?, theirs: key(&theirs)? };
        self.stage = Stage::Over;
        self.result = Some(Ok(keys));
        self.forget();
        Ok(())
    }

    fn randoms(&self) -> ([u8; 32], [u8; 32]) {
        match self.role {
            Role::Client => (self.random, self.peer.random),
            Role::Server => (self.peer.random, self.random),
        }
    }
}

fn our_key(role: Role, keys: Option<&OfBoth<RecordKey>>) -> Option<&RecordKey> {
    keys.map(|keys| if role == Role::Client { &keys.client } else { &keys.server })
}

fn their_key(role: Role, keys: Option<&OfBoth<RecordKey>>) -> Option<&RecordKey> {
    keys.map(|keys| if role == Role::Client { &keys.server } else { &keys.client })
}
