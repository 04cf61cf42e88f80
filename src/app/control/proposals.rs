use super::view::{ProposalList, ProposalView};
use super::{failures, Control, Wait};
use crate::agent::{Command, TakeBack};
use crate::vocab::{Entity, Failure, ProposalId};

impl Control {
    pub async fn proposals(&self) -> Result<ProposalList, Failure> {
        self.look(|known| ProposalList { proposals: known.proposals().into_iter().map(ProposalView::from).collect() })
            .await
    }

    /// One proposal, once it has its end, or after the wait.
    pub async fn proposal(&self, id: &str, wait: &Wait) -> Result<ProposalView, Failure> {
        let number = ProposalId::parse(id).ok_or_else(|| no_proposal(id))?;
        let read = move |known: &dyn super::brain::Known| {
            known.proposals().into_iter().find(|one| one.id == number).map(ProposalView::from)
        };
        let found = self.until(wait.limit, read, |one| wait.is_over(&one.state, &["waiting"])).await?;
        found.ok_or_else(|| no_proposal(id))
    }

    /// Takes back a proposal of ours that waits; or, by an entity, what was agreed with it and is not used yet.
    pub async fn proposal_cancel(&self, what: &str) -> Result<ProposalList, Failure> {
        let what = match ProposalId::parse(what) {
            Some(id) => TakeBack::Proposal(id),
            None => TakeBack::Agreed(self.agreed_with(what).await?),
        };
        self.brain.command(Command::TakeBack(what)).await?;
        self.proposals().await
    }

    async fn agreed_with(&self, typed: &str) -> Result<Entity, Failure> {
        let whole = || Some(typed).filter(|typed| typed.contains(['@', ':']));
        match (self.known_by(typed).await?, whole()) {
            (Some(entity), _) => Ok(entity),
            (None, Some(whole)) => self.entity_named(whole).await.ok_or_else(|| no_proposal(typed)),
            (None, None) => Err(no_proposal(typed)),
        }
    }
}

fn no_proposal(id: &str) -> Failure {
    failures::no_such("no-such-proposal", "proposal", id, "proposal list")
}
