use super::register::{self, How, Reviewed};
use super::*;

use crate::agent::KeptProposal;
use crate::keys;
use crate::policy::{Aim, Answer, ApprovedPeer, Intent};
use crate::presence::Vouch;
use crate::vocab::{AgreementKey, Entity, FailureKind, SignatureBytes, VerifyKey};

fn bob(device: &str, key: u8) -> ApprovedPeer {
    ApprovedPeer {
        entity: Entity::parse("sip:bob@b").unwrap(),
        device: Device::new(device).unwrap(),
        signing_key: VerifyKey([key; 32]),
        agreement_key: AgreementKey([key + 100; 32]),
    }
}

fn entries_for(peer: &ApprovedPeer, action: Action) -> Vec<Entry> {
    let scope = PeerScope { entity: Some(peer.entity.clone()), device: Some(peer.device.clone()), group: None };
    let out = Entry { peer: scope, origin: Origin::Review, ..entry(Direction::Out, action) };
    vec![out.clone(), out.mirror()]
}

struct Database(rusqlite::Connection);

impl Database {
    fn new() -> Self {
        Self(schema::open(None).unwrap())
    }

    fn register(
        &mut self,
        peer: &ApprovedPeer,
        action: Action,
        seen: u64,
        replace_keys: bool,
    ) -> Result<Stored, Failure> {
        let reviewed = Reviewed { peer, generation: Generation(seen) };
        let step = self.0.transaction().unwrap();
        let how = How { default: false, replace_keys };
        let stored = register::write(&step, &entries_for(peer, action), Some(reviewed), how, &audit_row("review"))?;
        step.commit().unwrap();
        Ok(stored)
    }

    fn loaded(&self) -> Loaded {
        load::load(&self.0).unwrap()
    }

    /// Oldest first.
    fn audits(&self) -> Vec<AuditEntry> {
        let mut rows = reads::audit(&self.0, 100, None).unwrap();
        rows.reverse();
        rows
    }

    fn actions(&self) -> Vec<Action> {
        self.loaded()
            .entries
            .iter()
            .flat_map(|group| group.entries().iter().map(|entry| entry.action.clone()))
            .collect()
    }
}

#[test]
fn an_approval_registers_both_directions_pins_and_replaces_only_that_device() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    database.register(&bob("d2", 2), Action::Discard, 1, false).unwrap();
    let Ok(Stored::Registered { generation, entries }) = database.register(&bob("d1", 1), ah_and_esp(), 2, false)
    else {
        panic!()
    };
    assert_eq!((generation, entries.len()), (Generation(3), 2));
    assert_eq!(database.actions(), [Action::Discard, Action::Discard, ah_and_esp(), ah_and_esp()]);
    let pins = database.loaded().pins;
    assert_eq!(pins.len(), 2);
    assert_eq!(pins[0].fingerprint, keys::fingerprint(&pins[0].signing_key, &pins[0].agreement_key));
    assert_eq!((pins[0].since, pins[0].verified), (Wall(5), false));
}

/// A key that was replaced has agreed to nothing; own changes are no agreement.
#[test]
fn what_was_agreed_on_last_is_kept_for_each_device_until_its_keys_are_replaced() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    database.register(&bob("d2", 2), Action::Discard, 1, false).unwrap();
    database.register(&bob("d1", 1), ah_and_esp(), 2, false).unwrap();
    let agreed = |database: &Database| -> Vec<(String, Vec<Action>)> {
        let of = |last: crate::agent::LastAgreed| {
            (last.device.to_string(), last.entries.into_iter().map(|entry| entry.action).collect())
        };
        database.loaded().agreed.into_iter().map(of).collect()
    };
    let each = |device: &str, action: Action| (device.to_owned(), vec![action.clone(), action]);
    assert_eq!(agreed(&database), [each("d1", ah_and_esp()), each("d2", Action::Discard)]);
    database.register(&bob("d1", 9), Action::None, 3, true).unwrap();
    assert_eq!(agreed(&database), [each("d1", Action::None)]);
}

