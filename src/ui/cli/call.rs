//! `call` and what is done to calls.

use std::path::{Path, PathBuf};

use super::answer;
use super::args::CallArgs;
use super::ask;
use super::door::{segment, Door, Reply};
use super::exit::Exit;
use super::history;
use super::output::Output;
use super::prompt;
use super::quality;
use super::sound::{silent, Sound};
use super::wanted;
use crate::app::control::request::{CallBody, TightenBody};
use crate::app::control::view::HistoryView;
use crate::app::control::view::{
    CallList, CallStateView, CallView, ErrorKind, ErrorView, StatusView, BY_DTLS, QUIET, RINGING, SILENCE,
};

/// How far back the last outgoing call is looked for.
const REDIALLED: u32 = 100;

pub async fn call(door: &Door, output: Output, args: &CallArgs) -> Result<Exit, ErrorView> {
    let body = CallBody {
        peer: match &args.peer {
            Some(peer) => peer.clone(),
            None => called_last(door).await?,
        },
        answer: answer::body(&args.answer)?,
        accept_key: args.accept_key.clone(),
        purpose: args.intent.purpose.clone(),
        content: args.intent.content.clone(),
        play: args.play.as_deref().map(absolute).transpose()?,
        record: args.record.as_deref().map(absolute).transpose()?,
        duration_ms: args.duration,
        account: args.account.clone(),
    };
    let started: CallView = door.post("/v1/calls", &body).await?.view()?;
    let has_own_sound = body.play.is_some() || body.record.is_some();
    let followed = async {
        if !has_own_sound {
            told_silent(door, output).await;
        }
        follow(door, output, &started.id).await
    };
    tokio::select! {
        exit = followed => exit,
        () = super::interrupted() => hang_up(door, output, &started.id).await,
    }
}

/// Where it is so in both directions: a call that only plays or only listens may be meant so.
async fn told_silent(door: &Door, output: Output) {
    // A call that runs is not left for want of this.
    let Ok(status) = door.get("/v1/status").await.and_then(|reply| reply.view::<StatusView>()) else { return };
    let is_silent = (status.input.as_str(), status.output.as_str()) == ("silence", "none");
    silent(&status).filter(|_| is_silent).iter().for_each(|silent| output.say(&format!("no sound: {silent}")));
}

/// Of the calls that ended.
async fn called_last(door: &Door) -> Result<String, ErrorView> {
    let found: HistoryView = door.get(&format!("/v1/history?limit={REDIALLED}")).await?.view()?;
    found.calls.into_iter().find(|call| call.outgoing).map(|call| call.peer).ok_or_else(nobody_called)
}

fn nobody_called() -> ErrorView {
    ErrorView {
        code: "nobody-called".into(),
        message: format!("nobody was called from here in the last {REDIALLED} calls"),
        subject: "history".into(),
        next: "name whom to call; `sottovoce history` lists earlier calls".into(),
        kind: ErrorKind::Usage,
    }
}

