use super::error::ChoiceError;
use crate::policy::{Bundle, Suite};
use crate::vocab::Spi;

/// Which protocols protect a stream, for each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bundles {
    pub to_responder: Bundle,
    pub to_initiator: Bundle,
}

/// The SPIs under which one side will receive. A protocol without one is a protocol that this side cannot do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spis {
    pub esp: Option<Spi>,
    pub ah: Option<Spi>,
}

impl Bundles {
    /// ESP in either direction, so that a suite is needed.
    pub fn esp(&self) -> bool {
        self.to_responder.esp || self.to_initiator.esp
    }
}

impl Spis {
    /// Whether every protocol of `bundle` has an SPI.
    fn cover(&self, bundle: Bundle) -> bool {
        (self.esp.is_some() || !bundle.esp) && (self.ah.is_some() || !bundle.ah)
    }

    /// SPIs are unique over ESP and AH on one port (PROTOCOL section 8).
    fn distinct(&self) -> bool {
        self.esp.is_none() || self.esp != self.ah
    }
}

/// What an initiator says that it demands and can do.
pub(super) fn check_offer(demanded: Bundles, can: Spis, suites: &[Suite]) -> Result<(), ChoiceError> {
    if !can.cover(demanded.to_initiator) || !can.cover(demanded.to_responder) {
        return Err(ChoiceError::SpiMissing);
    }
    if !can.distinct() {
        return Err(ChoiceError::SpiTwice);
    }
    if demanded.esp() && suites.is_empty() {
        return Err(ChoiceError::SuiteMissing);
    }
    Ok(())
}

/// What was offered and what was chosen of it, held against each other by both sides.
pub(super) struct Match<'a> {
    pub(super) demanded: Bundles,
    pub(super) initiator: Spis,
    pub(super) suites: &'a [Suite],
    pub(super) chosen: Bundles,
    pub(super) responder: Spis,
    pub(super) suite: Option<Suite>,
}

impl Match<'_> {
    /// The chosen bundle has at least what the initiator demanded, and nothing that it cannot do.
    pub(super) fn check(&self) -> Result<(), ChoiceError> {
        self.check_bundles()?;
        self.check_spis()?;
        self.check_suite()
    }

    fn check_bundles(&self) -> Result<(), ChoiceError> {
        let kept = |wanted: Bundle, got: Bundle| (got.esp || !wanted.esp) && (got.ah || !wanted.ah);
        if !kept(self.demanded.to_responder, self.chosen.to_responder)
            || !kept(self.demanded.to_initiator, self.chosen.to_initiator)
        {
            return Err(ChoiceError::Looser);
        }
        if !self.initiator.cover(self.chosen.to_initiator) || !self.initiator.cover(self.chosen.to_responder) {
            return Err(ChoiceError::NotOffered);
        }
        Ok(())
    }

    fn check_spis(&self) -> Result<(), ChoiceError> {
        if !self.responder.cover(self.chosen.to_responder) {
            return Err(ChoiceError::SpiMissing);
        }
        if !self.responder.distinct() || !self.initiator.distinct() {
            return Err(ChoiceError::SpiTwice);
        }
        Ok(())
    }

    fn check_suite(&self) -> Result<(), ChoiceError> {
        match self.suite {
            None if self.chosen.esp() => Err(ChoiceError::SuiteMissing),
            Some(_) if !self.chosen.esp() => Err(ChoiceError::SuiteUnneeded),
            Some(suite) if !self.suites.contains(&suite) => Err(ChoiceError::SuiteNotOffered),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Bundle = Bundle { esp: false, ah: false };
    const ESP: Bundle = Bundle { esp: true, ah: false };
    const AH: Bundle = Bundle { esp: false, ah: true };

    fn spis(esp: u32, ah: u32) -> Spis {
        Spis { esp: Spi::new(esp), ah: Spi::new(ah) }
    }

    fn both(bundle: Bundle) -> Bundles {
        Bundles { to_responder: bundle, to_initiator: bundle }
    }

    fn good() -> Match<'static> {
        Match {
            demanded: both(ESP),
            initiator: spis(0xc000_0001, 0xc000_0002),
            suites: &[Suite::Aes128Gcm, Suite::Chacha20Poly1305],
            chosen: both(ESP),
            responder: spis(0xc000_0001, 0),
            suite: Some(Suite::Aes128Gcm),
        }
    }

    #[test]
    fn as_offered_or_tighter_is_good() {
        assert_eq!(good().check(), Ok(()));
        let tighter = Bundle { esp: true, ah: true };
        assert_eq!(
            Match { chosen: both(tighter), responder: spis(0xc000_0003, 0xc000_0004), ..good() }.check(),
            Ok(())
        );
        let clear = Match { demanded: both(NONE), chosen: both(NONE), suite: None, ..good() };
        assert_eq!(Match { initiator: spis(0, 0), suites: &[], responder: spis(0, 0), ..clear }.check(), Ok(()));
    }

    #[test]
    fn every_bad_choice_has_its_name() {
        let one_way = Bundles { to_responder: ESP, to_initiator: NONE };
        let cases = [
            (Match { chosen: both(NONE), suite: None, ..good() }, ChoiceError::Looser),
            (Match { chosen: both(AH), ..good() }, ChoiceError::Looser),
            (Match { chosen: one_way, ..good() }, ChoiceError::Looser),
            (Match { demanded: both(NONE), initiator: spis(0, 0), ..good() }, ChoiceError::NotOffered),
            (Match { responder: spis(0, 0), ..good() }, ChoiceError::SpiMissing),
            (Match { responder: spis(0xc000_0001, 0xc000_0001), ..good() }, ChoiceError::SpiTwice),
            (Match { suite: None, ..good() }, ChoiceError::SuiteMissing),
            (Match { suite: Some(Suite::Aes256Gcm), ..good() }, ChoiceError::SuiteNotOffered),
            (Match { demanded: both(NONE), chosen: both(NONE), ..good() }, ChoiceError::SuiteUnneeded),
        ];
        for (case, error) in cases {
            assert_eq!(case.check(), Err(error));
        }
    }

    #[test]
    fn an_offer_can_do_what_it_demands() {
        let suites = [Suite::Aes128Gcm];
        assert_eq!(check_offer(both(ESP), spis(0xc000_0001, 0), &suites), Ok(()));
        assert_eq!(check_offer(both(AH), spis(0xc000_0001, 0), &suites), Err(ChoiceError::SpiMissing));
        assert_eq!(check_offer(both(ESP), spis(0xc000_0001, 0), &[]), Err(ChoiceError::SuiteMissing));
        assert_eq!(check_offer(both(ESP), spis(0xc000_0001, 0xc000_0001), &suites), Err(ChoiceError::SpiTwice));
    }
}
