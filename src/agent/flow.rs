//! The ways to the registrar of one account: the first, and one beside it (RFC 5626 section 4.2).
//!
//! | the first | the second |
//! | --- | --- |
//! | registered, outbound granted | registered too: calls come on either |
//! | registered, not granted | idle: the registrar would hold one Contact only, twice |
//! | failed | registered as well as can be, until the first is back |

use super::account::Accounting;
use super::config::{AccountConfig, Hop};
use super::fail_over::Untried;
use super::{AccountFlow, AccountState};
use crate::sip::{Candidate, Received, RegistrationId};
use crate::vocab::Mono;

/// One of them.
pub struct Flow {
    /// As configured.
    pub proxy: Hop,
    pub registration: Option<RegistrationId>,
    /// Where the proxy is: what was tried last.
    pub hop: Option<Candidate>,
    /// Where REGISTER goes instead, and nothing else: its registrar said so.
    pub elsewhere: Option<Candidate>,
    /// Where else it is.
    pub untried: Untried,
    pub look_again: Option<Mono>,
    pub shown: AccountFlow,
}

impl Flow {
    fn new(proxy: &Hop, state: AccountState) -> Self {
        let shown = AccountFlow {
            proxy: proxy.to_string(),
            address: None,
            state,
            heard: None,
            outbound: false,
            path: Vec::new(),
            seen: None,
            service_route: Vec::new(),
        };
        let untried = Untried::default();
        Self { proxy: proxy.clone(), registration: None, hop: None, elsewhere: None, untried, look_again: None, shown }
    }

    /// Where REGISTER goes.
    pub fn registrar(&self) -> Option<Candidate> {
        self.elsewhere.or(self.hop)
    }

    pub fn is_registered(&self) -> bool {
        matches!(self.shown.state, AccountState::Registered { .. })
    }

    /// Its registrar has us, whether or not it still reaches us.
    pub fn is_known(&self) -> bool {
        self.is_registered() || self.shown.state == AccountState::Recovering
    }

    /// This came from its proxy, by a transport that proves it where that is demanded.
    pub fn leads_to(&self, from: &Received) -> bool {
        self.hop.is_some_and(|hop| {
            let secure = !hop.transport.is_secure() || from.transport.is_secure();
            secure && hop.address.ip().to_canonical() == from.remote.ip().to_canonical()
        })
    }

    /// There is no need of it.
    pub fn is_idle(&self) -> bool {
        self.shown.state == AccountState::Idle
    }
}

/// Those of an account, none of them tried yet.
pub fn flows(config: &AccountConfig) -> Vec<Flow> {
    let first = Flow::new(&config.proxy, AccountState::Resolving);
    let beside = config.beside.as_ref().map(|proxy| Flow::new(proxy, AccountState::Idle));
    [first].into_iter().chain(beside).collect()
}

impl Accounting {
    /// The one that requests of ours take: the first that stands.
    pub fn in_use(&self) -> Option<&Flow> {
        let known = || self.flows.iter().find(|flow| flow.is_known());
        self.flows.iter().find(|flow| flow.is_registered()).or_else(known).or(self.flows.first())
    }

    pub fn hop(&self) -> Option<Candidate> {
        self.in_use().and_then(|flow| flow.hop)
    }

    /// Another than this one stands.
    pub fn stands_beside(&self, at: usize) -> bool {
        self.flows.iter().enumerate().any(|(other, flow)| other != at && flow.is_registered())
    }

    /// Whether the second is to be tried now.
    pub fn wants_beside(&self) -> bool {
        let [first, beside] = &self.flows[..] else { return false };
        let wants = match first.shown.state {
            AccountState::Registered { .. } => first.shown.outbound,
            AccountState::Waiting { .. } => true,
            _ => false,
        };
        wants && beside.is_idle()
    }

    /// The first one stands, and its registrar would hold no second: what is to be forgotten of that, if anything is.
    pub fn drop_beside(&mut self) -> Option<RegistrationId> {
        let [first, beside] = &mut self.flows[..] else { return None };
        if !first.is_registered() || first.shown.outbound {
            return None;
        }
        let held = beside.registration.take();
        *beside = Flow::new(&beside.proxy, AccountState::Idle);
        held
    }

    /// What the user sees of the account is that of the one in use.
    pub fn settle(&mut self) {
        let Some(shown) = self.in_use().map(|flow| flow.shown.clone()) else { return };
        self.account.proxy = shown.proxy;
        self.account.address = shown.address;
        self.account.state = shown.state;
        self.account.heard = shown.heard;
        self.account.service_route = shown.service_route;
        self.account.flows = self.flows.iter().map(|flow| flow.shown.clone()).collect();
    }
}
