use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::failures::{no_such, usage};
use super::request::{ExportFormat, PolicyBody, TestBody};
use super::view::{EntryView, ExportView, LeftOutView, PendingView, PolicyView, RegisteredView, SkippedView, TestView};
use super::{unexpected, Control};
use crate::agent::{Accepted, Command};
use crate::policy::{setkey, xfrm, Direction, Entry, Flow, Selector, Spd, Upper, Xfrm};
use crate::vocab::{escape, EntryId, Failure};

impl Control {
    pub async fn policy(&self) -> Result<PolicyView, Failure> {
        self.look(|known| PolicyView {
            generation: known.spd().generation().0,
            entries: known.entries().iter().map(EntryView::from).collect(),
            defaults: known.spd().default_entries().len(),
            pending: known.pendings().into_iter().map(PendingView::from).collect(),
        })
        .await
    }

    pub async fn policy_entry(&self, id: &str) -> Result<EntryView, Failure> {
        let number = entry_id(id)?;
        let find = move |entries: Vec<crate::policy::Entry>| entries.into_iter().find(|entry| entry.id == number);
        let found = self.look(move |known| find(known.entries()).as_ref().map(EntryView::from)).await?;
        found.ok_or_else(|| no_entry(id))
    }

    /// Adds entries of our own, those that are not there yet. Comes back when they are durable, with the policy in force
    /// then; so do the next three.
    pub async fn policy_add(&self, body: &PolicyBody) -> Result<RegisteredView, Failure> {
        self.register(Command::PolicyAdd { text: body.text.clone() }).await
    }

    pub async fn policy_default(&self, body: &PolicyBody) -> Result<RegisteredView, Failure> {
        self.change_store(Command::PolicyDefault { text: body.text.clone() }).await?;
        let policy = self.policy().await?;
        let ordinary = policy.entries.len().saturating_sub(policy.defaults);
        let added = policy.entries.iter().skip(ordinary).map(|entry| entry.id.clone()).collect();
        Ok(RegisteredView { policy, added, skipped: Vec::new(), default_changed: true })
    }

    /// Takes the configuration's default again.
    pub async fn policy_default_remove(&self) -> Result<PolicyView, Failure> {
        self.change(Command::PolicyDefaultRemove).await
    }

    /// As [`Control::policy_add`], for entries of a file.
    pub async fn policy_import(&self, body: &PolicyBody) -> Result<RegisteredView, Failure> {
        self.register(Command::PolicyImport { text: body.text.clone() }).await
    }

    pub async fn policy_remove(&self, id: &str) -> Result<PolicyView, Failure> {
        self.policy_entry(id).await?;
        self.change(Command::PolicyRemove { entry: entry_id(id)? }).await
    }

    pub async fn policy_export(&self, format: ExportFormat) -> Result<ExportView, Failure> {
        let now = self.clock.now().wall;
        self.look(move |known| {
            let generation = known.spd().generation().0;
            match format {
                ExportFormat::Setkey => ExportView { generation, text: exported(known.spd()), left_out: Vec::new() },
                ExportFormat::Xfrm => {
                    let Xfrm { text, left_out } = xfrm::write(known.spd().entries(), known.default_level(), now);
                    let left_out = left_out.into_iter();
                    let left_out = left_out.map(|(id, why)| LeftOutView { id: id.to_string(), why: why.to_string() });
                    ExportView { generation, text, left_out: left_out.collect() }
                }
            }
        })
        .await
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
        let Accepted::Registering { effect, added, skipped } = accepted else {
            return Err(unexpected("entries of our own", &accepted));
        };
        if let Some(effect) = effect {
            self.stored(events, effect).await?;
        }
        let policy = self.policy().await?;
        let ids = self.look(|known| ids_by_rule(&known.entries())).await?;
        let id = |entry: &Entry| ids.get(&entry.rule_text()).map(EntryId::to_string).unwrap_or_default();
        Ok(RegisteredView {
            policy,
            added: added.iter().map(id).collect(),
            skipped: skipped.iter().map(|entry| SkippedView { setkey: entry.to_setkey(), id: id(entry) }).collect(),
            default_changed: false,
        })
    }

    async fn change(&self, command: Command) -> Result<PolicyView, Failure> {
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

/// The number of each entry by what it rules; of two that rule the same, the one that is looked at first.
fn ids_by_rule(entries: &[Entry]) -> BTreeMap<String, EntryId> {
    entries.iter().rev().map(|entry| (entry.rule_text(), entry.id)).collect()
}

/// What import reads back. The default stands in a comment: read back, it would become an ordinary entry.
fn exported(spd: &Spd) -> String {
    let defaults = spd.default_entries();
    let ordinary = spd.entries().len().saturating_sub(defaults.len());
    let mut text = setkey::write(spd.entries().get(..ordinary).unwrap_or_default());
    let everything = Selector { upper: Upper::Udp, ..Selector::ANY };
    let rules =
        |entry: &Entry| (entry.selector == everything && entry.suites.is_empty()).then(|| entry.action.to_string());
    let spelled: BTreeSet<String> =
        defaults.iter().map(|entry| rules(entry).unwrap_or_else(|| entry.to_setkey())).collect();
    for default in spelled {
        text += &format!("# default: {default} (set it with sottovoce policy default)\n");
    }
    text
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

fn field<T>(name: &str, text: &str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
    read(text).ok_or_else(|| {
        let text = escape(&text.chars().take(80).collect::<String>());
        usage("bad-packet", format!("{name} is \"{text}\""), name, &format!("write {expected}"))
    })
}

fn entry_id(id: &str) -> Result<EntryId, Failure> {
    EntryId::parse(id).ok_or_else(|| no_entry(id))
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
}
