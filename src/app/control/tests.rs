//! A control door on an agent of cardboard: its state is set by the test, its commands are written down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::broadcast;

use super::brain::{Brain, Known, Look, Pending};
use super::request::{AddBody, AnswerBody, AskBody, CallBody, NamesBody, TestBody, VerifyBody};
use super::view::{AskStateView, CallStateView, EventView, ReviewStateView, SurroundingsKind};
use super::{About, Control, Wait};
use crate::agent::*;
use crate::app::config::StoreKind;
use crate::io::{AuditEntry, Clock, HistoryEntry, HistoryFilter};
use crate::media::Counters;
use crate::policy::*;
use crate::presence::{Names, PresenceRecord};
use crate::vocab::*;

type Then = Box<dyn FnOnce(&mut State) -> Vec<Event> + Send>;

#[derive(Default)]
pub(crate) struct State {
    pub accounts: Vec<Account>,
    pub asks: Vec<Ask>,
    pub reviews: Vec<OpenReview>,
    pub calls: Vec<Call>,
    pub presences: Vec<PresenceRecord>,
    pub pins: Vec<Pin>,
    pub spd: Option<Spd>,
    pub commands: Vec<Command>,
    /// Of the history, as they were asked.
    pub filters: Vec<HistoryFilter>,
    /// What the next commands are answered; `Done` when there is none.
    pub answers: VecDeque<Result<Accepted, Failure>>,
    /// What happens after the next command was answered.
    pub then: Option<Then>,
}

#[derive(Clone)]
pub(crate) struct Cardboard {
    state: Arc<Mutex<State>>,
    events: broadcast::Sender<Event>,
}

impl Cardboard {
    pub(crate) fn new() -> (Self, Control) {
        let entry = |way| Entry::new(Selector::ANY, way, setkey::parse_action("ipsec esp/transport//require").unwrap());
        let spd = Spd::compile(Generation(4), Vec::new(), vec![entry(Direction::Out), entry(Direction::In)]);
        let state = State { spd: Some(spd), ..State::default() };
        let agent = Self { state: Arc::new(Mutex::new(state)), events: broadcast::channel(64).0 };
        let control = Control::new(Arc::new(agent.clone()), about(), Clock::start());
        (agent, control)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn happen(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Until somebody listens for events.
    async fn listened_to(&self) {
        while self.events.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

impl Brain for Cardboard {
    fn command(&self, what: Command) -> Pending<'_, Result<Accepted, Failure>> {
        let mut state = self.state();
        state.commands.push(what);
        let answer = state.answers.pop_front().unwrap_or(Ok(Accepted::Done));
        let then = state.then.take();
        for event in then.map(|then| then(&mut state)).unwrap_or_default() {
            self.happen(event);
        }
        Box::pin(async move { answer })
    }

    fn look(&self, look: Look) -> Pending<'_, ()> {
        Box::pin(async move { look(&*self.state()) })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn audit(&self, limit: u32, before: Option<u64>) -> Pending<'_, Result<Vec<AuditEntry>, Failure>> {
        let row = AuditEntry {
            number: before.unwrap_or(10) - 1,
            at: Wall(0),
            kind: "approved".to_owned(),
            subject: "sip:bob@192.168.1.2\u{1b}[2J".to_owned(),
            detail: format!("limit {limit}"),
            generation: Generation(4),
        };
        Box::pin(async move { Ok(vec![row]) })
    }

    fn history(&self, _: u32, filter: HistoryFilter) -> Pending<'_, Result<Vec<HistoryEntry>, Failure>> {
        self.state().filters.push(filter);
        Box::pin(async { Ok(Vec::new()) })
    }

    fn unseen_calls(&self) -> Pending<'_, Result<u64, Failure>> {
        Box::pin(async { Ok(2) })
    }

