//! `run`, `status`, `stop`, `doctor`.

use std::time::Duration;

use super::account::in_short;
use super::announce::announce;
use super::door::{view, Door};
use super::exit::Exit;
use super::history;
use super::output::Output;
use super::page;
use super::screen::Page;
use super::sound;
use crate::app::control::view::{CheckStatus, DoctorView, ErrorKind, ErrorView, StatusView};
use crate::app::control::{start, stay_small, Options, Signals};
use crate::ui::http;

/// After so long a start says what it does.
const LONG_START: Duration = Duration::from_secs(2);

/// How long `stop` waits for the agent's goodbyes.
const STOP_LIMIT: Duration = Duration::from_secs(6);

/// The agent, with its door, until it is stopped.
pub async fn run(options: &Options, output: Output, page: bool) -> Result<Exit, ErrorView> {
    let options = Options { door: true, ..options.clone() };
    let signals = Signals::listen().map_err(view)?;
    let reading = tokio::spawn(async move {
        tokio::time::sleep(LONG_START).await;
        output.say("starting: the databases are read, which takes some seconds for a million entries");
    });
    let started = start(&options).await.map_err(view);
    reading.abort();
    let mut running = started?;
    let door = running.door.take();
    // What happens from here on is told, and what happened before stands in the status.
    let events = running.control.events();
    let status = running.control.status().await.map_err(view)?;
    running.notices.iter().for_each(|notice| output.say(notice));
    if output.json {
        output.body(serde_json::to_string(&status).unwrap_or_default().as_bytes());
    } else {
        output.lines(&shown(&status, output.width()));
        output.line("`sottovoce page` opens its page in a browser. Stop the agent with Ctrl-C or `sottovoce stop`.");
    }
    if let Some(door) = door.as_ref().filter(|_| page) {
        page::show(&door.pages.invite().map_err(view)?, output, false);
    }
    let announcing = tokio::spawn(announce(events, output, status));
    let staying_small = tokio::spawn(stay_small());
    let (stopped, until) = tokio::sync::oneshot::channel::<()>();
    let serving = door.map(|door| {
        let until = async { drop(until.await) };
        tokio::spawn(http::serve(running.control.clone(), door, until))
    });
    running
        .wait(signals, || output.say("stopping: calls, subscriptions and accounts are ended first, within 6 s"))
        .await;
    announcing.abort();
    staying_small.abort();
    drop(stopped);
    if let Some(serving) = serving {
        let _ = serving.await;
    }
    Ok(Exit::Done)
}

pub async fn status(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    let reply = door.get("/v1/status").await?;
    output.body(reply.body());
    output.lines(&shown(&reply.view()?, output.width()));
    Ok(Exit::Done)
}

pub async fn stop(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    let reply = door.post_empty("/v1/stop").await?;
    output.line("stopping: calls and subscriptions are ended first");
    if !door.gone_within(STOP_LIMIT).await {
        return Err(still_stopping());
    }
    output.body(reply.body());
    output.line("stopped");
    Ok(Exit::Done)
}

fn still_stopping() -> ErrorView {
    ErrorView {
        code: "still-stopping".into(),
        message: format!("the agent was told to stop and still runs after {} s", STOP_LIMIT.as_secs()),
        subject: "agent".into(),
        next: "see `sottovoce status`; if it does not go, end its process".into(),
        kind: ErrorKind::Failed,
    }
}

/// The running agent examines itself; without one its place is examined from outside.
pub async fn doctor(options: &Options, output: Output) -> Result<Exit, ErrorView> {
    let view: DoctorView = match Door::open_running(options).await {
        Ok(door) => door.get("/v1/doctor").await?.view()?,
        Err(_) => crate::app::control::doctor(&options.places).await,
    };
    output.body(serde_json::to_string(&view).unwrap_or_default().as_bytes());
    let rows: Vec<[String; 4]> = view
        .checks
        .iter()
        .map(|check| [word(check.status).into(), check.name.clone(), check.found.clone(), check.next.clone()])
        .collect();
    output.sentences(["state", "check", "found", "what to do"], &rows);
    Ok(if view.ok { Exit::Done } else { Exit::Failed })
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Fail => "FAIL",
        CheckStatus::Ok => "ok",
        CheckStatus::Warn => "warn",
    }
}

fn shown(status: &StatusView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, 12);
    page.heading(&format!("sottovoce {}", status.version));
    let name = status.display_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    page.field("you are", &format!("{}{name}", status.entity));
    page.fingerprint("fingerprint", &status.fingerprint);
    page.field("listens at", &status.listen.join(", "));
    page.field("place", &place(status));
    status.accounts.iter().for_each(|account| {
        page.field("account", &in_short(account));
    });
    page.field("control door", status.control.as_deref().unwrap_or("none: this agent lives inside one command"));
    let kept = match status.store.as_str() {
        "memory" => "in memory: nothing is left on disk, everything is forgotten at the end".to_owned(),
        _ => status.data_dir.clone().unwrap_or_default(),
    };
    page.field("keeps", &kept);
    let held = if status.calls_held > 0 { format!(", {} on hold", status.calls_held) } else { String::new() };
    let open = format!("{} open{held}", status.calls);
    page.field(
        "calls",
        &match status.answer.as_str() {
            "auto" => format!("{open}; answered automatically"),
            "reject" => format!("{open}; further ones are rejected"),
            _ => format!("{open}; `sottovoce answer CALL` takes one that rings"),
        },
    );
    sound::silent(status).iter().for_each(|silent| {
        page.field("sound", silent);
    });
    history::missed(status).iter().for_each(|missed| {
        page.field("missed", missed);
    });
    if let Some(until) = &status.quiet_until {
        let why = if status.do_not_disturb.is_some() { "not to be disturbed" } else { "quiet hours" };
        page.field(
            why,
            &format!("until {until}: nothing rings but members of groups that do (`sottovoce group list`)"),
        );
    }
    page.field("waiting", &format!("{}, {}", several(status.asks, "ask"), several(status.reviews, "review")));
    if status.watches > 0 {
        let waiting = match status.watches_waiting {
            0 => String::new(),
            some => format!(", {some} of them not told of changes right now (`sottovoce presence watching`)"),
        };
        page.field("follows", &format!("{}{waiting}", several(status.watches, "peer")));
    }
    page.field("policy", &format!("generation {}", status.generation));
    if status.keylog {
        page.field("DANGER", "the keys of every call are written to a file (SOTTOVOCE_KEYLOG)");
    }
    page.lines()
}

/// `office (private network)`; the judged place of a nameless network says that already.
fn place(status: &StatusView) -> String {
    let network = format!("{} network", status.environment.scope);
    match status.place.as_deref() {
        None => network,
        Some(place) if place == network => network,
        Some(place) => format!("{place} ({network})"),
    }
}

fn several(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