/// Tells each state as it comes, answers reviews on the way, until the call is over.
async fn follow(door: &Door, output: Output, id: &str) -> Result<Exit, ErrorView> {
    let (mut id, mut last, mut wants) = (id.to_owned(), None, None);
    let (mut asked, mut quiet, mut waited, mut on_hold, mut early) = (None, false, 0, None, false);
    let mut sound = Sound::default();
    let (mut protected, mut unheard): (Option<String>, Option<ErrorView>) = (None, None);
    loop {
        let through = last.map(|state| format!("&while={}", word(state))).unwrap_or_default();
        let reply = door.get(&format!("/v1/calls/{id}?wait={}{through}", if last.is_some() { 1 } else { 0 })).await?;
        let call: CallView = reply.view()?;
        if last != Some(call.state) {
            output.say(&told(&call));
            last = Some(call.state);
            waited = 0;
        } else {
            // Each look took a second.
            waited += 1;
            told_waiting(output, &call, waited);
        }
        if quiet != call.quiet && call.state == CallStateView::Active {
            output.say(&told_quiet(&call));
            quiet = call.quiet;
        }
        if unheard != call.unheard {
            unheard.clone_from(&call.unheard);
            told_unheard(output, &call);
        }
        sound.tell(output, &call);
        if call.early && !std::mem::replace(&mut early, true) {
            output.say(&told_early(&call));
        }
        if call.state == CallStateView::Active && protected != Some(protected_by(&call)) {
            // The first is said with the state.
            if protected.replace(protected_by(&call)).is_some() {
                output.say(&told_rekeyed(&call));
            }
        }
        if on_hold != held(&call) {
            on_hold = held(&call);
            if !call.is_over() {
                output.say(&told_held(&call));
            }
        }
        if wants != call.wants {
            wants.clone_from(&call.wants);
            wanted::decide(door, output, &call).await?;
        }
        if let Some(next) = goes_on(door, &call).await? {
            output.say(&format!("call {id}: goes on as call {next}"));
            (id, last, asked, quiet, waited, wants) = (next, None, None, false, 0, None);
            protected = None;
            continue;
        }
        match call.state {
            CallStateView::Failed => {
                return Err(ask::told(output, call.failure.clone().unwrap_or_else(|| lost(&call))))
            }
            CallStateView::Ended if call.setup_ms.is_none() => return Err(given_up(&call)),
            CallStateView::Ended => {
                output.body(reply.body());
                output.lines(&summary(&call));
                return Ok(Exit::Done);
            }
            CallStateView::Reviewing if asked != call.review => {
                asked.clone_from(&call.review);
                if let Some(review) = &call.review {
                    review_first(door, output, &id, review).await?;
                }
            }
            _ => {}
        }
    }
}

/// The review that a call needs. Left for later by a user at the terminal, the call is hung up, which ends its review.
/// Without a terminal both wait, if the agent outlives this command: whoever approves the review places the call.
pub(super) async fn review_first(door: &Door, output: Output, id: &str, review: &str) -> Result<(), ErrorView> {
    let Err(error) = ask::settle(door, output, review, prompt::LEAVE).await else { return Ok(()) };
    if error.code != "review-pending" {
        return unless_another_took_its_place(door, output, id, review, error).await;
    }
    if output.is_interactive() {
        let call = over(door, output, id).await?.view()?;
        return Err(given_up(&call));
    }
    if door.is_own() {
        let _ = over(door, output, id).await;
        return Err(error);
    }
    let next =
        format!("{}; the call is placed as soon as it is approved, `sottovoce hangup {id}` gives it up", error.next);
    Err(ErrorView { next, ..error })
}

/// Entries that change while a review stands lead to another review, for the same call. Otherwise nobody waits for the
/// call any more.
async fn unless_another_took_its_place(
    door: &Door,
    output: Output,
    id: &str,
    review: &str,
    error: ErrorView,
) -> Result<(), ErrorView> {
    let call: CallView = door.get(&format!("/v1/calls/{id}")).await?.view()?;
    if let Some(next) = call.review.as_ref().filter(|next| error.code == answer::STALE && *next != review) {
        output.say(&format!("{}; review {next} takes its place", error.message));
        return Ok(());
    }
    if !call.is_over() {
        let _ = over(door, output, id).await;
    }
    Err(error)
}

/// The call that took the place of one that is over, or is about to.
async fn goes_on(door: &Door, call: &CallView) -> Result<Option<String>, ErrorView> {
    if !call.is_over() || call.successor.is_some() {
        return Ok(call.successor.clone().filter(|_| call.is_over()));
    }
    let Some(next) = &call.wants else { return Ok(None) };
    let wanted = wanted::look(door, next).await.ok().filter(|wanted| !wanted.is_over());
    Ok(wanted.map(|wanted| wanted.id))
}

/// The call in whose place there are others by now.
async fn latest(door: &Door, id: &str) -> Result<String, ErrorView> {
    let mut id = id.to_owned();
    loop {
        let call: CallView = door.get(&format!("/v1/calls/{id}")).await?.view()?;
        match call.successor {
            Some(next) => id = next,
            None => return Ok(id),
        }
    }
}

