//! The store as its callers see it, and as a crash, a full disk and an older program leave it.

mod changes;
mod contacts;
mod crash;
mod history;
mod migration;
mod operations;
mod registering;
mod seen;

use std::net::IpAddr;
use std::sync::mpsc;

use super::*;
use crate::agent::AuditRow;
use crate::policy::{
    Action, Approved, Direction, Entry, Keying, Level, Mode, Origin, PeerScope, Ports, Prefix, Protocol, Rule,
    Selector, Upper,
};
use crate::vocab::{EntryId, Generation, Wall};

fn in_memory() -> Store {
    Store::open_database(None).unwrap().0
}

/// The store in `dir`, without its key file.
fn on_disk(dir: &Path) -> Result<(Store, Loaded, Device), Failure> {
    Store::open_database(Some(data_dir::DataDir::claim(dir)?))
}

/// Executes, and waits for the answer.
fn run(store: &Store, op: StoreOp) -> Result<Stored, Failure> {
    let (reply, answer) = mpsc::channel();
    store.place()?.expect("a place").execute(op, move |result| reply.send(result).unwrap());
    answer.recv().expect("an answer")
}

fn audit_row(detail: &str) -> AuditRow {
    AuditRow { at: Wall(5), kind: "approved", subject: "sip:bob@b".to_owned(), detail: detail.to_owned() }
}

fn entry(direction: Direction, action: Action) -> Entry {
    let host = |text: &str| Prefix::host(text.parse::<IpAddr>().unwrap());
    Entry {
        id: EntryId::default(),
        selector: Selector {
            source: host("192.168.1.1"),
            source_ports: Ports::one(5004),
            destination: host("133.134.10.10"),
            destination_ports: Ports::Range { first: 16_384, last: 32_767 },
            upper: Upper::Udp,
        },
        direction,
        action,
        suites: Vec::new(),
        tfc: Some(true),
        keying: Keying::Agreement,
        priority: 0,
        peer: PeerScope::default(),
        place: None,
        expires: None,
        origin: Origin::User,
        note: None,
        disabled: false,
        created: Wall(1),
    }
}

fn rule(protocol: Protocol, level: Level) -> Rule {
    Rule { protocol, mode: Mode::Transport, level }
}

/// FIG. 13: esp inside ah, both required.
fn ah_and_esp() -> Action {
    Action::Ipsec(vec![rule(Protocol::Esp, Level::Require), rule(Protocol::Ah, Level::Require)])
}

fn own(entries: Vec<Entry>) -> Approved {
    Approved::restore(entries, Origin::User, Generation(0))
}

fn registering(entries: Vec<Entry>) -> StoreOp {
    StoreOp::Register { approved: own(entries), default: false, replace_keys: false, audit: audit_row("own") }
}

fn removing(entry: EntryId, generation: Generation, detail: &str) -> StoreOp {
    let audit = audit_row(detail);
    StoreOp::ChangePolicy { put: None, gone: vec![entry], default: false, generation, audit }
}
