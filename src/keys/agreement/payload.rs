use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::bundles::{check_forward, Bundles, Spis, TunnelEnds};
use super::error::PayloadError;
use super::offered::Offered;
use super::tlv::{Fields, Kind, Writer};
use crate::policy::{Bundle, Framing, Suite};
use crate::vocab::{AgreementKey, Device, Digest, Entity, SignatureBytes, Spi, VerifyKey, Wall};

/// Suites that are read from one offer; what follows is refused.
const MAX_SUITES: usize = 16;

/// The payload of the first message, with the signature that is still to be verified.
pub(super) struct First {
    pub(super) offered: Offered,
    pub(super) signature: SignatureBytes,
}

impl First {
    pub(super) fn write(&self) -> Vec<u8> {
        let offered = &self.offered;
        let mut out = Writer::default()
            .field(Kind::TIME, &offered.time.0.to_be_bytes())
            .field(Kind::ENTITY, offered.entity.as_str().as_bytes())
            .field(Kind::DEVICE, offered.device.as_str().as_bytes())
            .field(Kind::SIGNING_KEY, &offered.signing_key.0)
            .field(Kind::SIGNATURE, &self.signature.0)
            .field(Kind::MEDIA, &media_octets(offered.media))
            .field(Kind::BUNDLES, &bundles_octets(offered.bundles))
            .field(Kind::SPIS, &spis_octets(offered.spis))
            .field(Kind::SUITES, &suites_octets(&offered.suites))
            .field(Kind::ENTRY, &offered.entry.0);
        if let Some(statement) = &offered.statement {
            out = out.field(Kind::STATEMENT, &statement.0);
        }
        if offered.ah_nat {
            out = out.field(Kind::AH_NAT, &[]);
        }
        if let Some(ends) = offered.tunnel {
            out = out.field(Kind::TUNNEL, &tunnel_octets(ends));
        }
        if let Some(destination) = offered.forward {
            out = out.field(Kind::FORWARD, &address_octets(destination));
        }
        out.finish()
    }

    /// `agreement_key` is the static key that the handshake authenticated.
    pub(super) fn read(payload: &[u8], agreement_key: AgreementKey) -> Result<Self, PayloadError> {
        let mut fields = Fields::read(payload)?;
        let offered = Offered {
            time: fields.value(Kind::TIME, |octets| Some(Wall(u64::from_be_bytes(octets.try_into().ok()?))))?,
            entity: fields.value(Kind::ENTITY, read_entity)?,
            device: fields.value(Kind::DEVICE, |octets| Device::new(std::str::from_utf8(octets).ok()?))?,
            signing_key: fields.value(Kind::SIGNING_KEY, VerifyKey::from_slice)?,
            agreement_key,
            media: fields.value(Kind::MEDIA, read_media)?,
            bundles: fields.value(Kind::BUNDLES, read_bundles)?,
            spis: fields.value(Kind::SPIS, read_spis)?,
            suites: fields.value(Kind::SUITES, read_suites)?,
            entry: fields.value(Kind::ENTRY, Digest::from_slice)?,
            statement: optional(&mut fields, Kind::STATEMENT, Digest::from_slice)?,
            ah_nat: optional(&mut fields, Kind::AH_NAT, |octets| octets.is_empty().then_some(()))?.is_some(),
            tunnel: optional(&mut fields, Kind::TUNNEL, read_tunnel)?,
            forward: optional(&mut fields, Kind::FORWARD, read_end)?,
        };
        let has_ends = offered.tunnel.is_some_and(|ends| ends.initiator == offered.media.ip());
        if has_ends != offered.bundles.has_tunnel() || has_ends != offered.tunnel.is_some() {
            return Err(PayloadError::Value(Kind::TUNNEL));
        }
        check_forward(offered.bundles, offered.forward).map_err(|_| PayloadError::Value(Kind::FORWARD))?;
        let signature = fields.value(Kind::SIGNATURE, SignatureBytes::from_slice)?;
        fields.end()?;
        Ok(Self { offered, signature })
    }
}

/// The payload of the second message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Second {
    pub(super) media: SocketAddr,
    pub(super) bundles: Bundles,
    pub(super) spis: Spis,
    pub(super) suite: Option<Suite>,
}

