use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::failures::{no_such, usage};
use super::policy_warnings::warnings;
use super::request::{AddBody, ExportFormat, ImportBody, ImportFormat, PolicyBody, PolicyFilter, TestBody};
use super::view::{EntryView, ExportView, LeftOutView, PendingView, PolicyView, RegisteredView, SkippedView, TestView};
use super::{unexpected, Control};
use crate::agent::{Accepted, Command};
use crate::policy::{
    both_directions, json, setkey, swanctl, xfrm, Direction, Entry, Flow, Origin, PeerScope, Prefix, Protocol,
    Selector, Spd, Swanctl, Upper, Xfrm,
};
use crate::vocab::{escape, Device, Entity, EntryId, Failure};

/// Entries that are listed at most, unless more is asked for; and even then.
const LISTED: usize = 1000;
const MOST_LISTED: usize = 10_000;

/// Entries of a JSON text that are registered at once: the agent takes 1 MiB of `spdadd` lines.
const IMPORTED: usize = 1000;

impl Control {
    pub async fn policy(&self) -> Result<PolicyView, Failure> {
        self.policy_listed(&PolicyFilter::default()).await
    }

    /// The entries that the filter lets through, and the default.
    pub async fn policy_listed(&self, filter: &PolicyFilter) -> Result<PolicyView, Failure> {
        let now = self.clock.now().wall;
        let contact = self.named(filter.peer.as_deref()).await?;
        let nobody = contact.is_none();
        let wanted = Wanted { contact, ..Wanted::read(filter)? };
        let everything = wanted.everything;
        let limit = filter.limit.unwrap_or(LISTED).min(MOST_LISTED);
        let found = self.look_beside(move |spd, _| Found::of(spd, &wanted, limit)).await?;
        if found.entries.is_empty() {
            self.refuse_nobody(filter, nobody).await?;
        }
        self.look(move |known| {
            let elsewhere = found.entries.iter().filter(|entry| known.is_elsewhere(entry));
            let pending = known.pendings().into_iter().filter(|_| everything).map(PendingView::from).collect();
            PolicyView {
                generation: found.generation,
                defaults: found.defaults.len(),
                elsewhere: elsewhere.map(|entry| entry.id.to_string()).collect(),
                more: found.more,
                pending,
                warnings: Vec::new(),
                entries: found.entries.iter().chain(&found.defaults).map(|entry| EntryView::at(entry, now)).collect(),
            }
        })
        .await
    }

    pub async fn policy_entry(&self, id: &str) -> Result<EntryView, Failure> {
        let number = entry_id(id)?;
        let now = self.clock.now().wall;
        let shown = move |spd: &Spd| -> Option<EntryView> {
            let entry = spd.entry(number)?;
            let other = spd.other_direction_of(entry).map(|other| other.id.to_string());
            Some(EntryView { other, ..EntryView::at(entry, now) })
        };
        let found = self.look(move |known| shown(known.spd())).await?;
        found.ok_or_else(|| no_entry(id))
    }

    /// Adds entries of our own, those that are not there yet. Comes back when they are durable, with the policy in force
    /// then; so do the next three.
    pub async fn policy_add(&self, body: &AddBody) -> Result<RegisteredView, Failure> {
        let scope = scope(body, self.named(body.entity.as_deref()).await?)?;
        self.register(Command::PolicyAddFor { text: body.text.clone(), scope }).await
    }

    pub async fn policy_default(&self, body: &PolicyBody) -> Result<RegisteredView, Failure> {
        self.change_store(Command::PolicyDefault { text: body.text.clone() }).await?;
        let policy = self.policy().await?;
        let added = policy.default_entries().iter().map(|entry| entry.id.clone()).collect();
        let warnings = policy.default_in_clear().into_iter().collect();
        let policy = PolicyView { warnings, ..policy };
        Ok(RegisteredView { policy, added, skipped: Vec::new(), default_changed: true })
    }

    /// Takes the configuration's default again.
    pub async fn policy_default_remove(&self) -> Result<PolicyView, Failure> {
        self.change(Command::PolicyDefaultRemove).await
    }

    /// As [`Control::policy_add`], for entries of a file.
    pub async fn policy_import(&self, body: &ImportBody) -> Result<RegisteredView, Failure> {
        if body.format == ImportFormat::Setkey {
            let mut view = self.register(Command::PolicyImport { text: body.text.clone(), part: body.part }).await?;
            let not_obeyed = setkey::parse_file(&body.text).map(|file| file.not_obeyed).unwrap_or_default();
            view.policy.warnings.extend(super::policy_warnings::not_obeyed(&not_obeyed));
            return Ok(view);
        }
        let entries = json::read(&body.text).map_err(|why| not_json(&why.to_string()))?;
        let mut whole: Option<RegisteredView> = None;
        for part in both_directions(entries).chunks(IMPORTED) {
            let view = self.register(Command::PolicyImport { text: setkey::write(part), part: true }).await?;
            whole = Some(match whole {
                Some(before) => before.and(view),
                None => view,
            });
        }
        whole.ok_or_else(|| not_json("it holds no entry"))
    }

