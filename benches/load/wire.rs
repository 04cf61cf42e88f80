//! A stranger's view of the pace: when the packets of some flows were on the wire.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Beyond this after its turn a packet is late.
pub const LATE: Duration = Duration::from_millis(10);
/// One frame, in microseconds.
const FRAME: i64 = 20_000;
/// Of the ports one in 32 is looked at (of voice they are even): the one with these bits all zero.
const OTHERS: u16 = 0x3e;

/// One flow: how long after its turn each frame came.
pub struct Flow {
    pub late: Vec<Duration>,
}

/// The flows from one to the other for so long; none where nobody may capture.
pub fn watch(from: Ipv4Addr, to: Ipv4Addr, lasts: Duration) -> Vec<Flow> {
    let filter = format!("udp and src host {from} and dst host {to} and udp[0:2] >= 16384 and udp[0:2] & {OTHERS} = 0");
    let mut command = Command::new("timeout");
    command.args([&lasts.as_secs().to_string(), "tcpdump", "-i", "lo", "-n", "-tt", "-q", "-s", "64", "-B", "16384"]);
    let ran = command.arg(filter).stdout(Stdio::piped()).stderr(Stdio::null()).output();
    let Ok(ran) = ran else {
        std::thread::sleep(lasts);
        return Vec::new();
    };
    let mut flows: BTreeMap<String, Vec<Packet>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&ran.stdout).lines() {
        if let Some((source, packet)) = read(line) {
            flows.entry(source).or_default().push(packet);
        }
    }
    flows.into_values().map(|packets| Flow { late: after_turn(&packets) }).collect()
}

struct Packet {
    /// Microseconds.
    at: i64,
    len: u32,
}

/// `1790000000.123456 IP 127.1.2.3.20480 > 127.1.2.4.20480: UDP, length 208`, and who sent it.
fn read(line: &str) -> Option<(String, Packet)> {
    let (seconds, rest) = line.split_once('.')?;
    let (micros, rest) = rest.split_once(' ')?;
    let at = seconds.parse::<i64>().ok()? * 1_000_000 + micros.parse::<i64>().ok()?;
    let source = rest.split(' ').nth(1)?.to_owned();
    Some((source, Packet { at, len: rest.rsplit(' ').next()?.parse().ok()? }))
}

/// The n-th frame is due n times 20 ms after the earliest, which is the one that came earliest for its number.
fn after_turn(packets: &[Packet]) -> Vec<Duration> {
    // Frames are of one size; reports of quality are of another.
    let Some(size) = usual_size(packets) else { return Vec::new() };
    let frames = packets.iter().filter(|packet| packet.len == size);
    let offsets: Vec<i64> = frames.zip(0..).map(|(packet, number)| packet.at - number * FRAME).collect();
    let earliest = offsets.iter().min().copied().unwrap_or(0);
    offsets.iter().map(|offset| Duration::from_micros(offset.abs_diff(earliest))).collect()
}

fn usual_size(packets: &[Packet]) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    packets.iter().for_each(|packet| *counts.entry(packet.len).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(size, _)| size)
}
