use std::net::{IpAddr, SocketAddr};

use super::error::ChoiceError;
use crate::policy::{Bundle, Framing, Suite};
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

/// The two ends of every tunnel of one agreement (items 719, 831): the initiator's, and the responder's as the initiator
/// named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TunnelEnds {
    pub initiator: IpAddr,
    pub responder: IpAddr,
}

impl Bundles {
    /// A tunnel in either direction, so that its ends have to be agreed.
    pub fn has_tunnel(&self) -> bool {
        self.to_responder.framing.has_tunnel() || self.to_initiator.framing.has_tunnel()
    }

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

/// What an initiator says that it demands and can do. Its tunnels end where its media does.
pub(super) fn check_offer(
    demanded: Bundles,
    can: Spis,
    suites: &[Suite],
    (tunnel, media): (Option<TunnelEnds>, SocketAddr),
) -> Result<(), ChoiceError> {
    if !demanded.to_initiator.is_sound() || !demanded.to_responder.is_sound() {
        return Err(ChoiceError::Unsound);
    }
    if tunnel.is_some() != demanded.has_tunnel() || tunnel.is_some_and(|ends| !is_at(ends.initiator, media)) {
        return Err(ChoiceError::TunnelEnd);
    }
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

/// A gateway reads inside whom a packet is for, so every packet that goes by it is in a tunnel.
pub(super) fn check_forward(demanded: Bundles, forward: Option<IpAddr>) -> Result<(), ChoiceError> {
    let both = demanded.to_responder.framing.has_tunnel() && demanded.to_initiator.framing.has_tunnel();
    (both || forward.is_none()).then_some(()).ok_or(ChoiceError::TunnelEnd)
}

fn is_at(end: IpAddr, media: SocketAddr) -> bool {
    end.to_canonical() == media.ip().to_canonical()
}

/// What was offered and what was chosen of it, held against each other by both sides.
pub(super) struct Match<'a> {
    pub(super) demanded: Bundles,
    pub(super) initiator: Spis,
    pub(super) suites: &'a [Suite],
    pub(super) tunnel: Option<TunnelEnds>,
    pub(super) chosen: Bundles,
    pub(super) responder: Spis,
    pub(super) suite: Option<Suite>,
    /// Where the responder receives media.
    pub(super) media: SocketAddr,
}

impl Match<'_> {
    /// The chosen bundle has at least what the initiator demanded, and nothing that it cannot do.
    pub(super) fn check(&self) -> Result<(), ChoiceError> {
        self.check_bundles()?;
        self.check_framing()?;
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

    /// The responder takes the framing as it was offered, for no side sends what the other did not say that it reads.
    /// Padding, which every side reads, it may add.
    fn check_framing(&self) -> Result<(), ChoiceError> {
        let fits = |demanded: Bundle, chosen: Bundle| {
            let tfc = chosen.framing.tfc || demanded.framing.tfc;
            chosen.is_sound() && chosen.framing == Framing { tfc, ..demanded.framing }
        };
        if !fits(self.demanded.to_responder, self.chosen.to_responder)
            || !fits(self.demanded.to_initiator, self.chosen.to_initiator)
        {
            return Err(ChoiceError::Framing);
        }
        match self.tunnel {
            Some(ends) if !is_at(ends.responder, self.media) => Err(ChoiceError::TunnelEnd),
            _ => Ok(()),
        }
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

    const NONE: Bundle = Bundle::NONE;
    const ESP: Bundle = Bundle::ESP;
    const AH: Bundle = Bundle::AH;

    fn spis(esp: u32, ah: u32) -> Spis {
        Spis { esp: Spi::new(esp), ah: Spi::new(ah) }
    }

    fn both(bundle: Bundle) -> Bundles {
        Bundles { to_responder: bundle, to_initiator: bundle }
    }

    fn tunnelled() -> Bundle {
        Bundle { framing: Framing { esp_tunnel: true, ..Framing::PLAIN }, ..ESP }
    }

    fn ends(responder: &str) -> Option<TunnelEnds> {
        Some(TunnelEnds { initiator: "192.168.1.1".parse().unwrap(), responder: responder.parse().unwrap() })
    }

    fn good_tunnel() -> Match<'static> {
        Match { demanded: both(tunnelled()), chosen: both(tunnelled()), tunnel: ends("192.168.1.2"), ..good() }
    }

    fn good() -> Match<'static> {
        Match {
            demanded: both(ESP),
            initiator: spis(0xc000_0001, 0xc000_0002),
            suites: &[Suite::Aes128Gcm, Suite::Chacha20Poly1305],
            tunnel: None,
            media: "192.168.1.2:30000".parse().unwrap(),
            chosen: both(ESP),
            responder: spis(0xc000_0001, 0),
            suite: Some(Suite::Aes128Gcm),
        }
    }

    #[test]
    fn as_offered_or_tighter_is_good() {
        assert_eq!((good().check(), good_tunnel().check()), (Ok(()), Ok(())));
        let tighter = Bundle::AH_ESP;
        assert_eq!(
            Match { chosen: both(tighter), responder: spis(0xc000_0003, 0xc000_0004), ..good() }.check(),
            Ok(())
        );
        let padded = Bundle { framing: Framing { tfc: true, ..Framing::PLAIN }, ..ESP };
        assert_eq!(Match { chosen: both(padded), ..good() }.check(), Ok(()));
        assert_eq!(Match { demanded: both(padded), ..good() }.check(), Err(ChoiceError::Framing));
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
            (Match { chosen: both(tunnelled()), ..good() }, ChoiceError::Framing),
            (Match { demanded: both(tunnelled()), ..good() }, ChoiceError::Framing),
            (Match { tunnel: ends("192.168.1.3"), ..good_tunnel() }, ChoiceError::TunnelEnd),
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
        let media = "192.168.1.1:20000".parse().unwrap();
        let check = |demanded, spis, suites: &[Suite]| check_offer(demanded, spis, suites, (None, media));
        assert_eq!(check(both(ESP), spis(0xc000_0001, 0), &suites), Ok(()));
        assert_eq!(check(both(AH), spis(0xc000_0001, 0), &suites), Err(ChoiceError::SpiMissing));
        assert_eq!(check(both(ESP), spis(0xc000_0001, 0), &[]), Err(ChoiceError::SuiteMissing));
        assert_eq!(check(both(ESP), spis(0xc000_0001, 0xc000_0001), &suites), Err(ChoiceError::SpiTwice));
        let padded = Bundle { framing: Framing { tfc: true, ..Framing::PLAIN }, ..AH };
        assert_eq!(check(both(padded), spis(0, 0xc000_0001), &suites), Err(ChoiceError::Unsound));
    }

    #[test]
    fn a_tunnel_names_its_ends_and_ours_is_where_our_media_is() {
        let media = "192.168.1.1:20000".parse().unwrap();
        let check =
            |bundle, tunnel| check_offer(both(bundle), spis(0xc000_0001, 0), &[Suite::Aes128Gcm], (tunnel, media));
        assert_eq!(check(tunnelled(), ends("192.168.1.2")), Ok(()));
        let elsewhere = TunnelEnds { initiator: "192.168.1.9".parse().unwrap(), ..ends("192.168.1.2").unwrap() };
        for (bundle, tunnel) in [(tunnelled(), None), (ESP, ends("192.168.1.2")), (tunnelled(), Some(elsewhere))] {
            assert_eq!(check(bundle, tunnel), Err(ChoiceError::TunnelEnd));
        }
    }
}
