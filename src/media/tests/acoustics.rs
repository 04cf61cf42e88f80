//! A loudspeaker and a microphone in a room, as figures: what becomes of the echo, of noise, of a voice.

use crate::media::{Acoustics, Treatment};

/// In hertz, and samples of 20 ms.
const RATE: usize = 48_000;
const FRAME: usize = RATE / 50;

const ECHO: Treatment = Treatment { echo_cancellation: true, noise_suppression: false, gain_control: false };
const NOISE: Treatment = Treatment { echo_cancellation: false, noise_suppression: true, gain_control: false };
const GAIN: Treatment = Treatment { echo_cancellation: false, noise_suppression: false, gain_control: true };
const ALL: Treatment = Treatment { echo_cancellation: true, noise_suppression: true, gain_control: true };

/// Noise that is even in pitch, at most 1.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// Something like speech: syllables, one of them hissing, and a pause after four.
fn voice(seconds: usize, pitch: f32, seed: u32) -> Vec<f32> {
    let (mut noise, mut phase) = (Noise(seed), 0.0f32);
    let sample = |n: usize| {
        let at = n as f32 / RATE as f32 * 5.0;
        let (syllable, within) = (at as usize, at.fract());
        let envelope = (std::f32::consts::PI * within).sin().powi(2);
        let wobble = 1.0 + 0.1 * (syllable as f32 * 1.7).sin() + 0.05 * within;
        phase = (phase + pitch * wobble / RATE as f32).fract();
        let hiss = noise.next();
        // A string that is plucked with each period, and rings at two pitches.
        let voiced = |formant: f32| (-phase * 8.0).exp() * (std::f32::consts::TAU * formant / pitch * phase).sin();
        match syllable % 5 {
            4 => 0.0,
            2 => envelope * 0.3 * hiss,
            n => envelope * (voiced(500.0 + 80.0 * n as f32) + 0.4 * voiced(1700.0)),
        }
    };
    let mut all: Vec<f32> = (0..seconds * RATE).map(sample).collect();
    let now = rms(&all);
    all.iter_mut().for_each(|sample| *sample /= now);
    all
}

fn rms(sound: &[f32]) -> f32 {
    (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32).sqrt()
}

/// Decibels below full scale, of a sound with an effective value of 1.
fn at(decibels: f32, sound: &[f32]) -> Vec<f32> {
    let factor = 32_768.0 * 10f32.powf(decibels / 20.0);
    sound.iter().map(|sample| sample * factor).collect()
}

fn decibels(sound: &[f32]) -> f32 {
    20.0 * (rms(sound).max(0.1) / 32_768.0).log10()
}

fn last(seconds: usize, sound: &[f32]) -> &[f32] {
    &sound[sound.len() - seconds * RATE..]
}

/// What a room makes of a sound: its way, and then forty reflections in a fifth of a second that fall off by 60 dB; the whole as loud as it was.
fn reverberated(sound: &[f32], delay_ms: usize) -> Vec<f32> {
    let mut noise = Noise(99);
    let mut taps: Vec<(usize, f32)> = (0..40)
        .map(|n| {
            let late = ((noise.next() + 1.0) / 2.0 * 0.2 * RATE as f32) as usize;
            let late = if n == 0 { 0 } else { late };
            (delay_ms * RATE / 1000 + late, noise.next() * 10f32.powf(-3.0 * late as f32 / (0.2 * RATE as f32)))
        })
        .collect();
    taps[0].1 = 1.0;
    let power: f32 = taps.iter().map(|(_, strength)| strength * strength).sum();
    taps.iter_mut().for_each(|(_, strength)| *strength /= power.sqrt());
    let mut out = vec![0.0; sound.len()];
    for (delay, strength) in taps {
        out[delay..].iter_mut().zip(sound).for_each(|(to, from)| *to += strength * from);
    }
    out
}

fn sum(one: &[f32], other: &[f32]) -> Vec<f32> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

