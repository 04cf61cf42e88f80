//! What every story needs: sending effects and events, counting, auditing, stopping.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::own::uri_host;
use super::target::host_address;
use super::waiting::Waiting;
use super::{Agent, AgentConfig, AuditRow, Care, Effect, Event, Output, Pin, StoreOp};
use crate::keys::{safety_phrase, Party};
use crate::policy::Statement;
use crate::presence::{self, PresenceRecord};
use crate::sip::headers::NameAddr;
use crate::sip::{EndpointConfig, EndpointCounters, Host, Uri};
use crate::vocab::{EffectId, Generation, Now};

/// The option tag of our key agreement (**ours**, PROTOCOL section 7).
pub const OPTION_TAG: &str = "x-sv-sa";

/// How long a stop waits for answers to BYE and to the ends of subscriptions.
const STOP_PATIENCE: Duration = Duration::from_secs(4);

/// Longest text in a row of the audit table or the call history, in characters.
const LONGEST_TEXT: usize = 1000;

impl Agent {
    pub(super) fn effect(&mut self, effect: Effect) {
        self.outputs.push_back(Output::Effect(effect));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Numbers an effect, and remembers who waits for its answer.
    pub(super) fn expect(&mut self, waiting: Waiting) -> EffectId {
        self.last_effect += 1;
        let id = EffectId(self.last_effect);
        self.waiting.insert(id, waiting);
        id
    }

    /// Stores what has happened; nobody waits for that.
    pub(super) fn keep(&mut self, op: StoreOp) {
        let waiting = if op.care() == Care::Stranger { Waiting::Stranger } else { Waiting::Nobody };
        let id = self.expect(waiting);
        self.effect(Effect::Store { id, op });
    }

    pub(super) fn audit(&mut self, now: Now, kind: &'static str, subject: &str, detail: &str) {
        let row = AuditRow { at: now.wall, kind, subject: brief(subject), detail: brief(detail) };
        self.keep(StoreOp::Audit(row));
    }

    /// A statement that we asked for, and that may be acted on.
    pub(super) fn audit_statement(&mut self, now: Now, statement: &Statement) {
        let says = statement.policies.iter().map(|policy| format!("{} {}", policy.direction, policy.action));
        let detail = format!(
            "device {}, version {}, hash {}: {}",
            statement.device,
            statement.version,
            presence::statement_hash(statement),
            says.collect::<Vec<_>>().join("; "),
        );
        self.audit(now, "statement", statement.entity.as_str(), &detail);
    }

    /// The entries in force are others: every stream and every UI must know.
    pub(super) fn policy_changed(&mut self, generation: Generation) {
        self.effect(Effect::SetSpd { spd: self.book.spd().clone() });
        self.event(Event::PolicyChanged(generation));
    }

    /// The highest version of a pinned device's statements counts against replays.
    pub(super) fn note_version(&mut self, statement: &Statement) {
        let Some(pin) = self.book.pin(&statement.entity, &statement.device) else { return };
        let same = pin.signing_key == statement.signing_key;
        if same && pin.last_version < statement.version {
            let mut pin = pin.clone();
            pin.last_version = statement.version;
            self.keep_pin(pin);
        }
    }

    pub(super) fn keep_pin(&mut self, pin: Pin) {
        self.book.put_pin(pin.clone());
        self.keep(StoreOp::UpdatePin(pin));
    }

    /// Where a peer's media is expected: where it was seen, else where it says that it is.
    pub(super) fn peer_address(&self, record: &PresenceRecord) -> Option<IpAddr> {
        let stated = || contact_host(record.contact.raw()).and_then(host_address).map(|socket| socket.ip());
        record.address.or_else(stated)
    }

    /// Of a host's addresses the first of our own family, for we have no other to send from.
    pub(super) fn reachable(&self, all: &[SocketAddr]) -> Option<SocketAddr> {
        let ours = |address: &&SocketAddr| address.is_ipv4() == self.config.media_address.is_ipv4();
        all.iter().find(ours).or(all.first()).copied()
    }

    pub(super) fn stop(&mut self, now: Now) {
        if self.stopping.is_none() {
            self.stopping = Some(now.mono + STOP_PATIENCE);
            self.end_calls(now);
            self.endpoint.shutdown(now);
        }
    }

    /// Says [`Event::Stopped`] once everything has ended, or time is up.
    pub(super) fn check_stopped(&mut self, now: Now) {
        let Some(at) = self.stopping else { return };
        let quiet = self.endpoint.is_idle() && self.calls.are_over();
        if quiet || at <= now.mono {
            if !self.stopped {
                self.stopped = true;
                self.event(Event::Stopped);
            }
            self.stopping = None;
        }
    }

    /// Safety phrase of PROTOCOL section 9 with this pinned device, as words.
    pub fn safety_phrase(&self, pin: &super::Pin) -> Vec<&'static str> {
        let signing = self.config.identity.verify_key();
        let ours = Party { entity: &self.config.entity, device: &self.config.device, signing: &signing };
        let theirs = Party { entity: &pin.entity, device: &pin.device, signing: &pin.signing_key };
        safety_phrase(&ours, &theirs)
    }

