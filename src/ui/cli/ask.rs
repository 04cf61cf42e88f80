//! `ask`: progress while the peer is asked, then the review, then what became of it.

use super::answer::{self, body as answer_body};
use super::args::AskArgs;
use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use super::prompt;
use super::screen::{presence, review, telephone};
use crate::app::control::request::AskBody;
use crate::app::control::view::{AskStateView, AskView, ErrorView, ReviewStateView, ReviewView};

/// How long one look at the agent waits for news, in seconds.
const LOOK: u8 = 1;

pub async fn ask(door: &Door, output: Output, args: &AskArgs) -> Result<Exit, ErrorView> {
    let both = !args.presence && !args.policy;
    let body = AskBody {
        peer: args.peer.clone(),
        presence: args.presence || both,
        policy: args.policy || both,
        answer: answer_body(&args.answer)?,
        accept_key: args.accept_key.clone(),
        purpose: args.intent.purpose.clone(),
        content: args.intent.content.clone(),
        account: args.account.clone(),
    };
    if let (false, Some(_)) = (body.policy, &body.answer) {
        return Err(nothing_to_answer(&args.peer));
    }
    let started: AskView = door.post("/v1/asks", &body).await?.view()?;
    output.say(&format!("asking {} ...", started.target));
    every_device(door, output, started).await
}

/// A presence server answers for all devices of the peer: each is an ask of its own, put once the one before has ended.
/// What became of the first that came to nothing is told in the end.
async fn every_device(door: &Door, output: Output, first: AskView) -> Result<Exit, ErrorView> {
    let mut outcome = Ok(Exit::Done);
    let mut id = first.id;
    loop {
        let settled = tokio::select! {
            settled = follow(door, output, &id) => settled?,
            () = super::interrupted() => return cancel(door, &id).await,
        };
        let one = finish(door, output, &settled).await;
        let ended: AskView = door.get(&format!("/v1/asks/{id}")).await?.view()?;
        let Some(next) = ended.next else { return outcome.and(one) };
        if let Err(failure) = &one {
            output.say(&failure.message);
        }
        outcome = outcome.and(one);
        output.say(&format!("another device of {} ...", ended.target));
        id = next;
    }
}

/// An answer without a question would be passed over in silence.
fn nothing_to_answer(peer: &str) -> ErrorView {
    ErrorView {
        code: "nothing-to-answer".into(),
        message: "--presence asks for presence only: there is no policy to approve, edit or refuse".into(),
        subject: crate::vocab::escape(peer),
        next: "add --policy, or leave the answer away; nobody was asked".into(),
        kind: crate::app::control::view::ErrorKind::Usage,
    }
}

/// Prints each step as it comes, until the ask needs somebody or is over.
pub async fn follow(door: &Door, output: Output, id: &str) -> Result<AskView, ErrorView> {
    let mut shown = 0;
    loop {
        let ask: AskView = door.get(&format!("/v1/asks/{id}?wait={LOOK}")).await?.view()?;
        for step in ask.steps.iter().skip(shown) {
            output.say(&format!("  {}", step.text));
        }
        shown = ask.steps.len();
        if ask.waits_for_nobody_else() {
            return Ok(ask);
        }
    }
}

/// One ask: what it comes to is told, and Ctrl-C cancels it.
pub async fn to_the_end(door: &Door, output: Output, id: &str) -> Result<Exit, ErrorView> {
    let settled = tokio::select! {
        settled = follow(door, output, id) => settled?,
        () = super::interrupted() => return cancel(door, id).await,
    };
    finish(door, output, &settled).await
}

/// What was proposed for it goes with it.
async fn cancel(door: &Door, id: &str) -> Result<Exit, ErrorView> {
    let ask: AskView = door.get(&format!("/v1/asks/{id}")).await?.view()?;
    let review: Option<ReviewView> = match &ask.review {
        Some(review) => Some(door.get(&format!("/v1/reviews/{review}")).await?.view()?),
        None => None,
    };
    let proposal = review.filter(|review| review.state == ReviewStateView::Proposed).and_then(|review| review.proposal);
    door.delete(&format!("/v1/asks/{id}")).await?;
    let (message, next) = match proposal {
        Some(proposal) => (
            format!("ask {id} was cancelled, and its proposal {proposal} was taken back"),
            "nothing was registered, and what was in force stays; ask again",
        ),
        None => (format!("ask {id} was cancelled"), "nothing was registered; ask again"),
    };
    Err(ErrorView {
        code: "cancelled".into(),
        message,
        subject: id.into(),
        next: next.into(),
        kind: crate::app::control::view::ErrorKind::RefusedByUser,
    })
}