    pub async fn policy_remove(&self, id: &str) -> Result<PolicyView, Failure> {
        self.policy_entry(id).await?;
        self.change(Command::PolicyRemove { entry: entry_id(id)? }).await
    }

    pub async fn policy_export(&self, format: ExportFormat) -> Result<ExportView, Failure> {
        let now = self.clock.now().wall;
        self.look_beside(move |spd, level| {
            let generation = spd.generation().0;
            let left = |id: EntryId, why: String, stops: &[EntryId]| {
                let stopped = if stops.contains(&id) { "; what it protects is stopped there in its place" } else { "" };
                LeftOutView { id: id.to_string(), why: format!("{why}{stopped}") }
            };
            let whole = |text| ExportView { generation, text, left_out: Vec::new() };
            match format {
                ExportFormat::Json if spd.ordinary_len() > json::MAX_ENTRIES / 2 => Err(too_many(spd.ordinary_len())),
                ExportFormat::Json => Ok(whole(json::write(spd.ordinary()))),
                ExportFormat::Setkey => Ok(whole(exported(spd))),
                ExportFormat::Swanctl if spd.ordinary_len() > MOST_LISTED => Err(too_many(spd.ordinary_len())),
                ExportFormat::Swanctl => {
                    let Swanctl { text, left_out, dropped } = swanctl::write(spd.entries(), level, now);
                    let left_out = left_out.into_iter().map(|(id, why)| left(id, why.to_string(), &dropped)).collect();
                    Ok(ExportView { generation, text, left_out })
                }
                ExportFormat::Xfrm => {
                    let Xfrm { text, left_out, blocked } = xfrm::write(spd.entries(), level, now);
                    let left_out = left_out.into_iter().map(|(id, why)| left(id, why.to_string(), &blocked)).collect();
                    Ok(ExportView { generation, text, left_out })
                }
            }
        })
        .await?
    }

    /// The entry that would rule a packet. Where a peer's own entry is the first that speaks of such packets, it is taken
    /// for one of a call with that peer, as the answer says.
    pub async fn policy_test(&self, body: &TestBody) -> Result<TestView, Failure> {
        let packet = Packet::read(body)?;
        let now = self.clock.now().wall;
        self.look(move |known| {
            let spd = known.spd();
            let flow = packet.flow();
            let ruling = spd.lookup(&Flow { peer: spd.peer_of(&flow, now), ..flow }, now);
            TestView { action: ruling.entry.action.to_string(), entry: ruling.entry.into(), why: ruling.explain() }
        })
        .await
    }

    async fn register(&self, command: Command) -> Result<RegisteredView, Failure> {
        let events = self.brain.events();
        let accepted = self.brain.command(command).await?;
        let Accepted::Registering { effect, added, skipped: skipped_before } = accepted else {
            return Err(unexpected("entries of our own", &accepted));
        };
        if let Some(effect) = effect {
            self.stored(events, effect).await?;
        }
        let policy = self.policy().await?;
        let now = self.clock.now().wall;
        let (added, skipped, warnings) = self
            .look(move |known| {
                let number = |entry: &Entry| known.spd().twin_of(entry).map(|twin| twin.id);
                let id = |entry: &Entry| number(entry).as_ref().map(EntryId::to_string).unwrap_or_default();
                let skipped = |entry: &Entry| SkippedView { setkey: entry.to_setkey(), id: id(entry) };
                let stored: Vec<Entry> = added.iter().filter_map(|entry| known.spd().twin_of(entry)).cloned().collect();
                let warnings = warnings(known, &stored, now);
                (added.iter().map(id).collect(), skipped_before.iter().map(skipped).collect(), warnings)
            })
            .await?;
        let policy = PolicyView { warnings, ..policy };
        Ok(RegisteredView { policy, added, skipped, default_changed: false })
    }

    /// Who is known by what was typed.
    async fn named(&self, typed: Option<&str>) -> Result<Option<Entity>, Failure> {
        match typed {
            Some(typed) => self.known_by(typed).await,
            None => Ok(None),
        }
    }

    /// That no entry fits a name which is nobody's would be taken for an answer about somebody.
    async fn refuse_nobody(&self, filter: &PolicyFilter, nobody: bool) -> Result<(), Failure> {
        if let Some(peer) = filter.peer.as_ref().filter(|peer| nobody && !peer.contains('@')) {
            return Err(no_such("no-such-peer", "contact or peer", peer, "contact list"));
        }
        let Some(group) = filter.group.clone() else { return Ok(()) };
        let sought = group.clone();
        let is_there = self.look(move |known| known.groups().iter().any(|group| group.name == sought)).await?;
        is_there.then_some(()).ok_or_else(|| no_such("no-such-group", "group", &group, "group list"))
    }

