//! The answer to a review, out of flags or of what was chosen at the prompt.

use super::args::AnswerFlags;
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::output::Output;
use super::screen::policy::summary;
use super::screen::{wrap, Page};
use crate::app::control::request::{AnswerBody, AnsweredBy};
use crate::app::control::view::{
    EntryView, ErrorKind, ErrorView, PolicyView, PresenceView, ProposalView, ReviewKindView, ReviewStateView,
    ReviewView,
};
use crate::vocab::shell_word;

/// `None` when no flag was given.
pub fn body(flags: &AnswerFlags) -> Result<Option<AnswerBody>, ErrorView> {
    let by = Some(AnsweredBy::Flag);
    let (propose, note) = (flags.propose, flags.note.clone());
    Ok(match (&flags.approve, &flags.edit, flags.refuse) {
        (Some(rules), _, _) => {
            let rules = Some(rules.clone()).filter(|rules| !rules.is_empty());
            Some(AnswerBody::Approve { rules, by, propose, note })
        }
        (_, Some(entries), _) => Some(AnswerBody::Edit { entries: entries.clone(), by, propose, note }),
        (_, _, true) => Some(AnswerBody::Refuse { by }),
        _ => None,
    })
}

/// Sends an answer, and waits until it is durable or refused.
pub async fn send(door: &Door, output: Output, id: &str, answer: &AnswerBody) -> Result<Exit, ErrorView> {
    let view: ReviewView = door.post(&format!("/v1/reviews/{id}/answer"), answer).await?.view()?;
    if let (ReviewStateView::Proposed, Some(proposal)) = (view.state, &view.proposal) {
        let left_waiting = super::interrupted();
        let peer = &view.presence.entity;
        output.say(&format!(
            "less than {peer} asks: its user is asked by proposal {proposal}, and has ten minutes; until then and without a yes \
             what is in force stays; `sottovoce proposal cancel {proposal}` takes it back"
        ));
        let answered = decided(door, output, id, proposal);
        return tokio::select! {
            reply = answered => settled(door, output, &reply?).await,
            () = left_waiting => Err(waits_on(&view, proposal, door.is_own())),
        };
    }
    let exit = settled(door, output, &left(door, id, &STORING).await?).await?;
    let refuses = matches!(answer, AnswerBody::Refuse { .. });
    Ok(if refuses && exit == Exit::RefusedByUser { Exit::Done } else { exit })
}

/// Waits for the peer's user, and tells meanwhile when the peer is not heard.
async fn decided(door: &Door, output: Output, id: &str, proposal: &str) -> Result<Reply, ErrorView> {
    let mut told = None;
    loop {
        let reply = door.get(&waiting_path(id, &STORING)).await?;
        if !STORING.contains(&reply.view::<ReviewView>()?.state) {
            return Ok(reply);
        }
        let now: ProposalView = door.get(&format!("/v1/proposals/{}", segment(proposal))).await?.view()?;
        if let Some(trouble) = now.trouble.as_ref().filter(|_| told != now.trouble) {
            output.say(&format!("  {trouble}"));
        }
        told = now.trouble;
    }
}

/// Ctrl-C leaves the peer's user to his thoughts.
fn waits_on(review: &ReviewView, proposal: &str, own_agent: bool) -> ErrorView {
    let next = match own_agent {
        true => "the agent of this command ends with it, and the proposal too; start `sottovoce run` first".to_owned(),
        false => format!(
            "`sottovoce proposal list` tells what becomes of it; `sottovoce proposal cancel {proposal}` takes it back"
        ),
    };
    ErrorView {
        code: "proposal-waits".into(),
        message: format!("proposal {proposal} to {} waits on for its user", review.presence.entity),
        subject: proposal.into(),
        next,
        kind: ErrorKind::RefusedByPolicy,
    }
}

/// Waits until a review is over, whoever answers it, or nobody. One that could not be registered may be answered again;
/// one that was overtaken stays until the user answers it, so that no key meets a question that came under his fingers.
pub async fn over(door: &Door, id: &str) -> Result<Reply, ErrorView> {
    let open = [ReviewStateView::Declined, ReviewStateView::Failed, ReviewStateView::Looser, ReviewStateView::Stale];
    left(door, id, &[STORING.as_slice(), &open].concat()).await
}

/// Of a review that was answered, until it is durable.
const STORING: [ReviewStateView; 3] = [ReviewStateView::Pending, ReviewStateView::Proposed, ReviewStateView::Storing];

/// Waits until a review is in none of these states.
async fn left(door: &Door, id: &str, through: &[ReviewStateView]) -> Result<Reply, ErrorView> {
    let path = waiting_path(id, through);
    loop {
        let reply = door.get(&path).await?;
        if !through.contains(&reply.view::<ReviewView>()?.state) {
            return Ok(reply);
        }
    }
}