async fn hang_up(door: &Door, output: Output, id: &str) -> Result<Exit, ErrorView> {
    let reply = over(door, output, &latest(door, id).await?).await?;
    let call: CallView = reply.view()?;
    if call.setup_ms.is_none() {
        return Err(given_up(&call));
    }
    output.say(&told(&call));
    output.body(reply.body());
    output.lines(&summary(&call));
    Ok(Exit::Done)
}

/// Hangs up, and waits until the call is over.
async fn over(door: &Door, output: Output, id: &str) -> Result<Reply, ErrorView> {
    output.say("hanging up ...");
    door.delete(&format!("/v1/calls/{id}")).await?;
    loop {
        let reply =
            door.get(&format!("/v1/calls/{id}?wait=1&while=active,asking,inviting,reviewing,ringing,wanted")).await?;
        if reply.view::<CallView>()?.is_over() {
            return Ok(reply);
        }
    }
}

fn given_up(call: &CallView) -> ErrorView {
    ErrorView {
        code: "cancelled".into(),
        message: format!("call {} to {} was given up before it came about", call.id, call.peer),
        subject: call.id.clone(),
        next: "call again when you want to talk; a review that it waited for has ended with it".into(),
        kind: ErrorKind::RefusedByUser,
    }
}

pub(super) fn told(call: &CallView) -> String {
    match call.state {
        CallStateView::Active => {
            let suite = call.suite.as_ref().map(|suite| format!(" ({suite})")).unwrap_or_default();
            let setup = call.setup_ms.map(|ms| format!(", set up in {ms} ms")).unwrap_or_default();
            format!("call {} with {}: talking, {}{suite}{setup}", call.id, call.peer, protected_by(call))
        }
        CallStateView::Asking => format!("call {} to {}: asking for its policy first", call.id, call.peer),
        CallStateView::Ended => format!("call {}: ended, {}", call.id, call.reason.clone().unwrap_or_default()),
        CallStateView::Failed => format!("call {}: failed", call.id),
        CallStateView::Incoming => format!("call {}: {} calls", call.id, call.peer),
        CallStateView::Inviting => format!("call {} to {}: calling under `{}`", call.id, call.peer, call.action),
        CallStateView::Reviewing => format!("call {} to {}: a review comes first", call.id, call.peer),
        CallStateView::Ringing => {
            let limit = RINGING.as_secs();
            format!("call {} to {}: it rings; given up after {limit} s at the latest", call.id, call.peer)
        }
        CallStateView::Wanted => {
            let CallView { id, peer, .. } = call;
            let by = call.wanted_by.clone().unwrap_or_default();
            format!("call {id}: the peer of call {by} wants you to call {peer}: `sottovoce answer {id}` or `sottovoce reject {id}`")
        }
    }
}

/// What protects it, and where that ends when it is not at the peer.
pub(super) fn protection(call: &CallView) -> String {
    let CallView { bundle, through, carries, forwards, .. } = call;
    match (through, carries, forwards) {
        (Some(tunnel), ..) => format!("{bundle}, tunnels as far as the gateway of call {tunnel}"),
        (_, Some(carried), _) => format!("{bundle}, the tunnel for call {carried}"),
        (.., Some(there)) => format!("{bundle}; you are its gateway to {there}"),
        _ if bundle == "srtp" => format!("{bundle}, {}", srtp_keys(call.suite.as_deref().unwrap_or_default())),
        _ => bundle.clone(),
    }
}

/// Where the keys came from, and who else may have them.
fn srtp_keys(suite: &str) -> &'static str {
    match suite.strip_prefix(BY_DTLS) {
        None => "keys by SDES: every proxy that the call's messages pass can listen",
        Some("") => "keys are being made: nothing is heard before",
        Some(_) => "keys by DTLS: who changes the call's messages on the way, and only he, can listen",
    }
}

/// A wait for the other agent is shown every few seconds, until SIP gives it up (64 T1, RFC 3261 section 17.1.1.2).
fn told_waiting(output: Output, call: &CallView, seconds: u32) {
    let waits = matches!(call.state, CallStateView::Asking | CallStateView::Inviting);
    if waits && seconds.is_multiple_of(5) {
        output.say(&no_answer_yet(call, seconds));
    }
}

