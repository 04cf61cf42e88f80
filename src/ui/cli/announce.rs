//! What a running agent says at its own terminal: who calls, which review waits, what must be seen now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::IsTerminal;
use std::time::Duration;

use tokio::time::{interval, MissedTickBehavior};

use super::output::Output;
use crate::app::control::view::{
    AccountStateView, AccountView, CallStateView, CallView, DigitView, EventView, ReviewKindView, ReviewStateView,
    StatusView, TextStateView, WatchStateView, WatchView,
};
use crate::app::control::{Events, CALLS_UNTOLD};

/// A noun changes more often than what is said of it: so many lines are remembered, to be said once.
const REMEMBERED: usize = 256;

/// Of calls so much is said in [`A_WHILE`], and no more: who calls a thousand times a second must not fill a terminal or a journal, nor
/// take the time of those calls that are answered.
const CALLS_SAID: u32 = 16;
const A_WHILE: Duration = Duration::from_millis(100);

/// Until the agent stops. `status` is what was said of it at its start.
pub async fn announce(mut events: Events, output: Output, status: StatusView) {
    let mut announcer = Announcer::new(&status);
    let (mut calls, mut while_ends) = (0_u32, interval(A_WHILE));
    while_ends.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while let Some(event) = events.next().await {
        announcer.lines(&event).iter().for_each(|line| output.say(line));
        if matches!(event, EventView::Call(_)) {
            calls = calls.wrapping_add(1);
            if calls.is_multiple_of(CALLS_SAID) {
                events.let_calls_go(async { _ = while_ends.tick().await }).await;
            }
        }
    }
}

/// What was said already.
struct Announcer {
    /// A call that rings waits for somebody to answer it.
    prompting: bool,
    registered: Registered,
    mailboxes: Mailboxes,
    held: Held,
    said: VecDeque<String>,
}

impl Announcer {
    fn new(status: &StatusView) -> Self {
        let mut registered = Registered::default();
        status.accounts.iter().for_each(|account| drop(registered.line(account)));
        let prompting = status.answer == "prompt";
        let mailboxes = Mailboxes::default();
        Self { prompting, registered, mailboxes, held: Held::default(), said: VecDeque::new() }
    }

    fn lines(&mut self, event: &EventView) -> Vec<String> {
        self.forget_what_is_over(event);
        let first = match event {
            // The same key may come twice. It may be a secret: only a terminal shows it, and no file or journal has it.
            EventView::Digit(digit) => return digit_line(digit, std::io::stderr().is_terminal()).into_iter().collect(),
            EventView::Account(account) => {
                let lines = [self.registered.line(account), self.mailboxes.line(account)];
                return lines.into_iter().flatten().collect();
            }
            EventView::Call(call) => self.held.line(call),
            _ => None,
        };
        // What was not told must be known every time.
        let again = matches!(event, EventView::Notice(notice) if notice.code == CALLS_UNTOLD);
        let second = line(event, self.prompting).filter(|line| again || !self.said.contains(line));
        if let Some(line) = &second {
            self.said.truncate(REMEMBERED - 1);
            self.said.push_front(line.clone());
        }
        first.into_iter().chain(second).collect()
    }
}

impl Announcer {
    /// What is well again may fail again, with the same words.
    fn forget_what_is_over(&mut self, event: &EventView) {
        match event {
            EventView::Account(account) if account.state == AccountStateView::Registered => {
                self.said.retain(|line| !line.contains(&account.entity));
            }
            EventView::Watch(watch) if watch.state == WatchStateView::Active => {
                let (of, now) = (watching(watch), followed(watch));
                self.said.retain(|line| !line.starts_with(&of) || now.as_ref() == Some(line));
            }
            // What protects it, or that it was not protected, counts again after something else.
            EventView::Call(call) => {
                if let Some(now) = told(call, false).filter(|_| call.state == CallStateView::Active) {
                    let (of, placed) = (format!("call {}: ", call.id), format!("call {} takes the place of ", call.id));
                    self.said.retain(|line| *line == now || !line.starts_with(&of) && !line.starts_with(&placed));
                }
            }
            _ => {}
        }
    }
}