async fn finish(door: &Door, output: Output, ask: &AskView) -> Result<Exit, ErrorView> {
    match ask.state {
        AskStateView::Reviewing => reviewed(door, output, ask).await,
        AskStateView::Failed | AskStateView::Refused | AskStateView::Cancelled => {
            show_looser(door, output, ask).await?;
            Err(told(output, failure_of(ask)))
        }
        AskStateView::PresenceStored => {
            output.lines(&ask.answer.iter().flat_map(|row| presence::record(row, output.width())).collect::<Vec<_>>());
            report(door, output, ask).await
        }
        AskStateView::Asking | AskStateView::Registered => {
            if let Some(id) = &ask.review {
                let review: ReviewView = door.get(&format!("/v1/reviews/{id}")).await?.view()?;
                output.lines(&review::review(&review, output.width(), review::Side::Both));
                output.line("");
                answer::registered(door, output, &review).await?;
            }
            report(door, output, ask).await
        }
    }
}

/// Entries that change while a review stands lead to another review, which is put next.
async fn reviewed(door: &Door, output: Output, ask: &AskView) -> Result<Exit, ErrorView> {
    let mut id = ask.review.clone().unwrap_or_default();
    loop {
        let settled = settle(door, output, &id, prompt::LATER).await;
        let Err(error) = &settled else { return settled };
        let now: AskView = door.get(&format!("/v1/asks/{}", ask.id)).await?.view()?;
        match now.review.filter(|next| error.code == answer::STALE && *next != id) {
            Some(next) => id = next,
            None => return settled,
        }
        output.say(&format!("{}; review {id} takes its place", error.message));
    }
}

/// A refused answer leaves the review open: show what it was about.
async fn show_looser(door: &Door, output: Output, ask: &AskView) -> Result<(), ErrorView> {
    if let Some(id) = &ask.review {
        let review: ReviewView = door.get(&format!("/v1/reviews/{id}")).await?.view()?;
        if review.is_open() {
            output.lines(&review::review(&review, output.width(), review::Side::Both));
        }
    }
    Ok(())
}

async fn report(door: &Door, output: Output, ask: &AskView) -> Result<Exit, ErrorView> {
    let reply = door.get(&format!("/v1/asks/{}", ask.id)).await?;
    output.body(reply.body());
    Ok(Exit::Done)
}

/// Where there is no statement to review, what can be had without one is shown, and the user's choice.
pub fn told(output: Output, failure: ErrorView) -> ErrorView {
    match telephone::without_statement(&failure, output.width()) {
        Some(screen) if !output.json => {
            output.lines(&screen);
            let next =
                "ask again if it is another sottovoce, which may be away; else choose above how it may be called";
            ErrorView { next: next.into(), ..failure }
        }
        _ => failure,
    }
}

fn failure_of(ask: &AskView) -> ErrorView {
    ask.failure.clone().unwrap_or_else(|| ErrorView {
        code: "review-refused".into(),
        message: format!("the policy of {} was refused", ask.target),
        subject: ask.target.clone(),
        next: "nothing was registered; ask again when you want to decide anew".into(),
        kind: crate::app::control::view::ErrorKind::RefusedByUser,
    })
}

/// Shows a review and asks the user; without a terminal it stays pending. `later` is the choice to leave it.
pub async fn settle(door: &Door, output: Output, id: &str, later: &'static str) -> Result<Exit, ErrorView> {
    let reply = door.get(&format!("/v1/reviews/{id}")).await?;
    let view: ReviewView = reply.view()?;
    if !output.is_interactive() {
        output.lines(&review::review(&view, output.width(), review::Side::Both));
        return Err(answer::pending(&view, door.is_own()));
    }
    prompt::answer(door, output, view, later).await
}
