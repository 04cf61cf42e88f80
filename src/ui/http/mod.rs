//! The control door: HTTP, JSON and server-sent events over [`Control`], for the command line, pages and scripts.
//!
//! [`app`] is the whole door as one router, so that a command without a running agent, and a test, can use it without a
//! port. [`serve`] puts it behind the [`guard`] on the sockets of a [`Door`].

mod accounts;
mod asks;
mod assets;
mod calls;
mod contacts;
mod devices;
mod error;
mod events;
mod extract;
pub mod guard;
mod identity;
mod inspect;
mod listener;
mod messages;
mod openapi;
mod pages;
mod policy;
mod presence;
mod proposals;
mod records;
mod reviews;
mod status;
#[cfg(test)]
mod tests;
mod watches;

use std::future::Future;

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use axum::Router;

use crate::app::control::{Control, Door, Pages};
use guard::Gate;

pub use openapi::openapi;

/// Largest body of a request, in octets.
pub const MAX_BODY: usize = 1 << 20;
/// Of entries that are imported, in octets: JSON tells each in some 800.
const MAX_IMPORT: usize = 40 << 20;

/// The whole door, unguarded.
pub fn app(control: Control) -> Router {
    Router::new()
        .merge(asking())
        .merge(calling())
        .merge(databases())
        .merge(agent())
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(control)
}

fn asking() -> Router<Control> {
    Router::new()
        .route("/v1/asks", get(asks::list).post(asks::start))
        .route("/v1/asks/{id}", get(asks::one).delete(asks::cancel))
        .route("/v1/reviews", get(reviews::list))
        .route("/v1/reviews/{id}", get(reviews::one))
        .route("/v1/reviews/{id}/answer", post(reviews::answer))
        .route("/v1/reviews/{id}/weigh", post(reviews::weigh))
        .route("/v1/proposals", get(proposals::list))
        .route("/v1/proposals/{id}", get(proposals::one).delete(proposals::cancel))
}

fn calling() -> Router<Control> {
    Router::new()
        .route("/v1/calls", get(calls::list).post(calls::start).delete(calls::hangup_all))
        .route("/v1/messages", get(messages::list).post(messages::send))
        .route("/v1/messages/{id}", get(messages::one))
        .route("/v1/calls/{id}", get(calls::one).delete(calls::hangup))
        .route("/v1/calls/{id}/answer", post(calls::answer))
        .route("/v1/calls/{id}/reject", post(calls::reject))
        .route("/v1/calls/{id}/recording", post(calls::record).delete(calls::stop_recording))
        .route("/v1/calls/{id}/conference", post(calls::confer))
        .route("/v1/calls/{id}/digits", post(calls::dial))
        .route("/v1/calls/{id}/hold", get(calls::held).post(calls::hold))
        .route("/v1/calls/{id}/mute", post(calls::mute).delete(calls::unmute))
        .route("/v1/calls/{id}/resume", post(calls::resume))
        .route("/v1/calls/{id}/relax", post(calls::relax))
        .route("/v1/calls/{id}/tighten", post(calls::tighten))
        .route("/v1/calls/{id}/transfer", get(calls::transferred).post(calls::transfer))
}

fn databases() -> Router<Control> {
    Router::new()
        .route("/v1/policy", get(policy::list).post(policy::add))
        .route("/v1/policy/default", post(policy::default).delete(policy::default_remove))
        .route("/v1/policy/export", get(policy::export))
        .route("/v1/policy/import", post(policy::import).layer(DefaultBodyLimit::max(MAX_IMPORT)))
        .route("/v1/policy/test", post(policy::test))
        .route("/v1/policy/history", get(policy::history))
        .route("/v1/policy/undo", post(policy::undo))
        .route("/v1/policy/entries/{id}", get(policy::one).post(policy::edit).delete(policy::remove))
        .route("/v1/policy/entries/{id}/disable", post(policy::disable))
        .route("/v1/policy/entries/{id}/enable", post(policy::enable))
        .route("/v1/policy/entries/{id}/expiry", post(policy::expire))
        .route("/v1/accounts", get(accounts::list).post(accounts::add))
        .route("/v1/accounts/{entity}", get(accounts::one).delete(accounts::remove))
        .route("/v1/presence", get(presence::list).post(presence::set))
        .route("/v1/presence/{entity}", get(presence::one).post(presence::rename).delete(presence::remove))
        .route("/v1/watches", get(watches::list).post(watches::start))
        .route("/v1/watches/{peer}", delete(watches::end))
        .route("/v1/watchers", get(watches::watchers))
        .route("/v1/watchers/{whom}", post(watches::answer).delete(watches::forget))
        .route("/v1/contacts", get(contacts::list).post(contacts::add))
        .route("/v1/contacts/{name}", get(contacts::one).post(contacts::set).delete(contacts::remove))
        .route("/v1/groups", get(contacts::groups).post(contacts::group_add))
        .route("/v1/groups/{name}", post(contacts::group_set).delete(contacts::group_remove))
        .route("/v1/identity", get(identity::show))
        .route("/v1/identity/revoke", post(identity::revoke))
        .route("/v1/identity/take", post(identity::take))
        .route("/v1/identity/verify", post(identity::verify))
        .route("/v1/identity/vouch", post(identity::vouch))
        .route("/v1/history", get(records::history).delete(records::forget))
        .route("/v1/history/seen", post(records::seen))
        .route("/v1/audit", get(records::audit))
}

fn agent() -> Router<Control> {
    Router::new()
        .route("/v1/openapi.json", get(openapi::serve))
        .route("/v1/devices", get(devices::list).post(devices::choose))
        .route("/v1/devices/test", get(devices::test_now).post(devices::test))
        .route("/v1/status", get(status::status))
        .route("/v1/do-not-disturb", post(status::do_not_disturb))
        .route("/v1/doctor", get(status::doctor))
        .route("/v1/stop", post(status::stop))
        .route("/v1/metrics", get(status::metrics))
        .route("/v1/events", get(events::stream))
        .route("/v1/inspect/{kind}", post(inspect::inspect))
}

/// The door behind its gate, and beside it what is there for who comes with a page's code alone.
fn house(control: Control, pages: &Pages, gate: Gate) -> Router {
    let unlocked = assets::assets().merge(pages::entering(pages.clone()));
    let guarded = app(control).merge(pages::inviting(pages.clone()));
    guard::guarded(guarded, gate.clone()).merge(guard::unlocked(unlocked, gate))
}

/// Serves both sockets until `until` is ready; requests under way may finish for [`guard::LAST_CALL`].
pub async fn serve(control: Control, door: Door, until: impl Future<Output = ()>) {
    let tcp = house(control.clone(), &door.pages, Gate::tcp(door.token.clone(), door.pages.clone(), door.address));
    let unix = house(control, &door.pages, Gate::unix(door.token.clone(), door.pages.clone()));
    tokio::select! {
        _ = async { tokio::join!(listener::serve(door.tcp, tcp), listener::serve(door.unix, unix)) } => {}
        () = async { until.await; tokio::time::sleep(guard::LAST_CALL).await } => {}
    }
}
