use super::contacts::permission;
use super::request::{WatchBody, WatcherBody};
use super::view::{ServerWatchersView, WatchList, WatchView, WatcherList, WatcherRuleView, WatcherView};
use super::Control;
use crate::agent::{Command, WatcherCommand};
use crate::vocab::Failure;

impl Control {
    /// Whom our user follows.
    pub async fn watches(&self) -> Result<WatchList, Failure> {
        self.look(|known| WatchList { watches: known.watches().into_iter().map(WatchView::from).collect() }).await
    }

    /// Follows one more, or tries one again that is followed already.
    pub async fn watch(&self, body: &WatchBody) -> Result<WatchList, Failure> {
        self.change_store(Command::Watch { peer: body.peer.clone() }).await?;
        self.watches().await
    }

    pub async fn unwatch(&self, peer: &str) -> Result<WatchList, Failure> {
        self.change_store(Command::Unwatch { peer: peer.to_owned() }).await?;
        self.watches().await
    }

    /// Who follows us.
    pub async fn watchers(&self) -> Result<WatcherList, Failure> {
        self.look(|known| WatcherList {
            watchers: known.followers().iter().map(WatcherView::from).collect(),
            answers: known.watcher_rules().into_iter().map(WatcherRuleView::from).collect(),
            servers: known.server_watchers().iter().map(ServerWatchersView::from).collect(),
        })
        .await
    }

    /// What one of them is told from now on; comes back when that is durable.
    pub async fn watcher_answer(&self, whom: &str, body: &WatcherBody) -> Result<WatcherList, Failure> {
        let permission = permission(&body.watchers)?;
        let what = WatcherCommand::Decide { whom: whom.to_owned(), permission };
        self.change_store(Command::Watchers(what)).await?;
        self.watchers().await
    }

    /// What was answered counts no more.
    pub async fn watcher_forget(&self, whom: &str) -> Result<WatcherList, Failure> {
        self.change_store(Command::Watchers(WatcherCommand::Forget { whom: whom.to_owned() })).await?;
        self.watchers().await
    }
}
