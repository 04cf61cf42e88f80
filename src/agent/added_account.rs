//! Accounts that the user adds and removes while the agent runs. They stand in the store, beside what else must be there again
//! after a restart, each in one transaction with its audit row; its password is sealed with the device's key.
//!
//! | step | carries |
//! | --- | --- |
//! | `Command::AddAccount` -> `add_account` | `StoreOp::AddAccount` |
//! | `Stored` -> `account_added` | the registration begins, see `account.rs` |
//! | `Command::RemoveAccount` -> `remove_account` | `StoreOp::RemoveAccount` |
//! | `Stored` -> `account_removed` | PUBLISH, SUBSCRIBE and REGISTER with Expires: 0, and no other use of its password |

use rand_core::RngCore;

use super::account::Accounting;
use super::naming::no_account;
use super::waiting::Waiting;
use super::{AccountConfig, AccountState, AddedAccount, Agent, AuditRow, Effect, Event, StoreOp};
use crate::keys::sealed::{self, Belongs};
use crate::keys::Identity;
use crate::vocab::{shell_word, EffectId, Entity, Failure, FailureKind, Now};

/// How many there may be, those of the configuration included.
const MAX_ACCOUNTS: usize = 32;

impl Agent {
    pub(super) fn add_account(&mut self, now: Now, config: AccountConfig) -> Result<EffectId, Failure> {
        if self.accounts.get(&config.entity).is_some() {
            return Err(is_there(&config.entity));
        }
        let on_their_way = self.waiting.values().filter(|waiting| matches!(waiting, Waiting::AddAccount(_))).count();
        if self.accounts.all().count() + on_their_way >= MAX_ACCOUNTS {
            return Err(too_many(&config.entity));
        }
        let mut nonce = [0; 24];
        self.rng.fill_bytes(&mut nonce);
        let seal = |password| sealed::seal(&self.config.identity, &belongs(&config), password, nonce);
        let account = AddedAccount {
            sealed: config.password.as_ref().map(seal),
            config: AccountConfig { password: None, ..config.clone() },
        };
        let audit = audit(now, "account-added", &config.entity, &format!("at {} as {}", config.proxy, config.user));
        let id = self.expect(Waiting::AddAccount(Box::new(config)));
        self.effect(Effect::Store { id, op: StoreOp::AddAccount { account: Box::new(account), audit } });
        Ok(id)
    }

    pub(super) fn account_added(&mut self, now: Now, config: AccountConfig) {
        self.accounts.push(Accounting::new(config.clone(), true));
        self.event(Event::AccountChanged(config.entity.clone()));
        if self.stopping.is_none() {
            self.find_proxy(now, (&config.entity, 0));
        }
    }

    pub(super) fn remove_account(&mut self, now: Now, entity: &Entity) -> Result<EffectId, Failure> {
        match self.accounts.get(entity) {
            None => return Err(no_account(entity)),
            Some(accounting) if !accounting.account.added => return Err(is_configured(entity)),
            Some(_) => {}
        }
        let audit = audit(now, "account-removed", entity, "with its password");
        let id = self.expect(Waiting::RemoveAccount(entity.clone()));
        self.effect(Effect::Store { id, op: StoreOp::RemoveAccount { entity: entity.clone(), audit } });
        Ok(id)
    }

    pub(super) fn account_removed(&mut self, now: Now, entity: &Entity) {
        let Some(gone) = self.accounts.remove(entity) else { return };
        if let Some(id) = gone.publishing.id {
            self.endpoint.unpublish(now, id);
        }
        self.end_server_watchers(now, entity);
        self.end_mailbox(now, entity);
        self.watch_without(now, entity);
        for id in gone.registrations() {
            self.endpoint.unregister(now, id);
        }
        self.forget_login(&gone);
        self.sayings_changed(now);
        self.event(Event::AccountChanged(entity.clone()));
    }

    /// What goes by its proxy yet does not prove itself again, unless another account proves itself by the same.
    fn forget_login(&mut self, gone: &Accounting) {
        let Some(login) = gone.login() else { return };
        if self.accounts.all().all(|other| other.login().as_ref() != Some(&login)) {
            self.endpoint.forget_login(&login);
            self.calls.forget_login(&login);
        }
    }
}

impl AddedAccount {
    /// With its password. One that does not open leaves the account refused, and the rest of the agent as it is.
    pub fn restored(self, identity: &Identity) -> Accounting {
        let opened = self.sealed.map(|sealed| sealed::open(identity, &belongs(&self.config), &sealed)).transpose();
        let (password, failure) = match opened {
            Ok(password) => (password, None),
            Err(why) => (None, Some(unopened(&self.config, &why.to_string()))),
        };
        let mut accounting = Accounting::new(AccountConfig { password, ..self.config }, true);
        if let (Some(failure), Some(flow)) = (failure, accounting.flows.first_mut()) {
            flow.shown.state = AccountState::Refused(failure);
        }
        accounting.settle();
        accounting
    }
}

fn belongs(config: &AccountConfig) -> Belongs<'_> {
    Belongs { account: &config.entity, user: &config.user, realm: &config.realm }
}

fn audit(now: Now, kind: &'static str, entity: &Entity, detail: &str) -> AuditRow {
    AuditRow { at: now.wall, kind, subject: entity.to_string(), detail: crate::vocab::escape(detail) }
}

fn is_there(entity: &Entity) -> Failure {
    let message = format!("there is an account {entity} already");
    let next = format!("see `sottovoce account show {}`; to change it, remove it first", shell_word(entity.as_str()));
    Failure::new(FailureKind::Usage, "account-exists", message, entity.as_str(), next)
}

/// `app::control` says the same with the file.
fn is_configured(entity: &Entity) -> Failure {
    let message = format!("the account {entity} is the configuration's");
    let next = "take its [[account]] out of the configuration, then start the agent again";
    Failure::new(FailureKind::Usage, "account-configured", message, entity.as_str(), next)
}

fn too_many(entity: &Entity) -> Failure {
    let message = format!("there are {MAX_ACCOUNTS} accounts already");
    let next = "remove one first: `sottovoce account remove`";
    Failure::new(FailureKind::Usage, "too-many-accounts", message, entity.as_str(), next)
}

fn unopened(config: &AccountConfig, why: &str) -> Failure {
    let (entity, adding) = (&config.entity, config.adding());
    Failure::new(
        FailureKind::Trust,
        "password-unopened",
        format!("the stored password of {entity} cannot be decrypted: {why}"),
        entity.as_str(),
        format!(
            "put back the identity.key and the database that belong together and start the agent again; or `sottovoce account \
             remove {entity}` and `{adding}`, with the password"
        ),
    )
}
