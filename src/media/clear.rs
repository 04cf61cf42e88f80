use super::associations::Sealing;
use crate::ipsec::PacketBuffer;
use crate::policy::{Bundle, Carried, Guarantee};

/// Permission to send one packet as it is. Only [`ClearAllowed::by`] makes one, so that no other code can send in clear.
pub(super) struct ClearAllowed(());

impl ClearAllowed {
    /// Granted when the entry insists on nothing, the sides agreed on nothing, and the stream has no SA.
    pub(super) fn by(guarantee: &Guarantee, agreed: Bundle, associations: &Sealing) -> Option<Self> {
        let allowed = associations.is_none() && agreed.is_empty() && guarantee.accepts(&Carried::default());
        allowed.then_some(Self(()))
    }

    pub(super) fn datagram(self, buffer: &PacketBuffer) -> &[u8] {
        buffer.octets()
    }
}