    fn see_calls(&self, _until: u64) -> Pending<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn forget_calls(&self, filter: HistoryFilter) -> Pending<'_, Result<u64, Failure>> {
        self.state().filters.push(filter);
        Box::pin(async { Ok(3) })
    }

    fn policy_changes(
        &self,
        _limit: u32,
        _entry: Option<crate::vocab::EntryId>,
    ) -> Pending<'_, Result<Vec<crate::io::ChangeEntry>, Failure>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn policy_restoring(&self, change: Option<u64>) -> Pending<'_, Result<crate::agent::Restoring, Failure>> {
        let restoring = crate::agent::Restoring {
            change: change.unwrap_or(7),
            generation: Generation(4),
            default: false,
            put: Vec::new(),
            gone: Vec::new(),
        };
        Box::pin(async move { Ok(restoring) })
    }

    fn stop(&self) -> Pending<'_, ()> {
        self.happen(Event::Stopped);
        Box::pin(async {})
    }
}

impl Known for State {
    fn accounts(&self) -> Vec<&Account> {
        self.accounts.iter().collect()
    }

    fn ask(&self, id: AskId) -> Option<&Ask> {
        self.asks.iter().find(|ask| ask.id == id)
    }

    fn asks(&self) -> Vec<&Ask> {
        self.asks.iter().collect()
    }

    fn review(&self, id: ReviewId) -> Option<&OpenReview> {
        self.reviews.iter().find(|review| review.id == id)
    }

    fn reviews(&self) -> Vec<&OpenReview> {
        self.reviews.iter().collect()
    }

    fn proposals(&self) -> Vec<&crate::agent::Negotiated> {
        Vec::new()
    }

    fn pendings(&self) -> Vec<&crate::policy::Pending> {
        Vec::new()
    }

    fn text(&self, _: crate::vocab::TextId) -> Option<&crate::agent::TextMessage> {
        None
    }

    fn texts(&self) -> Vec<&crate::agent::TextMessage> {
        Vec::new()
    }

    fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id)
    }

    fn calls(&self) -> Vec<&Call> {
        self.calls.iter().collect()
    }

    fn spd(&self) -> &Spd {
        self.spd.as_ref().unwrap()
    }

    fn is_elsewhere(&self, _: &Entry) -> bool {
        false
    }

    fn default_level(&self) -> Level {
        Level::Require
    }

    fn presences(&self) -> Vec<&PresenceRecord> {
        self.presences.iter().collect()
    }

    fn own_presence(&self) -> PresenceRecord {
        presence("sip:alice@192.168.1.1")
    }

    fn environment(&self) -> Environment {
        environment()
    }

    fn watches(&self) -> Vec<&crate::agent::Watch> {
        Vec::new()
    }

    fn followers(&self) -> Vec<crate::agent::Follower> {
        Vec::new()
    }

    fn watcher_rules(&self) -> Vec<&WatcherRule> {
        Vec::new()
    }

    fn contacts(&self) -> Vec<&SavedContact> {
        Vec::new()
    }

    fn groups(&self) -> Vec<&ContactGroup> {
        Vec::new()
    }

    fn unknown_watchers(&self) -> UnknownWatchers {
        UnknownWatchers::Policy
    }

    fn server_watchers(&self) -> Vec<crate::agent::ServerWatchers> {
        Vec::new()
    }

    fn pins(&self) -> Vec<&Pin> {
        self.pins.iter().collect()
    }

    fn vouches(&self) -> Vec<(&Entity, &crate::presence::Vouch)> {
        Vec::new()
    }

    fn name_to(&self, _pin: &Pin) -> Entity {
        Entity::parse("sip:alice@192.168.1.1").unwrap()
    }

    fn safety_phrase(&self, _pin: &Pin) -> Vec<&'static str> {
        vec!["acid", "badge"]
    }

    fn sound(&self) -> Sound {
        let (source, sink) = (AudioSource::Silence, AudioSink::Discard);
        Sound { source, sink, gains: Default::default(), ring: None, treatment: Default::default() }
    }

    fn sound_choice(&self) -> SoundChoice {
        SoundChoice::default()
    }

    fn do_not_disturb(&self, _now: Wall) -> Option<Wall> {
        None
    }

    fn quiet_until(&self, _now: Wall) -> Option<Wall> {
        None
    }

    fn metrics(&self) -> Vec<Metric> {
        let dropped = |reason, value| Metric { name: "packets_dropped", reason: Some(reason), value };
        let sent = Metric { name: "packets_sent", reason: None, value: 7 };
        vec![dropped("auth-failed", 0), dropped("replay", 3), sent]
    }
}

