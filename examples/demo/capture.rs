//! What went over the wire: a capture by tcpdump or by ourselves, or where nobody may capture the agents' own packet logs.

use std::fmt::{self, Display};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::children::Process;
use super::place::{Place, Who, WIRE};

/// Datagrams, by what their first octets say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    pub sip: u64,
    pub rtp: u64,
    pub rtcp: u64,
    pub esp: u64,
    /// AH with something else than ESP inside.
    pub ah: u64,
    pub ah_esp: u64,
    pub other: u64,
}

impl Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sip, rtp, rtcp, esp, ah, ah_esp, other } = self;
        write!(f, "RTP in clear {rtp}, RTCP in clear {rtcp}, ESP {esp}, AH {ah}, AH around ESP {ah_esp}, ")?;
        write!(f, "SIP {sip}, other {other}")
    }
}

/// A capture at work.
pub struct Capture {
    process: Process,
    file: PathBuf,
}

impl Capture {
    /// By tcpdump, else by this very program. `None` where neither may capture.
    pub fn start(place: &Place, file: PathBuf) -> Option<Self> {
        [tcpdump(&file), ourselves(place, &file)?].into_iter().find_map(|command| Self::by(command, file.clone()))
    }

    fn by(mut command: Command, file: PathBuf) -> Option<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Process::start(&mut command).ok()?;
        let mut told = BufReader::new(process.child().stderr.take()?).lines().map_while(Result::ok);
        let listens = told.any(|line| line.contains("listening on"));
        listens.then_some(Self { process, file })
    }

    /// Ends it, and counts what it saw.
    pub fn finish(mut self) -> Result<Wire, String> {
        // The last packets are on their way from the kernel.
        std::thread::sleep(std::time::Duration::from_millis(300));
        self.process.signal("INT");
        self.process.ends_within(30);
        let mut wire = Wire::default();
        count(&self.file, 0, &mut wire)?;
        Ok(wire)
    }
}

/// At the router. As root of a user namespace it has no other user to become.
fn tcpdump(file: &Path) -> Command {
    let mut command = Command::new("tcpdump");
    command.args(["-i", WIRE, "--immediate-mode", "-U", "-Z", "root", "-w"]).arg(file).args(["udp", "or", "tcp"]);
    command
}

/// At Alice's end of the same wire.
fn ourselves(place: &Place, file: &Path) -> Option<Command> {
    let mut command = place.command(Who::Alice, &std::env::current_exe().ok()?);
    command.arg("capture").arg(file);
    Some(command)
}

/// Counts the records of a pcap file from the octet `from` on.
pub fn count(file: &Path, from: usize, wire: &mut Wire) -> Result<(), String> {
    let octets = std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let Some((header, _)) = octets.split_first_chunk::<24>() else { return Ok(()) };
    // Ethernet, or IP at once.
    let link: usize = if header[20] == 1 { 14 } else { 0 };
    let mut rest = octets.get(from.max(24)..).unwrap_or_default();
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        let Some((packet, after)) = after.split_at_checked(length) else { break };
        if let Some(kind) = packet.get(link..).and_then(kind) {
            *kind.counter(wire) += 1;
        }
        rest = after;
    }
    Ok(())
}

enum Kind {
    Ah,
    AhEsp,
    Esp,
    Other,
    Rtcp,
    Rtp,
    Sip,
}

impl Kind {
    fn counter(self, wire: &mut Wire) -> &mut u64 {
        match self {
            Self::Ah => &mut wire.ah,
            Self::AhEsp => &mut wire.ah_esp,
            Self::Esp => &mut wire.esp,
            Self::Other => &mut wire.other,
            Self::Rtcp => &mut wire.rtcp,
            Self::Rtp => &mut wire.rtp,
            Self::Sip => &mut wire.sip,
        }
    }
}

/// Of an IPv4 packet; `None` for segments of TCP that carry nothing.
fn kind(ip: &[u8]) -> Option<Kind> {
    let header = usize::from(ip.first()? & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
    let above = ip.get(header..total.min(ip.len()))?;
    let port = |at: usize| Some(u16::from_be_bytes([*above.get(at)?, *above.get(at + 1)?]));
    let sip = port(0)? == 5060 || port(2)? == 5060;
    match ip.get(9)? {
        6 => {
            let data = above.get(usize::from(above.get(12)? >> 4) * 4..)?;
            (!data.is_empty()).then_some(if sip { Kind::Sip } else { Kind::Other })
        }
        17 if sip => Some(Kind::Sip),
        17 => Some(media(above.get(8..)?)),
        _ => Some(Kind::Other),
    }
}

/// ESP and AH begin with an SPI of ours; AH repeats it in its header, which says how long it is.
fn media(datagram: &[u8]) -> Kind {
    match datagram {
        [a, b, c, d, next, 5, 0, 0, e, f, g, h, ..] if [a, b, c, d] == [e, f, g, h] && *a >= 192 => match next {
            50 => Kind::AhEsp,
            _ => Kind::Ah,
        },
        [192..=255, _, _, _, ..] => Kind::Esp,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}
