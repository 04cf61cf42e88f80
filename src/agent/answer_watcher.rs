//! Journey one, the side that is asked: who asks, what may they know, which policy is theirs (claims 3 and 6).
//!
//! | step | carries |
//! | --- | --- |
//! | SUBSCRIBE -> `handle_subscribed` | the asker's document |
//! | `know` | `Watcher`: verified device, or only an address |
//! | `statement_for` | our entries for it -> signed statement |
//! | `StoreOp::RecordSeen` | a pinned device's nonce |
//! | `StoreOp::RecordGiven`, NOTIFY | document |

use std::net::IpAddr;
use std::time::Duration;

use super::ask::PIDF;
use super::book::Standing;
use super::claim::{Claim, JudgedClaim};
use super::own::{random_nonce, Saying, STATEMENT_LIFE};
use super::{Agent, Event, Given, Seen, StoreOp, UnknownWatchers};
use crate::policy::{
    state_policy, Asked, Asker, Audience, Entry, Permission, Purpose, StatedPolicy, Statement, Wanted,
};
use crate::presence::{self, Expected, Signed, Unfit};
use crate::sip::{Body, NotifierId, NotifyState, Received, Refusal, Uri};
use crate::vocab::{Device, Digest, Entity, Failure, FailureKind, Nonce, Now, VerifyKey, WatcherId};

/// Longest subscription that is granted.
pub const MAX_EXPIRES: Duration = Duration::from_secs(3600);

/// Who asks, as far as it was proven.
pub struct Watcher {
    /// Names the row of what was given.
    pub name: String,
    /// Which of our names it asked for.
    pub asked: Entity,
    pub audience: Audience,
    /// Proven to hold the keys that our user pinned.
    pub known: Option<(Entity, Device)>,
    /// Whose keys signed the request.
    pub claim: Option<JudgedClaim>,
    /// Nobody repeats a request of theirs: it was held against all that came before.
    pub fresh: bool,
    /// What our user answered about this subscription, whose requests nobody signs.
    pub answered: Option<Permission>,
    pub place: AskersPlace,
    pub nonce: Nonce,
    pub wanted: Wanted,
}

/// What a SUBSCRIBE is about.
enum Asks {
    /// The proposal of a looser policy, and which of our names it is for.
    Policy(Entity, Box<Statement>),
    Presence(Box<Watcher>),
}

impl Asks {
    fn presence(watcher: Watcher) -> Self {
        Self::Presence(Box::new(watcher))
    }
}

/// By what a request names us.
pub(super) struct Meant {
    /// Our names that its sender may hear of; who proved his keys may hear of all.
    pub names: Vec<Entity>,
    /// In To, which anybody on the way may write.
    pub uri: Option<Uri>,
}

/// Where an asker's packets will come from.
#[derive(Clone, Copy, Debug)]
pub struct AskersPlace {
    pub address: IpAddr,
    /// The address is the network source of the request, which came straight from the asker.
    pub observed: bool,
}

impl Agent {
    pub(super) fn handle_subscribed(
        &mut self,
        now: Now,
        id: NotifierId,
        (place, meant): (AskersPlace, Meant),
        expires: Duration,
        body: Option<Body>,
    ) {
        self.count("askers");
        let watcher = match self.know(now, place, meant, body) {
            Ok(Asks::Presence(watcher)) => *watcher,
            Ok(Asks::Policy(ours, statement)) => {
                return self.handle_proposed(now, id, (place, ours), expires, *statement);
            }
            Err((status, reason)) => {
                let refusal = Refusal::new(status, reason);
                // RFC 3261 section 21.4.13.
                let refusal = if status == 415 { refusal.with("Accept", PIDF) } else { refusal };
                return self.endpoint.reject_subscription(now, id, refusal);
            }
        };
        if !self.serves(Some(&watcher.name)) {
            return self.endpoint.reject_subscription(now, id, Refusal::new(403, "Forbidden"));
        }
        if watcher.known.is_some() {
            self.endpoint.believe_subscription(id);
        }
        match self.permission_of(&watcher) {
            Permission::Block => self.endpoint.reject_subscription(now, id, Refusal::new(403, "Forbidden")),
            Permission::Ask => self.keep_waiting(now, id, expires, watcher),
            permission => self.tell(now, id, expires, (watcher, permission)),
        }
    }

