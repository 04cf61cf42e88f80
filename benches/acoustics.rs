//! What the treatment of a voice costs: echo cancellation, noise suppression, gain control, and all three, for each 10 ms at 48 kHz; what making it
//! takes. Run `cargo bench --bench acoustics`.
#![allow(clippy::disallowed_methods)] // a clock, to measure with

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sottovoce::media::{Acoustics, Treatment, MAX_FRAME};

/// Frames of 20 ms in one turn: two seconds.
const FRAMES: usize = 100;
/// Turns, the quickest of which counts: others share the processor.
const TURNS: usize = 40;
/// All three take at most so much of a processor.
const GOAL: f64 = 0.03;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let none = Treatment::default();
    let all = Treatment { echo_cancellation: true, noise_suppression: true, gain_control: true };
    let mut most = 0.0f64;
    for (name, treatment) in [
        ("echo cancellation", Treatment { echo_cancellation: true, ..none }),
        ("noise suppression", Treatment { noise_suppression: true, ..none }),
        ("gain control", Treatment { gain_control: true, ..none }),
        ("all three", all),
    ] {
        let (before, begun) = (ALLOCATED.load(Ordering::Relaxed), Instant::now());
        let mut acoustics = Acoustics::new(treatment).expect("there is something to do");
        let (made, octets) = (begun.elapsed(), ALLOCATED.load(Ordering::Relaxed) - before);
        let part = (0..TURNS).map(|_| turn(&mut acoustics)).min().unwrap_or_default() / (2 * FRAMES) as u32;
        most = part.as_secs_f64() / 0.01;
        println!(
            "{name:<18} {:>6.1} us for 10 ms, {:.2} % of a processor; made in {:.2} ms, {} kB",
            part.as_secs_f64() * 1e6,
            most * 100.0,
            made.as_secs_f64() * 1e3,
            octets / 1000,
        );
    }
    assert!(most <= GOAL, "all three take {:.1} % of a processor: the goal is {:.0} %", most * 100.0, GOAL * 100.0);
}

/// Two who speak at once, each as loud as the other.
fn turn(acoustics: &mut Acoustics) -> Duration {
    let mut seed = 1u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 19) as i16 - 4096
    };
    let frames: Vec<[[i16; MAX_FRAME]; 2]> =
        (0..FRAMES).map(|_| [0; 2].map(|_| std::array::from_fn(|_| noise()))).collect();
    let begun = Instant::now();
    for [played, heard] in frames {
        let mut frame = heard;
        acoustics.heard(&mut frame);
        acoustics.played(&played);
        black_box(&frame);
    }
    begun.elapsed()
}