fn about() -> About {
    About {
        entity: Entity::parse("sip:alice@192.168.1.1").unwrap(),
        display_name: None,
        device: Device::new("alice-1").unwrap(),
        signing_key: VerifyKey([1; 32]),
        agreement_key: AgreementKey([2; 32]),
        fingerprint: Fingerprint([3; 32]),
        listen: vec![Listen { transport: crate::sip::Transport::Udp, address: "192.168.1.1:5060".parse().unwrap() }],
        control: None,
        store: StoreKind::Memory,
        data_dir: "/nowhere".into(),
        answer: AnswerMode::Prompt,
        keylog: false,
        config_file: None,
    }
}

fn environment() -> Environment {
    Environment { scope: Scope::Private, evidence: Evidence::Address, address: Some("192.168.1.2".parse().unwrap()) }
}

pub(crate) fn presence(entity: &str) -> PresenceRecord {
    PresenceRecord {
        entity: Entity::parse(entity).unwrap(),
        device: Device::new("device-1").unwrap(),
        contact: PeerText::new("sip:bob@192.168.1.2\r\nEvil: 1"),
        address: Some("192.168.1.2".parse().unwrap()),
        observed: true,
        user: Some(PeerText::new("Bob\u{202e}")),
        place: Some(PeerText::new("office")),
        environment: Some(environment()),
        time: Wall(1_700_000_000_000),
        version: 1_700_000_000_000,
        expires: Wall(1_700_003_600_000),
        names: Names::default(),
    }
}

pub(crate) fn ask(state: AskState) -> Ask {
    Ask {
        next: None,
        id: AskId(1),
        peer: "192.168.1.2".to_owned(),
        target: "sip:192.168.1.2".to_owned(),
        wanted: Wanted::BOTH,
        started: Wall(0),
        review: match &state {
            AskState::Reviewing(review) => Some(*review),
            _ => None,
        },
        state,
        steps: vec![(Wall(0), "asked".to_owned())],
        presence: None,
    }
}

pub(crate) fn call(state: CallState) -> Call {
    Call {
        id: CallId(1),
        peer: "192.168.1.2".to_owned(),
        entity: None,
        device: None,
        known: true,
        side: Side::Caller,
        state,
        started: Wall(0),
        answered: None,
        action: "none".to_owned(),
        bundle: String::new(),
        bundle_in: String::new(),
        suite: None,
        protected_since: None,
        setup: Some(Duration::from_millis(12)),
        counters: Counters { sent: 3, received: 2, dropped: [("replay", 1)].into(), ..Counters::default() },
        levels: None,
        quiet: false,
        unheard: None,
        no_input: None,
        no_output: None,
        ask: None,
        review: None,
        early: false,
        on_hold: false,
        held_by_peer: false,
        muted: false,
        behind: None,
        recording: None,
        by_tcp: false,
        conference: None,
        hold: None,
        rekeying: false,
        moved: None,
        through: None,
        carries: None,
        forwards: None,
        transfer: None,
        wants: None,
        wanted_by: None,
        replaces: None,
        successor: None,
    }
}