    /// Reads the asker's request. A request that is garbage, for another or not its author's own is refused; one
    /// that is merely unknown or stale is answered as a stranger's.
    fn know(
        &mut self,
        now: Now,
        place: AskersPlace,
        meant: Meant,
        body: Option<Body>,
    ) -> Result<Asks, (u16, &'static str)> {
        let named = self.name_meant(&meant.names, meant.uri.as_ref());
        let Some(body) = body else { return Ok(Asks::presence(self.silent_watcher(place, named))) };
        let body = body.part(PIDF).ok_or((415, "Unsupported Media Type"))?;
        let document = presence::read(&body.bytes).map_err(|_| (400, "Unreadable Document"))?;
        let signed = document.tuples.into_iter().find_map(|tuple| tuple.signed);
        let Some(signed) = signed else { return Ok(Asks::presence(self.silent_watcher(place, named))) };
        let signed = signed.map_err(|_| (400, "Unreadable Statement"))?;
        signed.verify().map_err(|_| (403, "Bad Signature"))?;
        let statement = &signed.statement;
        let names = if Claim::of(statement).is_pinned(&self.book) { self.names() } else { meant.names };
        let named = self.name_meant(&names, meant.uri.as_ref());
        if statement.purpose == Purpose::Proposal {
            return self.know_proposer(now, &names, statement);
        }
        let names = self.with_addresses(names);
        let expected = Expected::request(&names, &self.config.device, now.wall);
        presence::check(statement, &expected).map_err(refusal_of)?;
        let wanted = statement.request.unwrap_or(Wanted::BOTH);
        if !wanted.presence && !wanted.policy {
            return Err((400, "Asks For No Presence"));
        }
        // What it signed counts for more than To, which anybody on the way may write.
        let asked = match &statement.audience {
            Audience::Entity(entity) => self.our_name(entity).unwrap_or(named),
            _ => named,
        };
        let pinned = self.is_pinned(now, statement);
        let name = watcher_name(&statement.signing_key);
        let ruled = self.watcher_rules.of(&name).is_some();
        let fresh = (pinned || ruled) && self.is_first(now, statement);
        let known = pinned && fresh;
        Ok(Asks::presence(Watcher {
            name,
            asked,
            audience: Audience::Device(statement.device.clone()),
            known: known.then(|| (statement.entity.clone(), statement.device.clone())),
            claim: Some(JudgedClaim { claim: Claim::of(statement), pinned, ruled }),
            fresh,
            answered: None,
            place,
            nonce: statement.nonce,
            wanted,
        }))
    }

    /// Who proposes a policy must hold keys that our user approved. Whatever is wrong with it, the same is said.
    fn know_proposer(
        &mut self,
        now: Now,
        names: &[Entity],
        statement: &Statement,
    ) -> Result<Asks, (u16, &'static str)> {
        const NO: (u16, &str) = (403, "Forbidden");
        let expected = Expected::proposal(names, &self.config.device, now.wall);
        presence::check(statement, &expected).map_err(|_| NO)?;
        if !self.is_pinned(now, statement) || !self.is_first(now, statement) {
            return Err(NO);
        }
        let ours = match &statement.audience {
            Audience::Entity(entity) => self.our_name(entity),
            _ => None,
        };
        Ok(Asks::Policy(ours.unwrap_or_else(|| self.name_to_entity(&statement.entity)), Box::new(statement.clone())))
    }

    /// Whether the request of a pinned device came for the first time: others could fill the memory of nonces. It
    /// counts as seen at once; the answer does not wait until that is durable.
    pub(super) fn is_first(&mut self, now: Now, statement: &Statement) -> bool {
        let nonce = statement.nonce;
        let Some(ends) = self.nonces.take(statement.signing_key, nonce, statement.issued, now.wall) else {
            return false;
        };
        self.keep(StoreOp::RecordSeen { seen: Seen::Nonce { nonce, ends }, at: now.wall });
        true
    }

    /// Whether the keys are those that our user approved; tells the user when they are not but should be.
    fn is_pinned(&mut self, now: Now, statement: &Statement) -> bool {
        let keys = (statement.signing_key, statement.agreement_key);
        match self.book.standing(&statement.entity, &statement.device, keys, presence::vouched(statement)) {
            Standing::Pinned { .. } => true,
            Standing::Unknown => false,
            Standing::Impostor => {
                let print = crate::keys::fingerprint(&keys.0, &keys.1);
                // Anybody can say so, as often as he likes: it is on record, and nobody is called for it.
                self.audit_notice(now, &super::built_in::impostor(&statement.entity, print));
                false
            }
            Standing::Changed(pinned) => {
                let print = crate::keys::fingerprint(&keys.0, &keys.1);
                let notice = super::document::key_changed(&statement.entity, pinned, print);
                let next = "it was answered as a stranger; ask it yourself to decide about the key";
                self.alarm(now, notice, next);
                false
            }
        }
    }

    fn alarm(&mut self, now: Now, notice: Failure, next: &str) {
        self.audit_notice(now, &notice);
        self.event(Event::Notice(Failure { next: next.into(), ..notice }));
    }

