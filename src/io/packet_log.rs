use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::vocab::Wall;

/// Link type of records that begin with an IP header.
const LINKTYPE_RAW: u32 = 101;
/// Octets of an IPv4 header without options, and of a UDP header.
const IPV4: u16 = 20;
const UDP: u16 = 8;

/// Writes the media datagrams that leave this agent, as they leave it, in the pcap format: for machines where nobody may
/// capture (SOTTOVOCE_PACKETLOG). It holds what the network sees anyway, and no key.
pub struct PacketLog {
    file: Mutex<File>,
}

/// The log that the environment names, opened at the first packet.
pub fn packet_log() -> Option<&'static PacketLog> {
    static LOG: OnceLock<Option<PacketLog>> = OnceLock::new();
    LOG.get_or_init(|| {
        let path = std::env::var_os("SOTTOVOCE_PACKETLOG").filter(|path| !path.is_empty())?;
        let opened = PacketLog::open(Path::new(&path));
        opened.inspect_err(|error| tracing::warn!(%error, "the packet log cannot be written")).ok()
    })
    .as_ref()
}

impl PacketLog {
    /// Makes the file anew, 0600.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(&header())?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// A record that cannot be written is missing from the log; the call goes on.
    pub fn write(&self, at: Wall, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let Some(record) = record(at, from, to, payload) else { return };
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&record);
    }
}

fn header() -> Vec<u8> {
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2_u16, 4].iter().flat_map(|version| version.to_le_bytes()));
    header.extend([0, 0, 65_535, LINKTYPE_RAW].iter().flat_map(|word: &u32| word.to_le_bytes()));
    header
}

/// Time, lengths, IP header, UDP header, payload; checksums stay zero. `None` when both ends are not of one family.
fn record(at: Wall, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let udp = UDP.checked_add(u16::try_from(payload.len()).ok()?)?;
    let mut packet = ip(from.ip(), to.ip(), udp)?;
    for word in [from.port(), to.port(), udp, 0] {
        packet.extend(word.to_be_bytes());
    }
    packet.extend(payload);
    let length = u32::try_from(packet.len()).ok()?;
    let (seconds, micros) = (at.as_secs(), at.0 % 1000 * 1000);
    let words = [u32::try_from(seconds).ok()?, u32::try_from(micros).ok()?, length, length];
    Some(words.iter().flat_map(|word| word.to_le_bytes()).chain(packet).collect())
}

fn ip(from: IpAddr, to: IpAddr, udp: u16) -> Option<Vec<u8>> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = IPV4.checked_add(udp)?.to_be_bytes();
            let fixed = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, 17, 0, 0];
            Some([&fixed[..], &from.octets(), &to.octets()].concat())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let [high, low] = udp.to_be_bytes();
            let fixed = [0x60, 0, 0, 0, high, low, 17, 64];
            Some([&fixed[..], &from.octets(), &to.octets()].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_a_record_with_its_ends() {
        let (from, to) = ("192.168.1.1:16384".parse().unwrap(), "192.168.1.2:16386".parse().unwrap());
        let found = record(Wall::default(), from, to, b"voice").unwrap();
        assert_eq!(found[8..16], [33, 0, 0, 0, 33, 0, 0, 0]);
        assert_eq!(found[16..20], [0x45, 0, 0, 33]);
        assert_eq!(found[28..36], [192, 168, 1, 1, 192, 168, 1, 2]);
        assert_eq!(found[36..44], [0x40, 0, 0x40, 2, 0, 13, 0, 0]);
        assert_eq!(&found[44..], b"voice");
        let v6 = record(Wall::default(), "[::1]:1".parse().unwrap(), "[::2]:2".parse().unwrap(), b"").unwrap();
        assert_eq!(v6.len(), 16 + 40 + 8);
        assert_eq!(record(Wall::default(), from, "[::1]:1".parse().unwrap(), b""), None);
        assert_eq!(record(Wall::default(), from, to, &[0; 70_000]), None);
    }

    #[test]
    fn a_log_begins_with_the_header_of_pcap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("media.pcap");
        PacketLog::open(&path).unwrap();
        let octets = std::fs::read(path).unwrap();
        assert_eq!((octets.len(), &octets[..4]), (24, &[0xd4, 0xc3, 0xb2, 0xa1][..]));
    }
}