impl Second {
    pub(super) fn write(&self) -> Vec<u8> {
        Writer::default()
            .field(Kind::MEDIA, &media_octets(self.media))
            .field(Kind::BUNDLES, &bundles_octets(self.bundles))
            .field(Kind::SPIS, &spis_octets(self.spis))
            .field(Kind::SUITES, &suites_octets(self.suite.as_slice()))
            .finish()
    }

    pub(super) fn read(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut fields = Fields::read(payload)?;
        let second = Self {
            media: fields.value(Kind::MEDIA, read_media)?,
            bundles: fields.value(Kind::BUNDLES, read_bundles)?,
            spis: fields.value(Kind::SPIS, read_spis)?,
            suite: fields.value(Kind::SUITES, read_choice)?,
        };
        fields.end()?;
        Ok(second)
    }
}

fn optional<'a, T>(
    fields: &mut Fields<'a>,
    kind: Kind,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Result<Option<T>, PayloadError> {
    fields.take(kind).map(|octets| read(octets).ok_or(PayloadError::Value(kind))).transpose()
}

/// Only the one spelling that [`Entity`] writes, so that signed octets and compared octets are the same.
fn read_entity(octets: &[u8]) -> Option<Entity> {
    let text = std::str::from_utf8(octets).ok()?;
    Entity::parse(text).ok().filter(|entity| entity.as_str() == text)
}

/// Family 4 or 6, port, address.
fn media_octets(media: SocketAddr) -> Vec<u8> {
    let mut out = vec![if media.is_ipv4() { 4 } else { 6 }];
    out.extend_from_slice(&media.port().to_be_bytes());
    match media.ip() {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
    out
}

fn read_media(octets: &[u8]) -> Option<SocketAddr> {
    let (family, octets) = octets.split_first()?;
    let (port, address) = octets.split_first_chunk()?;
    let address: IpAddr = match family {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).into(),
        6 => Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).into(),
        _ => return None,
    };
    let port = u16::from_be_bytes(*port);
    (port != 0 && !address.is_unspecified() && !address.is_multicast()).then_some(SocketAddr::new(address, port))
}

/// Both ends are of one family: the initiator's end, then the responder's, each 4 or 16 octets.
fn tunnel_octets(ends: TunnelEnds) -> Vec<u8> {
    [address_octets(ends.initiator), address_octets(ends.responder)].concat()
}

fn read_tunnel(octets: &[u8]) -> Option<TunnelEnds> {
    let (initiator, responder) = octets.split_at_checked(octets.len() / 2)?;
    Some(TunnelEnds { initiator: read_end(initiator)?, responder: read_end(responder)? })
}

/// 4 or 16 octets.
fn address_octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn read_end(octets: &[u8]) -> Option<IpAddr> {
    let end = match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    };
    end.filter(|end| !end.is_unspecified() && !end.is_multicast())
}

const ESP: u8 = 1;
const AH: u8 = 1 << 1;
const IPCOMP: u8 = 1 << 2;
const ESP_TUNNEL: u8 = 1 << 3;
const AH_TUNNEL: u8 = 1 << 4;
const IPCOMP_TUNNEL: u8 = 1 << 5;
const TFC: u8 = 1 << 6;
const KNOWN: u8 = ESP | AH | IPCOMP | ESP_TUNNEL | AH_TUNNEL | IPCOMP_TUNNEL | TFC;

fn bundles_octets(bundles: Bundles) -> [u8; 2] {
    [bundle_bits(bundles.to_responder), bundle_bits(bundles.to_initiator)]
}

fn bundle_bits(Bundle { esp, ah, framing, .. }: Bundle) -> u8 {
    let Framing { ipcomp, ipcomp_tunnel, esp_tunnel, ah_tunnel, tfc } = framing;
    let bits = [
        (esp, ESP),
        (ah, AH),
        (ipcomp, IPCOMP),
        (esp_tunnel, ESP_TUNNEL),
        (ah_tunnel, AH_TUNNEL),
        (ipcomp_tunnel, IPCOMP_TUNNEL),
        (tfc, TFC),
    ];
    bits.into_iter().filter_map(|(set, bit)| set.then_some(bit)).sum()
}

fn read_bundles(octets: &[u8]) -> Option<Bundles> {
    match octets {
        [to_responder, to_initiator] => {
            Some(Bundles { to_responder: read_bundle(*to_responder)?, to_initiator: read_bundle(*to_initiator)? })
        }
        _ => None,
    }
}

