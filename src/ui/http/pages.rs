use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::CodeBody;
use crate::app::control::view::{ClosedPagesView, ErrorBody, PageView, SessionView};
use crate::app::control::Pages;

/// A code and its name.
const MAX_CODE_BODY: usize = 256;

/// For those who have the token.
pub fn inviting(pages: Pages) -> Router {
    Router::new().route("/v1/pages", post(invite).delete(close)).with_state(pages)
}

/// For a page that has its code alone.
pub fn entering(pages: Pages) -> Router {
    let enter = post(enter).layer(DefaultBodyLimit::max(MAX_CODE_BODY));
    Router::new().route("/v1/pages/session", enter).with_state(pages)
}

/// Has a browser's page come in: its address is good once.
#[utoipa::path(post, path = "/v1/pages", operation_id = "page", tag = "agent",
    responses((status = 201, body = PageView), (status = "default", body = ErrorBody)))]
pub async fn invite(State(pages): State<Pages>) -> Result<(StatusCode, Json<PageView>), Refusal> {
    Ok((StatusCode::CREATED, Json(pages.invite()?)))
}

/// Lets no page in that is open.
#[utoipa::path(delete, path = "/v1/pages", operation_id = "page-close", tag = "agent",
    responses((status = 200, body = ClosedPagesView), (status = "default", body = ErrorBody)))]
pub async fn close(State(pages): State<Pages>) -> Result<Json<ClosedPagesView>, Refusal> {
    Ok(Json(pages.close_all()))
}

/// A session for a code that was not used yet; what a page shows from then on as its token. Needs no token.
#[utoipa::path(post, path = "/v1/pages/session", operation_id = "page-session", tag = "agent", request_body = CodeBody,
    security(()), responses((status = 200, body = SessionView), (status = "default", body = ErrorBody)))]
pub async fn enter(State(pages): State<Pages>, Body(body): Body<CodeBody>) -> Result<Json<SessionView>, Refusal> {
    Ok(Json(pages.enter(&body.code)?))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{header, Request};
    use axum::response::Response;
    use http_body_util::BodyExt;
    use serde_json::{json, Value};
    use tower::ServiceExt;

    use super::*;
    use crate::app::control::tests::Cardboard;
    use crate::app::control::Token;
    use crate::ui::http::guard::Gate;
    use crate::ui::http::house;

    const HOST: &str = "127.0.0.1:8060";

    struct Here {
        router: Router,
        token: Token,
        _dir: tempfile::TempDir,
    }

    impl Here {
        fn new() -> Self {
            let (dir, token, address) = (tempfile::tempdir().unwrap(), Token::new().unwrap(), HOST.parse().unwrap());
            let pages = Pages::open(dir.path(), address);
            let gate = Gate::tcp(token.clone(), pages.clone(), address);
            Self { router: house(Cardboard::new().1, &pages, gate), token, _dir: dir }
        }

        async fn send(&self, request: &str, headers: &[(header::HeaderName, &str)], body: String) -> Response {
            let (method, path) = request.split_once(' ').unwrap();
            let mut built = Request::builder().method(method).uri(path);
            if !headers.iter().any(|(name, _)| *name == header::HOST) {
                built = built.header(header::HOST, HOST);
            }
            for (name, value) in headers {
                built = built.header(name, *value);
            }
            self.router.clone().oneshot(built.body(Body::from(body)).unwrap()).await.unwrap()
        }

        async fn invited(&self) -> String {
            let token = self.token.bearer();
            let answer = self.send("POST /v1/pages", &[(header::AUTHORIZATION, &token)], String::new()).await;
            json(answer).await["url"].as_str().unwrap().rsplit_once("#code=").unwrap().1.to_owned()
        }

        async fn enter(&self, code: &str) -> Response {
            let body = json!({ "code": code }).to_string();
            self.send("POST /v1/pages/session", &[(header::CONTENT_TYPE, "application/json")], body).await
        }
    }

    async fn json(answer: Response) -> Value {
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_page_comes_in_by_its_code_once_and_then_has_the_door() {
        let here = Here::new();
        let code = here.invited().await;
        let entered = here.enter(&code).await;
        assert_eq!(entered.status(), StatusCode::OK);
        let session = format!("Bearer {}", json(entered).await["session"].as_str().unwrap());
        let known = [(header::AUTHORIZATION, session.as_str())];
        assert_eq!(here.send("GET /v1/status", &known, String::new()).await.status(), StatusCode::OK);
        for wrong in [code.as_str(), "", "00000000000000000000000000000000"] {
            let refused = here.enter(wrong).await;
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
            assert_eq!(json(refused).await["error"]["code"], "page-code");
        }
        let heard = here.send("GET /v1/events", &known, String::new()).await.into_body();
        let closed = here.send("DELETE /v1/pages", &known, String::new()).await;
        assert_eq!(json(closed).await["closed"], 1);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), heard.collect()).await;
        assert!(ended.is_ok(), "the page hears on");
        assert_eq!(here.send("GET /v1/status", &known, String::new()).await.status(), StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn without_a_token_there_are_the_files_of_the_page_and_nothing_else() {
        let here = Here::new();
        for (path, kind) in [("/", "text/html"), ("/app.js", "text/javascript"), ("/style.css", "text/css")] {
            let answer = here.send(&format!("GET {path}"), &[], String::new()).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
                "{policy}"
            );
        }
        for path in ["GET /v1/status", "POST /v1/pages", "GET /v1/events", "GET /../Cargo.toml", "GET /nothing"] {
            let answer = here.send(path, &[], String::new()).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }

    #[tokio::test]
    async fn other_names_and_pages_of_other_sites_get_neither_files_nor_a_session() {
        let here = Here::new();
        let code = here.invited().await;
        let body = json!({ "code": code }).to_string();
        let of_json = (header::CONTENT_TYPE, "application/json");
        for foreign in
            [(header::HOST, "evil.example:8060"), (header::ORIGIN, "http://evil.example"), (header::ORIGIN, "null")]
        {
            let answer = here.send("POST /v1/pages/session", &[foreign.clone(), of_json.clone()], body.clone()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{foreign:?}");
            let answer = here.send("GET /", std::slice::from_ref(&foreign), String::new()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{foreign:?}");
        }
        let plain = (header::CONTENT_TYPE, "text/plain");
        let answer = here.send("POST /v1/pages/session", &[plain], body).await;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "as a form of any site could send it");
        assert_eq!(here.enter(&code).await.status(), StatusCode::OK, "the code was not used up");
    }
}
