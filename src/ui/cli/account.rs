//! `account`: where this agent is registered.

use std::io::IsTerminal;

use super::args::{AccountArgs, AccountCommand, PasswordFlags};
use super::door::{segment, view, Door};
use super::exit::Exit;
use super::interrupt::interrupted;
use super::keyboard::{piped_line, secret, Left};
use super::output::Output;
use super::screen::Page;
use crate::app::control::request::{AccountBody, PasswordBody};
use crate::app::control::view::{
    AccountList, AccountStateView, AccountView, ErrorKind, ErrorView, FlowView, MailboxStateView, MailboxView,
    PublicationStateView, PublicationView,
};
use crate::app::control::{check_account, PasswordSource};
use crate::vocab::{escape, shell_word, Entity};

/// Seconds until the registrar has spoken; whoever is silent for so long mostly stays so.
const PATIENCE: u32 = 5;

const NO_ACCOUNT: &str =
    "no account; `sottovoce account add sip:USER@DOMAIN` makes one, as does an [[account]] in the configuration";

pub async fn run(door: &Door, output: Output, command: &AccountCommand) -> Result<Exit, ErrorView> {
    match command {
        AccountCommand::Add(args) => return add(door, output, args).await,
        AccountCommand::List => {
            let reply = door.get("/v1/accounts").await?;
            output.body(reply.body());
            list(output, &reply.view()?);
        }
        AccountCommand::Remove { entity } => {
            let reply = door.delete(&format!("/v1/accounts/{}", segment(entity))).await?;
            output.body(reply.body());
            output.line(&format!(
                "{} is removed, and with it the password that it may have had",
                escape(&spelled(entity))
            ));
            list(output, &reply.view()?);
        }
        AccountCommand::Show { entity: None } => {
            let reply = door.get("/v1/accounts").await?;
            output.body(reply.body());
            let list: AccountList = reply.view()?;
            if list.accounts.is_empty() {
                output.line(NO_ACCOUNT);
            }
            list.accounts.iter().for_each(|account| output.lines(&page(account, output.width())));
        }
        AccountCommand::Show { entity: Some(entity) } => {
            let reply = door.get(&format!("/v1/accounts/{}", segment(entity))).await?;
            output.body(reply.body());
            output.lines(&page(&reply.view()?, output.width()));
        }
    }
    Ok(Exit::Done)
}

fn list(output: Output, list: &AccountList) {
    if list.accounts.is_empty() {
        return output.line(NO_ACCOUNT);
    }
    let rows: Vec<[String; 4]> = list.accounts.iter().map(row).collect();
    output.table(["entity", "proxy", "user", "state"], &rows);
}

async fn add(door: &Door, output: Output, args: &AccountArgs) -> Result<Exit, ErrorView> {
    let path = format!("/v1/accounts/{}", segment(&args.entity));
    let body = AccountBody {
        entity: args.entity.clone(),
        proxy: args.proxy.clone(),
        second_proxy: args.second_proxy.clone(),
        user: args.user.clone(),
        realm: args.realm.clone(),
        password: None,
        expires: args.expires,
        publish: args.no_publish.then_some(false),
        watchers: args.no_watchers.then_some(false),
        mailbox: args.mailbox.then_some(true),
        phone_context: args.phone_context.clone(),
    };
    // Nobody is asked for a password that nobody wants.
    check_account(&body).map_err(view)?;
    if door.get(&path).await.is_ok() {
        return Err(is_there(&spelled(&args.entity)));
    }
    let body = AccountBody { password: password(output, &args.password, &args.entity).await?, ..body };
    door.post("/v1/accounts", &body).await?;
    output.line(match body.password {
        Some(_) => "added; its password is kept encrypted with the key of this device",
        None => "added, without a password",
    });
    let interrupted = interrupted();
    output.say(&format!("asking its server, for {PATIENCE} s at most ..."));
    let waited = format!("{path}?wait={PATIENCE}");
    let reply = tokio::select! {
        reply = door.get(&waited) => reply?,
        () = interrupted => door.get(&path).await?,
    };
    let account: AccountView = reply.view()?;
    if account.state != AccountStateView::Registered {
        return Err(kept(&account));
    }
    output.body(reply.body());
    output.lines(&page(&account, output.width()));
    if door.is_own() {
        output.say("no agent runs: it is registered again by `sottovoce run`");
    }
    Ok(Exit::Done)
}