/// A bit that we do not know is a protection that we would not give: refused, as bits that contradict each other.
fn read_bundle(bits: u8) -> Option<Bundle> {
    let has = |bit: u8| bits & bit != 0;
    let framing = Framing {
        ipcomp: has(IPCOMP),
        ipcomp_tunnel: has(IPCOMP_TUNNEL),
        esp_tunnel: has(ESP_TUNNEL),
        ah_tunnel: has(AH_TUNNEL),
        tfc: has(TFC),
    };
    let bundle = Bundle { esp: has(ESP), ah: has(AH), framing, ..Bundle::NONE };
    (bits & !KNOWN == 0 && bundle.is_sound()).then_some(bundle)
}

/// ESP, then AH; zero for a protocol that the writer cannot do.
fn spis_octets(spis: Spis) -> Vec<u8> {
    [spis.esp, spis.ah].into_iter().flat_map(|spi| spi.map_or([0; 4], Spi::to_be_bytes)).collect()
}

fn read_spis(octets: &[u8]) -> Option<Spis> {
    let (esp, octets) = octets.split_first_chunk()?;
    let ah = octets.try_into().ok()?;
    Some(Spis { esp: read_spi(*esp)?, ah: read_spi(ah)? })
}

fn read_spi(octets: [u8; 4]) -> Option<Option<Spi>> {
    match u32::from_be_bytes(octets) {
        0 => Some(None),
        number => Spi::new(number).map(Some),
    }
}

fn suites_octets(suites: &[Suite]) -> Vec<u8> {
    suites.iter().flat_map(|suite| suite.number().to_be_bytes()).collect()
}

/// Numbers that we do not know are passed over: the peer may do more than we.
fn read_suites(octets: &[u8]) -> Option<Vec<Suite>> {
    let fits = octets.len().is_multiple_of(2) && octets.len() <= 2 * MAX_SUITES;
    let numbers = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
    fits.then(|| numbers.filter_map(Suite::from_number).collect())
}