pub(crate) fn review(state: ReviewState) -> OpenReview {
    let none = StatedPolicy {
        id: PeerText::new("p\u{7}"),
        direction: Direction::Out,
        action: Action::None,
        selector: Selector { upper: Upper::Udp, ..Selector::ANY },
        suites: Vec::new(),
        keying: Keying::Agreement,
        expires: None,
    };
    let statement = Statement {
        entity: Entity::parse("sip:bob@192.168.1.2").unwrap(),
        contact: PeerText::new("sip:bob@192.168.1.2"),
        device: Device::new("bob-1").unwrap(),
        version: 9,
        issued: Wall(0),
        expires: Wall(0),
        purpose: Purpose::Notify,
        audience: Audience::Any,
        nonce: Nonce([0; 16]),
        person: None,
        environment: None,
        signing_key: VerifyKey([4; 32]),
        agreement_key: AgreementKey([5; 32]),
        signed_by: None,
        supports: Capabilities { protocols: vec![Protocol::Esp], suites: vec![Suite::Aes128Gcm], ..Default::default() },
        policies: vec![none],
        request: None,
        proposal: None,
        answer: None,
    };
    let review = Review::new(ReviewInput {
        kind: crate::policy::ReviewKind::Statement,
        statement,
        provenance: Provenance { observed: None, received: Wall(0) },
        key_state: KeyState::Changed { pinned: Fingerprint([9; 32]) },
        circumstances: Default::default(),
        wanted_presence: false,
        own_environment: environment(),
        own_address: "192.168.1.1".parse().unwrap(),
        peer_address: "192.168.1.2".parse().unwrap(),
        gateways: Vec::new(),
        current: Vec::new(),
        by_tcp: Vec::new(),
        generation: Generation(4),
        default_level: Level::Require,
    });
    let review = review.unwrap();
    OpenReview {
        rule: None,
        id: ReviewId(1),
        ask: Some(AskId(1)),
        review,
        ours: None,
        presence: presence("sip:bob@192.168.1.2"),
        opened: Wall(0),
        deadline: Wall(0),
        state,
        missing: Vec::new(),
        note: None,
        proposal: None,
        group: None,
    }
}

fn refused(code: &'static str) -> Failure {
    Failure::new(FailureKind::Trust, code, "no", "bob", "nothing")
}

fn approve() -> AnswerBody {
    AnswerBody::Approve { rules: None, by: None, propose: false, note: None }
}

#[tokio::test]
async fn an_ask_wants_both_when_neither_is_named() {
    let (agent, control) = Cardboard::new();
    let wanted = |presence, policy| AskBody {
        peer: "192.168.1.2".to_owned(),
        presence,
        policy,
        answer: Some(approve()),
        accept_key: None,
        purpose: None,
        content: None,
        account: None,
    };
    for (presence, policy, expected) in
        [(false, false, (true, true)), (true, false, (true, false)), (false, true, (false, true))]
    {
        agent.state().asks = vec![ask(AskState::Asking)];
        agent.state().answers.push_back(Ok(Accepted::Ask(AskId(1))));
        assert_eq!(control.ask(&wanted(presence, policy)).await.unwrap().id, "a1");
        let Some(Command::Ask(request)) = agent.state().commands.pop() else { panic!() };
        assert_eq!((request.wanted.presence, request.wanted.policy), expected);
        assert_eq!(request.answer, Some(Answer::Approve));
    }
    agent.state().answers.push_back(Err(refused("key-changed")));
    assert_eq!(control.ask(&wanted(true, true)).await.unwrap_err().code, "key-changed");
}

#[tokio::test]
async fn a_wait_ends_with_the_event_that_changes_the_state_and_not_before() {
    let (agent, control) = Cardboard::new();
    agent.state().asks = vec![ask(AskState::Asking)];
    let wait = Wait { limit: Duration::from_secs(60), through: None };
    let waiting = tokio::spawn(async move { control.ask_view("a1", &wait).await });
    agent.listened_to().await;
    agent.happen(Event::AskChanged(AskId(1)));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "still asking");
    agent.state().asks = vec![ask(AskState::Reviewing(ReviewId(1)))];
    agent.happen(Event::AskChanged(AskId(1)));
    let view = waiting.await.unwrap().unwrap();
    assert_eq!((view.state, view.review.as_deref()), (AskStateView::Reviewing, Some("r1")));
}

