//! By which way an ordinary telephone and we come to keys for SRTP: they stand in the session descriptions ([`super::sdes`]), or a
//! handshake on the media port makes them, for which the descriptions name certificates (RFC 5763).

use std::sync::Arc;

use rand_core::RngCore;

use super::peer_sdp::PeerSdp;
use super::sdes::SdesKeys;
use crate::agent::{Agent, SrtpKeying};
use crate::dtls::{CertificateFingerprint, Handshake, Identity, Role, SEED_LEN};
use crate::media::{Associations, Following};
use crate::sdp::{CertificateHash, Dtls, Keying, Setup};
use crate::sip::Transport;
use crate::vocab::Now;

#[derive(Clone)]
pub(super) enum SrtpKeys {
    Dtls(DtlsKeys),
    Sdes(SdesKeys),
}

/// Of a handshake: who begins it, and by what certificates.
#[derive(Clone)]
pub(super) struct DtlsKeys {
    role: Role,
    identity: Arc<Identity>,
    theirs: Vec<CertificateHash>,
    expected: Vec<CertificateFingerprint>,
}

impl DtlsKeys {
    /// `None`: nothing that it names a certificate by is worth anything, or who begins is left open.
    fn new(theirs: &Dtls, role: Option<Role>, identity: &Arc<Identity>) -> Option<Self> {
        let known = |one: &CertificateHash| CertificateFingerprint::new(&one.function, one.octets.clone());
        let expected: Vec<CertificateFingerprint> = theirs.fingerprints.iter().filter_map(known).collect();
        let theirs = theirs.fingerprints.clone();
        (!expected.is_empty()).then_some(Self { role: role?, identity: identity.clone(), theirs, expected })
    }

    /// The same certificate. RFC 8842 section 3.1 has a handshake anew where the parts of both change without it; there are telephones (linphone 5.1) that
    /// change them and go on as before.
    fn are_in(&self, again: &Dtls) -> bool {
        again.fingerprints == self.theirs
    }

    /// The same two certificates, and each in its part.
    fn is_after(&self, before: &Self) -> bool {
        (self.role, &self.theirs) == (before.role, &before.theirs)
    }

    fn handshake(&self, now: Now, seed: &[u8; SEED_LEN]) -> Box<Handshake> {
        Box::new(Handshake::new(self.role, self.identity.clone(), self.expected.clone(), seed, now.mono))
    }

    /// `offered`: by whom it is to begin, where that is said.
    fn said(&self, offered: Option<Setup>) -> Dtls {
        let setup = match (offered, self.role) {
            (Some(Setup::Passive), _) | (Some(Setup::Actpass) | None, Role::Client) => Setup::Active,
            (Some(Setup::Active), _) | (Some(Setup::Actpass) | None, Role::Server) => Setup::Passive,
        };
        described(&self.identity, setup)
    }
}

impl SrtpKeys {
    /// As calls name it: SDES has the suite at once.
    pub fn label(&self) -> String {
        match self {
            Self::Dtls(_) => BY_DTLS.to_owned(),
            Self::Sdes(keys) => keys.suite.name().to_owned(),
        }
    }

    /// The peer still has the same.
    pub fn are_in(&self, again: &PeerSdp) -> bool {
        match self {
            Self::Dtls(keys) => again.keying().dtls.as_ref().is_some_and(|dtls| keys.are_in(dtls)),
            Self::Sdes(keys) => keys.are_in(again),
        }
    }

    /// The peer shows the certificate of the handshake, whose key nobody else has. Keys in the description are anybody's who can read it.
    pub fn prove(&self, again: &PeerSdp) -> bool {
        matches!(self, Self::Dtls(_)) && self.are_in(again)
    }

    /// What our first answer says.
    pub fn said(&self) -> Keying {
        match self {
            Self::Dtls(keys) => Keying { dtls: Some(keys.said(None)), ..Keying::default() },
            Self::Sdes(keys) => Keying { crypto: vec![keys.ours.clone()], dtls: None },
        }
    }

    /// And that to an offer that has the same again.
    pub fn answer_to(&self, again: &PeerSdp) -> Keying {
        match self {
            Self::Dtls(keys) => {
                let offered = again.keying().dtls.as_ref().map(|dtls| dtls.setup);
                Keying { dtls: Some(keys.said(offered)), ..Keying::default() }
            }
            Self::Sdes(keys) => Keying { crypto: keys.answer_to(again).into_iter().collect(), dtls: None },
        }
    }

