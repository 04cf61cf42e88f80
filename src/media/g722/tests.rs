use sha2::{Digest, Sha256};

use super::*;

fn numbers(seed: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(seed), |x| Some(x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))).skip(1)
}

/// Noise that becomes softer and softer, and a square wave within it for half of the time.
fn signal(len: usize) -> Vec<i16> {
    let noise = numbers(7).map(|x| (x >> 16) as i32 - 32_768);
    let at = |(nth, noise): (usize, i32)| {
        let square = match (nth / 8000 % 2, nth / 37 % 2) {
            (0, _) => 0,
            (_, 0) => 12_000,
            _ => -12_000,
        };
        ((noise >> (nth / 2000 % 12)) + square).clamp(-32_768, 32_767) as i16
    };
    noise.enumerate().map(at).take(len).collect()
}

fn digest_of_samples(samples: &[i16]) -> String {
    let octets: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    hex::encode(Sha256::digest(octets))
}

/// The digests are those of libg722 1.2.8 (which passes the ITU's own test sequences), fed with the same samples and octets.
#[test]
fn both_ways_are_bit_exact() {
    let sound = signal(64_000);
    let mut octets = vec![0; 32_000];
    assert_eq!(Encoder::default().encode(&sound, &mut octets), 32_000);
    assert_eq!(octets[..16], [35, 132, 32, 133, 34, 132, 160, 181, 188, 132, 160, 53, 176, 34, 30, 169]);
    let digest = hex::encode(Sha256::digest(&octets));
    assert_eq!(digest, "a683a3e904f1f7fdf9618953b0298e9d896b3afb9851fa0c367cec1355ab29c3");
    let mut heard = vec![0; 64_000];
    assert_eq!(Decoder::default().decode(&octets, &mut heard), 64_000);
    assert_eq!(digest_of_samples(&heard), "af30761d49c216ffeeebc75185f730154d77b7dabc397080a5f1158a5a422908");
}

#[test]
fn any_octets_are_decoded_as_the_reference_does() {
    let octets: Vec<u8> = numbers(9).map(|x| (x >> 24) as u8).take(32_000).collect();
    let mut heard = vec![0; 64_000];
    Decoder::default().decode(&octets, &mut heard);
    assert_eq!(digest_of_samples(&heard), "d77f9ca9c4daeab18ec2b2f60da85635ee75bc5e376b1b4884d09721b34f3a97");
}

#[test]
fn what_has_no_room_is_left_out() {
    let mut octets = [0; 3];
    assert_eq!(Encoder::default().encode(&[1; 5], &mut octets), 2);
    let mut samples = [0; 5];
    assert_eq!(Decoder::default().decode(&octets, &mut samples), 4);
}

/// How much louder the one is than what differs between them, in dB.
fn ratio(sound: &[i16], other: &[i16]) -> f32 {
    let squares = |sum: f32, value: f32| sum + value * value;
    let signal = sound.iter().map(|sample| f32::from(*sample)).fold(1.0, squares);
    let noise = sound.iter().zip(other).map(|(one, other)| f32::from(*one) - f32::from(*other)).fold(1.0, squares);
    10.0 * (signal / noise).log10()
}

/// Nobody knows what was missed so well as here; but it tells whether the state is the sender's afterwards.
#[test]
fn a_decoder_that_is_told_what_it_missed_goes_on_with_its_sender() {
    let hum = |n: usize| (1..30).map(|of| (n as f32 * of as f32 * 0.05).sin() * 2500.0 / of as f32).sum::<f32>() as i16;
    let sound: Vec<i16> = (0..6400).map(hum).collect();
    let mut octets = vec![0; 3200];
    Encoder::default().encode(&sound, &mut octets);
    let mut heard = vec![0; 6400];
    Decoder::default().decode(&octets, &mut heard);
    // The tenth packet of 20 ms is missing.
    let after = |told: bool| {
        let (mut decoder, mut rest) = (Decoder::default(), vec![0; 320]);
        decoder.decode(&octets[..1440], &mut vec![0; 2880]);
        if told {
            decoder.miss(&heard[2880..3200 + LAG]);
        }
        decoder.decode(&octets[1600..1760], &mut rest);
        ratio(&heard[3200..3520], &rest)
    };
    let (told, untold) = (after(true), after(false));
    assert!(told > 20.0 && told > untold + 6.0, "{told} dB, {untold} dB when nobody told it");
}

#[test]
fn what_is_missed_may_be_of_any_length() {
    for len in [0, 1, LAG - 1, LAG, LAG + 1, LAG + 3, 2000] {
        Decoder::default().miss(&vec![9000; len]);
    }
}