/// Where a tunnel comes first it may be its gateway that does not answer.
fn no_answer_yet(call: &CallView, seconds: u32) -> String {
    let by =
        call.through.as_ref().map(|tunnel| format!("; it goes by the gateway of call {tunnel}, see `sottovoce calls`"));
    format!("call {} to {}: no answer yet after {seconds} s{}", call.id, call.peer, by.unwrap_or_default())
}

fn told_quiet(call: &CallView) -> String {
    match call.quiet {
        true => format!(
            "call {} with {}: nothing heard for {} s; it ends when that lasts {} s",
            call.id,
            call.peer,
            QUIET.as_secs(),
            SILENCE.as_secs()
        ),
        false => format!("call {} with {}: heard again", call.id, call.peer),
    }
}

/// Why nothing of the peer is heard, and what helps.
fn told_unheard(output: Output, call: &CallView) {
    if let Some(why) = &call.unheard {
        output.say(&format!("{}: {}", why.message, why.next));
    }
}

/// The same as words.
pub(super) fn protected_by(call: &CallView) -> String {
    match protection(call) {
        none if none == "none" => "not protected".to_owned(),
        some => format!("protected by {some}"),
    }
}

/// Who holds it, while it stands.
pub(super) fn held(call: &CallView) -> Option<&'static str> {
    match (call.state, call.on_hold, call.held_by_peer) {
        (CallStateView::Active, true, true) => Some("held by both"),
        (CallStateView::Active, true, false) => Some("on hold"),
        (CallStateView::Active, false, true) => Some("held by the peer"),
        _ => None,
    }
}

fn told_early(call: &CallView) -> String {
    let (id, peer) = (&call.id, &call.peer);
    format!("call {id} to {peer}: heard before it picks up, {}; it does not hear you yet", protected_by(call))
}

/// Tighter rules for the peer of a running call; said when it goes on under them.
pub async fn tighten(door: &Door, output: Output, id: &str, rules: Option<String>) -> Result<Exit, ErrorView> {
    let path = format!("/v1/calls/{}/tighten", segment(id));
    let reply = door.post(&path, &TightenBody { rules }).await?;
    let call: CallView = reply.view()?;
    let discarded = call.failure.as_ref().is_some_and(|failure| failure.code == "policy-discards");
    if let Some(failure) = call.failure.as_ref().filter(|_| !discarded) {
        return Err(failure.clone());
    }
    output.body(reply.body());
    output.line(&match (call.is_over(), call.rekeying) {
        _ if discarded => format!("call {} with {}: ended: your policy discards it now", call.id, call.peer),
        (true, _) => format!("call {} with {}: over before it was protected better", call.id, call.peer),
        (false, true) => {
            format!("call {} with {}: the peer has not answered yet; `sottovoce calls` tells", call.id, call.peer)
        }
        (false, false) => format!(
            "call {} with {}: goes on under {}; so do later calls with it (`sottovoce policy list`): its own next one is reviewed there first",
            call.id,
            call.peer,
            protection(&call)
        ),
    });
    Ok(Exit::Done)
}

fn told_rekeyed(call: &CallView) -> String {
    format!("call {} with {}: {} from now on", call.id, call.peer, protected_by(call))
}

fn told_held(call: &CallView) -> String {
    let what = held(call).unwrap_or("talking again");
    format!("call {} with {}: {what}", call.id, call.peer)
}

fn summary(call: &CallView) -> Vec<String> {
    let dropped: Vec<String> = call.packets.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let dropped = if dropped.is_empty() { "none".to_owned() } else { dropped.join(", ") };
    let packets =
        format!("packets: {} sent, {} received, dropped: {dropped}", call.packets.sent, call.packets.received);
    let sound = call.packets.quality.as_ref().map(|sound| format!("sound at the end: {}", quality::words(sound)));
    std::iter::once(packets).chain(sound).collect()
}

fn lost(call: &CallView) -> ErrorView {
    ErrorView {
        code: "call-failed".into(),
        message: format!("call {} failed", call.id),
        subject: call.peer.clone(),
        next: "see `sottovoce history`".into(),
        kind: ErrorKind::Failed,
    }
}

