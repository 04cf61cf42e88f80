//! Known answers, then round trips, then everything that must be dropped.

mod tunnels;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::esp::EspIn;
use super::*;
use crate::policy::{Carried, Framing, Suite};
use crate::vocab::Spi;

const ESP_SPI: u32 = 0xdead_beef;
const AH_SPI: u32 = 0xc000_0221;

fn esp_key(suite: Suite) -> EspKey {
    let key = (0x40..0x60).take(suite.key_len()).collect();
    EspKey { spi: Spi::new(ESP_SPI).unwrap(), suite, key: Zeroizing::new(key), salt: [0x60, 0x61, 0x62, 0x63] }
}

fn ah_key() -> AhKey {
    AhKey { spi: Spi::new(AH_SPI).unwrap(), key: Zeroizing::new(std::array::from_fn(|i| i as u8)) }
}

fn keys(esp: Option<Suite>, ah: bool) -> DirectionKeys {
    DirectionKeys { esp: esp.map(esp_key), ah: ah.then(ah_key), framing: Framing::PLAIN }
}

fn pair_by(backend: Backend, esp: Option<Suite>, ah: bool) -> (Outbound, Inbound) {
    Protection::with_backend(keys(esp, ah), keys(esp, ah), backend).unwrap().split()
}

fn pair(esp: Option<Suite>, ah: bool) -> (Outbound, Inbound) {
    pair_by(Backend::AwsLc, esp, ah)
}

/// Every bundle that there is.
fn bundles() -> Vec<(Option<Suite>, bool)> {
    let suites = Suite::ALL.into_iter().flat_map(|suite| [(Some(suite), false), (Some(suite), true)]);
    suites.chain([(None, true)]).collect()
}

fn flow() -> Path {
    Path::new("192.168.1.1:16384".parse().unwrap(), "133.134.10.10:16386".parse().unwrap())
}

fn seal(outbound: &mut Outbound, payload: &[u8]) -> Vec<u8> {
    let mut buffer = PacketBuffer::new(1500);
    buffer.begin(payload.len()).unwrap().copy_from_slice(payload);
    outbound.seal(&mut buffer, &flow()).unwrap().to_vec()
}

fn open(inbound: &mut Inbound, datagram: &[u8]) -> Result<(Vec<u8>, Carried, bool), DropReason> {
    let (mut datagram, mut room) = (datagram.to_vec(), vec![0; inbound.room()]);
    let opened = inbound.open(&mut datagram, &mut room, &flow(), &flow())?;
    Ok((opened.payload.to_vec(), opened.carried, opened.newest))
}

/// RFC 7634 appendix A: a tunnel-mode packet, opened as far as the SA goes.
#[test]
fn the_esp_packet_of_rfc_7634_opens() {
    let packet = "0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee\
                  8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b828\
                  29f641e076aaa8266b7fb0f7b11b369907e1ad43";
    let inner = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415\
                 161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637";
    let key = EspKey {
        spi: Spi::from_random(0),
        suite: Suite::Chacha20Poly1305,
        key: Zeroizing::new((0x80..0xa0).collect()),
        salt: [0xa0, 0xa1, 0xa2, 0xa3],
    };
    for backend in [Backend::AwsLc, Backend::Portable] {
        let mut packet = hex::decode(packet).unwrap();
        let opened = EspIn::new(&key, backend).unwrap().open(&mut packet).unwrap();
        assert_eq!((hex::encode(&opened.payload), opened.next_header), (inner.to_owned(), 4));
    }
}

/// Made by an independent script from PROTOCOL section 8, with Python's hmac and cryptography.
#[test]
fn packets_of_a_stranger_are_ours_octet_for_octet() {
    let answers = [
        (None, true, "c000022111050000c0000221000000019f93dc1e123e431944fc595c736232f040004002000d000068656c6c6f"),
        (Some(Suite::Chacha20Poly1305), false, "deadbeef0000000100000000000000012602871acd5bfaf97841c6f1e4afc06a8f9e14a1d4b4da15798c56b72479b490"),
        (Some(Suite::Aes128Gcm), false, "deadbeef0000000100000000000000018ebc1fa9f8cbb2cc3b6ab3755edef99576479ff4f38238462a31ba772d48631b"),
        (Some(Suite::Chacha20Poly1305), true, "c000022132050000c000022100000001ff19daa4ee023e49634629bef9a36aa6deadbeef0000000100000000000000012602871acd5bfaf97841c6f1e4afc06a8f9e14a1d4b4da15798c56b72479b490"),
    ];
    for (esp, ah, answer) in answers {
        let (mut outbound, mut inbound) = pair(esp, ah);
        assert_eq!(hex::encode(seal(&mut outbound, b"hello")), answer);
        assert_eq!(open(&mut inbound, &hex::decode(answer).unwrap()).unwrap().0, b"hello");
    }
}