/// What is sent of a microphone that hears this while the loudspeaker plays that.
fn sent(treatment: Treatment, played: &[f32], heard: &[f32]) -> Vec<f32> {
    let mut acoustics = Acoustics::new(treatment);
    let frames = played.chunks_exact(FRAME).zip(heard.chunks_exact(FRAME));
    let treated = frames.flat_map(|(played, heard)| {
        let (played, mut frame) = (whole(played), whole(heard));
        if let Some(acoustics) = &mut acoustics {
            acoustics.heard(&mut frame);
            acoustics.played(&played);
        }
        frame
    });
    treated.map(f32::from).collect()
}

fn whole(sound: &[f32]) -> Vec<i16> {
    sound.iter().map(|sample| *sample as i16).collect()
}

fn silence(seconds: usize) -> Vec<f32> {
    vec![0.0; seconds * RATE]
}

fn hiss(seconds: usize) -> Vec<f32> {
    let mut noise = Noise(7);
    let all: Vec<f32> = (0..seconds * RATE).map(|_| noise.next()).collect();
    let now = rms(&all);
    all.into_iter().map(|sample| sample / now).collect()
}

/// How much less of the echo is sent than the microphone heard, in decibels, once it has been heard for six seconds.
fn return_loss(treatment: Treatment, played: &[f32], delay_ms: usize) -> f32 {
    let echo = reverberated(played, delay_ms);
    let heard = sum(&echo, &at(-70.0, &hiss(played.len() / RATE)));
    let sent = sent(treatment, played, &heard);
    decibels(last(4, &heard)) - decibels(last(4, &sent))
}

#[test]
fn what_the_loudspeaker_plays_is_not_sent_back() {
    for (what, played) in [("voice", voice(10, 120.0, 1)), ("noise", hiss(10))] {
        let played = at(-20.0, &played);
        for delay in [40, 80, 120] {
            let without = return_loss(Treatment::default(), &played, delay);
            let with = return_loss(ECHO, &played, delay);
            println!("{what}, {delay} ms later: {without:.1} dB without, {with:.1} dB with");
            assert!(without.abs() < 0.1 && with > 25.0, "{what} {delay}: {without} {with}");
        }
    }
}

/// How much what is heard goes up and down with what was said, 10 ms at a time, within 40 ms of it: 1 where it does nothing else.
fn likeness(said: &[f32], heard: &[f32]) -> f32 {
    let contour = |sound: &[f32]| {
        let loud: Vec<f32> = sound.chunks_exact(FRAME / 2).map(rms).collect();
        let mean = loud.iter().sum::<f32>() / loud.len() as f32;
        loud.into_iter().map(|loud| loud - mean).collect::<Vec<f32>>()
    };
    let (said, heard) = (contour(said), contour(heard));
    let product = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    let like = |late: usize| {
        let (said, heard) = (&said[..said.len() - late], &heard[late..]);
        product(said, heard) / (product(said, said) * product(heard, heard)).sqrt().max(1.0)
    };
    (0..4).map(like).fold(-1.0, f32::max)
}

#[test]
fn who_speaks_while_he_hears_is_heard() {
    let (theirs, ours) = (voice(12, 120.0, 1), at(-20.0, &voice(12, 210.0, 2)));
    let mut spoken = silence(12);
    // Not in one rhythm with the other.
    spoken[6 * RATE..].copy_from_slice(&ours[5 * RATE + RATE / 10..11 * RATE + RATE / 10]);
    // A loudspeaker is farther away than the mouth: 10 dB.
    let (played, echo) = (at(-20.0, &theirs), reverberated(&at(-30.0, &theirs), 60));
    let heard = sum(&spoken, &echo);
    let after = sent(ECHO, &played, &heard);
    let (like, left) = (likeness(last(4, &spoken), last(4, &after)), likeness(last(4, &echo), last(4, &after)));
    let loud = decibels(last(4, &after));
    println!("like what was said {like:.3}, {loud:.1} dB of -20; like the echo {left:.3}");
    assert!(like > 0.8 && (-24.0..-18.0).contains(&loud), "{like} {loud}");
    assert!(left < 0.3, "{left}");
}