/// Accounts of which it was said that they are registered: it is said again when they were not meanwhile.
#[derive(Default)]
struct Registered(BTreeSet<String>);

impl Registered {
    /// That it is not, a notice tells.
    fn line(&mut self, account: &AccountView) -> Option<String> {
        let address = account.address.as_ref().unwrap_or(&account.proxy);
        if account.state != AccountStateView::Registered {
            let broke = self.0.remove(&account.entity) && account.state == AccountStateView::Recovering;
            let why = match super::account::is_by_udp(Some(address)) {
                true => format!("{address} does not answer"),
                false => format!("its connection to {address} broke, or nobody answers there"),
            };
            return broke.then(|| format!("account {}: {why}, and it registers anew", account.entity));
        }
        self.0.insert(account.entity.clone()).then(|| format!("account {}: registered at {address}", account.entity))
    }
}

/// What was said of messages that wait: it is said again when it is something else.
#[derive(Default)]
struct Mailboxes(BTreeMap<String, String>);

impl Mailboxes {
    fn line(&mut self, account: &AccountView) -> Option<String> {
        let now = super::account::messages(&account.mailbox)?;
        let before = self.0.insert(account.entity.clone(), now.clone());
        let is_news = before.as_ref() != Some(&now) && (before.is_some() || account.mailbox.waiting == Some(true));
        is_news.then(|| format!("account {}: {now}", account.entity))
    }
}