#[test]
fn the_layout_is_that_of_rfc_4303() {
    let packet = seal(&mut pair(Some(Suite::Aes128Gcm), false).0, &[7; 172]);
    assert_eq!(packet[..16], hex::decode("deadbeef000000010000000000000001").unwrap());
    assert_eq!(packet.len(), 8 + 8 + 8 + 172 + 2 + 2 + 16);
}

#[test]
fn what_is_sealed_opens_and_says_what_it_carried() {
    for (esp, ah) in bundles() {
        let (mut outbound, mut inbound) = pair(esp, ah);
        let carried = Carried {
            confidentiality: esp.is_some(),
            payload_integrity: true,
            header_integrity: ah,
            sealed: esp.is_some(),
        };
        assert_eq!((outbound.carried(), inbound.carried()), (carried, carried));
        for len in (0..40).chain([92, 172, 1200, 1500]) {
            let payload = vec![len as u8; len];
            let packet = seal(&mut outbound, &payload);
            assert_eq!(open(&mut inbound, &packet), Ok((payload, carried, true)));
        }
    }
}

#[test]
fn the_portable_backend_opens_what_the_fast_one_seals_and_back() {
    for (from, to) in [(Backend::AwsLc, Backend::Portable), (Backend::Portable, Backend::AwsLc)] {
        let mut outbound = pair_by(from, Some(Suite::Chacha20Poly1305), false).0;
        let mut inbound = pair_by(to, Some(Suite::Chacha20Poly1305), false).1;
        for len in 0..200 {
            assert_eq!(open(&mut inbound, &seal(&mut outbound, &vec![1; len])).unwrap().0, vec![1; len]);
        }
    }
}

#[test]
fn an_ipv6_flow_has_an_inner_checksum_and_opens() {
    let flow = Path::new("[2001:db8::1]:4000".parse().unwrap(), "[2001:db8::2]:4002".parse().unwrap());
    let (mut outbound, mut inbound) = pair(None, true);
    let mut buffer = PacketBuffer::new(100);
    buffer.begin(5).unwrap().copy_from_slice(b"hello");
    let mut packet = outbound.seal(&mut buffer, &flow).unwrap().to_vec();
    assert_ne!(packet[38..40], [0, 0]);
    assert_eq!(inbound.open(&mut packet, &mut [], &flow, &flow).unwrap().payload, b"hello");
}

#[test]
fn replays_are_dropped_and_late_ones_are_not_the_newest() {
    for (esp, ah) in bundles() {
        let (mut outbound, mut inbound) = pair(esp, ah);
        let packets: Vec<_> = (0..1100).map(|_| seal(&mut outbound, b"x")).collect();
        assert!(open(&mut inbound, &packets[1]).unwrap().2);
        assert!(!open(&mut inbound, &packets[0]).unwrap().2);
        assert_eq!(open(&mut inbound, &packets[0]), Err(DropReason::Replay));
        assert!(open(&mut inbound, &packets[1099]).unwrap().2);
        assert_eq!(open(&mut inbound, &packets[1099 - 1024]), Err(DropReason::Replay));
        assert!(open(&mut inbound, &packets[1099 - 1023]).is_ok());
    }
}