/// It is in the database all the same, as the user wanted.
fn kept(account: &AccountView) -> ErrorView {
    let entity = &account.entity;
    let silent = || ErrorView {
        code: "registrar-silent".into(),
        message: format!("{entity} is not registered yet: {} has not answered", account.proxy),
        next: "it is tried again by itself, by an agent that runs; `sottovoce account show` tells how it stands".into(),
        subject: entity.clone(),
        kind: ErrorKind::Unreachable,
    };
    let why = account.failure.clone().unwrap_or_else(silent);
    ErrorView { message: format!("{}; the account is kept", why.message), ..why }
}

/// From wherever the user says; else it is typed, unseen, or comes through a pipe as one line.
async fn password(output: Output, flags: &PasswordFlags, entity: &str) -> Result<Option<PasswordBody>, ErrorView> {
    let source = match flags {
        PasswordFlags { no_password: true, .. } => return Ok(None),
        PasswordFlags { password_file: Some(file), .. } => PasswordSource::File(file.clone()),
        PasswordFlags { password_env: Some(name), .. } => PasswordSource::Variable(name.clone()),
        _ if std::io::stdin().is_terminal() => {
            let question = format!("password of {} (not shown): ", escape(&spelled(entity)));
            PasswordSource::Line(secret(output, &question).await.map_err(|Left| nothing_typed())?)
        }
        _ => PasswordSource::Line(piped_line().map_err(|why| unreadable(&why.to_string()))?),
    };
    source.read().map(Some).map_err(view)
}

/// As accounts are written: the user may leave the scheme out.
fn spelled(entity: &str) -> String {
    let read = Entity::parse(entity).or_else(|_| Entity::parse(&format!("sip:{entity}")));
    read.map_or_else(|_| entity.to_owned(), |entity| entity.to_string())
}

fn is_there(entity: &str) -> ErrorView {
    let entity = escape(entity);
    ErrorView {
        code: "account-exists".into(),
        message: format!("there is an account {entity} already"),
        next: format!("see `sottovoce account show {}`; to change it, remove it first", shell_word(&entity)),
        subject: entity,
        kind: ErrorKind::Usage,
    }
}

fn nothing_typed() -> ErrorView {
    no_password("the question for the password was left: nothing was added".to_owned())
}

fn unreadable(why: &str) -> ErrorView {
    no_password(format!("no password comes from standard input: {}", escape(why)))
}

fn no_password(message: String) -> ErrorView {
    ErrorView {
        code: "no-password".into(),
        message,
        next: "repeat it; --password-file and --password-env read one, --no-password adds the account without".into(),
        subject: "password".into(),
        kind: ErrorKind::Usage,
    }
}

/// For `status`: how one account stands, on a line.
pub fn in_short(account: &AccountView) -> String {
    let next = account.failure.as_ref().map(|failure| format!("; {}", failure.next)).unwrap_or_default();
    let mailbox = messages(&account.mailbox).map(|waits| format!("; {waits}")).unwrap_or_default();
    format!("{}: {}{mailbox}{next}", account.entity, state(account))
}

/// What waits in a mailbox, where its server has told.
pub fn messages(mailbox: &MailboxView) -> Option<String> {
    let plural = |count: u32| if count == 1 { "" } else { "s" };
    let urgent = mailbox.urgent.filter(|urgent| *urgent > 0).map(|urgent| format!(", {urgent} of them urgent"));
    match (mailbox.state, mailbox.new, mailbox.waiting) {
        (MailboxStateView::Told, Some(new), _) if new > 0 => {
            Some(format!("{new} new voice message{}{}", plural(new), urgent.unwrap_or_default()))
        }
        (MailboxStateView::Told, None, Some(true)) => Some("messages wait".to_owned()),
        (MailboxStateView::Told, ..) => Some("no new voice messages".to_owned()),
        _ => None,
    }
}

