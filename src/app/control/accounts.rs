use super::failures::no_such;
use super::view::{AccountList, AccountView};
use super::Control;
use crate::vocab::Failure;

impl Control {
    /// As they are configured.
    pub async fn accounts(&self) -> Result<AccountList, Failure> {
        self.look(|known| AccountList { accounts: known.accounts().into_iter().map(AccountView::from).collect() }).await
    }

    pub async fn account(&self, entity: &str) -> Result<AccountView, Failure> {
        let all = self.accounts().await?.accounts;
        let named = |account: &AccountView| account.entity == entity || account.entity == format!("sip:{entity}");
        all.into_iter().find(named).ok_or_else(|| no_such("no-such-account", "account", entity, "account list"))
    }
}
