//! The one schema of the door, made of the views and handlers themselves.

use axum::Json;
use utoipa::OpenApi;

use super::{
    accounts, asks, calls, contacts, devices, events, identity, inspect, messages, pages, policy, presence, proposals,
    records, reviews, status, watches,
};
use crate::app::control::view::{CompletionsView, ErrorBody};

#[derive(OpenApi)]
#[openapi(
    info(title = "sottovoce control door", description = "Every text in a response is safe to print: what peers wrote \
        is escaped. Times are RFC 3339 in UTC. Every response that is not a success is an ErrorBody."),
    paths(
        accounts::list, accounts::one, accounts::add, accounts::remove,
        asks::list, asks::start, asks::one, asks::cancel,
        reviews::list, reviews::one, reviews::answer, reviews::weigh,
        proposals::list, proposals::one, proposals::cancel,
        calls::list, calls::start, calls::one, calls::answer, calls::reject, calls::mute, calls::unmute, calls::hold, calls::held, calls::resume, calls::relax, calls::tighten, calls::transfer, calls::transferred, calls::record, calls::stop_recording, calls::confer, calls::dial, calls::hangup, calls::hangup_all,
        policy::list, policy::add, policy::default, policy::default_remove, policy::import, policy::export, policy::test, policy::one,
        policy::remove, policy::edit, policy::disable, policy::enable, policy::expire, policy::history, policy::undo,
        presence::list, presence::set, presence::one, presence::rename, presence::remove,
        watches::list, watches::start, watches::end, watches::watchers, watches::answer, watches::forget,
        contacts::list, contacts::add, contacts::one, contacts::set, contacts::remove,
        contacts::groups, contacts::group_add, contacts::group_set, contacts::group_remove,
        messages::list, messages::one, messages::send,
        identity::show, identity::revoke, identity::take, identity::verify, identity::vouch,
        records::history, records::forget, records::seen, records::audit,
        inspect::inspect,
        pages::invite, pages::close, pages::enter,
        devices::list, devices::choose, devices::test, devices::test_now,
        status::status, status::do_not_disturb, status::doctor, status::stop, status::metrics,
        events::stream,
        serve,
    ),
    components(schemas(CompletionsView, ErrorBody)),
    modifiers(&Bearer),
    security(("token" = []))
)]
struct Description;

/// The content of control.token, or a page's session.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The description as `docs/openapi.json` has it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json", operation_id = "openapi", tag = "agent",
    responses((status = 200, body = Object)))]
pub async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_the_one_that_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let made = openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("SOTTOVOCE_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == made,
            "docs/openapi.json differs; write it anew: SOTTOVOCE_WRITE_OPENAPI=1 cargo test --lib openapi"
        );
    }
}
