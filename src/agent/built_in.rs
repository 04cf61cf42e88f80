//! The name of the peer that is built in is nobody else's: who bears it with other keys than those that were handed over when
//! that peer was made is refused, and there is no way to accept him.

use std::net::SocketAddr;

use super::{Agent, ECHO};
use crate::vocab::{AgreementKey, Entity, Failure, FailureKind, Fingerprint, VerifyKey};

/// The peer that runs in this process, as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInPeer {
    /// It listens by UDP alone, on this machine.
    pub address: SocketAddr,
    pub keys: (VerifyKey, AgreementKey),
}

impl Agent {
    pub(super) fn handle_built_in_found(&mut self, found: BuiltInPeer) {
        self.book.know_built_in(found.keys);
        self.endpoint.keep_to_udp(found.address);
    }
}

/// Whether it is that name, in whatever spelling.
pub fn is_built_in(entity: &Entity) -> bool {
    Entity::parse(ECHO).is_ok_and(|echo| echo.may_be(entity))
}

const IMPOSTOR: &str = "impostor";

pub fn is_impostor(failure: &Failure) -> bool {
    failure.code == IMPOSTOR
}

pub fn impostor(entity: &Entity, print: Fingerprint) -> Failure {
    Failure::new(
        FailureKind::Trust,
        IMPOSTOR,
        format!("SOMEBODY ELSE BEARS THE NAME {entity} of the echo peer that is built in here, with the key {print}"),
        entity.as_str(),
        format!("nothing was stored, and that key cannot be accepted; `sottovoce ask {ECHO}` finds the real one"),
    )
}
