use super::view::{AskList, AskView};
use super::{accounts, answer, failures, request::AskBody, Control, Wait};
use crate::agent::{Accepted, AskRequest, Command};
use crate::policy::Wanted;
use crate::vocab::{AskId, Failure};

impl Control {
    /// Begins an ask; without `presence` and `policy` both are wanted.
    pub async fn ask(&self, body: &AskBody) -> Result<AskView, Failure> {
        let neither = !body.presence && !body.policy;
        let request = AskRequest {
            peer: body.peer.clone(),
            wanted: Wanted { presence: body.presence || neither, policy: body.policy || neither, watchers: false },
            answer: body.answer.as_ref().map(answer::answer).transpose()?.map(|(answer, _)| answer),
            accept_key: body.accept_key.as_deref().map(answer::fingerprint).transpose()?,
            intent: answer::intent(body.purpose.as_deref(), body.content.as_deref())?,
            account: body.account.as_deref().map(accounts::named).transpose()?,
        };
        match self.brain.command(Command::Ask(request)).await? {
            Accepted::Ask(id) => self.ask_view(&id.to_string(), &Wait::default()).await,
            other => Err(super::unexpected("ask", &other)),
        }
    }

    pub async fn asks(&self) -> Result<AskList, Failure> {
        self.look(|known| AskList { asks: known.asks().into_iter().map(AskView::from).collect() }).await
    }

    /// One ask, once it needs somebody or is settled, or after the wait.
    pub async fn ask_view(&self, id: &str, wait: &Wait) -> Result<AskView, Failure> {
        let number = ask_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.ask(number).map(AskView::from);
        let found = self.until(wait.limit, read, |ask| wait.is_over(&ask.state, &["asking"])).await?;
        found.ok_or_else(|| no_ask(id))
    }

    pub async fn cancel_ask(&self, id: &str) -> Result<AskView, Failure> {
        self.brain.command(Command::CancelAsk { ask: ask_id(id)? }).await?;
        self.ask_view(id, &Wait::default()).await
    }
}

fn ask_id(id: &str) -> Result<AskId, Failure> {
    AskId::parse(id).ok_or_else(|| no_ask(id))
}

fn no_ask(id: &str) -> Failure {
    failures::no_such("no-such-ask", "ask", id, "status")
}