#[test]
fn a_forged_number_does_not_move_the_window() {
    for (esp, ah) in bundles() {
        let (mut outbound, mut inbound) = pair(esp, ah);
        let mut forged = seal(&mut outbound, b"x");
        let at = if ah { 12 } else { 4 };
        forged[at..at + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(open(&mut inbound, &forged), Err(DropReason::BadIcv));
        assert!(open(&mut inbound, &seal(&mut outbound, b"y")).is_ok());
    }
}

#[test]
fn every_truncation_is_dropped() {
    for (esp, ah) in bundles() {
        let (mut outbound, mut inbound) = pair(esp, ah);
        let packet = seal(&mut outbound, &[7; 172]);
        for len in 0..packet.len() {
            let reason = open(&mut inbound, &packet[..len]).unwrap_err();
            assert!(matches!(reason, DropReason::BadIcv | DropReason::Malformed), "{len}: {reason:?}");
        }
        assert!(open(&mut inbound, &packet).is_ok());
    }
}

#[test]
fn every_flipped_bit_is_dropped() {
    for (esp, ah) in bundles() {
        let (mut outbound, mut inbound) = pair(esp, ah);
        let packet = seal(&mut outbound, &[7; 33]);
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let reason = open(&mut inbound, &flipped).unwrap_err();
            let expected = match bit / 8 {
                0..4 => &[DropReason::UnknownSpi, DropReason::Malformed][..],
                _ => &[DropReason::BadIcv, DropReason::Malformed, DropReason::Replay][..],
            };
            assert!(expected.contains(&reason), "{bit}: {reason:?}");
        }
        assert!(open(&mut inbound, &packet).is_ok());
    }
}

#[test]
fn a_wrong_key_and_a_wrong_spi_are_told_apart() {
    let mut wrong = keys(Some(Suite::Chacha20Poly1305), false);
    wrong.esp.as_mut().unwrap().key[0] ^= 1;
    let mut inbound = Protection::from_keys(DirectionKeys::default(), wrong).unwrap().split().1;
    let packet = seal(&mut pair(Some(Suite::Chacha20Poly1305), false).0, b"x");
    assert_eq!(open(&mut inbound, &packet), Err(DropReason::BadIcv));
    assert_eq!(open(&mut pair(None, true).1, &packet), Err(DropReason::UnknownSpi));
    assert_eq!(open(&mut Protection::none().split().1, &packet), Err(DropReason::UnknownSpi));
}

#[test]
fn ah_fixes_addresses_and_ports() {
    let (mut outbound, mut inbound) = pair(None, true);
    let packet = seal(&mut outbound, b"x");
    let (source, destination) = (flow().source, flow().destination);
    let elsewhere = [
        Path::new("192.168.1.3:16384".parse().unwrap(), destination),
        Path::new("192.168.1.1:16385".parse().unwrap(), destination),
        Path::new(source, "133.134.10.11:16386".parse().unwrap()),
        Path::new(source, "133.134.10.10:16387".parse().unwrap()),
    ];
    for path in elsewhere {
        assert_eq!(inbound.open(&mut packet.clone(), &mut [], &path, &flow()).unwrap_err(), DropReason::BadIcv);
    }
    assert!(open(&mut inbound, &packet).is_ok());
}

#[test]
fn esp_comes_from_anywhere_but_for_its_own_ports() {
    let (mut outbound, mut inbound) = pair(Some(Suite::Aes256Gcm), false);
    let nat = Path::new("198.51.100.1:999".parse().unwrap(), flow().destination);
    assert!(inbound.open(&mut seal(&mut outbound, b"x"), &mut [], &nat, &flow()).is_ok());
    let other = Path::new("192.168.1.1:16388".parse().unwrap(), flow().destination);
    assert_eq!(inbound.open(&mut seal(&mut outbound, b"x"), &mut [], &nat, &other).unwrap_err(), DropReason::Ports);
}

/// Whoever strips AH off a packet neither gets its ESP in, nor spoils the whole packet for its turn.
#[test]
fn esp_without_its_ah_is_less_than_agreed() {
    let (mut outbound, mut inbound) = pair(Some(Suite::Chacha20Poly1305), true);
    let packet = seal(&mut outbound, b"x");
    assert_eq!(open(&mut inbound, &packet[32..]), Err(DropReason::Policy));
    assert!(open(&mut inbound, &packet).is_ok());
}

/// A peer with both keys may still leave ESP out: it opens, and says that it was less.
#[test]
fn ah_without_esp_says_so() {
    let packet = seal(&mut pair(None, true).0, b"x");
    let opened = open(&mut pair(Some(Suite::Chacha20Poly1305), true).1, &packet).unwrap();
    assert!(!opened.1.confidentiality && opened.1.header_integrity);
}

