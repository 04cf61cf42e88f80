//! Keys for SRTP in session descriptions (RFC 4568): what an ordinary telephone has instead of our key agreement. Whoever reads the
//! signalling on its way, every proxy for one, has them too; so they go, and are taken, over TLS only, unless the user allows more.

use rand_core::RngCore;
use zeroize::Zeroizing;

use super::no::No;
use super::peer_sdp::PeerSdp;
use super::srtp_keys::SrtpKeys;
use crate::agent::{Agent, SrtpKeying};
use crate::media::{Associations, Following, FreshSender};
use crate::sdp::Crypto;
use crate::sip::Transport;
use crate::srtp::{CryptoSuite, MasterKey, Receiver, Sender};

/// Of one suite: what we seal with, and what the telephone does.
#[derive(Clone)]
pub(super) struct SdesKeys {
    pub suite: CryptoSuite,
    /// As our description has it.
    pub ours: Crypto,
    theirs: Crypto,
}

impl SdesKeys {
    /// `None` when one of them is of another suite, or of another length than that has.
    pub fn new(ours: Crypto, theirs: Crypto) -> Option<Self> {
        let suite = CryptoSuite::from_name(&ours.suite)?;
        let fits =
            (ours.tag, &ours.suite) == (theirs.tag, &theirs.suite) && theirs.key.len() == MasterKey::len_of(suite);
        // Sent back, ours would seal both ways: the same counter blocks twice.
        (fits && ours.key != theirs.key).then_some(Self { suite, ours, theirs })
    }

    /// Which of those that we offered the peer chose.
    pub fn chosen(ours: &[Crypto], theirs: &[Crypto]) -> Option<Self> {
        let [theirs] = theirs else { return None };
        let ours = ours.iter().find(|ours| ours.tag == theirs.tag)?;
        Self::new(ours.clone(), theirs.clone())
    }

    pub fn associations(&self) -> Option<Associations> {
        let (ours, theirs) = (master(self.suite, &self.ours)?, master(self.suite, &self.theirs)?);
        let (sender, receiver) = (Box::new(Sender::new(&ours)?), Box::new(Receiver::new(&theirs)?));
        Some(Associations::Srtp { sender, receiver })
    }

    /// What a stream goes on with; `before` it was sealed with those.
    pub fn following(&self, before: Option<&Self>, ssrc: u32) -> Option<Following> {
        let same = |ours: &Crypto, theirs: &Crypto| (&ours.suite, &ours.key) == (&theirs.suite, &theirs.key);
        let sender = match before.is_some_and(|before| same(&before.ours, &self.ours)) {
            true => None,
            false => Some(FreshSender { sender: Box::new(Sender::new(&master(self.suite, &self.ours)?)?), ssrc }),
        };
        let receiver = match before.is_some_and(|before| same(&before.theirs, &self.theirs)) {
            true => None,
            false => Some(Box::new(Receiver::new(&master(self.suite, &self.theirs)?)?)),
        };
        Some(Following::Srtp { sender, receiver })
    }

    /// The peer still seals with the same key.
    pub fn are_in(&self, again: &PeerSdp) -> bool {
        again.crypto().iter().any(|crypto| (&crypto.suite, &crypto.key) == (&self.theirs.suite, &self.theirs.key))
    }

    /// Ours, for an answer to an offer that has the same keys of theirs by whatever tag.
    pub fn answer_to(&self, again: &PeerSdp) -> Option<Crypto> {
        let same = |crypto: &&Crypto| (&crypto.suite, &crypto.key) == (&self.theirs.suite, &self.theirs.key);
        let tag = again.crypto().iter().find(same)?.tag;
        Some(Crypto { tag, ..self.ours.clone() })
    }
}

impl Agent {
    /// Whether keys may stand in a message that goes, or came, so.
    pub(super) fn may_key_by(&self, transport: Transport) -> bool {
        self.config.srtp_keys.contains(&SrtpKeying::Sdes) && (transport.is_secure() || self.config.sdes_without_tls)
    }

    /// A fresh key for each suite that we have.
    pub(super) fn offered_keys(&mut self) -> Vec<Crypto> {
        (1..).zip(CryptoSuite::ALL).map(|(tag, suite)| self.fresh_key(tag, suite)).collect()
    }

