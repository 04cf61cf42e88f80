use proptest::prelude::*;

use super::derive::{counter_mode, Label};
use super::*;

fn octets(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn key(suite: CryptoSuite, text: &str) -> MasterKey {
    MasterKey::new(suite, &octets(text)).unwrap()
}

fn sealed(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut room = [packet, &[0; OVERHEAD]].concat();
    let len = sender.seal(&mut room, packet.len()).unwrap();
    room.truncate(len);
    room
}

/// RFC 3711 appendix B.2.
#[test]
fn the_key_stream_of_the_rfc() {
    let key = counter_mode(&octets("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let mut stream = [0; 48];
    let start: [u8; 16] = octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    key.less_safe_encrypt(&mut stream, aws_lc_rs::cipher::EncryptionContext::Iv128(start.into())).unwrap();
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream.to_vec(), octets(expected));
}

/// RFC 6188 section 7.1.
#[test]
fn the_key_stream_of_the_long_key() {
    let key = counter_mode(&octets("57f82fe3613fd170a85ec93c40b1f092 2ec4cb0dc025b58272147cc438944a98")).unwrap();
    let mut stream = [0; 48];
    let start: [u8; 16] = octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    key.less_safe_encrypt(&mut stream, aws_lc_rs::cipher::EncryptionContext::Iv128(start.into())).unwrap();
    let expected = "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31";
    assert_eq!(stream.to_vec(), octets(expected));
}

/// RFC 7714 sections 16.1, 16.2, 17.1 and 17.2: session keys as such, no derivation.
#[test]
fn the_packets_of_the_rfc_of_gcm() {
    let rtp = "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    let rtcp =
        "81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    let long = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for (key, sealed_rtp, sealed_rtcp) in [
        (
            &long[..32],
            "8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833 \
             899d7f27beb16a9152cf765ee4390cce",
            "81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b \
             c84aa45896cf4d2fc5abf87245d9eade 800005d4",
        ),
        (
            long,
            "8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b \
             7aa3db36dfffd6b0f9bb7878d7a76c13",
            "81c8000d4d617273 d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad \
             1d1eb30c4446839f57ff6f6cb26ac3be 800005d4",
        ),
    ] {
        let (key, salt) = (octets(key), octets("517569642070726f2071756f"));
        assert_eq!(sealed(&mut Sender::of_session(&key, &salt), &octets(rtp)), octets(sealed_rtp));
        // Another source: another sender.
        let mut sender = Sender::of_session(&key, &salt);
        sender.skip_rtcp_to(0x5d4);
        assert_eq!(sealed(&mut sender, &octets(rtcp)), octets(sealed_rtcp));
        let mut receiver = Receiver::of_session(&key, &salt);
        assert_eq!(receiver.open(&mut octets(sealed_rtp)).unwrap().packet, octets(rtp));
        assert_eq!(receiver.open(&mut octets(sealed_rtcp)).unwrap().packet, octets(rtcp));
    }
}

/// RFC 3711 appendix B.3.
#[test]
fn the_session_keys_of_the_rfc() {
    let master = key(CryptoSuite::AesCm128HmacSha1_80, "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let derived = |label, len| {
        let mut out = vec![0; len];
        master.derive(label, &mut out).unwrap();
        out
    };
    assert_eq!(derived(Label::RtpCipher, 16), octets("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(Label::RtpSalt, 14), octets("30CBBC08863D8C85D49DB34A9AE1"));
    let long = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE E049646C43D9327AD175578EF7227098 \
                6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2";
    assert_eq!(derived(Label::RtpAuthentication, 94), octets(long));
}

/// RFC 6188 section 7.2.
#[test]
fn the_session_keys_of_the_long_key() {
    let master = "f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2";
    let master = key(CryptoSuite::AesCm256HmacSha1_80, master);
    for (label, expected) in [
        (Label::RtpCipher, "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"),
        (Label::RtpSalt, "fa31791685ca444a9e07c6c64e93"),
        (Label::RtpAuthentication, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"),
    ] {
        let mut out = vec![0; expected.len() / 2];
        master.derive(label, &mut out).unwrap();
        assert_eq!(out, octets(expected));
    }
}

/// Whole packets as Cisco's libsrtp has them in its own tests (`srtp_validate`, `srtp_validate_gcm`).
#[test]
fn whole_packets_as_another_implementation_makes_them() {
    let text = "abababababababababababababababab";
    let (rtp, rtcp) = (octets(&format!("800f1234decafbadcafebabe{text}")), octets(&format!("81c8000bcafebabe{text}")));
    for (suite, master, sealed_rtp, sealed_rtcp) in [
        (
            CryptoSuite::AesCm128HmacSha1_80,
            "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
            "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb",
            "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798",
        ),
        (
            CryptoSuite::AeadAes128Gcm,
            "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
            "800f1234decafbadcafebabe c5002ede04cfdd2eb91159e0880aa06e d2976826f796b201df3131a127e8a392",
            "81c8000bcafebabe c98b8b5df0392a55852b6c21ac8e7025 c52c6fbea2b3b446ea31123ba88ce61e 80000001",
        ),
    ] {
        let master = key(suite, master);
        let mut sender = Sender::new(&master).unwrap();
        assert_eq!(hex::encode(sealed(&mut sender, &rtp)), hex::encode(octets(sealed_rtp)), "{suite}");
        sender.skip_rtcp_to(1);
        assert_eq!(hex::encode(sealed(&mut sender, &rtcp)), hex::encode(octets(sealed_rtcp)), "{suite}");
        let mut receiver = Receiver::new(&master).unwrap();
        assert_eq!(receiver.open(&mut octets(sealed_rtp)).unwrap().packet, rtp);
        assert_eq!(receiver.open(&mut octets(sealed_rtcp)).unwrap().packet, rtcp);
    }
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    [&[0x80, 201, 0, 1][..], &ssrc.to_be_bytes()].concat()
}

fn pair(suite: CryptoSuite) -> (Sender, Receiver) {
    let master = MasterKey::new(suite, &vec![7; MasterKey::len_of(suite)]).unwrap();
    (Sender::new(&master).unwrap(), Receiver::new(&master).unwrap())
}

#[test]
fn what_is_sealed_is_opened_once_and_over_the_turn_of_its_number() {
    for suite in CryptoSuite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        for step in 0..70_000u32 {
            let packet = rtp(0xff00u16.wrapping_add(step as u16), 5, b"a frame of sound");
            let mut there = sealed(&mut sender, &packet);
            if step % 1000 == 0 {
                let again = there.clone();
                assert_eq!(receiver.open(&mut there).unwrap().packet, packet, "{suite} {step}");
                assert_eq!(receiver.open(&mut again.clone()).err(), Some(OpenError::Replay), "{suite} {step}");
            } else {
                assert!(receiver.open(&mut there).unwrap().newest);
            }
        }
        let mut report = sealed(&mut sender, &rtcp(5));
        let again = report.clone();
        assert_eq!(receiver.open(&mut report).unwrap().packet, rtcp(5));
        assert_eq!(receiver.open(&mut again.clone()).err(), Some(OpenError::Replay));
    }
}

#[test]
fn no_number_is_sealed_twice_and_none_after_the_last() {
    let (mut sender, _) = pair(CryptoSuite::AeadAes128Gcm);
    let mut seal = |packet: Vec<u8>| sender.seal(&mut [&packet[..], &[0; OVERHEAD]].concat(), packet.len());
    assert!(seal(rtp(7, 5, b"x")).is_ok());
    assert_eq!(seal(rtp(7, 5, b"y")), Err(SealError::Exhausted));
    assert_eq!(seal(rtp(6, 5, b"y")), Err(SealError::Exhausted));
    assert_eq!(seal(rtp(8, 6, b"another source")), Err(SealError::Malformed));
    assert_eq!(seal(vec![0x40; 12]), Err(SealError::Malformed));
    let packet = rtp(9, 5, b"no room");
    assert_eq!(sender.seal(&mut packet.clone(), packet.len()), Err(SealError::TooLong));
    sender.skip_rtcp_to((1 << 31) - 1);
    let report = || [&rtcp(5)[..], &[0; OVERHEAD]].concat();
    assert!(sender.seal(&mut report(), 8).is_ok());
    assert_eq!(sender.seal(&mut report(), 8), Err(SealError::Exhausted));
}

#[test]
fn every_altered_bit_and_every_truncation_is_refused_and_leaves_no_trace() {
    for suite in CryptoSuite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        for packet in [rtp(1, 5, b"sound"), rtcp(5)] {
            let good = sealed(&mut sender, &packet);
            for bit in 0..good.len() * 8 {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(receiver.open(&mut bad).is_err(), "{suite} {bit}");
            }
            for len in 0..good.len() {
                assert!(receiver.open(&mut good[..len].to_vec()).is_err(), "{suite} {len}");
            }
            assert_eq!(receiver.open(&mut good.clone()).unwrap().packet, packet, "{suite}");
        }
    }
}

#[test]
fn reports_in_clear_are_refused_as_such() {
    let (mut sender, mut receiver) = pair(CryptoSuite::AesCm128HmacSha1_80);
    let mut report = sealed(&mut sender, &rtcp(5));
    let at = report.len() - 14;
    report[at] &= 0x7f;
    assert_eq!(receiver.open(&mut report).err(), Some(OpenError::Clear));
}

/// Of the same key, so that one can be heard again.
fn of_sources(count: u32) -> (Receiver, Vec<Vec<u8>>) {
    let master = MasterKey::new(CryptoSuite::AesCm128HmacSha1_32, &[7; 30]).unwrap();
    let sealed = |ssrc| sealed(&mut Sender::new(&master).unwrap(), &rtp(500, ssrc, b"x"));
    (Receiver::new(&master).unwrap(), (0..count).map(sealed).collect())
}

/// An exchange has another source after each hold.
#[test]
fn a_call_may_have_many_sources_one_after_the_other_and_none_is_forgotten() {
    let (mut receiver, packets) = of_sources(257);
    for packet in &packets[..256] {
        assert!(receiver.open(&mut packet.clone()).is_ok());
    }
    assert_eq!(receiver.open(&mut packets[256].clone()).err(), Some(OpenError::Sources));
    for packet in &packets[..256] {
        assert_eq!(receiver.open(&mut packet.clone()).err(), Some(OpenError::Replay));
    }
}

/// Its number has turned over meanwhile: the upper half is kept too (RFC 3711 section 3.3.1).
#[test]
fn a_source_that_comes_back_goes_on_with_its_numbers() {
    let (mut receiver, packets) = of_sources(20);
    let master = MasterKey::new(CryptoSuite::AesCm128HmacSha1_32, &[7; 30]).unwrap();
    let mut first = Sender::new(&master).unwrap();
    let mut said: Vec<_> = [65_000, 65_535, 3].map(|number| sealed(&mut first, &rtp(number, 999, b"x"))).into();
    let mut later: Vec<_> = [4, 6].map(|number| sealed(&mut first, &rtp(number, 999, b"y"))).into();
    let open =
        |receiver: &mut Receiver, packet: &Vec<u8>| receiver.open(&mut packet.clone()).map(|opened| opened.newest);
    for packet in said.iter().chain(&packets) {
        assert_eq!(open(&mut receiver, packet), Ok(true));
    }
    assert_eq!(open(&mut receiver, &later[1]), Ok(true));
    assert_eq!(open(&mut receiver, &later[0]), Ok(false), "it came on the way");
    said.append(&mut later);
    for packet in said.iter().chain(&packets) {
        assert_eq!(open(&mut receiver, packet), Err(OpenError::Replay));
    }
}

#[test]
fn a_key_of_another_length_is_none() {
    assert!(MasterKey::new(CryptoSuite::AeadAes128Gcm, &[0; 30]).is_none());
    assert!(MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[0; 28]).is_none());
    let shown = format!("{:?}", key(CryptoSuite::AeadAes128Gcm, &"ab".repeat(28)));
    assert_eq!(shown, "MasterKey(AEAD_AES_128_GCM)");
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..80), first in 128u8..192) {
        for suite in CryptoSuite::ALL {
            let (mut sender, mut receiver) = pair(suite);
            let mut packet = octets.clone();
            if let Some(octet) = packet.first_mut() { *octet = first; }
            let len = packet.len();
            let _ = receiver.open(&mut packet.clone());
            let _ = sender.seal(&mut packet, len.saturating_sub(OVERHEAD));
            let _ = sender.seal(&mut packet, len + 1);
        }
    }
}
