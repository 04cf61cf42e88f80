//! Our names: the entity of this agent, and one more for each account of another name. Whoever is reached by an account's proxy
//! knows us by the account's; everybody else by the agent's own. The keys are the same, and every statement names the entity
//! that it is about.

use super::account::Accounting;
use super::snapshot::PublicationState;
use super::target::Target;
use super::{AccountConfig, Agent};
use crate::sip::headers::NameAddr;
use crate::sip::{Received, Uri};
use crate::vocab::Entity;

impl Agent {
    /// The agent's own first, each once.
    pub(super) fn names(&self) -> Vec<Entity> {
        let mut names = vec![self.config.entity.clone()];
        for accounting in self.accounts.all() {
            if !names.iter().any(|name| accounting.config.is_named(name)) {
                names.push(accounting.config.name());
            }
        }
        names
    }

    /// Which of our names this is, in the one way in which we write it.
    pub(super) fn our_name(&self, entity: &Entity) -> Option<Entity> {
        if *entity == self.config.entity {
            return Some(entity.clone());
        }
        let account = self.accounts.all().find(|accounting| accounting.config.is_named(entity))?;
        Some(self.name_of(&account.config))
    }

    pub(super) fn is_our_name(&self, entity: &Entity) -> bool {
        *entity == self.config.entity || self.accounts.all().any(|accounting| accounting.config.is_named(entity))
    }

    fn name_of(&self, account: &AccountConfig) -> Entity {
        match account.is_named(&self.config.entity) {
            true => self.config.entity.clone(),
            false => account.name(),
        }
    }

    /// Who we are to this peer.
    pub(super) fn name_to(&self, target: &Target) -> Entity {
        let account = self.account_of(target).ok().flatten();
        account.map_or_else(|| self.config.entity.clone(), |accounting| self.name_of(&accounting.config))
    }

    /// The same, of one whom we know by its entity alone.
    pub fn name_to_entity(&self, peer: &Entity) -> Entity {
        Target::parse(peer.as_str()).map_or_else(|_| self.config.entity.clone(), |target| self.name_to(&target))
    }

    /// Our names that whoever sent this may hear of: the agent's own, and of the accounts those whose proxy it came from, or that tell of
    /// this device at a presence server anyway. If a stranger heard of the others, he could find out whose device this is: he would ask for
    /// everybody whom it might belong to.
    pub(super) fn names_told_to(&self, from: &Received) -> Vec<Entity> {
        let mut names = self.names();
        names.retain(|name| {
            let mut of_name = self.accounts.all().filter(|accounting| accounting.config.is_named(name));
            *name == self.config.entity || of_name.any(|accounting| accounting.is_told_to(from))
        });
        names
    }

    /// Which of these names the sender of a request means by the URI that it names us by.
    pub(super) fn name_meant(&self, names: &[Entity], asked: Option<&Uri>) -> Entity {
        let meant = asked.and_then(|uri| {
            let named = (uri.user().map(str::to_owned), uri.host()?.to_string());
            let is = |name: &&Entity| name.user() == named.0.as_deref() && name.host().eq_ignore_ascii_case(&named.1);
            names.iter().find(is).cloned()
        });
        meant.unwrap_or_else(|| self.config.entity.clone())
    }

    /// For From; `None` is the agent's own, which it bears anyway.
    pub(super) fn written_as(&self, name: &Entity) -> Option<NameAddr> {
        let uri = Uri::parse(name.as_str()).ok().filter(|_| *name != self.config.entity)?;
        Some(NameAddr::new(uri).with_display(self.config.display_name.as_deref().unwrap_or_default()))
    }
}

impl Accounting {
    fn is_told_to(&self, from: &Received) -> bool {
        let published = matches!(self.account.publication, PublicationState::Published { .. });
        published || self.flows.iter().any(|flow| flow.leads_to(from))
    }
}