    /// An ordinary presence client: it proves nothing and names nobody that we could believe.
    fn silent_watcher(&mut self, place: AskersPlace, asked: Entity) -> Watcher {
        Watcher {
            name: place.address.to_string(),
            asked,
            audience: Audience::Any,
            known: None,
            claim: None,
            fresh: false,
            answered: None,
            place,
            nonce: random_nonce(&mut self.rng),
            wanted: Wanted::BOTH,
        }
    }

    /// Names under which we may be asked: these, and each address that we listen at, with our user and without.
    fn with_addresses(&self, names: Vec<Entity>) -> Vec<Entity> {
        let user = self.config.entity.user().map(|user| format!("{user}@")).unwrap_or_default();
        let bare = self.config.listen.iter().flat_map(|listen| {
            let (host, port) = (super::own::uri_host(listen.address.ip()), listen.address.port());
            [String::new(), user.clone()]
                .into_iter()
                .flat_map(move |user| [format!("sip:{user}{host}"), format!("sip:{user}{host}:{port}")])
        });
        let bare = bare.filter_map(|text| Entity::parse(&text).ok());
        names.into_iter().chain(bare).collect()
    }

    fn keep_waiting(&mut self, now: Now, id: NotifierId, expires: Duration, watcher: Watcher) {
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        let state = match expires.is_zero() {
            true => NotifyState::Terminated { reason: "probation".into(), retry_after: Some(Duration::from_secs(60)) },
            false => NotifyState::Pending,
        };
        self.endpoint.notify(now, id, state, None);
        let (address, observed) = (watcher.place.address, watcher.place.observed);
        let who = self.shown_watcher(&watcher);
        let quiet = self.quiet_for_watcher(now, &watcher).is_some();
        let number = match expires.is_zero() {
            true => self.let_wait(now, &watcher),
            false => Some(self.let_follow(now, id, watcher, None)),
        };
        if !quiet {
            self.tell_of_stranger((address, observed), &who, number);
        }
    }

    fn tell_of_stranger(&mut self, (address, observed): (IpAddr, bool), who: &str, number: Option<WatcherId>) {
        let next = match number {
            Some(id) => format!(
                "`sottovoce watchers allow {id}`, or policy-only, polite-block, block; without an answer in time it is refused"
            ),
            None => format!("to let it know, ask it first: `sottovoce ask {address}`; to ignore it, do nothing"),
        };
        self.event(Event::Notice(Failure::new(
            FailureKind::RefusedByUser,
            "stranger-asks",
            match observed {
                true => format!("{who} at {address} asks for your presence and policy, and waits"),
                false => {
                    format!("{who}, at {address} as he says, asks for your presence and policy by a proxy, and waits")
                }
            },
            address.to_string(),
            next,
        )));
    }

    fn shown_watcher(&self, watcher: &Watcher) -> String {
        match (&watcher.known, &watcher.claim) {
            (Some((entity, _)), _) => entity.to_string(),
            (None, Some(claimed)) => format!("somebody unknown, who says to be {},", claimed.claim.entity),
            (None, None) => "somebody unknown".to_owned(),
        }
    }

    fn tell(&mut self, now: Now, id: NotifierId, expires: Duration, (watcher, told): (Watcher, Permission)) {
        let signed = self.statement_for(now, &watcher);
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        let state = match expires.is_zero() {
            true => NotifyState::Terminated { reason: "timeout".into(), retry_after: None },
            false => NotifyState::Active,
        };
        self.endpoint.notify(now, id, state, Some(told_body(&signed, told)));
        if !expires.is_zero() {
            self.let_follow(now, id, watcher, Some((signed.statement, told)));
        }
    }

    /// Who asks through the registrar may be able to call no other way.
    pub(super) fn contact_to(&self, watcher: &Watcher) -> String {
        match watcher.place.observed {
            true => self.contact.clone(),
            false => self.contact_for(&watcher.asked),
        }
    }

    /// Our statement for this watcher, remembered as given.
    pub(super) fn statement_for(&mut self, now: Now, watcher: &Watcher) -> Signed {
        let saying = self.saying_to(now, watcher);
        let contact = self.contact_to(watcher);
        let signed = self.own.sign(&self.config, &contact, saying, now.wall);
        let given = Given {
            watcher: watcher.name.clone(),
            version: signed.statement.version,
            hash: presence::statement_hash(&signed.statement),
            expires: now.wall.saturating_add(STATEMENT_LIFE),
            nonce: Some(watcher.nonce),
        };
        self.book.give(given.clone());
        self.keep(StoreOp::RecordGiven { given, known: watcher.known.is_some() });
        signed
    }

    pub(super) fn saying_to(&self, now: Now, watcher: &Watcher) -> Saying {
        let told = self.permission_of(watcher);
        let policies = watcher.wanted.policy && told.tells_policy();
        let policies = if policies { self.policy_for(now, watcher) } else { Vec::new() };
        Saying {
            entity: watcher.asked.clone(),
            purpose: Purpose::Notify,
            audience: watcher.audience.clone(),
            nonce: watcher.nonce,
            presence: watcher.wanted.presence && told.tells_place(),
            policies,
            request: None,
            proposal: None,
            answer: None,
        }
    }