    /// What a new offer of ours says within the call, where that is not what our description before said: whoever offers leaves it to the other
    /// who begins, even a handshake that is over (RFC 5763 section 5).
    pub fn reoffered(&self) -> Option<Keying> {
        match self {
            Self::Dtls(keys) => {
                Some(Keying { dtls: Some(described(&keys.identity, Setup::Actpass)), ..Keying::default() })
            }
            Self::Sdes(_) => None,
        }
    }

    /// What our description says of ours is what is used.
    pub fn are_of(&self, offered: &Keying) -> bool {
        match self {
            Self::Dtls(_) => offered.dtls.is_some(),
            Self::Sdes(keys) => offered.crypto.contains(&keys.ours),
        }
    }

    /// What a stream goes on with that had `before`: what is the same stays as it is. `seed` and `ssrc` are random.
    pub fn following(
        &self,
        before: Option<&Self>,
        now: Now,
        (seed, ssrc): (&[u8; SEED_LEN], u32),
    ) -> Option<Following> {
        match (self, before) {
            (Self::Dtls(keys), Some(Self::Dtls(before))) if keys.is_after(before) => {
                Some(Following::Srtp { sender: None, receiver: None })
            }
            (Self::Dtls(keys), _) => Some(Following::Dtls { handshake: keys.handshake(now, seed), ssrc }),
            (Self::Sdes(keys), Some(Self::Sdes(before))) => keys.following(Some(before), ssrc),
            (Self::Sdes(keys), _) => keys.following(None, ssrc),
        }
    }

    /// What a stream runs, or begins, with. `seed` is random.
    pub fn associations(&self, now: Now, seed: &[u8; SEED_LEN]) -> Option<Associations> {
        match self {
            Self::Dtls(keys) => Some(Associations::Dtls(keys.handshake(now, seed))),
            Self::Sdes(keys) => keys.associations(),
        }
    }
}

/// Stands before the suite of a call whose keys come by a handshake, alone until they are there.
pub const BY_DTLS: &str = "DTLS-SRTP";

impl Agent {
    /// What goes into a description to a telephone that is reached so: fresh keys, our certificate, or both. `only_dtls`: it would not take
    /// them side by side.
    pub(super) fn offered_keying(&mut self, by: Transport, only_dtls: bool) -> Keying {
        let crypto = if self.may_key_by(by) && !only_dtls { self.offered_keys() } else { Vec::new() };
        let dtls = self.dtls().map(|identity| described(&identity, Setup::Actpass));
        Keying { crypto, dtls }
    }

    fn dtls(&self) -> Option<Arc<Identity>> {
        self.config.dtls.clone().filter(|_| self.config.srtp_keys.contains(&SrtpKeying::Dtls))
    }

    /// Which of what we `offered` the telephone took; where it took both, the one that we would rather have.
    pub(super) fn taken_keys(&self, offered: &Keying, answer: &Keying) -> Option<SrtpKeys> {
        self.config.srtp_keys.iter().find_map(|way| match way {
            SrtpKeying::Dtls => {
                let (theirs, _) = answer.dtls.as_ref().zip(offered.dtls.as_ref())?;
                let role = match theirs.setup {
                    Setup::Active => Some(Role::Server),
                    Setup::Passive => Some(Role::Client),
                    Setup::Actpass => None,
                };
                DtlsKeys::new(theirs, role, &self.dtls()?).map(SrtpKeys::Dtls)
            }
            SrtpKeying::Sdes => SdesKeys::chosen(&offered.crypto, &answer.crypto).map(SrtpKeys::Sdes),
        })
    }

    /// Of an offer. `waits`: whoever made it has to be heard first, so that it begins where it can.
    pub(super) fn dtls_keys_for(&self, offered: &Dtls, waits: bool) -> Option<SrtpKeys> {
        let role = match offered.setup {
            Setup::Active => Role::Server,
            Setup::Actpass if waits => Role::Server,
            // Ours would begin where he says that he is, and somebody else may be.
            Setup::Passive if waits => return None,
            Setup::Actpass | Setup::Passive => Role::Client,
        };
        DtlsKeys::new(offered, Some(role), &self.dtls()?).map(SrtpKeys::Dtls)
    }

    pub(super) fn handshake_seed(&mut self) -> [u8; SEED_LEN] {
        let mut seed = [0; SEED_LEN];
        self.rng.fill_bytes(&mut seed);
        seed
    }
}

fn described(identity: &Identity, setup: Setup) -> Dtls {
    let octets = identity.fingerprint().octets().to_vec();
    Dtls { fingerprints: vec![CertificateHash { function: "sha-256".to_owned(), octets }], setup }
}
