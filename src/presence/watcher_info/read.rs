//! Who watches us, as a presence server tells it. Nothing of it is signed: it is the server's word.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{WatcherStatus, MAX_TEXT, MAX_WATCHERS};
use crate::presence::namespace::Namespace::WatcherInfo as Here;
use crate::presence::unreadable::Unreadable;
use crate::presence::xml::{self, Element};
use crate::vocab::PeerText;

/// One document: all watchers, or those whose state has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatcherInfo {
    version: u32,
    full: bool,
    watchers: Vec<(String, ServerWatcher)>,
}

/// One watcher, as the server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerWatcher {
    pub uri: PeerText,
    pub display_name: Option<PeerText>,
    pub status: WatcherStatus,
    /// For how long it has been subscribed.
    pub subscribed: Option<Duration>,
}

/// The list that documents amount to (RFC 3858 section 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatcherTable {
    version: Option<u32>,
    rows: BTreeMap<String, ServerWatcher>,
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Applied,
    /// One between is missing: the whole list is to be asked for anew.
    Gap,
    /// It is older than what is known.
    Old,
}

impl WatcherInfo {
    /// # Errors
    /// [`Unreadable`]: no such document, beyond a limit, or with a word that RFC 3858 does not have.
    pub fn read(octets: &[u8]) -> Result<Self, Unreadable> {
        let root = xml::parse(octets)?;
        if !root.is(Here, "watcherinfo") {
            return Err(Unreadable::NotWatcherInfo);
        }
        let version = root.attribute("version").ok_or(Unreadable::Missing("version"))?;
        let version = version.parse().map_err(|_| Unreadable::Malformed("version"))?;
        let full = match root.attribute("state") {
            Some("full") => true,
            Some("partial") => false,
            Some(_) => return Err(Unreadable::UnknownValue("state")),
            None => return Err(Unreadable::Missing("state")),
        };
        let lists = root.all(Here, "watcher-list").filter(|list| list.attribute("package") == Some("presence"));
        let watchers: Vec<&Element> = lists.flat_map(|list| list.all(Here, "watcher")).collect();
        if watchers.len() > MAX_WATCHERS {
            return Err(Unreadable::TooMany("watcher"));
        }
        let watchers = watchers.into_iter().map(watcher).collect::<Result<_, _>>()?;
        Ok(Self { version, full, watchers })
    }
}

fn watcher(element: &Element) -> Result<(String, ServerWatcher), Unreadable> {
    let id = element.attribute("id").filter(|id| id.len() <= MAX_TEXT).ok_or(Unreadable::Missing("id"))?;
    let status = element.attribute("status").ok_or(Unreadable::Missing("status"))?;
    let status = WatcherStatus::named(status).ok_or(Unreadable::UnknownValue("status"))?;
    let uri = element.trimmed();
    if uri.len() > MAX_TEXT {
        return Err(Unreadable::Malformed("watcher"));
    }
    let seconds = element.attribute("duration-subscribed").and_then(|text| text.parse().ok());
    let name = element.attribute("display-name").filter(|name| name.len() <= MAX_TEXT);
    let watcher = ServerWatcher {
        uri: PeerText::new(uri),
        display_name: name.map(PeerText::new),
        status,
        subscribed: seconds.map(Duration::from_secs),
    };
    Ok((id.to_owned(), watcher))
}

impl WatcherTable {
    /// A document of the subscription that runs now.
    pub fn take(&mut self, info: WatcherInfo) -> Taken {
        // After the highest number comes 0 again, or the list would stand still for ever.
        let ahead = self.version.map(|last| info.version.wrapping_sub(last));
        match ahead {
            Some(0) => return Taken::Old,
            // Whole, it is the list of now, whatever was counted before: NOTIFY come in their order (RFC 6665 section 4.1.3).
            _ if info.full => {}
            Some(1) => {}
            Some(ahead) if ahead > u32::MAX / 2 => return Taken::Old,
            _ => return Taken::Gap,
        }
        self.version = Some(info.version);
        if info.full {
            self.rows.clear();
        }
        for (id, watcher) in info.watchers {
            match watcher.status {
                WatcherStatus::Terminated => drop(self.rows.remove(&id)),
                _ if self.rows.len() < MAX_WATCHERS || self.rows.contains_key(&id) => {
                    drop(self.rows.insert(id, watcher))
                }
                _ => {}
            }
        }
        Taken::Applied
    }

    /// Another subscription counts its documents from the beginning.
    pub fn begin_anew(&mut self) {
        self.version = None;
    }