#[tokio::test]
async fn a_wait_that_is_over_tells_the_state_as_it_is() {
    let (agent, control) = Cardboard::new();
    agent.state().calls = vec![call(CallState::Active)];
    let wait = |through: Option<&str>| Wait {
        limit: Duration::from_millis(20),
        through: through.map(|state| vec![state.to_owned()]),
    };
    assert_eq!(control.call_view("c1", &wait(None)).await.unwrap().state, CallStateView::Active);
    let view = control.call_view("c1", &wait(Some("active"))).await.unwrap();
    assert_eq!((view.setup_ms, view.packets.dropped["replay"]), (Some(12), 1));
    assert_eq!(control.call_view("c2", &wait(None)).await.unwrap_err().code, "no-such-call");
    assert_eq!(control.call_view("\u{1b}x", &wait(None)).await.unwrap_err().subject, "\\u{1b}x");
}

#[tokio::test]
async fn an_answer_comes_back_when_it_is_durable() {
    let (agent, control) = Cardboard::new();
    agent.state().reviews = vec![review(ReviewState::Pending)];
    agent.state().then = Some(Box::new(|state| {
        state.reviews = vec![review(ReviewState::Storing)];
        vec![Event::ReviewChanged(ReviewId(1))]
    }));
    let answering = tokio::spawn(async move { control.answer_review("r1", &approve()).await });
    agent.listened_to().await;
    tokio::task::yield_now().await;
    assert!(!answering.is_finished(), "it is on its way to the disk");
    agent.state().reviews = vec![review(ReviewState::Registered { generation: Generation(5), by: "control" })];
    agent.happen(Event::ReviewChanged(ReviewId(1)));
    let view = answering.await.unwrap().unwrap();
    assert_eq!((view.state, view.generation), (ReviewStateView::Registered, Some(5)));
}

#[tokio::test]
async fn an_answer_that_registers_nothing_is_a_failure_unless_it_was_to_refuse() {
    let (agent, control) = Cardboard::new();
    for (state, code) in
        [(ReviewState::Failed(refused("disk-full")), Some("disk-full")), (ReviewState::Refused { by: "control" }, None)]
    {
        agent.state().reviews = vec![review(state)];
        let result = control.answer_review("r1", &AnswerBody::Refuse { by: None }).await;
        assert_eq!(result.as_ref().err().map(|failure| failure.code), code, "{result:?}");
    }
    agent.state().answers.push_back(Err(refused("key-changed")));
    assert_eq!(control.answer_review("r1", &approve()).await.unwrap_err().kind, FailureKind::Trust);
}

#[tokio::test]
async fn a_review_is_shown_whole_and_safe_to_print() {
    let (agent, control) = Cardboard::new();
    agent.state().reviews = vec![review(ReviewState::Pending)];
    let view = control.review("r1", &Wait::default()).await.unwrap();
    assert_eq!(view.statement.pinned_fingerprint, Some(Fingerprint([9; 32]).to_string()));
    assert_eq!(view.surroundings.kind, SurroundingsKind::NotAsked);
    let entries: Vec<_> = view.proposed.iter().map(|e| (e.direction.as_str(), e.action.as_str())).collect();
    assert_eq!(entries, [("out", "none"), ("in", "none")]);
    assert_eq!((view.proposed[0].source.as_str(), view.proposed[0].source_ports.as_str()), ("192.168.1.1/32", "any"));
    let printed = serde_json::to_string(&view).unwrap();
    for harmful in ["\u{202e}", "\\u0007", "\\r", "\u{7}"] {
        assert!(!printed.contains(harmful), "{harmful:?} in {printed}");
    }
    assert_eq!(view.presence.user.as_deref(), Some("Bob\\u{202e}"));
}