    pub(super) async fn change(&self, command: Command) -> Result<PolicyView, Failure> {
        self.change_store(command).await?;
        self.policy().await
    }

    /// Sends a command that changes the store, and waits until it is durable.
    pub(super) async fn change_store(&self, command: Command) -> Result<(), Failure> {
        let events = self.brain.events();
        match self.brain.command(command).await? {
            Accepted::Storing(effect) => self.stored(events, effect).await,
            _ => Ok(()),
        }
    }
}

/// What import reads back. The default stands in a comment: read back, it would become an ordinary entry.
fn exported(spd: &Spd) -> String {
    let defaults = spd.default_entries();
    let mut text: String = spd.ordinary().map(written).collect();
    let everything = Selector { upper: Upper::Udp, ..Selector::ANY };
    let rules =
        |entry: &Entry| (entry.selector == everything && entry.suites.is_empty()).then(|| entry.action.to_string());
    let spelled: BTreeSet<String> = defaults.map(|entry| rules(entry).unwrap_or_else(|| entry.to_setkey())).collect();
    for default in spelled {
        text += &format!("# default: {default} (set it with sottovoce policy default)\n");
    }
    text
}

/// Beside what KAME's setkey knows there is one protocol that it would stop at.
fn written(entry: &Entry) -> String {
    let warning = match entry.action.rule(Protocol::Srtp) {
        Some(_) => "# the next line is not for setkey(8), which knows no srtp:\n",
        None => "",
    };
    format!("{warning}{}\n", entry.to_setkey())
}

/// What a filter lets through, of the snapshot of one moment.
struct Found {
    generation: u64,
    entries: Vec<Entry>,
    /// Those beyond the limit.
    more: usize,
    defaults: Vec<Entry>,
}

impl Found {
    fn of(spd: &Spd, wanted: &Wanted, limit: usize) -> Self {
        let mut found = spd.ordinary().filter(|entry| wanted.includes(entry));
        let entries: Vec<Entry> = found.by_ref().take(limit).cloned().collect();
        let more = if wanted.everything { spd.ordinary_len().saturating_sub(entries.len()) } else { found.count() };
        let defaults = spd.default_entries().filter(|_| wanted.everything).cloned().collect();
        Self { generation: spd.generation().0, entries, more, defaults }
    }
}

/// A filter, read.
struct Wanted {
    peer: Option<String>,
    /// Who is saved by the name of that peer.
    contact: Option<Entity>,
    group: Option<String>,
    address: Option<IpAddr>,
    origin: Option<Origin>,
    disabled: bool,
    everything: bool,
}

impl Wanted {
    fn read(filter: &PolicyFilter) -> Result<Self, Failure> {
        let origin = |text: &String| field("--origin", text, "config, import, review or user", Origin::from_name);
        let address = |text: &String| field("--address", text, "an IP address", |text| text.parse().ok());
        Ok(Self {
            peer: filter.peer.clone(),
            contact: None,
            group: filter.group.clone(),
            address: filter.address.as_ref().map(address).transpose()?,
            origin: filter.origin.as_ref().map(origin).transpose()?,
            disabled: filter.disabled,
            everything: PolicyFilter { limit: None, ..filter.clone() } == PolicyFilter::default(),
        })
    }

    fn includes(&self, entry: &Entry) -> bool {
        let named = |name: &String| {
            let entity = entry.peer.entity.as_ref().map(Entity::as_str);
            let bare = entity.and_then(|entity| entity.split_once(':')).map(|(_, bare)| bare);
            let device = entry.peer.device.as_ref().map(Device::as_str);
            [entity, bare, device].contains(&Some(name.as_str()))
                || (self.contact.is_some() && self.contact == entry.peer.entity)
        };
        let holds = |prefix: Prefix, address| prefix != Prefix::Any && prefix.contains(address);
        let between =
            |address: IpAddr| holds(entry.selector.source, address) || holds(entry.selector.destination, address);
        self.peer.as_ref().is_none_or(named)
            && self.group.as_ref().is_none_or(|group| entry.peer.group.as_ref() == Some(group))
            && self.address.is_none_or(between)
            && self.origin.is_none_or(|origin| entry.origin == origin)
            && (!self.disabled || entry.disabled)
    }
}

