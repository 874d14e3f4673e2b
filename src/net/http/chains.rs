//! Chains over HTTP: what they are and do, and the same actions as over OSC.

use super::Shared;
use super::api::{error, refused};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use enjamb_core::Error;
use enjamb_core::chain::Chain;
use enjamb_core::signature::Values;
use enjamb_core::value::Value;
use serde_json::{Value as Json_, json};

pub async fn all(State(server): Shared) -> Json<Vec<Json_>> {
    let chains = server.router.host().chains().all();
    Json(chains.iter().map(|chain| chain.specification()).collect())
}

pub async fn one(State(server): Shared, Path(name): Path<String>) -> Response {
    answer(server.router.host().find_chain(&name).map(|chain| chain.specification()))
}

/// `POST /chains/voyage/walk/speed` with `{"speed": 2}`; without a value, `POST /chains/voyage/start`.
/// Answers the chain as it is then.
pub async fn send(
    State(server): Shared,
    Path((name, path)): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return error(rejection.status(), "expected a body of at most 32 MB"),
    };
    let router = &server.router;
    answer(router.host().find_chain(&name).and_then(|chain| {
        let values = read(&chain, &path, &body)?;
        router.send_to_chain(&chain, &path, &values)?;
        Ok(chain.specification())
    }))
}

fn answer(outcome: Result<Json_, Error>) -> Response {
    match outcome {
        Ok(specification) => Json(specification).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

fn read(chain: &Chain, path: &str, body: &[u8]) -> Result<Vec<Value>, Error> {
    let json = match body.trim_ascii().is_empty() {
        true => json!({}),
        false => serde_json::from_slice(body)
            .map_err(|error| Error::invalid(format!("the body must be a JSON object: {error}")))?,
    };
    let fields = chain.input(path).map(|input| input.fields).unwrap_or_default();
    let values = Values::read_json(&json, &fields)?;
    let values = fields.iter().map_while(|field| values.get(&field.name).cloned());
    Ok(values.collect())
}
