use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::tz::{Offset, TimeZone};

use super::Machine;

/// Largest zone file that is read, in octets; those of the world have 4,000 at most.
const MAX_FILE: u64 = 1 << 16;

/// `+02:00`, `-03:30`.
pub(super) fn offset(text: &str) -> Option<TimeZone> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number =
        |part: &str, below: i32| part.parse::<i32>().ok().filter(|n| part.len() == 2 && (0..below).contains(n));
    let seconds = number(hours, 24)? * 3600 + number(minutes, 60)? * 60;
    Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
}

/// Of this machine.
pub(super) fn local(machine: &Machine<'_>) -> Option<TimeZone> {
    let named_here = (machine.variable)("TZ").filter(|name| !name.is_empty());
    match named_here {
        Some(name) => named(name.trim_start_matches(':'), machine),
        None => read("local", Path::new("/etc/localtime")),
    }
}

/// By its name in the zone files of the system (`TZDIR`, as tzset(3) has it).
pub(super) fn named(name: &str, machine: &Machine<'_>) -> Option<TimeZone> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    if name.is_empty() || name.starts_with('/') || !name.chars().all(plain) {
        return None;
    }
    let base = (machine.variable)("TZDIR").map_or_else(|| PathBuf::from("/usr/share/zoneinfo"), PathBuf::from);
    read(name, &base.join(name))
}

fn read(name: &str, file: &Path) -> Option<TimeZone> {
    let mut octets = Vec::new();
    std::fs::File::open(file).ok()?.take(MAX_FILE).read_to_end(&mut octets).ok()?;
    TimeZone::tzif(name, &octets).ok()
}
