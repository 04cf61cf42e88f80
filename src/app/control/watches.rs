use super::request::WatchBody;
use super::view::{ServerWatchersView, WatchList, WatchView, WatcherList, WatcherView};
use super::Control;
use crate::agent::Command;
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
            servers: known.server_watchers().iter().map(ServerWatchersView::from).collect(),
        })
        .await
    }
}
