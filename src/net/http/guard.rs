//! Who may ask: pages of other origins may not drive the runtime, and hosts beyond this one need a
//! token or, for OSC over WebSocket, an allowed network. A browser brings the token as a cookie once
//! it has opened the page with it.

use super::{Server, api::error};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};

/// Errors that are logged; a page that tries again every second must not fill the log.
const MAX_TOLD: u64 = 20;

/// The project's rules on who may ask. The origins can be changed while the server runs.
pub struct AccessControl {
    /// What hosts beyond this one must bring as `Authorization: Bearer` or `?token=`.
    pub token: Option<String>,
    /// Networks that may use OSC over WebSocket without a token.
    pub networks: Vec<IpNet>,
    /// Origins of pages that may drive the runtime, beside its own; `*` for all, `null` for files.
    pub origins: RwLock<Vec<String>>,
}

impl AccessControl {
    fn allows_origin(&self, origin: &str) -> bool {
        let origins = self.origins.read().unwrap_or_else(PoisonError::into_inner);
        origins.iter().any(|allowed| allowed == "*" || allowed.trim_end_matches('/') == origin)
    }

    /// The cookie that a browser is to bring from now on, if its request brings the token.
    pub fn cookie(&self, request: &Request, port: u16) -> Option<String> {
        let token = self.token.as_deref().filter(|token| brings_token(request, token, port))?;
        // Cookies are shared by all ports of a host; Strict keeps other sites from using it.
        Some(format!("enjamb-{port}={}; Path=/; HttpOnly; SameSite=Strict", hex(token)))
    }

    fn allows_host(&self, from: IpAddr, request: &Request, port: u16) -> bool {
        let is_websocket = request.headers().contains_key(header::UPGRADE);
        from.is_loopback()
            || is_websocket && self.networks.iter().any(|net| net.contains(&from))
            || self.token.as_deref().is_some_and(|token| brings_token(request, token, port))
    }
}

/// The middleware before every route.
pub async fn check(
    State(server): State<Arc<Server>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let access = &server.access;
    if !access.allows_host(from.ip().to_canonical(), &request, server.http_address.port()) {
        return error(
            StatusCode::UNAUTHORIZED,
            "to come from another computer, or by another address than 127.0.0.1, bring the \
             project's token: 'Authorization: Bearer TOKEN', or ?token=TOKEN",
        );
    }
    // A name that is not ours, resolved to us, is how a foreign page pretends to be our own origin.
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if from.ip().is_loopback() && !host.is_none_or(is_own_host) {
        return error(StatusCode::FORBIDDEN, "expected 'localhost' or an IP address as the host");
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let Some(origin) = origin else { return next.run(request).await };
    let text = origin.to_str().unwrap_or("");
    if is_own_origin(text, host, server.http_address.port()) {
        return next.run(request).await;
    }
    let allowed = access.allows_origin(text);
    if !allowed {
        let words = format!(
            "the page's origin {} may not drive this runtime: add \"{0}\" to 'allow_origins' under \
             [listen] in the project file",
            String::from_utf8_lossy(origin.as_bytes())
        );
        // A browser keeps the answer from the page, so it is told where the project can be changed.
        if server.receiver.hub().traffic().n_refused.fetch_add(1, Relaxed) < MAX_TOLD {
            tracing::warn!("{words}");
        }
        return error(StatusCode::FORBIDDEN, &words);
    }
    let preflight = request.method() == Method::OPTIONS;
    let mut response = match preflight {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    add_cors(response.headers_mut(), origin);
    response
}

fn add_cors(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let methods = HeaderValue::from_static("GET, POST, OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("Content-Type, Authorization, Accept");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
}

/// Whether a page came from this very server, under any of the names that it has for its computer.
fn is_own_origin(origin: &str, host: Option<&str>, port: u16) -> bool {
    let Some(authority) = origin.strip_prefix("http://") else { return false };
    let names = ["localhost", "127.0.0.1", "[::1]"];
    host == Some(authority) || names.iter().any(|name| authority == format!("{name}:{port}"))
}

fn is_own_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[derive(Deserialize)]
struct InQuery {
    token: String,
}

fn brings_token(request: &Request, token: &str, port: u16) -> bool {
    let header = request.headers().get(header::AUTHORIZATION);
    let from_header = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let from_query = Query::<InQuery>::try_from_uri(request.uri()).ok().map(|query| query.0.token);
    [from_header, from_query.as_deref()].into_iter().flatten().any(|brought| same(brought, token))
        || from_cookie(request, port).is_some_and(|brought| same(brought, &hex(token)))
}

fn from_cookie(request: &Request, port: u16) -> Option<&str> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    let name = format!("enjamb-{port}=");
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix(&name))
}

/// A token may hold what a cookie may not.
fn hex(token: &str) -> String {
    token.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_our_own_only_when_no_name_server_was_asked() {
        for host in ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"] {
            assert!(is_own_host(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", ""] {
            assert!(!is_own_host(host), "{host}");
        }
    }

    #[test]
    fn origins_are_our_own_under_any_local_name() {
        let own = |origin| is_own_origin(origin, Some("127.0.0.1:8000"), 8000);
        assert!(own("http://127.0.0.1:8000") && own("http://localhost:8000"));
        assert!(!own("http://localhost:3000") && !own("https://localhost:8000") && !own("null"));
        assert!(!own("http://192.168.1.5:8000") && !own("http://evil.example") && !own(""));
    }

    #[test]
    fn tokens_are_whole_or_nothing() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