#[test]
fn a_new_pin_and_a_replaced_one_have_their_audit_rows_in_the_same_transaction() {
    let mut database = Database::new();
    let print = |key: u8| keys::fingerprint(&VerifyKey([key; 32]), &AgreementKey([key + 100; 32])).to_string();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    database.register(&bob("d1", 1), ah_and_esp(), 1, false).unwrap();
    database.register(&bob("d1", 2), ah_and_esp(), 2, false).unwrap_err();
    database.register(&bob("d2", 3), ah_and_esp(), 2, true).unwrap();
    let rows = database.audits();
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["approved", "key-pinned", "approved", "approved", "key-replaced"], "none for the refused one");
    assert_eq!(rows[1].detail, format!("device d1: {}", print(1)));
    assert_eq!(rows[4].detail, format!("device d2: {}, in place of {}", print(3), print(1)));
    assert!(rows.iter().all(|row| row.subject == "sip:bob@b"));
    assert_eq!(rows[4].generation, Generation(3));
}

#[test]
fn a_stale_review_is_refused_and_changes_nothing() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    let failure = database.register(&bob("d1", 1), ah_and_esp(), 0, false).unwrap_err();
    assert_eq!(failure.code, "review-stale");
    assert_eq!((database.actions().len(), database.loaded().generation), (2, Generation(1)));
    assert!(database.actions().iter().all(|action| *action == Action::None));
}

#[test]
fn a_changed_key_is_refused_unless_the_user_accepted_it() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    let failure = database.register(&bob("d1", 2), ah_and_esp(), 1, false).unwrap_err();
    assert_eq!((failure.code, failure.kind), ("key-changed", FailureKind::Trust));
    let loaded = database.loaded();
    assert_eq!((loaded.pins[0].signing_key, loaded.generation), (VerifyKey([1; 32]), Generation(1)));
    database.register(&bob("d1", 2), ah_and_esp(), 1, true).unwrap();
    let pins = database.loaded().pins;
    assert_eq!((pins.len(), pins[0].signing_key), (1, VerifyKey([2; 32])));
}

#[test]
fn accepting_a_new_device_s_key_ends_the_trust_in_the_old_ones() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    database.register(&bob("d2", 2), Action::None, 1, true).unwrap();
    let pins = database.loaded().pins;
    assert_eq!((pins.len(), pins[0].device.as_str()), (1, "d2"));
}

#[test]
fn a_pin_is_verified_and_its_version_moves_on_and_a_new_approval_keeps_both() {
    let mut database = Database::new();
    database.register(&bob("d1", 1), Action::None, 0, false).unwrap();
    let pin = crate::agent::Pin { last_version: u64::MAX, last_published: 5, ..database.loaded().pins[0].clone() };
    let verified = StoreOp::VerifyPins { pins: vec![pin.clone()], audit: audit_row("verified") };
    ops::execute(&mut database.0, &verified).unwrap();
    // What was said under the pin meanwhile does not undo that.
    ops::execute(&mut database.0, &StoreOp::UpdatePin(pin.clone())).unwrap();
    let pin = crate::agent::Pin { verified: true, ..pin };
    database.register(&bob("d1", 1), ah_and_esp(), 1, false).unwrap();
    assert_eq!(database.loaded().pins, std::slice::from_ref(&pin));
    let stranger = crate::agent::Pin { signing_key: VerifyKey([9; 32]), ..pin.clone() };
    assert_eq!(ops::execute(&mut database.0, &StoreOp::UpdatePin(stranger)).unwrap_err().code, "not-pinned");
    assert_eq!(database.loaded().pins, [pin]);
}

#[test]
fn the_word_of_another_device_is_kept_and_the_newest_counts() {
    let mut database = Database::new();
    for key in [1, 2] {
        let vouch = Vouch { key: VerifyKey([key; 32]), signature: SignatureBytes([key; 64]) };
        let entity = Entity::parse("sip:alice@a").unwrap();
        ops::execute(&mut database.0, &StoreOp::KeepVouch { entity: entity.clone(), vouch }).unwrap();
        assert_eq!(database.loaded().vouches, [(Some(entity), vouch)]);
    }
}

