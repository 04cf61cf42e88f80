//! One device, opened: its callback at one end of a ring. A callback neither allocates, locks nor logs.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, FromSample, Sample, SampleFormat, SizedSample, Stream, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange, I24,
};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::media::FRAMES_A_SECOND;

/// The rate of our choice, in hertz; what a device has otherwise is at most that.
pub const RATE: u32 = 48_000;
/// Of a ring, in parts of a second: 200 ms.
const RING: u32 = 5;
/// Callbacks a second that are asked for; devices do as they like.
const CALLBACKS: u32 = 50;
/// A device that is not open by then is as good as none.
const OPENING: Duration = Duration::from_secs(3);

/// What a microphone fills, to be taken from.
pub struct Heard {
    pub samples: Consumer<i16>,
    /// In hertz, a multiple of 50.
    pub rate: u32,
}

/// What a loudspeaker empties, to be filled.
pub struct Said {
    pub samples: Producer<i16>,
    pub rate: u32,
    /// Samples that the device wanted and that were not there.
    pub missing: Arc<AtomicU32>,
}

/// Set by a device that fails.
pub type Broken = Arc<AtomicBool>;

/// What can be kept open.
pub trait End: Send + Sized + 'static {
    /// Opens the device and lets it run. Waits for it.
    fn open(device: &Device, broken: &Broken) -> Result<(Stream, Self), cpal::Error>;
}

impl End for Heard {
    fn open(device: &Device, broken: &Broken) -> Result<(Stream, Self), cpal::Error> {
        let (config, format) = best(device.supported_input_configs()?)?;
        let (producer, samples) = RingBuffer::new((config.sample_rate / RING) as usize);
        let stream = match format {
            SampleFormat::F32 => listen::<f32>(device, config, producer, broken),
            SampleFormat::I32 => listen::<i32>(device, config, producer, broken),
            SampleFormat::I24 => listen::<I24>(device, config, producer, broken),
            _ => listen::<i16>(device, config, producer, broken),
        }?;
        stream.play()?;
        Ok((stream, Self { samples, rate: config.sample_rate }))
    }
}

impl End for Said {
    fn open(device: &Device, broken: &Broken) -> Result<(Stream, Self), cpal::Error> {
        let (config, format) = best(device.supported_output_configs()?)?;
        let (samples, consumer) = RingBuffer::new((config.sample_rate / RING) as usize);
        let missing = Arc::new(AtomicU32::new(0));
        let from = (consumer, Arc::clone(&missing));
        let stream = match format {
            SampleFormat::F32 => speak::<f32>(device, config, from, broken),
            SampleFormat::I32 => speak::<i32>(device, config, from, broken),
            SampleFormat::I24 => speak::<I24>(device, config, from, broken),
            _ => speak::<i16>(device, config, from, broken),
        }?;
        stream.play()?;
        Ok((stream, Self { samples, rate: config.sample_rate, missing }))
    }
}

fn listen<T>(
    device: &Device,
    config: StreamConfig,
    mut to: Producer<i16>,
    broken: &Broken,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let take = move |data: &[T], _: &_| {
        let frames = (data.len() / channels).min(to.slots());
        let Ok(room) = to.write_chunk_uninit(frames) else { return };
        room.fill_from_iter(data.chunks_exact(channels).map(|frame| {
            let sum: f32 = frame.iter().map(|sample| f32::from_sample(*sample)).sum();
            // A cast from float saturates.
            (sum / channels as f32 * 32768.0) as i16
        }));
    };
    device.build_input_stream(config, take, note(broken), Some(OPENING))
}

fn speak<T>(
    device: &Device,
    config: StreamConfig,
    (mut from, missing): (Consumer<i16>, Arc<AtomicU32>),
    broken: &Broken,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<i16>,
{
    let channels = usize::from(config.channels);
    let give = move |data: &mut [T], _: &_| {
        let wanted = data.len() / channels;
        let there = wanted.min(from.slots());
        let mut frames = data.chunks_exact_mut(channels);
        if let Ok(samples) = from.read_chunk(there) {
            samples.into_iter().zip(&mut frames).for_each(|(sample, frame)| frame.fill(T::from_sample(sample)));
        }
        frames.for_each(|frame| frame.fill(T::EQUILIBRIUM));
        missing.fetch_add((wanted - there) as u32, Ordering::Relaxed);
    };
    device.build_output_stream(config, give, note(broken), Some(OPENING))
}

fn note(broken: &Broken) -> impl FnMut(cpal::Error) + Send + 'static {
    let broken = Arc::clone(broken);
    move |error| {
        // These say that a callback was late, or elsewhere, and it goes on.
        let goes_on = matches!(
            error.kind(),
            cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged
        );
        if !goes_on {
            broken.store(true, Ordering::Release);
        }
    }
}

/// Mono at 48 kHz in 16 bits, or what comes next to it.
fn best(ranges: impl Iterator<Item = SupportedStreamConfigRange>) -> Result<(StreamConfig, SampleFormat), cpal::Error> {
    let formats = [SampleFormat::I16, SampleFormat::F32, SampleFormat::I32, SampleFormat::I24];
    let rank = |range: &SupportedStreamConfigRange| {
        let format = formats.iter().position(|format| *format == range.sample_format())?;
        let rate = RATE.min(range.max_sample_rate());
        let usable = range.min_sample_rate() <= rate && rate.is_multiple_of(FRAMES_A_SECOND) && range.channels() > 0;
        usable.then_some((RATE - rate, range.channels(), format))
    };
    let best = ranges.filter_map(|range| Some((rank(&range)?, range))).min_by_key(|(rank, _)| *rank);
    let Some(((_, channels, _), range)) = best else {
        let why = "it has none of the rates up to 48 kHz in 16, 24 or 32 bits";
        return Err(cpal::Error::with_message(cpal::ErrorKind::UnsupportedConfig, why));
    };
    let sample_rate = RATE.min(range.max_sample_rate());
    let buffer_size = match range.buffer_size() {
        SupportedBufferSize::Range { min, max } => BufferSize::Fixed((sample_rate / CALLBACKS).clamp(*min, *max)),
        SupportedBufferSize::Unknown => BufferSize::Default,
    };
    Ok((StreamConfig { channels, sample_rate, buffer_size }, range.sample_format()))
}