#[test]
fn noise_is_made_quieter_and_a_voice_in_it_is_not() {
    let noise = at(-45.0, &hiss(8));
    let quiet = decibels(last(4, &noise)) - decibels(last(4, &sent(NOISE, &silence(8), &noise)));
    let voice = at(-20.0, &voice(8, 150.0, 3));
    let kept = sent(NOISE, &silence(8), &sum(&voice, &noise));
    let loud = decibels(last(4, &kept)) - decibels(last(4, &voice));
    println!("noise: {quiet:.1} dB less; a voice in it: {loud:.1} dB");
    assert!(quiet > 10.0 && loud.abs() < 2.0, "{quiet} {loud}");
    let untouched = sent(Treatment::default(), &silence(8), &noise);
    assert!((decibels(&untouched) - decibels(&noise)).abs() < 0.1);
}

#[test]
fn a_voice_that_is_too_quiet_is_made_audible_evenly_and_nothing_is_cut_off() {
    for own in [-40.0, -30.0, -20.0] {
        let voice = at(own, &voice(20, 150.0, 4));
        let sent = sent(GAIN, &silence(20), &voice);
        let seconds: Vec<f32> = sent.chunks(2 * RATE).map(decibels).collect();
        let peak = sent.iter().fold(0.0f32, |most, sample| most.max(sample.abs()));
        let is_cut = sent.windows(3).any(|three| three.iter().all(|sample| sample.abs() >= 32_767.0));
        println!(
            "{own} dB: {seconds:.1?}, peak {peak}, of {}",
            voice.iter().fold(0.0f32, |most, now| most.max(now.abs()))
        );
        let settled = &seconds[5..];
        let spread = settled.iter().fold(f32::MIN, |most, now| most.max(*now))
            - settled.iter().fold(f32::MAX, |least, now| least.min(*now));
        assert!(settled.iter().all(|loud| (-30.0..-8.0).contains(loud)) && spread < 2.0, "{own}: {seconds:?}");
        assert!(!is_cut, "{own}: {peak}");
    }
    let still = at(-70.0, &hiss(10));
    let raised = decibels(last(4, &sent(GAIN, &silence(10), &still)));
    println!("a still room: {raised:.1} dB of -70");
    assert!(raised < -50.0, "{raised}");
}

/// Devices have clocks of their own: a call takes a little more or less of them than a frame at a time, now and then much less.
#[test]
fn an_echo_is_found_where_both_sides_are_uneven() {
    let played = at(-20.0, &voice(8, 120.0, 1));
    let heard = sum(&reverberated(&played, 80), &at(-70.0, &hiss(8)));
    let (mut acoustics, mut noise) = (Acoustics::new(ECHO).unwrap(), Noise(5));
    let (mut given, mut taken, mut treated) = (0, 0, Vec::new());
    while taken + 2 * FRAME < heard.len() {
        let uneven = |noise: &mut Noise| {
            FRAME + (noise.next() * 2.5 + 2.5) as usize - 2 - if noise.next() > 0.97 { FRAME / 2 } else { 0 }
        };
        // Neither is far from the other: between them are rings of some 40 ms.
        for _ in 0..if taken > given + FRAME { 2 } else { 1 } {
            let more = uneven(&mut noise).min(played.len() - given);
            acoustics.played(&whole(&played[given..given + more]));
            given += more;
        }
        let more = uneven(&mut noise).min(given + FRAME - taken);
        let mut frame = whole(&heard[taken..taken + more]);
        acoustics.heard(&mut frame);
        taken += more;
        treated.extend(frame.into_iter().map(f32::from));
    }
    let loss = decibels(&heard[taken - 2 * RATE..taken]) - decibels(last(2, &treated));
    println!("{loss:.1} dB");
    assert!(loss > 25.0, "{loss}");
}

/// The peer says what is played: whatever it is, the call goes on.
#[test]
fn nothing_that_is_played_or_heard_breaks_it() {
    let square = |every: usize| -> Vec<f32> {
        (0..2 * RATE).map(|n| if (n / every).is_multiple_of(2) { 32_767.0 } else { -32_768.0 }).collect()
    };
    for (played, heard) in [(square(1), square(7)), (square(24_000), silence(2)), (silence(2), square(1000))] {
        let sent = sent(ALL, &played, &heard);
        assert!(sent.len() == 2 * RATE && sent.iter().all(|sample| sample.abs() <= 32_768.0));
    }
    let mut acoustics = Acoustics::new(ALL).unwrap();
    acoustics.played(&[1; 3]);
    acoustics.heard(&mut []);
    acoustics.heard(&mut [1; 481]);
}