    fn fresh_key(&mut self, tag: u32, suite: CryptoSuite) -> Crypto {
        let mut key = Zeroizing::new(vec![0; MasterKey::len_of(suite)]);
        self.rng.fill_bytes(&mut key);
        Crypto { tag, suite: suite.name().to_owned(), key }
    }

    /// By which of an offer's ways we come to keys: the one that we would rather have. Without any, an offer of RTP/AVP is one in clear.
    /// `waits`: see [`Agent::dtls_keys_for`].
    ///
    /// # Errors
    /// It is nothing in clear, and none of its ways is one for us.
    pub(super) fn choose_keys(
        &mut self,
        offered: &PeerSdp,
        by: Transport,
        waits: bool,
    ) -> Result<Option<SrtpKeys>, NoKeys> {
        for way in self.config.srtp_keys.clone() {
            let keys = match way {
                SrtpKeying::Dtls => offered.keying().dtls.as_ref().and_then(|dtls| self.dtls_keys_for(dtls, waits)),
                SrtpKeying::Sdes if self.may_key_by(by) => self.choose_crypto(offered.crypto()).map(SrtpKeys::Sdes),
                SrtpKeying::Sdes => None,
            };
            if keys.is_some() {
                return Ok(keys);
            }
        }
        match offered.is_secure() {
            true => Err(self.why_no_keys(offered, by)),
            false => Ok(None),
        }
    }

    /// What is wrong with an offer whose keys were not taken.
    pub(super) fn why_no_keys(&self, offered: &PeerSdp, by: Transport) -> NoKeys {
        let has_dtls = self.config.srtp_keys.contains(&SrtpKeying::Dtls);
        match offered.crypto().is_empty() {
            true if offered.keying().dtls.is_some() && !has_dtls => NoKeys::SdesAlone,
            true if offered.is_secure() || offered.keying().dtls.is_some() => NoKeys::Handshake,
            true => NoKeys::Without,
            false if !self.config.srtp_keys.contains(&SrtpKeying::Sdes) => NoKeys::DtlsAlone,
            false if !self.may_key_by(by) => NoKeys::NotByTls,
            false => NoKeys::Suite,
        }
    }

    /// The first that we can use (RFC 4568 section 5.1.2), with a fresh one of ours beside it.
    fn choose_crypto(&mut self, offered: &[Crypto]) -> Option<SdesKeys> {
        offered.iter().find_map(|theirs| {
            let ours = self.fresh_key(theirs.tag, CryptoSuite::from_name(&theirs.suite)?);
            SdesKeys::new(ours, theirs.clone())
        })
    }
}

/// Why none of the keys that a telephone offers is one for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKeys {
    /// By SDES, which our user does not have.
    DtlsAlone,
    /// By DTLS, which our user does not have.
    SdesAlone,
    /// By DTLS, with a fingerprint or a role that cannot be.
    Handshake,
    /// By SDES, and everybody on the way could read them.
    NotByTls,
    /// By SDES, for other suites.
    Suite,
    /// It has none.
    Without,
}

impl From<NoKeys> for No {
    fn from(why: NoKeys) -> Self {
        let suites = || CryptoSuite::ALL.iter().map(|suite| suite.name()).collect::<Vec<_>>().join(" ");
        match why {
            NoKeys::DtlsAlone => Self::plain(488, "keys by DTLS are taken, and none in a session description (SDES)"),
            NoKeys::SdesAlone => Self::plain(488, "keys in a session description (SDES) are taken, and none by DTLS"),
            NoKeys::Handshake => {
                Self::plain(488, "its keys by DTLS are none for us: a fingerprint by SHA-256 or longer and a=setup are, by a proxy not a=setup:passive")
            }
            NoKeys::NotByTls => Self::plain(488, BY_TLS),
            NoKeys::Suite => Self::plain(488, &format!("no crypto suite in common; here it is {}", suites())),
            NoKeys::Without => Self::plain(488, "the offer has no keys"),
        }
    }
}

pub(super) const BY_TLS: &str = "keys in a session description (SDES) are taken over TLS only";

fn master(suite: CryptoSuite, crypto: &Crypto) -> Option<MasterKey> {
    MasterKey::new(suite, &crypto.key)
}
