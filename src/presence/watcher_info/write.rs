//! Who watches us, as we tell it to others: always the whole list, and never more than [`WatcherInfo`](super::WatcherInfo) reads.

use std::time::Duration;

use super::{WatcherStatus, MAX_TEXT, MAX_WATCHERS};
use crate::presence::namespace::Namespace;
use crate::presence::xml::MAX_OCTETS;
use crate::presence::xml_writer::XmlWriter;
use crate::vocab::Entity;

/// What the longest watcher takes, in octets: two texts, each octet of them written by six, and the rest.
const LONGEST: usize = 12 * MAX_TEXT + 512;

/// One subscription, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldWatcher {
    /// The same in every document, and of no other subscription.
    pub id: String,
    pub uri: String,
    pub display_name: Option<String>,
    pub status: WatcherStatus,
    /// What brought it there.
    pub event: WatcherEvent,
    /// For how long it has been subscribed; whole seconds are told.
    pub subscribed: Duration,
    /// How long it lasts unless it is refreshed; whole seconds are told.
    pub lasts: Option<Duration>,
}

/// Those of RFC 3858 that happen here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatcherEvent {
    /// Our user answered that it may know.
    Approved,
    /// It was asked to come back at once.
    Deactivated,
    /// Our user did not answer in time. Whoever ends while `pending` is `waiting` (RFC 3857 section 4.7.1), so that the user can
    /// still answer, and `giveup` leads from there to `terminated`. One whose requests nobody signs could not be known again: it
    /// is `waiting` for no time, and that is never told.
    Giveup,
    /// Our user answered that it may not know.
    Rejected,
    Subscribe,
    /// It left, ran out, or was not reached any more.
    Timeout,
}

/// A whole list of the watchers of `resource`, the `version`th document of a subscription, counted from 0. What goes beyond the limits
/// of a document is left out from the end.
pub fn write_watchers(version: u32, resource: &Entity, watchers: &[ToldWatcher]) -> Vec<u8> {
    let mut xml = XmlWriter::new();
    let version = version.to_string();
    let root = [("xmlns", Namespace::WatcherInfo.name()), ("version", &version), ("state", "full")];
    xml.element("watcherinfo", &root, |xml| {
        let list = [("resource", resource.as_str()), ("package", "presence")];
        xml.element("watcher-list", &list, |xml| {
            for told in watchers.iter().take(MAX_WATCHERS) {
                if xml.len() > MAX_OCTETS - LONGEST {
                    break;
                }
                watcher(xml, told);
            }
        });
    });
    xml.into_bytes()
}

fn watcher(xml: &mut XmlWriter, told: &ToldWatcher) {
    if told.uri.len() > MAX_TEXT || told.id.len() > MAX_TEXT {
        return;
    }
    let subscribed = told.subscribed.as_secs().to_string();
    let lasts = told.lasts.map(|lasts| lasts.as_secs().to_string());
    let mut attributes = vec![
        ("status", told.status.name()),
        ("id", told.id.as_str()),
        ("duration-subscribed", subscribed.as_str()),
        ("event", told.event.name()),
    ];
    attributes.extend(lasts.as_deref().map(|lasts| ("expiration", lasts)));
    let name = told.display_name.as_deref().filter(|name| name.len() <= MAX_TEXT);
    attributes.extend(name.map(|name| ("display-name", name)));
    xml.leaf_with("watcher", &attributes, &told.uri);
}

impl WatcherEvent {
    fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Deactivated => "deactivated",
            Self::Giveup => "giveup",
            Self::Rejected => "rejected",
            Self::Subscribe => "subscribe",
            Self::Timeout => "timeout",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::presence::{ServerWatcher, Taken, WatcherInfo, WatcherTable};
    use crate::vocab::PeerText;

    fn of_alice() -> Entity {
        Entity::parse("sip:alice@a").unwrap()
    }