fn mailbox(mailbox: &MailboxView) -> Option<String> {
    let old = mailbox.old.filter(|old| *old > 0).map(|old| format!(", {old} heard before")).unwrap_or_default();
    match mailbox.state {
        MailboxStateView::Off => None,
        MailboxStateView::Asking => Some("its server has not told yet".to_owned()),
        MailboxStateView::Refused | MailboxStateView::Waiting => Some("its server does not tell".to_owned()),
        MailboxStateView::Told => messages(mailbox).map(|new| new + &old),
    }
}

fn row(account: &AccountView) -> [String; 4] {
    [account.entity.clone(), account.proxy.clone(), account.user.clone(), state(account)]
}

fn state(account: &AccountView) -> String {
    match account.state {
        AccountStateView::Idle => "not needed".to_owned(),
        AccountStateView::Left => "not registered any more".to_owned(),
        AccountStateView::NotRunning => "not running: no agent runs, `sottovoce run` registers it".to_owned(),
        AccountStateView::Recovering => recovering(account.address.as_deref()).to_owned(),
        AccountStateView::Refused => match account.failure.as_ref().map(|failure| failure.code.as_str()) {
            Some("password-unopened") => "refused: its stored password cannot be decrypted".to_owned(),
            _ => "refused: the password is wrong, or there is none".to_owned(),
        },
        AccountStateView::Registered => {
            // That a server stands still is known later, by a connection too.
            let heard = account.heard.as_ref().map(|heard| format!(", last heard of at {heard}")).unwrap_or_default();
            format!("registered until {}{heard}", account.until.clone().unwrap_or_default())
        }
        AccountStateView::Registering => "registering".to_owned(),
        AccountStateView::Resolving => "looking for its proxy".to_owned(),
        AccountStateView::Waiting => {
            format!("not registered, {}", again(account.again.as_deref()))
        }
    }
}

/// By UDP there is no connection that could break.
pub fn is_by_udp(address: Option<&str>) -> bool {
    address.is_some_and(|address| address.starts_with("udp:"))
}

fn recovering(address: Option<&str>) -> &'static str {
    match is_by_udp(address) {
        true => "its server does not answer: being registered anew",
        false => "its connection broke, or its server does not answer: being registered anew",
    }
}

/// Of what waits.
fn again(at: Option<&str>) -> String {
    at.map_or_else(|| "being tried again now".to_owned(), |at| format!("tried again at {at}"))
}

/// `tls:192.0.2.1:5061, registered, calls come on this connection`.
fn flow(flow: &FlowView) -> String {
    let state = match flow.state {
        AccountStateView::Idle => "not needed: the registrar knows one way at a time",
        AccountStateView::Left => "not registered any more",
        AccountStateView::NotRunning => "not running",
        AccountStateView::Recovering => recovering(flow.address.as_deref()),
        AccountStateView::Refused => "refused",
        AccountStateView::Registered if flow.outbound => "registered, calls come on this way",
        AccountStateView::Registered => "registered",
        AccountStateView::Registering => "registering",
        AccountStateView::Resolving => "looking for its proxy",
        AccountStateView::Waiting => "not registered, ",
    };
    let waits = flow.state == AccountStateView::Waiting;
    let again = if waits { again(flow.again.as_deref()) } else { String::new() };
    let seen = flow.seen.as_ref().map(|seen| format!(", seen at {seen}")).unwrap_or_default();
    let heard = flow.heard.as_ref().map(|heard| format!(", last heard of at {heard}")).unwrap_or_default();
    format!("{}, {state}{again}{seen}{heard}", flow.address.as_ref().unwrap_or(&flow.proxy))
}

