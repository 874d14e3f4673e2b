//! `GET /models/MODEL/COMMAND/patch?host=HOST&inputs=JSON`: the command as a patch for a host.

use super::api::{error, find, find_command, refused};
use super::{Server, Shared};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use enjamb_core::signature::{Command, Values};
use enjamb_patch::{Endpoints, HostProgram};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Wanted {
    host: String,
    /// A JSON object; what it leaves out has its default.
    #[serde(default)]
    inputs: String,
}

/// Answers the patch as plain text; to a browser that opens it, the one for p5 as a page.
pub async fn patch(
    State(server): Shared,
    Path((model, command)): Path<(String, String)>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(wanted)) = wanted else {
        let known = HostProgram::ALL.map(HostProgram::name).join(", ");
        let words = format!("expected ?host=HOST and perhaps &inputs=JSON; the hosts are {known}");
        return error(StatusCode::BAD_REQUEST, &words);
    };
    let hosted = match find(&server, &model) {
        Ok(hosted) => hosted,
        Err(refusal) => return refused(&refusal),
    };
    let command = match find_command(&hosted, &command) {
        Ok(command) => command,
        Err(refusal) => return refused(&refusal),
    };
    match write(&server, &model, command, &wanted, &headers) {
        // A browser that goes there, rather than a page that asks, gets the page that p5's patch is.
        Ok(text) if wanted.host == HostProgram::P5.name() && wants_page(&headers) => {
            Html(text).into_response()
        }
        Ok(text) => text.into_response(),
        Err(words) => error(StatusCode::BAD_REQUEST, &words),
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn write(
    server: &Server,
    model: &str,
    command: &Command,
    wanted: &Wanted,
    headers: &HeaderMap,
) -> Result<String, String> {
    let host = HostProgram::find(&wanted.host)?;
    let text = if wanted.inputs.trim().is_empty() { "{}" } else { &wanted.inputs };
    let json = serde_json::from_str(text)
        .map_err(|error| format!("'inputs' must be a JSON object of inputs: {error}"))?;
    let values = Values::read_json(&json, &command.inputs)?;
    let place = Endpoints {
        host: asked_at(headers),
        osc_port: server.osc_address.port(),
        reply_port: server.receiver.hub().reply_port(),
        http_port: server.http_address.port(),
    };
    Ok(enjamb_patch::write(host, model, command, &values, &place))
}

/// The name under which this computer was reached, as far as it can stand in a patch.
fn asked_at(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    match name.is_empty() || !is_plain || name.eq_ignore_ascii_case("localhost") || name == "::1" {
        true => "127.0.0.1".into(),
        false => name.into(),
    }
}