    pub fn rows(&self) -> impl Iterator<Item = &ServerWatcher> {
        self.rows.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: u32, state: &str, watchers: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\"?><watcherinfo xmlns=\"urn:ietf:params:xml:ns:watcherinfo\" version=\"{version}\" \
             state=\"{state}\"><watcher-list resource=\"sip:a@x\" package=\"presence\">{watchers}</watcher-list></watcherinfo>"
        )
        .into_bytes()
    }

    fn watcher(id: &str, status: &str) -> String {
        format!("<watcher id=\"{id}\" event=\"subscribe\" status=\"{status}\" duration-subscribed=\"9\"> sip:{id}@x </watcher>")
    }

    fn take(table: &mut WatcherTable, version: u32, state: &str, watchers: &str) -> Taken {
        table.take(WatcherInfo::read(&document(version, state, watchers)).unwrap())
    }

    fn names(table: &WatcherTable) -> Vec<(&str, WatcherStatus)> {
        table.rows().map(|row| (row.uri.raw(), row.status)).collect()
    }

    #[test]
    fn a_list_grows_and_shrinks_with_its_documents() {
        let mut table = WatcherTable::default();
        assert_eq!(
            take(&mut table, 3, "partial", &watcher("bob", "active")),
            Taken::Gap,
            "of a list that nobody knows"
        );
        let both = watcher("bob", "active") + &watcher("carol", "pending");
        assert_eq!(take(&mut table, 3, "full", &both), Taken::Applied);
        assert_eq!(names(&table), [("sip:bob@x", WatcherStatus::Active), ("sip:carol@x", WatcherStatus::Pending)]);
        assert_eq!(table.rows().next().unwrap().subscribed, Some(Duration::from_secs(9)));
        assert_eq!(take(&mut table, 4, "partial", &watcher("bob", "terminated")), Taken::Applied);
        assert_eq!(names(&table), [("sip:carol@x", WatcherStatus::Pending)]);
        assert_eq!(take(&mut table, 4, "full", ""), Taken::Old);
        assert_eq!(take(&mut table, 6, "partial", &watcher("bob", "active")), Taken::Gap);
        assert_eq!(take(&mut table, 6, "full", &watcher("bob", "waiting")), Taken::Applied);
        assert_eq!(names(&table), [("sip:bob@x", WatcherStatus::Waiting)]);
        table.begin_anew();
        assert_eq!(take(&mut table, 0, "full", ""), Taken::Applied);
        assert_eq!(names(&table), []);
    }

    #[test]
    fn the_highest_version_freezes_nothing() {
        let mut table = WatcherTable::default();
        assert_eq!(take(&mut table, u32::MAX, "full", &watcher("bob", "active")), Taken::Applied);
        assert_eq!(take(&mut table, u32::MAX, "partial", ""), Taken::Old);
        assert_eq!(take(&mut table, 0, "partial", &watcher("carol", "active")), Taken::Applied);
        assert_eq!(names(&table).len(), 2);
        assert_eq!(take(&mut table, u32::MAX, "partial", ""), Taken::Old, "it was before");
        assert_eq!(take(&mut table, u32::MAX - 7, "full", &watcher("bob", "active")), Taken::Applied, "a new start");
        assert_eq!(names(&table), [("sip:bob@x", WatcherStatus::Active)]);
    }

    #[test]
    fn what_breaks_the_format_or_a_limit_is_unreadable() {
        for (bad, why) in [
            (document(0, "whole", ""), Unreadable::UnknownValue("state")),
            (document(0, "full", &watcher("bob", "dead")), Unreadable::UnknownValue("status")),
            (document(0, "full", "<watcher status=\"active\">sip:b@x</watcher>"), Unreadable::Missing("id")),
            (document(0, "full", &watcher("bob", "active").repeat(257)), Unreadable::TooMany("watcher")),
            (b"<!DOCTYPE w><w/>".to_vec(), Unreadable::Doctype),
            (b"<watcherinfo version='0' state='full'/>".to_vec(), Unreadable::NotWatcherInfo),
        ] {
            assert_eq!(WatcherInfo::read(&bad).unwrap_err(), why, "{}", String::from_utf8_lossy(&bad));
        }
        let mut table = WatcherTable::default();
        for round in 0..3u32 {
            let many: String = (0..200).map(|n| watcher(&format!("{round}-{n}"), "active")).collect();
            take(&mut table, round, if round == 0 { "full" } else { "partial" }, &many);
        }
        assert_eq!(table.rows().count(), 256);
    }

    /// Every prefix, and every octet with a bit flipped: read or refused, and never more than there was.
    #[test]
    fn damage_is_read_or_refused() {
        let whole = document(7, "full", &(watcher("bob", "active") + &watcher("carol", "pending")));
        for at in 0..whole.len() {
            assert!(WatcherInfo::read(&whole[..at]).is_err(), "{at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 7);
            let mut table = WatcherTable::default();
            if let Ok(info) = WatcherInfo::read(&flipped) {
                table.take(info);
            }
            assert!(table.rows().count() <= 2, "{at}");
        }
    }

    #[test]
    fn lists_of_other_packages_are_passed_over() {
        let text = String::from_utf8(document(0, "full", &watcher("bob", "active"))).unwrap();
        let other = WatcherInfo::read(text.replace("package=\"presence\"", "package=\"dialog\"").as_bytes()).unwrap();
        assert!(other.watchers.is_empty());
    }
}
