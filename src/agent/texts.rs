//! Short texts (RFC 3428). They travel in clear wherever SIP does, so where our entry for the peer demands that its packets are
//! encrypted, none is sent unless the user says that it may be read on the way.
//!
//! | step | carries |
//! | --- | --- |
//! | `Command::Text` -> `begin_text` | target, text |
//! | `Effect::Locate` -> `Done::Located` | addresses, each tried when the one before is silent |
//! | `Endpoint::message` -> MESSAGE | text |
//! | `EndpointEvent::MessageDelivered` and its sibling | what became of it |
//! | `EndpointEvent::Messaged` -> `handle_messaged` | somebody's text |

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::account::Route;
use super::ask_failures::OTHER_NAME;
use super::call::{unspecified, written};
use super::fail_over::{calls_for_another, with_tried, Untried};
use super::redirect::{astray, direct, ends_onward, Reach, Redirects};
use super::ruling::some_port;
use super::target::{host_address, Target};
use super::waiting::Waiting;
use super::{Agent, Event, Pin, TextMessage, TextRequest, TextState, UnknownWatchers};
use crate::policy::{Direction, Entry, Guarantee, Strength};
use crate::sip::headers::NameAddr;
use crate::sip::{self, redirects, Candidate, EndCause, Locate, MessageId, Refusal, RequestIds, Transport};
use crate::vocab::{escape, Entity, Failure, FailureKind, Now, TextId};

/// Texts that are remembered, ours and theirs; the oldest gives way. None is kept on disk.
const MAX_KEPT: usize = 256;
/// Texts of others that are taken in a minute: anybody can write, and each is shown.
const MOST_A_MINUTE: usize = 20;
/// Texts of ours that wait for an answer.
const MAX_OPEN: usize = 32;

#[derive(Default)]
pub struct Texts {
    all: BTreeMap<TextId, TextMessage>,
    sent: BTreeMap<MessageId, Outgoing>,
    /// Whose peers' addresses are being found.
    looked_for: BTreeMap<TextId, Outgoing>,
    last: u64,
}

/// A text of ours that has no answer yet.
struct Outgoing {
    id: TextId,
    target: Target,
    request: TextRequest,
    /// Where else the peer is.
    untried: Untried,
    /// Where it was sent.
    tried: Vec<Candidate>,
    redirects: Redirects,
    /// By the proxy of which account it went.
    account: Option<Entity>,
    /// It went by TLS.
    by_tls: bool,
}

impl Texts {
    pub fn get(&self, id: TextId) -> Option<&TextMessage> {
        self.all.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &TextMessage> {
        self.all.values()
    }

    fn came_lately(&self, now: Now) -> usize {
        let lately = |text: &&TextMessage| !text.outgoing && now.wall.since(text.at).as_secs() < 60;
        self.all.values().rev().filter(lately).count()
    }

    fn add(&mut self, now: Now, peer: String, outgoing: bool, text: &str, state: TextState) -> TextId {
        self.last += 1;
        let id = TextId(self.last);
        self.all.insert(id, TextMessage { id, at: now.wall, peer, outgoing, text: escape(text), state });
        while self.all.len() > MAX_KEPT {
            // Somebody waits for what is under way.
            let over = self.all.values().find(|text| text.state != TextState::Sending).map(|text| text.id);
            let Some(over) = over else { break };
            self.all.remove(&over);
        }
        id
    }
}

impl Agent {
    pub(super) fn begin_text(&mut self, now: Now, request: TextRequest) -> Result<TextId, Failure> {
        let target = self.target(&request.peer, request.account.as_ref())?;
        self.refuse_ourselves(&target)?;
        if request.text.is_empty() || request.text.len() > sip::pager::LONGEST {
            return Err(unfit(&request));
        }
        if self.texts.sent.len() + self.texts.looked_for.len() >= MAX_OPEN {
            return Err(too_many(&request.peer));
        }
        let route = self.route_of(&target)?;
        let there = target.locate().address();
        let known = there.as_ref().filter(|_| route.is_none()).map(|there| there.address.ip());
        if !request.clear {
            self.refuse_clear_text(now, &target, known)?;
        }
        let id = self.texts.add(now, target.entity.to_string(), true, &request.text, TextState::Sending);
        let what = target.locate();
        let (untried, tried, redirects) = (Untried::default(), Vec::new(), Redirects::default());
        let outgoing = Outgoing { id, target, request, untried, tried, redirects, account: None, by_tls: false };
        match (route, there) {
            (Some(route), _) => self.send_text(now, outgoing, route),
            (None, Some(there)) => self.send_text_directly(now, outgoing, there),
            (None, None) => self.look_for_text(outgoing, what),
        }
        Ok(id)
    }

