//! `account`: where this agent is registered.

use super::args::AccountCommand;
use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use super::screen::Page;
use crate::app::control::view::{
    AccountList, AccountStateView, AccountView, ErrorView, FlowView, PublicationStateView, PublicationView,
};

pub async fn run(door: &Door, output: Output, command: &AccountCommand) -> Result<Exit, ErrorView> {
    match command {
        AccountCommand::List => {
            let reply = door.get("/v1/accounts").await?;
            output.body(reply.body());
            let list: AccountList = reply.view()?;
            if list.accounts.is_empty() {
                output.line("no account; write an [[account]] into the configuration");
            } else {
                let rows: Vec<[String; 4]> = list.accounts.iter().map(row).collect();
                output.table(["entity", "proxy", "user", "state"], &rows);
            }
        }
        AccountCommand::Show { entity: None } => {
            let reply = door.get("/v1/accounts").await?;
            output.body(reply.body());
            let list: AccountList = reply.view()?;
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

fn row(account: &AccountView) -> [String; 4] {
    [account.entity.clone(), account.proxy.clone(), account.user.clone(), state(account)]
}

fn state(account: &AccountView) -> String {
    match account.state {
        AccountStateView::Idle => "not needed".to_owned(),
        AccountStateView::Left => "not registered any more".to_owned(),
        AccountStateView::Refused => "refused: the password is wrong, or none is configured".to_owned(),
        AccountStateView::Registered => format!("registered until {}", account.until.clone().unwrap_or_default()),
        AccountStateView::Registering => "registering".to_owned(),
        AccountStateView::Resolving => "looking for its proxy".to_owned(),
        AccountStateView::Waiting => {
            format!("not registered, tried again at {}", account.again.clone().unwrap_or_default())
        }
    }
}

/// `tls:192.0.2.1:5061, registered, calls come on this connection`.
fn flow(flow: &FlowView) -> String {
    let state = match flow.state {
        AccountStateView::Idle => "not needed: the registrar knows one way at a time",
        AccountStateView::Left => "not registered any more",
        AccountStateView::Refused => "refused",
        AccountStateView::Registered if flow.outbound => "registered, calls come on this way",
        AccountStateView::Registered => "registered",
        AccountStateView::Registering => "registering",
        AccountStateView::Resolving => "looking for its proxy",
        AccountStateView::Waiting => "not registered, tried again at",
    };
    let again = flow.again.as_ref().map(|again| format!(" {again}")).unwrap_or_default();
    let seen = flow.seen.as_ref().map(|seen| format!(", seen at {seen}")).unwrap_or_default();
    format!("{}, {state}{again}{seen}", flow.address.as_ref().unwrap_or(&flow.proxy))
}

fn published(publication: &PublicationView) -> String {
    match publication.state {
        PublicationStateView::Left => "not any more".to_owned(),
        PublicationStateView::None => "not yet: it is not registered".to_owned(),
        PublicationStateView::Off => "no, as the configuration says".to_owned(),
        PublicationStateView::Published => {
            format!("what strangers may know, until {}", publication.until.clone().unwrap_or_default())
        }
        PublicationStateView::Publishing => "the server has not answered yet".to_owned(),
        PublicationStateView::Refused => "no: the server does not take it".to_owned(),
        PublicationStateView::Waiting => {
            format!("not now, tried again at {}", publication.again.clone().unwrap_or_default())
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