    fn told() -> impl Strategy<Value = ToldWatcher> {
        let status = select(&[WatcherStatus::Active, WatcherStatus::Pending, WatcherStatus::Waiting][..]);
        let event = select(
            &[WatcherEvent::Deactivated, WatcherEvent::Giveup, WatcherEvent::Subscribe, WatcherEvent::Timeout][..],
        );
        let texts = ("[0-9a-f]{16}", "sip:[a-z&'%()]{1,20}@[a-z.]{1,20}", option::of("[ -~\t\nä\u{202e}€]{1,30}"));
        (texts, status, event, 0..u64::MAX, option::of(0..u64::MAX)).prop_map(
            |((id, uri, display_name), status, event, subscribed, lasts)| ToldWatcher {
                id,
                uri,
                display_name,
                status,
                event,
                subscribed: Duration::from_secs(subscribed),
                lasts: lasts.map(Duration::from_secs),
            },
        )
    }

    fn read(document: &[u8]) -> (Taken, Vec<ServerWatcher>) {
        let mut table = WatcherTable::default();
        let taken = table.take(WatcherInfo::read(document).unwrap());
        (taken, table.rows().cloned().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_list_is_read_as_it_was_written(mut list in vec(told(), 0..8), version: u32) {
            list.sort_by(|a, b| a.id.cmp(&b.id));
            list.dedup_by(|a, b| a.id == b.id);
            let wanted: Vec<ServerWatcher> = list.iter().map(|told| ServerWatcher {
                uri: PeerText::new(&told.uri),
                display_name: told.display_name.as_deref().map(PeerText::new),
                status: told.status,
                subscribed: Some(told.subscribed),
            }).collect();
            prop_assert_eq!(read(&write_watchers(version, &of_alice(), &list)), (Taken::Applied, wanted));
        }
    }

    fn one(id: usize) -> ToldWatcher {
        ToldWatcher {
            id: format!("w{id:03}"),
            uri: "sip:bob@b".into(),
            display_name: None,
            status: WatcherStatus::Active,
            event: WatcherEvent::Subscribe,
            subscribed: Duration::from_millis(9_900),
            lasts: Some(Duration::from_secs(600)),
        }
    }

    #[test]
    fn the_words_are_those_of_rfc_3858() {
        let gone = ToldWatcher {
            display_name: Some("\"Bob\" <&>".into()),
            status: WatcherStatus::Terminated,
            event: WatcherEvent::Timeout,
            lasts: None,
            ..one(2)
        };
        let text = String::from_utf8(write_watchers(3, &of_alice(), &[one(1), gone])).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
                "<watcherinfo xmlns=\"urn:ietf:params:xml:ns:watcherinfo\" version=\"3\" state=\"full\">",
                "<watcher-list resource=\"sip:alice@a\" package=\"presence\">",
                "<watcher status=\"active\" id=\"w001\" duration-subscribed=\"9\" event=\"subscribe\" expiration=\"600\">sip:bob@b</watcher>",
                "<watcher status=\"terminated\" id=\"w002\" duration-subscribed=\"9\" event=\"timeout\" \
                 display-name=\"&quot;Bob&quot; &lt;&amp;&gt;\">sip:bob@b</watcher>",
                "</watcher-list>",
                "</watcherinfo>",
            ]
        );
    }

    #[test]
    fn a_list_beyond_the_limits_is_cut_and_stays_readable() {
        let many: Vec<ToldWatcher> = (0..300).map(one).collect();
        let (_, rows) = read(&write_watchers(0, &of_alice(), &many));
        assert_eq!(rows.len(), MAX_WATCHERS);
        let host = "&".repeat(MAX_TEXT - "sip:".len());
        let long: Vec<ToldWatcher> = (0..MAX_WATCHERS)
            .map(|id| ToldWatcher { uri: format!("sip:{host}"), display_name: Some("\"".repeat(MAX_TEXT)), ..one(id) })
            .collect();
        let document = write_watchers(0, &of_alice(), &long);
        assert!(document.len() <= MAX_OCTETS && document.len() > MAX_OCTETS - 2 * LONGEST, "{}", document.len());
        assert!(read(&document).1.len() > 10);
        let too_long = ToldWatcher { uri: "x".repeat(MAX_TEXT + 1), ..one(1) };
        let named = ToldWatcher { display_name: Some("x".repeat(MAX_TEXT + 1)), ..one(2) };
        let rows = read(&write_watchers(0, &of_alice(), &[too_long, named])).1;
        assert_eq!((rows.len(), rows[0].display_name.clone()), (1, None));
    }
}