    /// Whether `hash` is of a statement that this watcher can have from us: one that was given or published and has not expired, or
    /// what we would say now. An approval does not grow old while nothing changes.
    pub(super) fn stands_behind(&self, now: Now, watcher: &Watcher, hash: &Digest) -> bool {
        let today = || {
            // Whether it may be told is another question.
            let saying = Saying { policies: self.policy_for(now, watcher), ..self.saying_to(now, watcher) };
            presence::statement_hash(&self.own.statement(&self.config, &self.contact, saying, now.wall))
        };
        let published =
            || self.published_today(now, &watcher.asked).is_some_and(|today| presence::statement_hash(&today) == *hash);
        let given = |name: &str| self.book.was_given(name, hash, now.wall);
        given(&watcher.name) || given(&self.everybody(&watcher.asked)) || today() == *hash || published()
    }

    fn policy_for(&self, now: Now, watcher: &Watcher) -> Vec<StatedPolicy> {
        let entries = self.entries_for(now, watcher.known.as_ref(), watcher.place);
        state_policy(&entries, self.config.media_address, watcher.place.address, self.config.default_level)
    }

    /// Our own entries for this asker, out then in, each in lookup order.
    pub(super) fn entries_for(&self, now: Now, known: Option<&(Entity, Device)>, place: AskersPlace) -> Vec<Entry> {
        let verified = known.map(|(entity, device)| (entity, device));
        let asker = Asker { verified, address: place.address, observed: place.observed };
        let asked = Asked {
            address: self.config.media_address,
            evidence: self.own.environment().evidence,
            default_level: self.config.default_level,
        };
        let entries = self.book.spd().answer_for(&asker, &asked, now.wall);
        // What is between us and a gateway is no matter of the peer's.
        let beyond = |entry: Entry| {
            let far = entry.beyond(asked.address, |end| self.is_gateway(end, known, place.address));
            far.unwrap_or(entry)
        };
        entries.into_iter().map(beyond).collect()
    }
}

/// Who is meant is a matter of the name (RFC 3261 section 21.4.5), when it was said one of the clocks.
fn refusal_of(unfit: Unfit) -> (u16, &'static str) {
    match unfit {
        Unfit::NotForUs => (404, "Not Found"),
        Unfit::Expired | Unfit::IssuedInFuture | Unfit::StaleRequest => (403, "Request Out Of Date"),
        Unfit::WrongEntity | Unfit::WrongNonce | Unfit::WrongPurpose => (403, "No Request"),
    }
}

/// The watcher that holds this key.
pub fn watcher_name(key: &VerifyKey) -> String {
    key.0.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub fn document_body(signed: &Signed) -> Body {
    Body { content_type: PIDF.into(), bytes: presence::write(signed).into() }
}

/// As one who has this permission gets it.
pub fn told_body(signed: &Signed, told: Permission) -> Body {
    match told {
        Permission::PoliteBlock => Body { content_type: PIDF.into(), bytes: presence::write_away(signed).into() },
        _ => document_body(signed),
    }
}

impl AskersPlace {
    /// Seen on the network; or, behind a proxy, as the Contact says.
    pub fn of(from: &Received, relayed: bool, contact: &Uri) -> Self {
        let seen = Self::seen(from.remote.ip());
        let stated = contact.host().and_then(|host| host.ip()).filter(|_| relayed);
        stated.map_or(Self { observed: !relayed, ..seen }, |address| Self { address, observed: false })
    }

    pub fn seen(address: IpAddr) -> Self {
        Self { address, observed: true }
    }
}

impl UnknownWatchers {
    /// Whether policy and key are told without asking anybody.
    pub fn may_learn_policy(self) -> bool {
        matches!(self, Self::Place | Self::Policy)
    }

    /// Whether place and surroundings are told to strangers. Peers whose keys our user approved are told in any case.
    pub fn may_learn_place(self) -> bool {
        self == Self::Place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    #[test]
    fn behind_a_proxy_an_asker_is_where_it_says_and_nobody_saw_it_there() {
        let from = Received {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:5060".parse().unwrap(),
            connection: None,
        };
        for (contact, relayed, address, observed) in [
            ("sip:a@192.0.2.7", false, "192.0.2.9", true),
            ("sip:a@192.0.2.7", true, "192.0.2.7", false),
            ("sip:a@host.example", true, "192.0.2.9", false),
        ] {
            let place = AskersPlace::of(&from, relayed, &Uri::parse(contact).unwrap());
            assert_eq!((place.address.to_string().as_str(), place.observed), (address, observed), "{contact}");
        }
    }
}
