use super::Formats;
use crate::policy::Bundle;

/// What the packets of a stream may tell those who cannot read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Discretion {
    /// Their sizes, nothing: padding sees to that, or else the encoder (RFC 6562 section 3).
    pub(super) constant_rate: bool,
    /// Their times, when somebody speaks: pauses need not be sent.
    pub(super) tells_pauses: bool,
}

impl Discretion {
    /// Packets that hide what is said hide when it is said too (RFC 6562 section 4): where ESP, SRTP or a tunnel is around them all are sent.
    pub(super) fn of(formats: &Formats, outbound: Bundle, is_tunnelled: bool) -> Self {
        let is_sealed = outbound.esp || outbound.srtp;
        Self {
            constant_rate: formats.tuning.constant_rate || is_sealed && !outbound.framing.tfc,
            tells_pauses: !is_sealed && !is_tunnelled,
        }
    }
}
