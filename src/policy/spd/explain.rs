use std::fmt;

use super::{order, Flow, Probe, Ruling, Why};
use crate::policy::Entry;

/// How many of the entries that lost are named.
const LOSERS: usize = 3;

impl Ruling<'_> {
    /// In plain words, a few lines: the packet, the entry that rules it, and why the nearest others do not. Safe for a terminal.
    pub fn explain(&self) -> String {
        let mut text = format!("{}: {}\n{}\n", self.flow, self.entry.action, self.ground());
        if self.why != Why::Floor {
            text += &format!("  {}\n", self.entry.to_setkey());
        }
        for loser in self.losers() {
            text += &self.beat(loser);
        }
        for idle in self.idle() {
            let why = if idle.disabled { "is disabled" } else { "has expired" };
            text += &format!("{} would match, but it {why}\n", name(idle));
        }
        text
    }

    fn ground(&self) -> String {
        match self.why {
            Why::Default => "No entry matches, so the default rules:".to_owned(),
            Why::First => format!("{} rules, it comes from {}:", capital(&name(self.entry)), self.entry.origin.name()),
            Why::Floor => {
                "No entry matches and the default does not cover such packets: they are discarded.".to_owned()
            }
        }
    }

    fn beat(&self, loser: &Entry) -> String {
        if self.is_default(loser) {
            return "it won over the default, which rules only what nothing else does\n".to_owned();
        }
        match order::decide(self.entry, loser) {
            Some((criterion, _)) => format!("it won over {} because it {criterion}\n", name(loser)),
            None => format!("it won over {}, its equal, because it was listed first\n", name(loser)),
        }
    }

    /// Entries behind the winner that match too, the nearest first.
    fn losers(&self) -> Vec<&Entry> {
        let group = self.spd.group_of(self.flow.peer);
        let matching = |entry: &&Entry| self.flow.ruled_by(entry, group, self.now) && !std::ptr::eq(*entry, self.entry);
        self.speaking().into_iter().filter(matching).take(LOSERS).collect()
    }

    /// Entries that would match if they were in force.
    fn idle(&self) -> Vec<&Entry> {
        let group = self.spd.group_of(self.flow.peer);
        let matching = |entry: &&Entry| {
            let lively = Entry { disabled: false, expires: None, ..(*entry).clone() };
            !entry.in_force(self.now) && self.flow.ruled_by(&lively, group, self.now)
        };
        self.speaking().into_iter().filter(matching).take(LOSERS).collect()
    }

    fn speaking(&self) -> Vec<&Entry> {
        let (flow, spd) = (&self.flow, self.spd);
        let ends = (flow.source.ip(), flow.destination.ip());
        spd.speaking(Probe::new(flow.direction, ends, flow.peer, spd.group_of(flow.peer)))
    }

    fn is_default(&self, entry: &Entry) -> bool {
        !self.spd.is_ordinary(entry)
    }
}

fn name(entry: &Entry) -> String {
    match entry.id.0 {
        0 => "an entry without a number".to_owned(),
        _ => format!("entry {}", entry.id),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `out udp 192.168.1.1[5004] -> 192.168.1.2[5004]`, and whose call it is when that is known.
impl fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = (self.source, self.destination);
        let (from, to) = (source.ip().to_canonical(), destination.ip().to_canonical());
        write!(f, "{} {} {from}[{}] -> {to}[{}]", self.direction, self.upper, source.port(), destination.port())?;
        match self.peer {
            Some((entity, _)) => write!(f, " of a call with {entity}"),
            None => Ok(()),
        }
    }
}
