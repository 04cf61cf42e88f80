use rand_core::RngCore;

use std::net::SocketAddr;

use crate::sdp::Ice;
use crate::vocab::Redacted;

/// RFC 8445 section 5.3 has 4 to 256 characters for the name, 22 to 256 for the password, and wants 24 and 128 random bits of them.
const USER_LEN: usize = 8;
const PASSWORD_LEN: usize = 24;
/// `ice-char` of RFC 8839 section 5.4: six bits each.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// By which checks of one session are told from everybody else's.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

/// What a [`Traversal`](super::Traversal) needs to begin.
#[derive(Clone)]
pub struct Gathering {
    pub credentials: Credentials,
    /// Servers of STUN that are asked from where they see us: `host:port`. Who opens the socket looks their names up.
    pub stun: Vec<String>,
    /// The server of TURN that relays where nothing else leads to the peer.
    pub turn: Option<RelayAccount>,
    /// From it come the numbers of the questions, and that of the role.
    pub seed: [u8; 32],
}

/// Who we are at a server of TURN (RFC 8656; long-term credentials, RFC 8489 section 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayAccount {
    /// `host:port`, by UDP. Who opens the socket looks the name up.
    pub server: String,
    pub user: String,
    pub password: Redacted<String>,
}

/// Addresses of the servers that were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    pub stun: Vec<SocketAddr>,
    pub turn: Option<SocketAddr>,
}

/// What both sides said, and what we are in the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Others than those of before begin the checks anew (RFC 8445 section 9).
    pub ours: Credentials,
    pub theirs: Ice,
    /// Who offered, or whose peer is lite (RFC 8445 section 6.1.1).
    pub controlling: bool,
    /// Where the other side receives as its description, or the key agreement, has it. The policy knows it by that address.
    pub described: SocketAddr,
}

impl Credentials {
    pub fn random(rng: &mut impl RngCore) -> Self {
        let mut text = |len: usize| {
            let mut letter = |_| {
                let index = rng.next_u32() as usize % ALPHABET.len();
                ALPHABET.get(index).map_or('A', |letter| char::from(*letter))
            };
            (0..len).map(&mut letter).collect::<String>()
        };
        Self { user: text(USER_LEN), password: text(PASSWORD_LEN) }
    }
}

/// Never the password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.user)
    }
}