fn agreed_with(peer: &ApprovedPeer, hash: u8) -> crate::policy::Pending {
    let approved = Approved::restore(entries_for(peer, Action::None), Origin::Review, Generation(1));
    let digest = |n| crate::vocab::Digest([n; 32]);
    let terms = crate::policy::Terms {
        hash: digest(hash),
        proposal: digest(9),
        against: vec![digest(3), digest(4)],
        since: Wall(5_000),
    };
    crate::policy::Pending::of(&approved, terms).unwrap()
}

#[test]
fn what_was_agreed_is_kept_used_once_and_ended_by_a_newer_word() {
    let mut database = Database::new();
    let (peer, other) = (bob("d1", 1), bob("d2", 2));
    database.register(&peer, ah_and_esp(), 0, false).unwrap();
    let keep = |database: &mut Database, hash, judged| {
        let op = StoreOp::KeepPending {
            pending: Box::new(agreed_with(&peer, hash)),
            generation: Generation(judged),
            audit: audit_row("agreed"),
        };
        ops::execute(&mut database.0, &op)
    };
    assert_eq!(keep(&mut database, 7, 0).unwrap_err().code, "review-stale");
    assert_eq!(keep(&mut database, 7, 1).unwrap(), Stored::Pending { generation: Generation(2) });
    assert_eq!(database.loaded().pending, [agreed_with(&peer, 7)]);
    assert_eq!(database.actions(), [ah_and_esp(), ah_and_esp()], "what is in force stays");
    // Only what is kept is used, and once.
    let using = |hash| StoreOp::UsePending { pending: Box::new(agreed_with(&peer, hash)), audit: audit_row("agreed") };
    assert_eq!(ops::execute(&mut database.0, &using(8)).unwrap_err().code, "agreement-lapsed");
    let Ok(Stored::Registered { generation, entries }) = ops::execute(&mut database.0, &using(7)) else { panic!() };
    assert_eq!((generation, entries.len()), (Generation(3), 2));
    assert_eq!(database.actions(), [Action::None, Action::None]);
    assert_eq!(ops::execute(&mut database.0, &using(7)).unwrap_err().code, "agreement-lapsed");
    // The user's own word for the same device, or other keys of its entity, end it.
    keep(&mut database, 7, 3).unwrap();
    database.register(&peer, ah_and_esp(), 4, false).unwrap();
    assert_eq!(database.loaded().pending, []);
    keep(&mut database, 7, 5).unwrap();
    database.register(&other, ah_and_esp(), 6, true).unwrap();
    assert_eq!(database.loaded().pending, []);
    keep(&mut database, 7, 7).unwrap();
    let (entity, device) = (peer.entity.clone(), peer.device.clone());
    ops::execute(&mut database.0, &StoreOp::ForgetPending { entity, device, audit: audit_row("lapsed") }).unwrap();
    assert_eq!(database.loaded().pending, []);
}

/// A proposal of ours is loaded as it was kept, rules or entries, until it is forgotten or another takes its place.
#[test]
fn a_proposal_of_ours_is_kept_until_it_is_forgotten() {
    let mut database = Database::new();
    let peer = bob("desk", 1);
    let kept = |answer: Answer, name: &str| KeptProposal {
        entity: peer.entity.clone(),
        device: peer.device.clone(),
        peer: "bob@b".to_owned(),
        account: Some(Entity::parse("sip:alice@a").unwrap()),
        name: name.to_owned(),
        answer,
        note: Some("the line is\n slow".to_owned()),
        intent: Intent { purpose: Some(Aim::Business), content: None },
        seen: "a key\nentries".to_owned(),
        deadline: Wall(7),
    };
    let first = kept(Answer::Rules(ah_and_esp()), "one");
    let second =
        KeptProposal { account: None, note: None, ..kept(Answer::Edit(entries_for(&peer, Action::None)), "two") };
    for proposal in [first, second] {
        ops::execute(&mut database.0, &StoreOp::KeepProposal(Box::new(proposal.clone()))).unwrap();
        assert_eq!(database.loaded().proposals, [proposal]);
    }
    let (entity, device) = (peer.entity.clone(), peer.device.clone());
    ops::execute(&mut database.0, &StoreOp::ForgetProposal { entity, device }).unwrap();
    assert_eq!(database.loaded().proposals, []);
}