/// What an authenticated peer may write wrong inside.
#[test]
fn wrong_padding_dummies_and_foreign_protocols_are_dropped() {
    let inner = [0x40, 0, 0x40, 2, 0, 9, 0, 0, b'x'];
    let sealed = |text: &[u8]| {
        let key = aws_lc_rs::aead::UnboundKey::new(&aws_lc_rs::aead::AES_128_GCM, &esp_key(Suite::Aes128Gcm).key);
        let key = aws_lc_rs::aead::LessSafeKey::new(key.unwrap());
        let head = [0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1];
        let iv = [0, 0, 0, 0, 0, 0, 0, 1];
        let nonce: [u8; 12] = [&[0x60, 0x61, 0x62, 0x63][..], &iv].concat().try_into().unwrap();
        let mut text = text.to_vec();
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, aws_lc_rs::aead::Aad::from(&head), &mut text).unwrap();
        open(&mut pair(Some(Suite::Aes128Gcm), false).1, &[&head[..], &iv, &text].concat()).map(|opened| opened.0)
    };
    assert_eq!(sealed(&[&inner[..], &[1, 1, 17]].concat()), Ok(b"x".to_vec()));
    assert_eq!(sealed(&[&inner[..], &[1, 2, 3, 4, 5, 5, 17]].concat()), Ok(b"x".to_vec()));
    assert_eq!(sealed(&[&inner[..], &[2, 1, 17]].concat()), Err(DropReason::Padding));
    assert_eq!(sealed(&[&inner[..], &[1, 200, 17]].concat()), Err(DropReason::Padding));
    assert_eq!(sealed(&[&inner[..], &[1, 1, 59]].concat()), Err(DropReason::Dummy));
    assert_eq!(sealed(&[&inner[..], &[1, 1, 4]].concat()), Err(DropReason::Mode));
    assert_eq!(sealed(&[&inner[..], &[1, 1, 108]].concat()), Err(DropReason::Malformed));
    assert_eq!(sealed(&[&inner[..], &[9, 9, 9, 0, 0, 0, 17]].concat()), Ok(b"x".to_vec()), "TFC padding");
    assert_eq!(sealed(&[1, 1, 0, 17]), Err(DropReason::Malformed));
}

#[test]
fn sealing_stops_hard_at_the_end_of_the_numbers() {
    for (esp, ah) in bundles() {
        let mut outbound = pair(esp, ah).0;
        outbound.skip_to(u32::MAX - 1);
        seal(&mut outbound, b"last");
        for _ in 0..3 {
            let mut buffer = PacketBuffer::new(10);
            buffer.begin(1).unwrap();
            assert_eq!(outbound.seal(&mut buffer, &flow()), Err(SealError::Exhausted));
        }
    }
}

#[test]
fn without_an_association_nothing_is_sealed() {
    let mut buffer = PacketBuffer::new(10);
    assert_eq!(Protection::none().split().0.seal(&mut buffer, &flow()), Err(SealError::NoAssociation));
}

#[test]
fn keys_that_cannot_serve_are_refused() {
    let mut short = keys(Some(Suite::Aes256Gcm), false);
    short.esp.as_mut().unwrap().key.pop();
    let error = Protection::from_keys(short, DirectionKeys::default()).err();
    assert_eq!(error, Some(KeyError::Length { suite: Suite::Aes256Gcm, len: 31 }));
    let mut same = keys(Some(Suite::Aes256Gcm), true);
    same.ah.as_mut().unwrap().spi = Spi::new(ESP_SPI).unwrap();
    let error = Protection::from_keys(DirectionKeys::default(), same).err();
    assert_eq!(error, Some(KeyError::SameSpi(Spi::new(ESP_SPI).unwrap())));
    assert!(!format!("{:?}{:?}", esp_key(Suite::Aes256Gcm), ah_key()).contains("40, 41"));
}

proptest! {
    #[test]
    fn no_octets_make_it_panic_or_pass(mut octets in prop::collection::vec(any::<u8>(), 0..120), spi in 0usize..3) {
        if octets.len() >= 12 && spi < 2 {
            let spi = [ESP_SPI, AH_SPI][spi].to_be_bytes();
            octets[..4].copy_from_slice(&spi);
            octets[5] = 5;
            octets[8..12].copy_from_slice(&spi);
        }
        for (esp, ah) in bundles() {
            prop_assert!(open(&mut pair(esp, ah).1, &octets).is_err());
        }
    }
}
