//! How the words of other rooms are written in columns, and read back. What cannot be read is damage, never a default.

use std::net::IpAddr;

use rusqlite::types::FromSql;
use rusqlite::{Row, Statement};

use super::failures;
use crate::policy::{Direction, Environment, Evidence, Level, Mode, Ports, Prefix, Protocol, Rule, Scope, Upper};
use crate::vocab::{Device, Entity, Failure, PeerText, Wall};

/// One row while it is being read: names the table in every failure.
pub struct Columns<'a> {
    pub table: &'static str,
    pub row: &'a Row<'a>,
    /// Where which column stands, as [`names`] tells it; empty: SQLite is asked each time, which takes a third of the whole when there
    /// are a million rows.
    pub names: &'a [String],
}

/// The columns of what a question finds, in their order.
pub fn names(query: &Statement<'_>) -> Vec<String> {
    query.column_names().into_iter().map(str::to_owned).collect()
}

impl Columns<'_> {
    pub fn value<T: FromSql>(&self, column: &str) -> Result<T, Failure> {
        let found = match self.names.iter().position(|name| name == column) {
            Some(at) => self.row.get(at),
            None => self.row.get(column),
        };
        found.map_err(|error| failures::damaged(format!("{}.{column}: {error}", self.table)))
    }

    /// Reads text and makes a word of it.
    pub fn word<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        let text: String = self.value(column)?;
        read(&text).ok_or_else(|| self.unreadable(column))
    }

    pub fn optional<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let text: Option<String> = self.value(column)?;
        text.map(|text| read(&text).ok_or_else(|| self.unreadable(column))).transpose()
    }

    pub fn octets<T>(&self, column: &str, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, Failure> {
        let octets: Vec<u8> = self.value(column)?;
        read(&octets).ok_or_else(|| self.unreadable(column))
    }

    /// A number that may fill all 64 bits; see [`signed`].
    pub fn number(&self, column: &str) -> Result<u64, Failure> {
        self.value(column).map(unsigned)
    }

    pub fn time(&self, column: &str) -> Result<Wall, Failure> {
        self.number(column).map(Wall)
    }

    pub fn entity(&self) -> Result<Entity, Failure> {
        self.word("entity", |text| Entity::parse(text).ok())
    }

    pub fn device(&self) -> Result<Device, Failure> {
        self.word("device", Device::new)
    }

    pub fn peer_text(&self, column: &str) -> Result<Option<PeerText>, Failure> {
        self.value::<Option<String>>(column).map(|text| text.map(PeerText::new))
    }

    pub fn environment(&self) -> Result<Option<Environment>, Failure> {
        let scope = self.optional("environment_scope", Scope::from_name)?;
        let evidence = self.optional("environment_evidence", Evidence::from_name)?;
        let address = self.optional("environment_address", address)?;
        match (scope, evidence) {
            (None, None) => Ok(None),
            (Some(scope), Some(evidence)) => Ok(Some(Environment { scope, evidence, address })),
            _ => Err(self.unreadable("environment_evidence")),
        }
    }

    pub fn rule(&self) -> Result<Rule, Failure> {
        let mode = match self.value::<String>("mode")?.as_str() {
            "transport" => Mode::Transport,
            "tunnel" => Mode::Tunnel {
                source: self.word("tunnel_source", address)?,
                destination: self.word("tunnel_destination", address)?,
            },
            _ => return Err(self.unreadable("mode")),
        };
        Ok(Rule { protocol: self.word("protocol", protocol)?, mode, level: self.word("level", level)? })
    }

    pub fn unreadable(&self, column: &str) -> Failure {
        failures::damaged(format!("{}.{column} has an unknown value", self.table))
    }
}

/// SQLite's integers are signed: the same 64 bits, so that even a hostile version number comes back as it was.
pub fn signed(number: u64) -> i64 {
    i64::from_ne_bytes(number.to_ne_bytes())
}

fn unsigned(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

pub fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// Reads what [`Prefix`]'s `Display` wrote.
pub fn prefix(text: &str) -> Option<Prefix> {
    if text == "any" {
        return Some(Prefix::Any);
    }
    let (address, len) = text.split_once('/')?;
    Prefix::new(address.parse().ok()?, len.parse().ok()?)
}

/// Reads what [`Ports`]' `Display` wrote.
pub fn ports(text: &str) -> Option<Ports> {
    if text == "any" {
        return Some(Ports::Any);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(Ports::Range { first, last })
}

pub fn upper(text: &str) -> Option<Upper> {
    [Upper::Any, Upper::Tcp, Upper::Udp].into_iter().find(|upper| upper.to_string() == text)
}

pub fn direction(text: &str) -> Option<Direction> {
    [Direction::In, Direction::Out].into_iter().find(|direction| direction.to_string() == text)
}

fn protocol(text: &str) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|protocol| protocol.to_string() == text)
}

fn level(text: &str) -> Option<Level> {
    let all = [Level::Default, Level::Use, Level::Require, Level::Unique];
    all.into_iter().find(|level| level.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_they_are_written() {
        for text in ["any", "192.168.1.0/24", "10.0.0.1/32", "2001:db8::/32", "::1/128"] {
            assert_eq!(prefix(text).unwrap().to_string(), text);
        }
        for text in ["any", "0", "5060", "16384-32767"] {
            assert_eq!(ports(text).unwrap().to_string(), text);
        }
        for bad in ["", "1.2.3.4", "1.2.3.4/33", "x/8", "2-1", "65536"] {
            assert_eq!((prefix(bad), ports(bad)), (None, None), "{bad}");
        }
    }

    #[test]
    fn every_64_bits_survive() {
        for number in [0, 1, u64::MAX, 1 << 63] {
            assert_eq!(unsigned(signed(number)), number);
        }
    }
}