    pub(super) fn handle_text_located(&mut self, now: Now, id: TextId, result: Result<Vec<Candidate>, Failure>) {
        let Some(mut outgoing) = self.texts.looked_for.remove(&id) else { return };
        let found = result.map(|all| self.reachable(all));
        let failure = match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                outgoing.untried = untried;
                return self.send_allowed_text(now, outgoing, first);
            }
            Ok((None, _)) => no_address(&outgoing.target),
            Err(failure) => failure,
        };
        if let Some(outgoing) = self.text_onward(now, outgoing) {
            self.fail_text(outgoing, failure);
        }
    }

    fn look_for_text(&mut self, outgoing: Outgoing, what: Locate) {
        let id = outgoing.id;
        self.texts.looked_for.insert(id, outgoing);
        self.locate(Waiting::TextAddress(id), what);
    }

    /// Only now is it known which entries are about the address.
    fn send_allowed_text(&mut self, now: Now, outgoing: Outgoing, there: Candidate) {
        let Outgoing { target, request, .. } = &outgoing;
        let refused = match request.clear {
            true => Ok(()),
            false => self.refuse_clear_text(now, target, Some(there.address.ip())),
        };
        match refused {
            Ok(()) => self.send_text_directly(now, outgoing, there),
            Err(failure) => self.fail_text(outgoing, failure),
        }
    }

    fn send_text_directly(&mut self, now: Now, outgoing: Outgoing, there: Candidate) {
        let route = match outgoing.redirects.now() {
            Some(now) => direct(now.place(), there),
            None => Route { hop: there, domain: outgoing.target.domain(there.transport), login: None, account: None },
        };
        self.send_text(now, outgoing, route);
    }

    fn send_text(&mut self, now: Now, mut outgoing: Outgoing, route: Route) {
        let Outgoing { target, redirects, .. } = &outgoing;
        let Some(uri) = target.uri() else {
            let failure = no_address(target);
            return self.fail_text(outgoing, failure);
        };
        let uri = redirects.now().map_or(uri, |now| now.uri.clone());
        let Route { hop, domain, login, account } = route;
        let from = self.written_as(&self.name_to(target));
        let (tcp, text, resumes) =
            (hop.transport == Transport::Tcp, outgoing.request.text.clone(), redirects.resumed());
        let message = sip::Text { target: uri, remote: hop.address, tcp, domain, text, from, login, resumes };
        outgoing.by_tls = hop.transport.is_secure();
        outgoing.account = account;
        outgoing.tried.push(hop);
        let message = self.endpoint.message(now, message);
        self.texts.sent.insert(message, outgoing);
    }

    /// `None`: it goes on elsewhere, or that is refused. What was allowed at the first place may not be at this one.
    fn text_elsewhere(&mut self, now: Now, mut outgoing: Outgoing, cause: &EndCause) -> Option<Outgoing> {
        let next = if calls_for_another(cause) { outgoing.untried.next() } else { None };
        if let Some(next) = next {
            self.send_allowed_text(now, outgoing, next);
            return None;
        }
        if !ends_onward(cause, outgoing.redirects.now().is_some()) {
            return Some(outgoing);
        }
        if let (EndCause::Redirected { status, contacts, .. }, Some(asked)) = (cause, outgoing.target.uri()) {
            outgoing.redirects.handle_redirection(&asked, outgoing.by_tls, *status, contacts);
        }
        self.text_onward(now, outgoing)
    }

    /// To the next place that a redirection named; `Some`: there is none.
    fn text_onward(&mut self, now: Now, mut outgoing: Outgoing) -> Option<Outgoing> {
        outgoing.untried = Untried::default();
        match self.next_redirect(&mut outgoing.redirects) {
            Some(Reach::Proxy(route)) => self.send_text(now, outgoing, route),
            Some(Reach::There(there)) => self.send_allowed_text(now, outgoing, there),
            Some(Reach::Looked(what)) => self.look_for_text(outgoing, what),
            None => return Some(outgoing),
        }
        None
    }

    /// What our packets to the peer must always have, its texts would not. They are looked up as a call's are, for every device
    /// that may be meant, or for an ordinary telephone; behind a proxy the peer's address is not known, and what is known of it counts.
    fn refuse_clear_text(&self, now: Now, target: &Target, there: Option<IpAddr>) -> Result<(), Failure> {
        let level = self.config.default_level;
        let secret = |entry: &Entry| {
            let guarantee = Guarantee::of(&entry.action, level);
            [guarantee.confidentiality, guarantee.sealed].contains(&Strength::Always)
        };
        match self.entries_for_text(now, target, there).iter().find(|entry| secret(entry)) {
            Some(entry) => Err(in_clear(&target.entity, entry)),
            None => Ok(()),
        }
    }

    fn entries_for_text(&self, now: Now, target: &Target, there: Option<IpAddr>) -> Vec<Entry> {
        let there = there.or_else(|| written(target));
        let mut entries = Vec::new();
        for pin in self.book.pins() {
            let address = self.book.presence(&pin.entity, &pin.device).and_then(|record| self.peer_address(record));
            let is_there = address.is_some() && address == there;
            if self.may_be_meant(target, pin) || is_there {
                entries.extend(self.entries_for_device(now, pin, there.or(address)));
            }
        }
        // Whoever has an entry of his own is ruled by that, and by no one's.
        if entries.is_empty() {
            let out = |entity| {
                let ([out, _], _) = self.entries_for_nobody_known(now, entity, there);
                out
            };
            entries.extend(self.may_be_there(target).chain([&target.entity]).map(out));
        }
        entries
    }

    fn entries_for_device(&self, now: Now, pin: &Pin, there: Option<IpAddr>) -> Vec<Entry> {
        let ours = some_port(self.config.media_address);
        let there = some_port(there.unwrap_or(unspecified(ours)));
        let (ruling, _) = self.entries_between(now, Some((&pin.entity, &pin.device)), ours, there);
        // Wherever the text goes now, what was approved for its reader holds.
        let approved = self.book.entries_of(&pin.entity, &pin.device);
        let approved = approved.filter(|entry| entry.direction == Direction::Out && !entry.expired(now.wall));
        [ruling].into_iter().chain(approved.cloned()).collect()
    }

    /// Whom entries of ours name, and who may read what is sent to an address alone.
    fn may_be_there<'a>(&'a self, target: &Target) -> impl Iterator<Item = &'a Entity> {
        let there = written(target).filter(|_| target.bare);
        let named = there.map(|_| self.book.spd().ordinary().filter_map(|entry| entry.peer.entity.as_ref()));
        let is_there = move |entity: &&Entity| host_address(entity.host()).map(|at| at.ip()) == there;
        named.into_iter().flatten().filter(is_there)
    }

    pub(super) fn handle_message_delivered(&mut self, id: MessageId, kept: bool) {
        self.settle_text(id, if kept { TextState::Kept } else { TextState::Delivered });
    }

    pub(super) fn handle_message_failed(&mut self, now: Now, id: MessageId, cause: EndCause, ids: RequestIds) {
        let Some(mut outgoing) = self.texts.sent.remove(&id) else { return };
        outgoing.redirects.keep_ids(Some(ids));
        let Some(outgoing) = self.text_elsewhere(now, outgoing, &cause) else { return };
        let peer = outgoing.target.entity.as_str();
        let failure = match &cause {
            EndCause::Redirected { status, reason, .. } if redirects(*status) => {
                astray(peer, *status, reason, &outgoing.redirects)
            }
            _ => by_account(not_delivered(peer, cause), outgoing.account.as_ref()),
        };
        self.fail_text(outgoing, failure);
    }

    fn fail_text(&mut self, outgoing: Outgoing, failure: Failure) {
        let failure = with_tried(&outgoing.target, failure, &outgoing.tried);
        self.set_text(outgoing.id, TextState::Failed(failure));
    }

    fn settle_text(&mut self, id: MessageId, state: TextState) {
        if let Some(outgoing) = self.texts.sent.remove(&id) {
            self.set_text(outgoing.id, state);
        }
    }

    fn set_text(&mut self, id: TextId, state: TextState) {
        if let Some(text) = self.texts.all.get_mut(&id) {
            text.state = state;
            self.event(Event::TextChanged(id));
        }
    }

    /// Nothing proves who writes: From is the sender's own word, or that of his proxy.
    pub(super) fn handle_messaged(&mut self, now: Now, id: MessageId, sender: &NameAddr, text: &str) {
        self.count("texts_received");
        if self.config.unknown_watchers == UnknownWatchers::Block || self.config.serves.is_some() {
            return self.endpoint.take_message(now, id, Some(Refusal::new(403, "Forbidden")));
        }
        if self.texts.came_lately(now) >= MOST_A_MINUTE {
            let refusal = Refusal::new(480, "Too Many Texts").with("Retry-After", "60");
            return self.endpoint.take_message(now, id, Some(refusal));
        }
        self.endpoint.take_message(now, id, None);
        let peer = escape(&sender.uri.to_string());
        let id = self.texts.add(now, peer, false, text, TextState::Received);
        self.event(Event::TextChanged(id));
    }

    pub fn text(&self, id: TextId) -> Option<&TextMessage> {
        self.texts.get(id)
    }

    /// Oldest first.
    pub fn texts(&self) -> impl Iterator<Item = &TextMessage> {
        self.texts.iter()
    }
}