/// Answers after 20 s at the latest.
fn waiting_path(id: &str, through: &[ReviewStateView]) -> String {
    let names: Vec<String> = through.iter().map(|state| format!("{state:?}").to_lowercase()).collect();
    format!("/v1/reviews/{id}?wait=20&while={}", names.join(","))
}

/// Tells how a review ended.
pub async fn settled(door: &Door, output: Output, reply: &Reply) -> Result<Exit, ErrorView> {
    let review: ReviewView = reply.view()?;
    let exit = match review.state {
        ReviewStateView::Registered => {
            registered(door, output, &review).await?;
            Exit::Done
        }
        ReviewStateView::Refused => {
            output.line("refused; nothing was registered");
            Exit::RefusedByUser
        }
        _ => return Err(failure(&review)),
    };
    output.body(reply.body());
    Ok(exit)
}

/// What rules this peer's packets from now on (FIG. 13): it may be tighter than what the review put.
pub async fn registered(door: &Door, output: Output, review: &ReviewView) -> Result<(), ErrorView> {
    if output.json {
        return Ok(());
    }
    if review.kind == ReviewKindView::Proposal {
        let said = agreed(&review.presence.entity, &proposal_of(door, review).await?);
        output.lines(&wrap(&said, output.width(), "  "));
        return Ok(());
    }
    output.line(&format!("registered, both directions, as generation {}", review.generation.unwrap_or_default()));
    let policy: PolicyView =
        door.get(&format!("/v1/policy?peer={}", segment(&review.presence.entity))).await?.view()?;
    output.lines(&in_force(&policy, &review.presence, output.width()));
    Ok(())
}

async fn proposal_of(door: &Door, review: &ReviewView) -> Result<ProposalView, ErrorView> {
    let id = review.proposal.as_deref().unwrap_or_default();
    door.get(&format!("/v1/proposals/{}", segment(id))).await?.view()
}

fn agreed(peer: &str, proposal: &ProposalView) -> String {
    match proposal.counter {
        Some(_) => format!(
            "counter-proposed: nothing is agreed yet. The user of {peer} is asked for a yes to it; packets of {peer} may come \
             so from now on, yours go as before until a call of {peer} uses it. `sottovoce proposal list` tells what becomes \
             of it, `sottovoce proposal cancel {}` takes it back",
            shell_word(peer)
        ),
        None => format!(
            "agreed: packets of {peer} may come so from now on; yours go as before until a call of {peer} uses it \
             (`sottovoce policy list` shows it as pending)"
        ),
    }
}

fn in_force(policy: &PolicyView, peer: &PresenceView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, "out".len());
    let of_peer =
        |entry: &&EntryView| entry.entity.as_ref() == Some(&peer.entity) && entry.device.as_ref() == Some(&peer.device);
    for entry in policy.entries.iter().filter(of_peer) {
        let [_, direction, _, packets, protocol, _, action] = summary(entry, false);
        page.field(&direction, &format!("{packets}  {protocol}  {action}"));
    }
    page.lines()
}

fn failure(review: &ReviewView) -> ErrorView {
    if review.state == ReviewStateView::Stale {
        return stale(review);
    }
    review.failure.clone().unwrap_or_else(|| ErrorView {
        code: "review-not-registered".into(),
        message: format!("review {} was not registered", review.id),
        subject: review.presence.entity.clone(),
        next: format!("see `sottovoce review show {}`, then ask again", review.id),
        kind: ErrorKind::Failed,
    })
}

/// The code of a review whose entries have changed: another one takes its place.
pub const STALE: &str = "review-stale";

fn stale(review: &ReviewView) -> ErrorView {
    let message = match &review.proposal {
        Some(proposal) => format!("the peer's user would accept another policy than your proposal {proposal}"),
        None => format!("your entries, or what the peer says, have changed since review {} was put", review.id),
    };
    ErrorView {
        code: STALE.into(),
        message,
        subject: review.id.clone(),
        next: "see `sottovoce review list` for the review that took its place".into(),
        kind: ErrorKind::Failed,
    }
}

/// Nobody is here to answer: it waits for whoever does, if the agent goes on.
pub fn pending(review: &ReviewView, own_agent: bool) -> ErrorView {
    let next = if own_agent {
        "no agent runs that could keep it: repeat with --approve, --approve RULES or --refuse, or start `sottovoce run` first".into()
    } else {
        let id = &review.id;
        format!(
            "look at it with `sottovoce review show {id}`, and answer it until {}: `sottovoce review answer {id}` with \
             --approve, --approve RULES or --refuse",
            review.deadline
        )
    };
    ErrorView {
        code: "review-pending".into(),
        message: format!("review {} of {} waits for an answer", review.id, review.presence.entity),
        subject: review.id.clone(),
        next,
        kind: ErrorKind::RefusedByPolicy,
    }
}