/// The agent may run elsewhere: it needs whole paths.
pub fn absolute(path: &Path) -> Result<String, ErrorView> {
    let whole: Result<PathBuf, _> = std::path::absolute(path);
    let text = whole.ok().and_then(|path| path.into_os_string().into_string().ok());
    text.ok_or_else(|| ErrorView {
        code: "path-unreadable".into(),
        message: "this path cannot be used: it is empty or no UTF-8".into(),
        subject: crate::vocab::escape(&path.to_string_lossy()),
        next: "name a file whose path is plain text".into(),
        kind: ErrorKind::Usage,
    })
}

pub async fn list(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    let reply = door.get("/v1/calls").await?;
    output.body(reply.body());
    let list: CallList = reply.view()?;
    let rows: Vec<[String; 6]> = list.calls.iter().map(row).collect();
    match rows.is_empty() {
        true => output.line("no calls; `sottovoce history` has those of earlier runs"),
        false => output.table(["call", "peer", "state", "bundle", "suite", "sent/received/dropped"], &rows),
    }
    for call in list.calls.iter().filter(|call| call.state == CallStateView::Active) {
        if let Some(sound) = &call.packets.quality {
            output.line(&format!("{} sounds: {}", call.id, quality::words(sound)));
        }
    }
    history::tell_missed(door, output).await?;
    Ok(Exit::Done)
}

/// The state as the door writes it.
fn word(state: CallStateView) -> String {
    format!("{state:?}").to_lowercase()
}

fn row(call: &CallView) -> [String; 6] {
    let part = match (&call.through, &call.carries, &call.forwards) {
        (Some(tunnel), ..) => format!(", by tunnel {tunnel}"),
        (_, Some(carried), _) => format!(", tunnel for {carried}"),
        (.., Some(there)) => format!(", gateway to {there}"),
        _ => String::new(),
    };
    let held = held(call).map(|held| format!(", {held}")).unwrap_or_default();
    let conference = call.conference.as_ref().map(|other| format!(", with {other}")).unwrap_or_default();
    let recorded = if call.recording.is_some() { ", recorded" } else { "" };
    let muted = if call.muted { ", you are muted" } else { "" };
    let by_tcp = if call.by_tcp { ", by TCP" } else { "" };
    let state = format!("{}{by_tcp}{held}{part}{conference}{recorded}{muted}", word(call.state));
    let dropped: u64 = call.packets.dropped.values().sum();
    let packets = format!("{}/{}/{dropped}", call.packets.sent, call.packets.received);
    let suite = call.suite.clone().unwrap_or_default();
    [call.id.clone(), call.peer.clone(), state, call.bundle.clone(), suite, packets]
}

/// `answer`, `reject`: one verb to one call.
pub async fn order(door: &Door, output: Output, call: &str, verb: &str) -> Result<Exit, ErrorView> {
    if verb == "answer" {
        let rings: CallView = door.get(&format!("/v1/calls/{}", segment(call))).await?.view()?;
        if rings.state == CallStateView::Wanted {
            let reply = wanted::place(door, output, call).await?;
            output.body(reply.body());
            output.line(&told(&reply.view()?));
            return Ok(Exit::Done);
        }
    }
    let reply = door.post_empty(&format!("/v1/calls/{}/{verb}", segment(call))).await?;
    output.body(reply.body());
    output.line(&match verb {
        "answer" => format!("call {call}: answered; see `sottovoce calls`"),
        _ => format!("call {call}: rejected"),
    });
    Ok(Exit::Done)
}

/// One call, or all.
pub async fn hangup(door: &Door, output: Output, call: Option<&str>) -> Result<Exit, ErrorView> {
    let before: CallList = door.get("/v1/calls").await?.view()?;
    let path = call.map_or_else(|| "/v1/calls".to_owned(), |call| format!("/v1/calls/{}", segment(call)));
    let reply = door.delete(&path).await?;
    output.body(reply.body());
    let wanted = |one: &&CallView| !one.is_over() && call.is_none_or(|call| one.id == call);
    let said = before.calls.iter().filter(wanted).map(|one| format!("hanging up {}, {}", one.id, one.peer));
    output.lines(&said.collect::<Vec<_>>());
    Ok(Exit::Done)
}
