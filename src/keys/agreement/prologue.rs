use crate::keys::fields::framed;
use crate::vocab::{Device, Digest, Entity, VerifyKey};

/// What both sides must hold to be the same before the first message: mixed into the handshake, never sent.
pub(super) struct Prologue<'a> {
    pub(super) callee: &'a Entity,
    pub(super) device: &'a Device,
    pub(super) signing: &'a VerifyKey,
    pub(super) media_id: &'a str,
    /// The agreement before this one in the same call.
    pub(super) previous: Option<Digest>,
}

impl Prologue<'_> {
    pub(super) fn octets(&self) -> Vec<u8> {
        framed(&[
            b"sottovoce-ka-1",
            self.callee.as_str().as_bytes(),
            self.device.as_str().as_bytes(),
            &self.signing.0,
            self.media_id.as_bytes(),
            self.previous.as_ref().map_or(&[][..], |digest| &digest.0),
        ])
    }
}