fn read_choice(octets: &[u8]) -> Option<Option<Suite>> {
    match octets {
        [] => Some(None),
        [high, low] => Suite::from_number(u16::from_be_bytes([*high, *low])).map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> First {
        let offered = Offered {
            time: Wall(1_700_000_000_123),
            entity: Entity::parse("sip:alice@192.168.1.1").unwrap(),
            device: Device::new("a1").unwrap(),
            signing_key: VerifyKey([1; 32]),
            agreement_key: AgreementKey([2; 32]),
            media: "192.168.1.1:20000".parse().unwrap(),
            bundles: Bundles {
                to_responder: Bundle {
                    framing: Framing { esp_tunnel: true, tfc: true, ..Framing::PLAIN },
                    ..Bundle::ESP
                },
                to_initiator: Bundle {
                    framing: Framing { ah_tunnel: true, ipcomp: true, ..Framing::PLAIN },
                    ..Bundle::AH_ESP
                },
            },
            suites: Suite::ALL.to_vec(),
            spis: Spis { esp: Spi::new(0xc000_0001), ah: Spi::new(0xff00_0002) },
            entry: Digest([3; 32]),
            statement: Some(Digest([4; 32])),
            ah_nat: true,
            tunnel: Some(TunnelEnds {
                initiator: "192.168.1.1".parse().unwrap(),
                responder: "192.168.1.2".parse().unwrap(),
            }),
            forward: Some("133.134.10.10".parse().unwrap()),
        };
        First { offered, signature: SignatureBytes([5; 64]) }
    }

    fn read(payload: &[u8]) -> Result<First, PayloadError> {
        First::read(payload, AgreementKey([2; 32]))
    }

    /// The fields of `payload` with one of them changed or, with `None`, left out.
    fn with(payload: &[u8], kind: Kind, value: Option<&[u8]>) -> Vec<u8> {
        let mut fields = Fields::read(payload).unwrap();
        let mut out = Writer::default();
        for rank in 0x8000..0x8010 {
            let found = fields.take(Kind(rank));
            if let Some(value) = if Kind(rank) == kind { value } else { found } {
                out = out.field(Kind(rank), value);
            }
        }
        out.finish()
    }

    #[test]
    fn the_first_payload_is_read_as_it_is_written() {
        let sent = first();
        let got = read(&sent.write()).unwrap();
        assert_eq!((got.offered, got.signature), (sent.offered, sent.signature));
    }

    #[test]
    fn the_second_payload_is_read_as_it_is_written() {
        for suite in [None, Some(Suite::Aes128Gcm)] {
            let spis = Spis { esp: None, ah: Spi::new(0xc102_0304) };
            let sent = Second { media: "[2001:db8::1]:4".parse().unwrap(), bundles: Bundles::default(), spis, suite };
            assert_eq!(Second::read(&sent.write()), Ok(sent));
        }
    }

    #[test]
    fn what_is_required_is_missed() {
        let payload = first().write();
        for number in 0x8001..=0x800a {
            let cut = with(&payload, Kind(number), None);
            assert_eq!(read(&cut).err(), Some(PayloadError::Missing(Kind(number))));
        }
        let cut = with(&with(&payload, Kind::STATEMENT, None), Kind::AH_NAT, None);
        let offered = read(&cut).unwrap().offered;
        assert_eq!((offered.statement, offered.ah_nat), (None, false));
    }

    #[test]
    fn bad_values_are_refused() {
        let payload = first().write();
        let bad: [(Kind, &[u8]); 22] = [
            (Kind::TIME, &[0; 7]),
            (Kind::ENTITY, b"SIP:alice@192.168.1.1"),
            (Kind::ENTITY, b"sip:\xff@h"),
            (Kind::DEVICE, b"a b"),
            (Kind::SIGNING_KEY, &[0; 31]),
            (Kind::MEDIA, &[4, 0, 0, 1, 2, 3, 4]),
            (Kind::MEDIA, &[4, 0, 9, 0, 0, 0, 0]),
            (Kind::MEDIA, &[4, 0, 9, 239, 0, 0, 1]),
            (Kind::MEDIA, &[6, 0, 9, 1, 2, 3, 4]),
            (Kind::BUNDLES, &[0x80, 0]),
            (Kind::BUNDLES, &[IPCOMP, 0]),
            (Kind::BUNDLES, &[ESP | AH_TUNNEL, 0]),
            (Kind::BUNDLES, &[ESP | IPCOMP | TFC, 0]),
            (Kind::TUNNEL, &[192, 168, 1, 1, 192, 168, 1]),
            (Kind::TUNNEL, &[192, 168, 1, 9, 192, 168, 1, 2]),
            (Kind::TUNNEL, &[192, 168, 1, 1, 0, 0, 0, 0]),
            (Kind::SPIS, &[0x3f, 0, 0, 1, 0, 0, 0, 0]),
            (Kind::SUITES, &[0; 3]),
            (Kind::SUITES, &[0; 34]),
            (Kind::AH_NAT, &[0]),
            (Kind::FORWARD, &[133, 134, 10]),
            (Kind::FORWARD, &[224, 0, 0, 1]),
        ];
        for (kind, value) in bad {
            assert_eq!(read(&with(&payload, kind, Some(value))).err(), Some(PayloadError::Value(kind)), "{value:?}");
        }
    }

    /// Both ways, or what comes back would not say whom it is for.
    #[test]
    fn what_a_gateway_sends_on_comes_in_tunnels() {
        let payload = first().write();
        let one_way = with(&payload, Kind::BUNDLES, Some(&[ESP | ESP_TUNNEL, ESP | AH]));
        assert_eq!(read(&one_way).err(), Some(PayloadError::Value(Kind::FORWARD)));
        let forward = |offered: First| offered.offered.forward;
        assert_eq!(read(&with(&one_way, Kind::FORWARD, None)).ok().and_then(forward), None);
    }

    #[test]
    fn an_unknown_suite_is_passed_over_in_an_offer_and_refused_in_a_choice() {
        assert_eq!(read_suites(&[0xff, 0xff, 0x10, 0x14]), Some(vec![Suite::Aes128Gcm]));
        assert_eq!(read_choice(&[0xff, 0xff]), None);
    }

    #[test]
    fn no_cut_is_read_as_a_whole_payload() {
        let payload = with(&with(&first().write(), Kind::AH_NAT, None), Kind::FORWARD, None);
        for len in 0..payload.len() {
            let whole = read(&payload[..len]).ok().map(|got| got.offered.statement);
            assert!(whole.is_none() || whole == Some(None), "at {len}");
        }
    }
}
