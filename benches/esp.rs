//! Our whole ESP path (policy lookup, framing, AEAD, replay window) beside the AEAD alone, over the octets that ESP
//! processes and with the same copies. Run `cargo bench --bench esp_seal_open`.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM, CHACHA20_POLY1305};
use criterion::{criterion_group, criterion_main, BatchSize, BenchmarkId, Criterion, Throughput};
use sottovoce::ipsec::{DirectionKeys, EspKey, PacketBuffer, Protection};
use sottovoce::media::{Codec, Egress, Formats, Held, Ingress, Stream, StreamConfig};
use sottovoce::policy::setkey::parse;
use sottovoce::policy::{Bundle, Level, Spd, Suite};
use sottovoce::vocab::{Generation, Spi, Wall};
use zeroize::Zeroizing;

const SUITES: [Suite; 2] = [Suite::Chacha20Poly1305, Suite::Aes128Gcm];
/// Octets of RTP.
const LENGTHS: [usize; 3] = [92, 172, 1200];
/// SPI, sequence number, IV.
const HEADER: usize = 16;
const ICV: usize = 16;
/// Packets that are made ready together, outside the clock.
const BATCH: BatchSize = BatchSize::NumIterations(512);
/// Room for the longest datagram.
const ROOM: usize = 1400;

fn address(first: bool) -> SocketAddr {
    if first { "192.168.1.1:4000" } else { "192.168.1.2:4002" }.parse().expect("an address")
}

fn keys(suite: Suite, direction: u8) -> DirectionKeys {
    let spi = Spi::from_random(u32::from(direction));
    let key = Zeroizing::new(vec![direction; suite.key_len()]);
    DirectionKeys { esp: Some(EspKey { spi, suite, key, salt: [direction; 4] }), ..DirectionKeys::default() }
}

fn doors(suite: Suite, first: bool) -> (Egress, Ingress) {
    let text = "spdadd any any udp -P out ipsec esp/transport//require; spdadd any any udp -P in ipsec esp/transport//require;";
    let (here, there) = if first { (1, 2) } else { (2, 1) };
    let bundle = Bundle::ESP;
    let config = StreamConfig {
        upper: sottovoce::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local: address(first),
        remote: address(!first),
        peer: None,
        spd: Arc::new(Spd::compile(Generation(1), vec![], parse(text).expect("a policy"))),
        formats: Formats::only(Codec::Pcmu),
        ssrc: 1,
        sequence: 1,
        timestamp: 1,
        default_level: Level::Require,
        outbound: bundle,
        inbound: bundle,
    };
    let protection = Protection::from_keys(keys(suite, here), keys(suite, there)).expect("keys");
    Stream::new(config, protection).into_doors()
}

fn raw_key(suite: Suite) -> LessSafeKey {
    let algorithm = if suite == Suite::Aes128Gcm { &AES_128_GCM } else { &CHACHA20_POLY1305 };
    LessSafeKey::new(UnboundKey::new(algorithm, &vec![1; suite.key_len()]).expect("a key"))
}

/// What ESP encrypts for so many octets of RTP: inner UDP header, RTP, padding, trailer.
fn sealed_len(rtp: usize) -> usize {
    (8 + rtp + 2).next_multiple_of(4)
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [1; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// RTP that looks like RTP.
fn payload(len: usize) -> Vec<u8> {
    let mut payload = vec![0x55; len];
    payload[..2].copy_from_slice(&[0x80, 0]);
    payload
}

fn each(criterion: &mut Criterion, name: &str, mut run: impl FnMut(&mut criterion::Bencher<'_>, Suite, usize)) {
    let mut group = criterion.benchmark_group(name);
    for suite in SUITES {
        for len in LENGTHS {
            group.throughput(Throughput::Bytes(len as u64));
            group.bench_function(BenchmarkId::new(suite.name(), len), |bencher| run(bencher, suite, len));
        }
    }
    group.finish();
}

fn protect(criterion: &mut Criterion) {
    each(criterion, "protect", |bencher, suite, len| {
        let (mut egress, _) = doors(suite, true);
        let (mut buffer, rtp) = (PacketBuffer::new(1200), payload(len));
        bencher.iter(|| {
            buffer.begin(len).expect("it fits").copy_from_slice(black_box(&rtp));
            black_box(egress.protect(Wall(1), &mut buffer).expect("the policy lets it out").len())
        });
    });
}

fn raw_seal(criterion: &mut Criterion) {
    each(criterion, "raw_seal", |bencher, suite, len| {
        let (key, rtp, sealed) = (raw_key(suite), payload(len), sealed_len(len));
        let (mut buffer, mut counter) = ([0; ROOM], 0);
        bencher.iter(|| {
            buffer[HEADER + 8..][..len].copy_from_slice(black_box(&rtp));
            counter += 1;
            let text = &mut buffer[HEADER..][..sealed];
            let tag = key.seal_in_place_separate_tag(nonce(counter), Aad::from([0; 8]), text).expect("sealed");
            buffer[HEADER + sealed..][..ICV].copy_from_slice(tag.as_ref());
            black_box(&buffer);
        });
    });
}

fn unprotect(criterion: &mut Criterion) {
    each(criterion, "unprotect", |bencher, suite, len| {
        let ((mut egress, _), (_, mut ingress)) = (doors(suite, true), doors(suite, false));
        let (mut packet, rtp, from) = (PacketBuffer::new(1200), payload(len), address(true));
        let datagram = HEADER + sealed_len(len) + ICV;
        let seal = || {
            packet.begin(len).expect("it fits").copy_from_slice(&rtp);
            let mut octets = [0; ROOM];
            octets[..datagram].copy_from_slice(egress.protect(Wall(1), &mut packet).expect("sealed"));
            octets
        };
        let open = |octets: &mut [u8; ROOM]| {
            let arrival = ingress.unprotect(Wall(1), from, black_box(&mut octets[..datagram]), &mut []);
            black_box(arrival.expect("it opens").expect("a packet").payload.len())
        };
        bencher.iter_batched_ref(seal, open, BATCH);
    });
}

fn raw_open(criterion: &mut Criterion) {
    each(criterion, "raw_open", |bencher, suite, len| {
        let (key, rtp, sealed) = (raw_key(suite), payload(len), sealed_len(len));
        let seal = || {
            let mut octets = [0; ROOM];
            octets[HEADER + 8..][..len].copy_from_slice(&rtp);
            let text = &mut octets[HEADER..][..sealed];
            let tag = key.seal_in_place_separate_tag(nonce(1), Aad::from([0; 8]), text).expect("sealed");
            octets[HEADER + sealed..][..ICV].copy_from_slice(tag.as_ref());
            octets
        };
        let open = |octets: &mut [u8; ROOM]| {
            let text = black_box(&mut octets[HEADER..][..sealed + ICV]);
            black_box(key.open_in_place(nonce(1), Aad::from([0; 8]), text).expect("it opens").len())
        };
        bencher.iter_batched_ref(seal, open, BATCH);
    });
}

criterion_group!(benches, protect, raw_seal, unprotect, raw_open);
criterion_main!(benches);