#[tokio::test]
async fn a_policy_change_is_done_when_the_store_says_so() {
    let (agent, control) = Cardboard::new();
    let text = "spdadd any any any -P out none;".to_owned();
    let body = AddBody { text, entity: None, device: None, group: None };
    let settle = |result: Result<(), Failure>| {
        let other = Event::StoreSettled { effect: EffectId(6), result: Err(refused("other")) };
        vec![other, Event::StoreSettled { effect: EffectId(7), result }]
    };
    let effect = Some(EffectId(7));
    let accepted = Accepted::Registering { effect, added: Vec::new(), skipped: Vec::new() };
    agent.state().answers.push_back(Ok(accepted.clone()));
    agent.state().then = Some(Box::new(move |_| settle(Ok(()))));
    assert_eq!(control.policy_add(&body).await.unwrap().policy.generation, 4);
    agent.state().answers.push_back(Ok(accepted));
    agent.state().then = Some(Box::new(move |_| settle(Err(refused("disk-full")))));
    assert_eq!(control.policy_add(&body).await.unwrap_err().code, "disk-full");
    assert_eq!(control.policy_remove("e77").await.unwrap_err().code, "no-such-entry");
    assert_eq!(agent.state().commands.len(), 2, "nothing was sent for an entry that is not there");
}

#[tokio::test]
async fn a_packet_is_tested_against_the_policy_in_force() {
    let (_agent, control) = Cardboard::new();
    let mut body = TestBody {
        source: "192.168.1.1".to_owned(),
        source_port: "4000".to_owned(),
        destination: "192.168.1.2".to_owned(),
        destination_port: "5000".to_owned(),
        upper: "udp".to_owned(),
        direction: "out".to_owned(),
    };
    let test = control.policy_test(&body).await.unwrap();
    assert_eq!(test.action, "ipsec esp/transport//require");
    assert_eq!(test.entry.direction, "out");
    assert!(test.why.contains("default"), "{}", test.why);
    body.destination = "::1".to_owned();
    assert_eq!(control.policy_test(&body).await.unwrap_err().subject, "DST");
    body.source_port = "65536".to_owned();
    assert_eq!(control.policy_test(&body).await.unwrap_err().subject, "SPORT");
}