fn unfit(request: &TextRequest) -> Failure {
    let (message, next) = match request.text.len() {
        0 => ("there is nothing to send".to_owned(), "say what to send: `sottovoce message PEER TEXT`"),
        len => {
            (format!("the text has {len} octets of {} at most", sip::pager::LONGEST), "write it shorter, or in several")
        }
    };
    Failure::new(FailureKind::Usage, "text-length", message, escape(&request.peer), next)
}

fn too_many(peer: &str) -> Failure {
    let message = format!("{MAX_OPEN} texts wait for their answers already");
    Failure::new(FailureKind::Failed, "too-many-texts", message, escape(peer), "wait until some have arrived")
}

fn no_address(target: &Target) -> Failure {
    let entity = target.entity.as_str();
    let message = format!("{entity} has no address that can be reached");
    Failure::new(FailureKind::Unreachable, "no-address", message, entity, "check the name, or write to its IP address")
}

fn in_clear(entity: &Entity, entry: &Entry) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "text-in-clear",
        format!(
            "a text to {entity} can be read by everybody on the way, and `{}` rules what you send there",
            entry.action
        ),
        entity.as_str(),
        "call instead; or repeat it with --clear, if anybody may read it",
    )
}

fn not_delivered(peer: &str, cause: EndCause) -> Failure {
    let fails = |kind, code, message: String, next: &str| Failure::new(kind, code, message, peer, next);
    match cause {
        EndCause::Rejected { status: status @ (405 | 415 | 501), reason, .. } => fails(
            FailureKind::Failed,
            "no-texts",
            format!("{peer} takes no texts: {status} {}", escape(&reason)),
            "call instead",
        ),
        EndCause::Rejected { status: 403, reason, .. } => fails(
            FailureKind::RefusedByUser,
            "text-rejected",
            format!("{peer} answered 403 {}", escape(&reason)),
            &format!("its user takes no texts of yours; or, by an account's proxy: {OTHER_NAME}"),
        ),
        EndCause::Rejected { status, reason, .. } | EndCause::Redirected { status, reason, .. } => fails(
            if matches!(status, 403 | 603) { FailureKind::RefusedByUser } else { FailureKind::Unreachable },
            "text-rejected",
            format!("{peer} answered {status} {}", escape(&reason)),
            "check the name, or try again later",
        ),
        EndCause::Unproven { status, why } => fails(
            FailureKind::RefusedByPolicy,
            "not-authenticated",
            format!("the way to {peer} asks who you are ({status}): {}", escape(&why)),
            "see `sottovoce account list`",
        ),
        EndCause::Transport { why } => fails(
            FailureKind::Unreachable,
            "peer-unreachable",
            format!("{peer} cannot be reached: {}", escape(&why)),
            "check the address and the network, then try again",
        ),
        _ => fails(
            FailureKind::Unreachable,
            "peer-silent",
            format!("{peer} did not answer"),
            "it may have arrived all the same; check the address and that the peer's agent runs",
        ),
    }
}

/// Between us and the peer stands the proxy of this account, and it may be that which is not there.
fn by_account(failure: Failure, account: Option<&Entity>) -> Failure {
    let next = match (account, failure.code) {
        (Some(account), "peer-silent") => {
            format!("it may have arrived all the same; it went by your account {account}")
        }
        (Some(account), "peer-unreachable") => format!("it goes by your account {account}"),
        _ => return failure,
    };
    Failure { next: format!("{next}: `sottovoce account list` tells whether its proxy is there"), ..failure }
}