fn published(publication: &PublicationView) -> String {
    match publication.state {
        PublicationStateView::Left => "not any more".to_owned(),
        PublicationStateView::None => "not yet: it is not registered".to_owned(),
        PublicationStateView::Off => "no, it is switched off for this account".to_owned(),
        PublicationStateView::Published => {
            format!("what strangers may know, until {}", publication.until.clone().unwrap_or_default())
        }
        PublicationStateView::Publishing => "the server has not answered yet".to_owned(),
        PublicationStateView::Refused => "no: the server does not take it".to_owned(),
        PublicationStateView::Waiting => {
            format!("not now, {}", again(publication.again.as_deref()))
        }
        PublicationStateView::Withheld => format!("no: {}", publication.reason.clone().unwrap_or_default()),
    }
}

fn page(account: &AccountView, width: usize) -> Vec<String> {
    let mut page = Page::new(width, "service route".len());
    page.heading(&format!("Account {}", account.entity));
    page.field("proxy", &account.proxy);
    if let Some(address) = account.address.as_ref().filter(|address| **address != account.proxy) {
        page.field("reached at", address);
    }
    page.field("user", &account.user);
    page.field("kept", if account.added { "here: it was added" } else { "in the configuration" });
    page.field("state", &state(account));
    if let Some(failure) = &account.failure {
        page.field("why", &failure.message);
        page.field("next", &failure.next);
    }
    if let Some(gruu) = &account.gruu {
        page.field("this device", gruu);
    }
    page.field("published", &published(&account.publication));
    if let Some(failure) = &account.publication.failure {
        page.field("why", &failure.message);
        page.field("next", &failure.next);
    }
    if let Some(waits) = mailbox(&account.mailbox) {
        page.field("mailbox", &waits);
    }
    if let Some(failure) = &account.mailbox.failure {
        page.field("why", &failure.message);
        page.field("next", &failure.next);
    }
    for hop in &account.service_route {
        page.field("service route", hop);
    }
    for (number, flow) in (1..).zip(&account.flows) {
        page.field(&format!("flow {number}"), &self::flow(flow));
        for hop in &flow.path {
            page.field("path", hop);
        }
    }
    page.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_by(address: &str, more: serde_json::Value) -> AccountView {
        let mut account = serde_json::json!({
            "entity": "sip:alice@example.org", "added": true, "proxy": "example.org", "address": address,
            "user": "alice", "until": null, "again": null, "failure": null, "heard": null,
            "publication": {"state": "off", "until": null, "again": null, "failure": null, "reason": null},
            "service_route": [], "flows": [], "gruu": null,
            "mailbox": {"state": "off", "waiting": null, "new": null, "old": null, "urgent": null, "failure": null},
        });
        let members = more.as_object().cloned().unwrap_or_default();
        account.as_object_mut().unwrap().extend(members);
        serde_json::from_value(account).unwrap()
    }

    /// A server that stands still keeps its connections.
    #[test]
    fn when_its_server_was_last_heard_of_is_shown_by_whatever_transport() {
        for address in ["udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", "tls:192.0.2.1:5061", "wss:192.0.2.1:443"] {
            let more = serde_json::json!({"state": "registered", "until": "later", "heard": "now"});
            assert_eq!(row(&account_by(address, more))[3], "registered until later, last heard of at now");
        }
    }

    #[test]
    fn what_waits_is_said_to_be_tried_then_or_now_and_a_datagram_has_no_connection() {
        for (address, more, said) in [
            ("udp:192.0.2.1:5060", serde_json::json!({"state": "recovering"}), "its server does not answer: being"),
            (
                "tls:192.0.2.1:5061",
                serde_json::json!({"state": "recovering"}),
                "its connection broke, or its server does not answer: being",
            ),
            ("udp:192.0.2.1:5060", serde_json::json!({"state": "waiting"}), "not registered, being tried again now"),
            (
                "udp:192.0.2.1:5060",
                serde_json::json!({"state": "waiting", "again": "later"}),
                "not registered, tried again at later",
            ),
        ] {
            let account = account_by(address, more);
            assert!(row(&account)[3].starts_with(said), "{}", row(&account)[3]);
        }
    }
}
