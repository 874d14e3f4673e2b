//! The page in a browser, served from memory: everything that it needs comes from here.

use super::guard::AccessControl;
use super::{Server, Shared, oscquery};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const ICON: &str = "image/svg+xml";
const FONT: &str = "font/ttf";

/// A file of the page by its name below `/page/`, or else nothing.
fn find(server: &Server, name: &str) -> Option<(&'static str, &'static [u8])> {
    // Type for those whose computer has no better.
    let font = server.files.fonts.iter().find(|(font, _)| *font == name);
    font.map(|(_, bytes)| (FONT, *bytes)).or_else(|| own_file(name))
}

fn own_file(name: &str) -> Option<(&'static str, &'static [u8])> {
    macro_rules! file {
        ($kind:expr, $name:literal) => {
            ($kind, include_bytes!(concat!("page/", $name)).as_slice())
        };
    }
    Some(match name {
        "index.html" => file!(HTML, "index.html"),
        "style.css" => file!(STYLE, "style.css"),
        "icon.svg" => file!(ICON, "icon.svg"),
        "app.js" => file!(SCRIPT, "app.js"),
        "chain.js" => file!(SCRIPT, "chain.js"),
        "chart.js" => file!(SCRIPT, "chart.js"),
        "contours.js" => file!(SCRIPT, "contours.js"),
        "controls.js" => file!(SCRIPT, "controls.js"),
        "dom.js" => file!(SCRIPT, "dom.js"),
        "export.js" => file!(SCRIPT, "export.js"),
        "follow.js" => file!(SCRIPT, "follow.js"),
        "front.js" => file!(SCRIPT, "front.js"),
        "gestures.js" => file!(SCRIPT, "gestures.js"),
        "grid.js" => file!(SCRIPT, "grid.js"),
        "labels.js" => file!(SCRIPT, "labels.js"),
        "lattice.js" => file!(SCRIPT, "lattice.js"),
        "map.js" => file!(SCRIPT, "map.js"),
        "metrics.js" => file!(SCRIPT, "metrics.js"),
        "models.js" => file!(SCRIPT, "models.js"),
        "osc.js" => file!(SCRIPT, "osc.js"),
        "pins.js" => file!(SCRIPT, "pins.js"),
        "points.js" => file!(SCRIPT, "points.js"),
        "results.js" => file!(SCRIPT, "results.js"),
        "runtime.js" => file!(SCRIPT, "runtime.js"),
        "scatter.js" => file!(SCRIPT, "scatter.js"),
        "space.js" => file!(SCRIPT, "space.js"),
        "stage.js" => file!(SCRIPT, "stage.js"),
        "thread.js" => file!(SCRIPT, "thread.js"),
        "traffic.js" => file!(SCRIPT, "traffic.js"),
        _ => return None,
    })
}

/// The page itself. With `?token=...` it sets a cookie, so that all that it asks for is let in.
pub fn index(server: &Server, request: &Request) -> Response {
    let access: &AccessControl = &server.access;
    if request.uri().query().is_some() {
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, HeaderValue::from_static("/"));
        let cookie = access.cookie(request, server.http_address.port());
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            headers.insert(header::SET_COOKIE, cookie);
        }
        return response;
    }
    answer(server, "index.html", request.headers()).unwrap_or(StatusCode::NOT_FOUND.into_response())
}

/// `/page/NAME`: what the page is made of. Other paths are OSC addresses.
pub async fn file(
    State(server): Shared,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    answer(&server, &name, &headers).unwrap_or_else(|| oscquery::answer(&server, &uri))
}

fn answer(server: &Server, name: &str, headers: &HeaderMap) -> Option<Response> {
    let (kind, bytes) = find(server, name)?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes).into_response(),
    };
    let answer = response.headers_mut();
    let mut set = |name, value: &str| {
        HeaderValue::from_str(value).map(|value| answer.insert(name, value)).is_ok()
    };
    set(header::CONTENT_TYPE, kind);
    // It may be another program the next time, so a browser asks whether it is still the same.
    set(header::CACHE_CONTROL, "no-cache");
    set(header::ETAG, &tag);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if kind == HTML {
        set(header::CONTENT_SECURITY_POLICY, &policy(headers));
        set(header::REFERRER_POLICY, "no-referrer");
    }
    Some(response)
}

/// Nothing from elsewhere, and nothing to elsewhere: not even a picture that a model names.
fn policy(headers: &HeaderMap) -> String {
    // Some browsers don't count the WebSocket of the same host as the page's own.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_plain = |host: &&str| {
        host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']' | '-'))
    };
    let socket = host.filter(is_plain).map(|host| format!(" ws://{host}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
         img-src 'self' data: blob:; connect-src 'self'{socket}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}
