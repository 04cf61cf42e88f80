use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use crate::policy::{Action, Entry, Keying, Mode, Rule};
use crate::vocab::{escape, Wall};

/// One line of the security policy database (FIG. 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryView {
    /// `e1`; `e0` before it is stored.
    pub id: String,
    /// Item 710: a prefix, `192.168.1.1/32`, or `any`.
    pub source: String,
    /// Item 711: a port, a range `16384-32767`, or `any`.
    pub source_ports: String,
    /// Item 712.
    pub destination: String,
    /// Item 713.
    pub destination_ports: String,
    /// Item 714: `udp`, `tcp` or `any`.
    pub upper: String,
    /// Item 715, as we see it: `in` or `out`.
    pub direction: String,
    /// Item 716: `discard`, `none` or `ipsec`.
    pub action: String,
    /// Items 717 to 720, inside out; empty unless the action is `ipsec`.
    pub rules: Vec<RuleView>,
    /// Suites that may serve an ESP rule, the best first; empty means every suite that we have.
    pub suites: Vec<String>,
    /// Whether ESP pads packets to one size; without it, where the codec's rate varies.
    pub tfc: Option<bool>,
    pub keying: String,
    /// Higher is looked at first.
    pub priority: i32,
    /// Whose streams it rules; without entity, device and group everybody's.
    pub entity: Option<String>,
    pub device: Option<String>,
    pub group: Option<String>,
    pub place: Option<PlaceConditionView>,
    pub expires: Option<String>,
    /// It is kept, and not enforced.
    #[serde(default)]
    pub disabled: bool,
    /// Its end has come: it is kept, and not enforced.
    #[serde(default)]
    pub expired: bool,
    /// `config`, `import`, `review` or `user`.
    pub origin: String,
    pub note: Option<String>,
    pub created: String,
    /// The whole entry as one `spdadd` line.
    pub setkey: String,
    /// The number of its other direction, when it is shown alone and was registered with one.
    #[serde(default)]
    pub other: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// Item 717: `ipcomp`, `esp` or `ah`.
    pub protocol: String,
    /// Item 718: `transport` or `tunnel`.
    pub mode: String,
    /// Item 719, for a tunnel.
    pub endpoint: Option<TunnelView>,
    /// Item 720: `default`, `use`, `require` or `unique`.
    pub level: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TunnelView {
    pub source: String,
    pub destination: String,
}

/// Where both sides were when the entry was approved: `private`, `public` or `unknown`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceConditionView {
    pub ours: String,
    pub theirs: String,
}

impl EntryView {
    /// As it is at one moment.
    pub fn at(entry: &Entry, now: Wall) -> Self {
        Self { expired: entry.expires.is_some_and(|end| end <= now), ..Self::from(entry) }
    }
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        let place = entry.place.map(|p| PlaceConditionView { ours: p.ours.to_string(), theirs: p.theirs.to_string() });
        Self {
            id: entry.id.to_string(),
            source: entry.selector.source.to_string(),
            source_ports: entry.selector.source_ports.to_string(),
            destination: entry.selector.destination.to_string(),
            destination_ports: entry.selector.destination_ports.to_string(),
            upper: entry.selector.upper.to_string(),
            direction: entry.direction.to_string(),
            action: action_name(&entry.action).to_owned(),
            rules: entry.action.rules().iter().map(RuleView::from).collect(),
            suites: entry.suites.iter().map(ToString::to_string).collect(),
            tfc: entry.tfc,
            keying: keying_name(entry.keying).to_owned(),
            priority: entry.priority,
            entity: entry.peer.entity.as_ref().map(ToString::to_string),
            device: entry.peer.device.as_ref().map(ToString::to_string),
            group: entry.peer.group.as_deref().map(escape),
            place,
            expires: entry.expires.map(timestamp),
            disabled: entry.disabled,
            expired: false,
            origin: entry.origin.name().to_owned(),
            note: entry.note.as_deref().map(escape),
            created: timestamp(entry.created),
            setkey: entry.to_setkey(),
            other: None,
        }
    }
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        let (mode, endpoint) = match rule.mode {
            Mode::Transport => ("transport", None),
            Mode::Tunnel { source, destination } => {
                ("tunnel", Some(TunnelView { source: source.to_string(), destination: destination.to_string() }))
            }
        };
        Self { protocol: rule.protocol.to_string(), mode: mode.to_owned(), endpoint, level: rule.level.to_string() }
    }
}

fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Discard => "discard",
        Action::Ipsec(_) => "ipsec",
        Action::None => "none",
    }
}

fn keying_name(keying: Keying) -> &'static str {
    match keying {
        Keying::Agreement => "agreement",
    }
}