fn scope(body: &AddBody, contact: Option<Entity>) -> Result<PeerScope, Failure> {
    let entity = |text: &String| {
        let whole = if text.contains(':') { text.clone() } else { format!("sip:{text}") };
        // A contact's name mistyped would be read as a machine's.
        if !text.contains([':', '@', '.']) {
            return Err(no_such("no-such-contact", "contact", text, "contact list"));
        }
        field("--entity", &whole, "a contact's name, or an entity as sip:bob@192.168.1.2", |text| {
            Entity::parse(text).ok()
        })
    };
    let device = |text: &String| field("--device", text, "a device as `sottovoce policy show` names it", Device::new);
    Ok(PeerScope {
        entity: match contact {
            Some(contact) => Some(contact),
            None => body.entity.as_ref().map(entity).transpose()?,
        },
        device: body.device.as_ref().map(device).transpose()?,
        group: body.group.clone().filter(|group| !group.is_empty()),
    })
}

/// A packet's attributes.
struct Packet {
    source: SocketAddr,
    destination: SocketAddr,
    upper: Upper,
    direction: Direction,
}

impl Packet {
    fn read(body: &TestBody) -> Result<Self, Failure> {
        let port = "a port, 0 to 65535";
        let source: IpAddr = field("SRC", &body.source, "an IP address", |text| text.parse().ok())?;
        let source_port = field("SPORT", &body.source_port, port, |text| text.parse().ok())?;
        let destination: IpAddr = field("DST", &body.destination, "an IP address", |text| text.parse().ok())?;
        let destination_port = field("DPORT", &body.destination_port, port, |text| text.parse().ok())?;
        if source.is_ipv4() != destination.is_ipv4() {
            let what = "one address is IPv4 and the other IPv6".to_owned();
            return Err(usage("bad-packet", what, "DST", "give two addresses of one kind"));
        }
        Ok(Self {
            source: SocketAddr::new(source, source_port),
            destination: SocketAddr::new(destination, destination_port),
            upper: field("PROTO", &body.upper, "udp or tcp", upper)?,
            direction: field("DIR", &body.direction, "in or out", setkey::parse_direction)?,
        })
    }

    fn flow(&self) -> Flow<'_> {
        Flow {
            source: self.source,
            destination: self.destination,
            upper: self.upper,
            direction: self.direction,
            peer: None,
        }
    }
}

fn upper(text: &str) -> Option<Upper> {
    [Upper::Tcp, Upper::Udp].into_iter().find(|upper| upper.to_string() == text)
}

pub(super) fn field<T>(
    name: &str,
    text: &str,
    expected: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Failure> {
    read(text).ok_or_else(|| {
        let text = escape(&text.chars().take(80).collect::<String>());
        let code = if name.starts_with("--") { "bad-option" } else { "bad-packet" };
        usage(code, format!("{name} is \"{text}\""), name, &format!("write {expected}"))
    })
}

pub(super) fn entry_id(id: &str) -> Result<EntryId, Failure> {
    if id == "default" {
        let message = "the default for everybody else is no entry by itself, and always exists".to_owned();
        return Err(usage("the-default", message, "default", "`sottovoce policy default` shows and changes it"));
    }
    EntryId::parse(id).ok_or_else(|| no_entry(id))
}

fn not_json(why: &str) -> Failure {
    let next = "write it as `sottovoce policy export --format json` does; nothing was changed";
    usage("policy-text-unreadable", format!("this policy cannot be read: {why}"), "the JSON text", next)
}

fn too_many(entries: usize) -> Failure {
    let message = format!("there are {entries} entries, more than are told in this language");
    usage("too-many-entries", message, "export", "export them as setkey or xfrm")
}

fn no_entry(id: &str) -> Failure {
    no_such("no-such-entry", "entry", id, "policy list")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Generation;

    #[test]
    fn an_export_is_read_back_without_the_default() {
        let parse = |text: &str| setkey::parse(text).unwrap();
        let text = "spdadd any 10.9.8.7 udp -P out discard;";
        let spd = Spd::compile(Generation(1), parse(text), parse("spdadd any any udp -P out none;"));
        let text = exported(&spd);
        let read = parse(&text);
        assert_eq!(read.len(), 1, "{text}");
        assert_eq!(read[0].action.to_string(), "discard");
        assert!(text.ends_with("# default: none (set it with sottovoce policy default)\n"), "{text}");
    }

    #[test]
    fn an_export_says_which_lines_setkey_cannot_read_and_is_read_back_with_them() {
        let entries = "spdadd any any udp -P out ipsec srtp/transport//use;spdadd any any tcp -P out none;";
        let spd = Spd::compile(Generation(1), setkey::parse(entries).unwrap(), Vec::new());
        let text = exported(&spd);
        let warned = text.lines().zip(text.lines().skip(1)).filter(|(before, _)| before.contains("not for setkey"));
        let warned: Vec<&str> = warned.map(|(_, line)| line).collect();
        assert!(matches!(*warned, [line] if line.contains("srtp")), "{text}");
        assert_eq!(setkey::parse(&text).unwrap().len(), 2);
    }
}
