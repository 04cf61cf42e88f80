use super::view::{TextList, TextView};
use super::{accounts, failures, request::TextBody, Control, Wait};
use crate::agent::{Accepted, Command, TextRequest};
use crate::vocab::{Failure, TextId};

impl Control {
    pub async fn send_text(&self, body: &TextBody) -> Result<TextView, Failure> {
        let account = body.account.as_deref().map(accounts::named).transpose()?;
        let request = TextRequest { peer: body.peer.clone(), text: body.text.clone(), clear: body.clear, account };
        match self.brain.command(Command::Text(request)).await? {
            Accepted::Text(id) => self.text(&id.to_string(), &Wait::default()).await,
            other => Err(super::unexpected("message", &other)),
        }
    }

    pub async fn texts(&self) -> Result<TextList, Failure> {
        self.look(|known| TextList { messages: known.texts().into_iter().map(TextView::from).collect() }).await
    }

    /// One text, once it is known what became of it, or after the wait.
    pub async fn text(&self, id: &str, wait: &Wait) -> Result<TextView, Failure> {
        let unknown = || failures::no_such("no-such-message", "message", id, "message list");
        let number = TextId::parse(id).ok_or_else(unknown)?;
        let read = move |known: &dyn super::brain::Known| known.text(number).map(TextView::from);
        let found = self.until(wait.limit, read, |text| wait.is_over(&text.state, &["sending"])).await?;
        found.ok_or_else(unknown)
    }
}
