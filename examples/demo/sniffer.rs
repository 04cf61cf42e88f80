//! `demo capture FILE`: our own tcpdump, for a user namespace in which tcpdump finds no user to become.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use socket2::{Domain, Protocol, Socket, Type};

/// All protocols (ETH_P_ALL), in network order.
const ALL: u16 = 0x0003_u16.to_be();
const SOCK_RAW: i32 = libc::SOCK_RAW;
/// Of each record, octets.
const LONGEST: usize = 65_535;
const LINKTYPE_ETHERNET: u32 = 1;
/// What is kept when more comes than can be written.
const BUFFER: usize = 4 << 20;

/// Writes every frame of this network namespace to `file`, in the pcap format, until it is killed.
pub fn capture(file: &Path) -> std::io::Result<()> {
    let mut socket = Socket::new(Domain::PACKET, Type::from(SOCK_RAW), Some(Protocol::from(i32::from(ALL))))?;
    socket.set_recv_buffer_size(BUFFER)?;
    let mut file = File::create(file)?;
    file.write_all(&header())?;
    eprintln!("listening on every interface");
    let mut frame = vec![0; LONGEST];
    loop {
        let length = socket.read(&mut frame)?;
        let frame = frame.get(..length).unwrap_or_default();
        // Loopback has no hardware addresses: the control door's business.
        if frame.iter().take(12).any(|octet| *octet != 0) {
            file.write_all(&record(frame))?;
        }
    }
}

fn header() -> Vec<u8> {
    let versions = [2_u16, 4].into_iter().flat_map(u16::to_le_bytes);
    let rest = [0, 0, LONGEST as u32, LINKTYPE_ETHERNET].into_iter().flat_map(u32::to_le_bytes);
    0xa1b2_c3d4_u32.to_le_bytes().into_iter().chain(versions).chain(rest).collect()
}

fn record(frame: &[u8]) -> Vec<u8> {
    let (now, length) = (now(), frame.len() as u32);
    let words = [now.as_secs() as u32, now.subsec_micros(), length, length];
    words.into_iter().flat_map(u32::to_le_bytes).chain(frame.iter().copied()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a capture says when")]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