#[tokio::test]
async fn ones_own_presence_cannot_be_removed_and_a_peers_can() {
    let (agent, control) = Cardboard::new();
    agent.state().presences = vec![presence("sip:bob@192.168.1.2")];
    assert_eq!(control.presence_remove("sip:alice@192.168.1.1").await.unwrap_err().code, "own-presence");
    assert_eq!(control.presence_remove("carol@192.168.1.3").await.unwrap_err().code, "no-such-presence");
    assert!(agent.state().commands.is_empty());
    control.presence_remove("bob@192.168.1.2").await.unwrap();
    assert!(matches!(agent.state().commands[..], [Command::PresenceRemove { .. }]));
    let long = NamesBody { user: Some("x".repeat(129)), place: None, mail: None };
    assert_eq!(control.presence_set(&long).await.unwrap_err().subject, "user");
    let nothing = NamesBody { user: None, place: None, mail: None };
    assert_eq!(control.presence_set(&nothing).await.unwrap_err().code, "no-name");
    let list = control.presences().await.unwrap();
    assert_eq!(list.presences.iter().map(|p| p.own).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn only_a_pinned_peer_can_be_verified() {
    let (agent, control) = Cardboard::new();
    let body = VerifyBody { entity: "sip:bob@192.168.1.2".to_owned() };
    assert_eq!(control.identity_verify(&body).await.unwrap_err().code, "no-such-pin");
    agent.state().pins = vec![Pin {
        entity: Entity::parse(&body.entity).unwrap(),
        device: Device::new("bob-1").unwrap(),
        signing_key: VerifyKey([4; 32]),
        agreement_key: AgreementKey([5; 32]),
        fingerprint: Fingerprint([6; 32]),
        since: Wall(0),
        verified: false,
        last_published: 0,
        last_version: 0,
        statement: None,
    }];
    let identity = control.identity_verify(&body).await.unwrap();
    assert_eq!(identity.pins[0].phrase, ["acid", "badge"]);
    assert!(matches!(agent.state().commands[..], [Command::Verified { .. }]));
}

#[tokio::test]
async fn a_call_names_whole_paths() {
    let (agent, control) = Cardboard::new();
    let body = CallBody {
        peer: "192.168.1.2".to_owned(),
        answer: None,
        accept_key: None,
        purpose: None,
        content: None,
        play: None,
        record: Some("heard.wav".to_owned()),
        duration_ms: Some(1500),
        account: None,
    };
    assert_eq!(control.call(&body).await.unwrap_err().code, "relative-path");
    agent.state().calls = vec![call(CallState::Inviting)];
    agent.state().answers.push_back(Ok(Accepted::Call(CallId(1))));
    let body = CallBody { record: Some("/tmp/heard.wav".to_owned()), ..body };
    assert_eq!(control.call(&body).await.unwrap().state, CallStateView::Inviting);
    let Some(Command::Call(request)) = agent.state().commands.pop() else { panic!() };
    assert_eq!(request.duration, Some(Duration::from_millis(1500)));
    assert_eq!(request.sink, Some(AudioSink::File("/tmp/heard.wav".into())));
}

#[tokio::test]
async fn events_carry_the_noun_as_it_is_and_end_with_the_agent() {
    let (agent, control) = Cardboard::new();
    agent.state().asks = vec![ask(AskState::Refused)];
    let mut events = control.events();
    agent.happen(Event::StoreSettled { effect: EffectId(1), result: Ok(()) });
    agent.happen(Event::AskChanged(AskId(1)));
    agent.happen(Event::PolicyChanged(Generation(5)));
    agent.happen(Event::Stopped);
    let Some(EventView::Ask(view)) = events.next().await else { panic!() };
    assert_eq!(view.state, AskStateView::Refused);
    assert_eq!(events.next().await, Some(EventView::Policy(5)));
    assert_eq!(events.next().await, Some(EventView::Stopped));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn what_changed_several_times_before_it_was_read_is_told_once() {
    let (agent, control) = Cardboard::new();
    agent.state().calls = vec![call(CallState::Active)];
    let mut events = control.events();
    for _ in 0..3 {
        agent.happen(Event::CallChanged(CallId(1)));
        agent.happen(Event::PolicyChanged(Generation(5)));
    }
    agent.happen(Event::PolicyChanged(Generation(6)));
    assert!(matches!(events.next().await, Some(EventView::Call(_))));
    assert_eq!(events.next().await, Some(EventView::Policy(5)));
    assert_eq!(events.next().await, Some(EventView::Policy(6)));
    agent.happen(Event::CallChanged(CallId(1)));
    assert!(matches!(events.next().await, Some(EventView::Call(_))), "and again when it changes again");
}

#[tokio::test]
async fn who_listens_too_slowly_is_told() {
    let (agent, control) = Cardboard::new();
    let mut events = control.events();
    for generation in 0..100 {
        agent.happen(Event::PolicyChanged(Generation(generation)));
    }
    let Some(EventView::Notice(notice)) = events.next().await else { panic!() };
    assert_eq!(notice.code, "events-lost");
    assert!(matches!(events.next().await, Some(EventView::Policy(_))));
}

#[tokio::test]
async fn who_has_enough_of_calls_hears_of_everything_else() {
    let (agent, control) = Cardboard::new();
    agent.state().calls = vec![call(CallState::Active), Call { id: CallId(2), ..call(CallState::Incoming) }];
    let mut events = control.events();
    agent.happen(Event::PolicyChanged(Generation(5)));
    for _ in 0..3 {
        agent.happen(Event::CallChanged(CallId(1)));
    }
    let all_is_read = async {
        while !agent.events.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    events.let_calls_go(all_is_read).await;
    assert_eq!(events.next().await, Some(EventView::Policy(5)));
    let Some(EventView::Call(rings)) = events.next().await else { panic!() };
    assert_eq!(rings.id, "c2", "one that waits for the user is told");
    let Some(EventView::Notice(notice)) = events.next().await else { panic!() };
    assert_eq!(notice.code, "calls-untold");
    agent.happen(Event::CallChanged(CallId(1)));
    assert!(matches!(events.next().await, Some(EventView::Call(_))), "and of those that come afterwards");
}

/// Another device of ours has published a record of the same entity.
#[tokio::test]
async fn ones_own_presence_is_told_as_this_devices_and_that_of_another_as_its_own() {
    let (agent, control) = Cardboard::new();
    let own = presence("sip:alice@192.168.1.1");
    let device = Device::new("device-2").unwrap();
    let (entity, other) = (own.entity.clone(), PresenceRecord { device: device.clone(), ..own });
    agent.state().presences = vec![other];
    let mut events = control.events();
    agent.happen(Event::OwnPresenceChanged);
    agent.happen(Event::PresenceChanged(entity, device));
    for (own, device) in [(true, "device-1"), (false, "device-2")] {
        let Some(EventView::Presence(told)) = events.next().await else { panic!() };
        assert_eq!((told.own, told.device.as_str()), (own, device));
    }
}

#[tokio::test]
async fn what_is_there_no_more_is_told_by_what_it_was_known_by() {
    let (agent, control) = Cardboard::new();
    let bob = Entity::parse("sip:bob@192.168.1.2").unwrap();
    let device = Device::new("device-1").unwrap();
    let mut events = control.events();
    agent.happen(Event::AccountChanged(bob.clone()));
    agent.happen(Event::PresenceChanged(bob.clone(), device.clone()));
    agent.happen(Event::WatchChanged { peer: bob.to_string(), device: None });
    agent.happen(Event::WatchChanged { peer: bob.to_string(), device: Some(device) });
    for told in [
        r#"{"event":"account-gone","data":"sip:bob@192.168.1.2"}"#,
        r#"{"event":"presence-gone","data":{"entity":"sip:bob@192.168.1.2","device":"device-1"}}"#,
        r#"{"event":"watch-gone","data":{"peer":"sip:bob@192.168.1.2","device":null}}"#,
        r#"{"event":"watch-gone","data":{"peer":"sip:bob@192.168.1.2","device":"device-1"}}"#,
    ] {
        let event = events.next().await.unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), told);
        assert!(told.starts_with(&format!(r#"{{"event":"{}""#, event.name())), "{told}");
    }
}

#[tokio::test]
async fn of_what_is_long_it_is_told_that_it_changed() {
    let (agent, control) = Cardboard::new();
    let mut events = control.events();
    for (happened, told, name) in [
        (Event::AuditChanged, EventView::Audit, "audit"),
        (Event::DoNotDisturbChanged, EventView::DoNotDisturb, "do-not-disturb"),
        (Event::HistoryChanged, EventView::History, "history"),
        (Event::PinsChanged, EventView::Pins, "pins"),
        (Event::SoundChanged, EventView::Sound, "sound"),
        (Event::WatchersAnswered, EventView::Watchers, "watchers"),
    ] {
        agent.happen(happened);
        assert_eq!((events.next().await.as_ref(), told.name()), (Some(&told), name));
        assert_eq!(serde_json::to_value(&told).unwrap()["event"], name);
    }
}