/// Calls that are held, and by whom: it is said whenever that changes.
#[derive(Default)]
struct Held(BTreeMap<String, &'static str>);

impl Held {
    fn line(&mut self, call: &CallView) -> Option<String> {
        let before = self.0.get(&call.id).copied();
        let now = super::call::held(call);
        match now {
            Some(held) => self.0.insert(call.id.clone(), held),
            None => self.0.remove(&call.id),
        };
        (before != now && !call.is_over()).then(|| format!("call {}: {}", call.id, now.unwrap_or("talking again")))
    }
}

fn line(event: &EventView, prompting: bool) -> Option<String> {
    match event {
        EventView::Call(call) => told(call, prompting),
        EventView::Message(text) if text.state == TextStateView::Received => {
            Some(format!("message {} from {} (as it says, not proven): {}", text.id, text.peer, text.text))
        }
        EventView::Notice(notice) => Some(format!("{}: {}", notice.message, notice.next)),
        EventView::Watch(watch) => followed(watch),
        // Of the others a notice says more.
        EventView::Review(review)
            if review.state == ReviewStateView::Pending && review.kind == ReviewKindView::Statement =>
        {
            Some(format!(
                "review {id} of {} waits: `sottovoce review show {id}`",
                review.presence.entity,
                id = review.id
            ))
        }
        _ => None,
    }
}

fn digit_line(digit: &DigitView, shown: bool) -> Option<String> {
    shown.then(|| format!("call {}: the peer presses {}", digit.call, digit.digit))
}

fn followed(watch: &WatchView) -> Option<String> {
    watch.steps.last().map(|step| format!("{} {}", watching(watch), step.text))
}

fn watching(watch: &WatchView) -> String {
    let device = watch.device.as_ref().map(|device| format!(" device {device}")).unwrap_or_default();
    format!("watching {}{device}:", watch.peer)
}

fn told(call: &CallView, prompting: bool) -> Option<String> {
    let CallView { id, peer, .. } = call;
    let peer = if call.known { peer.clone() } else { format!("somebody who says to be {peer} (no approved key)") };
    match call.state {
        CallStateView::Active => {
            let place = call.replaces.as_ref().map(|old| format!(" takes the place of call {old}")).unwrap_or_default();
            let wanted =
                call.wanted_by.as_ref().map(|by| format!(", as the peer of call {by} wanted")).unwrap_or_default();
            let protected = super::call::protected_by(call);
            let what = if call.carries.is_some() || call.forwards.is_some() { "connected" } else { "talking" };
            Some(format!("call {id}{place}: {what} with {peer}, {protected}{wanted}"))
        }
        CallStateView::Ended | CallStateView::Failed => {
            Some(format!("call {id}: over{}", call.why_over().map(|why| format!(": {why}")).unwrap_or_default()))
        }
        CallStateView::Wanted => Some(super::call::told(call)),
        CallStateView::Incoming if prompting && call.behind.is_some() => {
            let runs = call.behind.clone().unwrap_or_default();
            Some(format!(
                "call {id}: {peer} calls, while call {runs} runs: `sottovoce answer {id}` holds that one, \
                 `sottovoce reject {id}` says that you are busy"
            ))
        }
        CallStateView::Incoming if prompting => {
            Some(format!("call {id}: {peer} calls: `sottovoce answer {id}` or `sottovoce reject {id}`"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Call, CallState};
    use crate::vocab::{CallId, Failure, FailureKind};

    #[test]
    fn messages_that_wait_are_said_when_they_are_others_than_before() {
        let account = |new: u32| -> AccountView {
            serde_json::from_value(serde_json::json!({
                "entity": "sip:alice@example.org", "added": true, "proxy": "example.org", "address": null,
                "user": "alice", "state": "registered", "until": null, "again": null, "failure": null,
                "publication": {"state": "off", "until": null, "again": null, "failure": null, "reason": null},
                "service_route": [], "flows": [], "gruu": null,
                "mailbox": {"state": "told", "waiting": new > 0, "new": new, "old": 1, "urgent": 1, "failure": null},
            }))
            .unwrap()
        };
        let mut mailboxes = Mailboxes::default();
        let said = [0, 2, 2, 1, 0].map(|new| mailboxes.line(&account(new)));
        let line = |text: &str| Some(format!("account sip:alice@example.org: {text}"));
        let two = line("2 new voice messages, 1 of them urgent");
        let one = line("1 new voice message, 1 of them urgent");
        assert_eq!(said, [None, two, None, one, line("no new voice messages")]);
    }

    #[test]
    fn an_account_is_said_to_be_registered_once_and_again_after_an_outage() {
        let account_by = |transport: &str, state: &str| -> AccountView {
            let address = format!("{transport}:192.0.2.1:5060");
            let publication =
                serde_json::json!({"state": "off", "until": null, "again": null, "failure": null, "reason": null});
            serde_json::from_value(serde_json::json!({
                "entity": "sip:alice@example.org", "added": true, "proxy": "example.org", "address": address,
                "user": "alice", "state": state, "until": null, "again": null, "failure": null,
                "publication": publication, "service_route": [], "flows": [], "gruu": null,
                "mailbox": {"state": "off", "waiting": null, "new": null, "old": null, "urgent": null, "failure": null},
            }))
            .unwrap()
        };
        let account = |state: &str| account_by("udp", state);
        let mut registered = Registered::default();
        let said = ["registering", "registered", "registered", "waiting", "registering", "registered"]
            .map(|state| registered.line(&account(state)));
        let line = Some("account sip:alice@example.org: registered at udp:192.0.2.1:5060".to_owned());
        assert_eq!(said, [None, line.clone(), None, None, None, line.clone()]);
        let silent = "account sip:alice@example.org: udp:192.0.2.1:5060 does not answer, and it registers anew";
        let said = ["recovering", "recovering", "registered"].map(|state| registered.line(&account(state)));
        assert_eq!(said, [Some(silent.to_owned()), None, line]);
        let broke = "account sip:alice@example.org: its connection to tcp:192.0.2.1:5060 broke, or nobody answers there, and it \
                     registers anew";
        assert_eq!(registered.line(&account_by("tcp", "recovering")).as_deref(), Some(broke));
        let said = VecDeque::new();
        let mailboxes = Mailboxes::default();
        let mut announcer = Announcer { prompting: false, registered, mailboxes, held: Held::default(), said };
        let failure =
            Failure::new(FailureKind::Unreachable, "x", "sip:alice@example.org is not registered", "a", "wait");
        let other = Failure::new(FailureKind::Unreachable, "x", "sip:bob@example.org is not registered", "a", "wait");
        for again in [true, false] {
            let mut told = |failure: &Failure| announcer.lines(&EventView::Notice(failure.into())).len();
            assert_eq!((told(&failure), told(&failure)), (1, 0), "once in an outage");
            assert_eq!(told(&other), usize::from(again), "which is not over");
            announcer.lines(&EventView::Account(account("registered")));
        }
    }

    /// The last word on what protects a call is true.
    #[test]
    fn protection_that_falls_is_said_as_when_it_rises() {
        let mut announcer = Announcer {
            prompting: false,
            registered: Registered::default(),
            mailboxes: Mailboxes::default(),
            held: Held::default(),
            said: VecDeque::new(),
        };
        let mut said = |bundle: &str| {
            let call = Call { bundle: bundle.into(), ..crate::app::control::tests::call(CallState::Active) };
            announcer.lines(&EventView::Call(Box::new(CallView::from(&call))))
        };
        for bundle in ["ah", "ah+esp", "ah", "none", "ah"] {
            let words = if bundle == "none" { "not protected".to_owned() } else { format!("protected by {bundle}") };
            assert!(said(bundle).iter().any(|line| line.ends_with(&words)), "{bundle}");
            assert_eq!(said(bundle), Vec::<String>::new(), "once");
        }
    }

    #[test]
    fn why_a_call_is_over_is_said_in_short() {
        let call = |state| CallView::from(&crate::app::control::tests::call(state));
        let failed = |message: &str| {
            CallState::Failed(Failure::new(FailureKind::Unreachable, "peer-silent", message, "sip:bob@h", "call again"))
        };
        for (state, said) in [
            (failed("sip:bob@h did not answer"), "call c1: over: sip:bob@h did not answer"),
            (failed("nobody is there; tried: the contact book, SIP at h"), "call c1: over: nobody is there"),
            (CallState::Ended { reason: "the peer hung up".into() }, "call c1: over: the peer hung up"),
            (CallState::Ended { reason: String::new() }, "call c1: over"),
        ] {
            assert_eq!(told(&call(state), true).as_deref(), Some(said));
        }
    }

    /// Who reads `esp/tunnel` has to know where the tunnel ends.
    #[test]
    fn a_tunnel_to_a_gateway_is_not_taken_for_one_to_the_peer() {
        let call = || Call { bundle: "esp/tunnel".into(), ..crate::app::control::tests::call(CallState::Active) };
        let said = |call: Call| told(&CallView::from(&call), true).unwrap();
        let (main, other) = (Some(CallId(1)), Some(CallId(2)));
        assert!(
            said(Call { through: other, ..call() }).ends_with("esp/tunnel, tunnels as far as the gateway of call c2")
        );
        let tunnel = said(Call { carries: main, ..call() });
        assert!(tunnel.contains("connected with") && tunnel.ends_with("the tunnel for call c1"), "{tunnel}");
        let there = "133.134.10.10".parse().ok();
        assert!(said(Call { forwards: there, ..call() }).ends_with("you are its gateway to 133.134.10.10"));
    }

    #[test]
    fn who_holds_a_call_is_said_whenever_that_changes() {
        let call = crate::app::control::tests::call;
        let view = |state: CallState, on_hold: bool, held_by_peer: bool| {
            CallView::from(&Call { on_hold, held_by_peer, ..call(state) })
        };
        let mut held = Held::default();
        let mut said = |state: CallState, ours, theirs| held.line(&view(state, ours, theirs));
        assert_eq!(said(CallState::Ringing, false, false), None);
        assert_eq!(said(CallState::Active, false, false), None);
        for _ in 0..2 {
            assert_eq!(said(CallState::Active, true, false).as_deref(), Some("call c1: on hold"));
            assert_eq!(said(CallState::Active, true, false), None, "once");
            assert_eq!(said(CallState::Active, true, true).as_deref(), Some("call c1: held by both"));
            assert_eq!(said(CallState::Active, false, false).as_deref(), Some("call c1: talking again"));
        }
        said(CallState::Active, false, true);
        assert_eq!(said(CallState::Ended { reason: String::new() }, false, true), None);
    }
}
