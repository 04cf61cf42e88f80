use super::calls::{call_id, no_call};
use super::view::TransferView;
use super::{request::TransferBody, Control, Wait};
use crate::agent::{Command, TransferRequest, TransferTo};
use crate::vocab::{Failure, FailureKind};

impl Control {
    /// Asks the peer of a call to call somebody else.
    pub async fn transfer(&self, id: &str, body: &TransferBody) -> Result<TransferView, Failure> {
        let to = match (&body.peer, &body.call) {
            (Some(peer), None) if call_id(peer).is_ok() => return Err(call_as_peer(id, peer)),
            (Some(peer), None) => TransferTo::Peer(peer.clone()),
            (None, Some(call)) => TransferTo::Call(call_id(call)?),
            _ => return Err(unclear(id)),
        };
        let request = TransferRequest { call: call_id(id)?, to };
        self.brain.command(Command::Transfer(request)).await?;
        self.transfer_view(id, &Wait::default()).await
    }

    /// What became of a call's transfer, once that is known, or after the wait.
    pub async fn transfer_view(&self, id: &str, wait: &Wait) -> Result<TransferView, Failure> {
        let number = call_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.call(number).map(TransferView::of);
        let usual = ["asking", "trying", "ringing"];
        let over =
            |found: &Option<TransferView>| found.as_ref().is_none_or(|transfer| wait.is_over(&transfer.state, &usual));
        let found = self.until(wait.limit, read, over).await?;
        found.ok_or_else(|| no_call(id))?.ok_or_else(|| no_transfer(id))
    }
}

fn unclear(id: &str) -> Failure {
    let message = "a transfer names either a peer or another call";
    let next = "name a peer, or a call of yours that the new one is to take the place of";
    Failure::new(FailureKind::Usage, "transfer-unclear", message, crate::vocab::escape(id), next)
}

fn call_as_peer(id: &str, peer: &str) -> Failure {
    let message = format!("{peer} is the number of a call, and no peer");
    let next =
        format!("to join the two calls: `sottovoce transfer {id} --to-call {peer}`; a host of that name is sip:{peer}");
    Failure::new(FailureKind::Usage, "transfer-unclear", message, peer, next)
}

fn no_transfer(id: &str) -> Failure {
    let message = format!("call {id} was not transferred, and nobody tried");
    let next = format!("`sottovoce transfer {id} PEER` does");
    Failure::new(FailureKind::Usage, "no-such-transfer", message, id, next)
}