    /// Counters for `/v1/metrics`: name and value, sorted by name.
    pub fn metrics(&self) -> Vec<(&'static str, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(name, value)| (*name, *value)).collect();
        all.extend(named(self.endpoint.counters()));
        all.extend(self.calls.totals());
        all.push(("policy_generation", self.book.generation().0));
        all.sort_unstable();
        all
    }
}

/// Text for a row that is kept: no peer makes it as long as it likes.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The host part of a SIP URI, with its port.
pub fn contact_host(contact: &str) -> Option<&str> {
    let rest = contact.split_once(':')?.1;
    let rest = rest.split([';', '?', '>']).next()?;
    Some(rest.rsplit_once('@').map_or(rest, |(_, host)| host))
}

/// Our SIP URI: the entity's user at the first address that we listen at.
pub fn contact_of(config: &AgentConfig) -> String {
    let user = config.entity.user().map(|user| format!("{user}@")).unwrap_or_default();
    match config.listen.first() {
        Some(listen) => format!("sip:{user}{}:{}", uri_host(listen.address.ip()), listen.address.port()),
        None => format!("sip:{user}{}", uri_host(config.media_address)),
    }
}

/// The endpoint's configuration out of ours.
pub fn endpoint_config(config: &AgentConfig, contact: &str) -> EndpointConfig {
    let uri = |text: &str| Uri::parse(text).unwrap_or_else(|_| Uri::sip(None, Host::from(config.media_address), None));
    EndpointConfig {
        aor: NameAddr::new(uri(config.entity.as_str())).with_display(config.display_name.as_deref().unwrap_or("")),
        contact: uri(contact),
        instance: Some(format!("urn:uuid:{}", config.device)),
        user_agent: concat!("sottovoce/", env!("CARGO_PKG_VERSION")).into(),
        t1: config.t1,
        supported: vec![OPTION_TAG.into()],
        accept: vec!["application/sdp".into(), super::ask::PIDF.into()],
        events: vec!["presence".into()],
        listen: config.listen.iter().map(|listen| (listen.transport, listen.address)).collect(),
    }
}

/// SIP's counters under the names of the metrics.
fn named(counters: &EndpointCounters) -> [(&'static str, u64); 8] {
    [
        ("sip_garbage", counters.garbage),
        ("sip_overloaded", counters.overloaded),
        ("sip_refused", counters.refused),
        ("sip_requests_received", counters.requests_received),
        ("sip_requests_sent", counters.requests_sent),
        ("sip_retransmissions", counters.retransmissions),
        ("sip_stray", counters.acks_stray + counters.responses_stray),
        ("sip_transport_failures", counters.transport_failures),
    ]
}
