use crate::media::comfort::Pauses;
use crate::media::{Encoder, Formats, Tuning};
use crate::policy::Bundle;

/// What the packets of a stream tell those who cannot read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Discretion {
    /// Their sizes, nothing: padding sees to that, or else the encoder (RFC 6562 section 3).
    constant_rate: bool,
    /// Their times, when somebody speaks: pauses need not be sent.
    tells_pauses: bool,
    /// And the peer takes how loud they are (RFC 3389).
    comfort: bool,
}

impl Discretion {
    /// Packets that hide what is said hide when it is said too (RFC 6562 section 5): where ESP, SRTP or a tunnel is around them all are sent.
    pub(super) fn of(formats: &Formats, outbound: Bundle, is_tunnelled: bool) -> Self {
        let is_sealed = outbound.esp || outbound.srtp;
        let tells_pauses = !is_sealed && !is_tunnelled;
        Self {
            constant_rate: formats.tuning.constant_rate || is_sealed && !outbound.framing.tfc,
            tells_pauses,
            comfort: tells_pauses && formats.comfort.is_some(),
        }
    }

    pub(super) fn encoder(self, formats: &Formats) -> Encoder {
        let quiet = formats.tuning.quiet && self.tells_pauses;
        Encoder::tuned(formats.send.1, Tuning { constant_rate: self.constant_rate, quiet, ..formats.tuning })
    }

    /// Where the peer takes no noise every frame is sent.
    pub(super) fn pauses(self) -> Option<Pauses> {
        self.comfort.then(Pauses::new)
    }
}
