//! The JSON API: models and commands described, commands run, traffic watched.

use super::{Server, Shared};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use enjamb_core::engine::{Hosted, Request, RunEvent, Status};
use enjamb_core::host::Peer;
use enjamb_core::model::CancelToken;
use enjamb_core::signature::{Command, Values, only};
use enjamb_core::value::Value;
use enjamb_core::{Error, ErrorKind};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Events of one run that wait for a slow client. Partial outputs beyond that are left out.
const MAX_EVENTS: usize = 256;
/// How often the traffic stream tells the totals.
const TOTALS_EVERY: Duration = Duration::from_millis(500);

/// Every error has this form.
pub fn error(status: StatusCode, words: &str) -> Response {
    (status, Json(json!({ "error": words }))).into_response()
}

/// The status that each kind of error has.
pub(super) fn refused(refusal: &Error) -> Response {
    let status = match refusal.kind() {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
        ErrorKind::Busy | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Failed | ErrorKind::Cancelled => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error(status, refusal.message())
}

pub async fn not_found() -> Response {
    error(
        StatusCode::NOT_FOUND,
        "there is nothing here to post to: try /models/MODEL/COMMAND or /chains/CHAIN/ACTION",
    )
}

pub async fn method_not_allowed() -> Response {
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "expected GET, or POST to /models/MODEL/COMMAND or /chains/CHAIN/ACTION",
    )
}

fn specification(model: &Hosted) -> Json_ {
    let mut spec = model.manifest().specification();
    // The name it is hosted under is the one that clients need.
    spec["name"] = model.name().into();
    let (status, problem) = match model.status() {
        Status::Starting => ("STARTING", None),
        Status::Running => ("RUNNING", None),
        Status::Failed(words) => ("FAILED", Some(words)),
    };
    spec["status"] = status.into();
    if let Some(words) = problem {
        spec["error"] = words.into();
    }
    spec
}

pub async fn models(State(server): Shared) -> Json<Vec<Json_>> {
    let models = server.router.engine().models();
    Json(models.iter().map(|model| specification(model)).collect())
}

pub async fn model(State(server): Shared, Path(name): Path<String>) -> Response {
    match find(&server, &name) {
        Ok(model) => Json(specification(&model)).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

pub async fn command(
    State(server): Shared,
    Path((model, command)): Path<(String, String)>,
) -> Response {
    let model = match find(&server, &model) {
        Ok(model) => model,
        Err(refusal) => return refused(&refusal),
    };
    match find_command(&model, &command) {
        Ok(command) => Json(command.specification()).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

pub(super) fn find_command<'a>(hosted: &'a Hosted, name: &str) -> Result<&'a Command, Error> {
    let manifest = hosted.manifest();
    manifest.find(name).ok_or_else(|| Error::not_found(manifest.has_no(hosted.name(), name)))
}

pub(super) fn find(server: &Server, name: &str) -> Result<Arc<Hosted>, Error> {
    let engine = server.router.engine();
    engine.model(name).ok_or_else(|| {
        let models = engine.models();
        let only = only(name, models.iter().map(|model| model.name()));
        Error::not_found(format!("there is no model '{name}' here, {only}"))
    })
}

/// What a run can be asked for with beside its inputs, in the URL.
#[derive(Deserialize)]
pub struct RunOptions {
    /// The seed of this run.
    seed: Option<u64>,
    /// After how many milliseconds the answer is of no use any more.
    deadline_ms: Option<u64>,
    /// Whether the outputs go to the one who asks alone, and not to OSC's destinations as well.
    #[serde(default)]
    private: bool,
}

/// Cancels the run when the client goes away before the end.
struct CancelOnDrop(CancelToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub async fn run(
    State(server): Shared,
    Path((model, command)): Path<(String, String)>,
    options: Result<Query<RunOptions>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(Query(options)) = options else {
        let words = "expected whole numbers from 0 up for 'seed' and 'deadline_ms', and true or \
                     false for 'private'";
        return error(StatusCode::BAD_REQUEST, words);
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            return error(rejection.status(), "expected a body of at most 32 MB");
        }
    };
    let hosted = match find(&server, &model) {
        Ok(hosted) => hosted,
        Err(refusal) => return refused(&refusal),
    };
    let inputs = match read_body(&hosted, &command, &body) {
        Ok(inputs) => inputs,
        Err(refusal) => return refused(&refusal),
    };
    let wants_events = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    let mut request = Request::new(|_| {});
    request.seed = options.seed;
    request.deadline = options
        .deadline_ms
        .map(|millis| server.router.engine().clock().now() + Duration::from_millis(millis));
    let submit = |request| match options.private {
        true => hosted.submit(&command, inputs, request),
        false => server.router.host().submit(Peer::Local, &model, &command, inputs, request),
    };
    match wants_events {
        true => run_streaming(request, submit),
        false => run_once(request, submit).await,
    }
}

fn read_body(hosted: &Hosted, command: &str, body: &[u8]) -> Result<Values, Error> {
    let spec = find_command(hosted, command)?;
    let json = match body.trim_ascii().is_empty() {
        true => json!({}),
        false => serde_json::from_slice(body).map_err(|error| {
            Error::invalid(format!("the body must be a JSON object of inputs: {error}"))
        })?,
    };
    Values::read_json(&json, &spec.inputs)
}

/// Writes JSON on the model's thread, so that a large answer does not hold up the network's. Not by
/// way of a tree, which would spell f32 as the longer f64.
fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("values have JSON forms")
}

#[derive(Serialize)]
struct Partial<'a> {
    outputs: &'a Values,
    progress: Option<f32>,
}

#[derive(Serialize)]
struct Streamed<'a> {
    stream: &'a str,
    messages: &'a [Vec<Value>],
}

#[derive(Serialize)]
struct Done<'a> {
    outputs: &'a Values,
    milliseconds: f64,
}

async fn run_once(
    mut request: Request,
    submit: impl FnOnce(Request) -> Result<(), Error>,
) -> Response {
    let (sender, answer) = oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    request.reply = Arc::new(move |event| {
        let outcome = match event {
            RunEvent::Partial { .. } | RunEvent::Stream { .. } => return,
            RunEvent::Done { outputs, .. } => Ok(to_text(&*outputs)),
            RunEvent::Failed(error) => Err(error),
            RunEvent::Cancelled => Err(Error::cancelled()),
        };
        if let Some(sender) = sender.lock().ok().and_then(|mut sender| sender.take()) {
            // A client that is gone needs no answer.
            let _ = sender.send(outcome);
        }
    });
    let _cancel = CancelOnDrop(request.cancel.clone());
    if let Err(refusal) = submit(request) {
        return refused(&refusal);
    }
    match answer.await {
        Ok(Ok(body)) => json_response(body),
        Ok(Err(error)) => refused(&error),
        Err(_) => refused(&Error::new(ErrorKind::Unavailable, "the model was taken off")),
    }
}

fn json_response(body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], Body::from(body)).into_response()
}

fn run_streaming(
    mut request: Request,
    submit: impl FnOnce(Request) -> Result<(), Error>,
) -> Response {
    let (sender, receiver) = mpsc::channel::<sse::Event>(MAX_EVENTS);
    request.reply = Arc::new(move |event| {
        let (name, data) = match event {
            RunEvent::Partial { outputs, progress } => {
                // Keeps a place free for the end.
                if sender.capacity() <= 1 {
                    return;
                }
                ("output", to_text(&Partial { outputs: &outputs, progress }))
            }
            RunEvent::Stream { name, messages } => {
                if sender.capacity() <= 1 {
                    return;
                }
                ("stream", to_text(&Streamed { stream: &name, messages: &messages }))
            }
            RunEvent::Done { outputs, elapsed } => {
                let milliseconds = elapsed.as_secs_f64() * 1e3;
                ("done", to_text(&Done { outputs: &outputs, milliseconds }))
            }
            RunEvent::Failed(error) => ("error", to_text(&json!({ "error": error.message() }))),
            RunEvent::Cancelled => ("error", to_text(&json!({ "error": "the run was cancelled" }))),
        };
        // A client that is gone needs no events.
        let _ = sender.try_send(sse::Event::default().event(name).data(data));
    });
    let cancel = CancelOnDrop(request.cancel.clone());
    if let Err(refusal) = submit(request) {
        return refused(&refusal);
    }
    let events = stream::unfold((receiver, cancel), |(mut receiver, cancel)| async move {
        let event = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), (receiver, cancel)))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// `/status`: what runs, for the program's own commands and for health checks.
pub async fn status(State(server): Shared) -> Json<Json_> {
    Json(totals(&server))
}

fn totals(server: &Server) -> Json_ {
    let engine = server.router.engine();
    let hub = server.receiver.hub();
    let traffic = hub.traffic();
    let models: Vec<Json_> = engine
        .models()
        .iter()
        .map(|model| {
            let counters: Vec<_> = model
                .manifest()
                .commands
                .iter()
                .filter_map(|command| model.counters(&command.name))
                .collect();
            let sum = |count: fn(&enjamb_core::engine::CommandCounters) -> u64| {
                counters.iter().map(|counters| count(counters)).sum::<u64>()
            };
            json!({
                "name": model.name(),
                "status": specification(model)["status"],
                "waiting": model.n_waiting(),
                "restarts": model.n_restarts(),
                "succeeded": sum(|counters| counters.succeeded.load(Relaxed)),
                "failed": sum(|counters| counters.failed.load(Relaxed)),
                "refused": sum(|counters| counters.refused.load(Relaxed)),
            })
        })
        .collect();
    let chains: Vec<Json_> = (server.router.host().chains().all().iter())
        .map(|chain| {
            let nodes: Vec<Json_> = (chain.counters().into_iter())
                .map(|(name, counters)| {
                    let mut node = counters.to_json();
                    node["name"] = name.into();
                    node
                })
                .collect();
            json!({
                "name": chain.name(),
                "running": chain.is_running(),
                "step": chain.step(),
                "missed": chain.n_missed(),
                "nodes": nodes,
            })
        })
        .collect();
    let clients: Vec<Json_> = hub
        .clients()
        .into_iter()
        .map(|(name, gets)| json!({ "name": name, "gets": gets }))
        .collect();
    json!({
        "enjamb": env!("CARGO_PKG_VERSION"),
        "seconds": engine.clock().now().as_secs_f64(),
        "osc": server.osc_address.to_string(),
        "http": server.http_address.to_string(),
        "in": traffic.n_in.load(Relaxed),
        "out": traffic.n_out.load(Relaxed),
        "errors": traffic.n_errors.load(Relaxed),
        "dropped": traffic.n_dropped.load(Relaxed),
        "refused": traffic.n_refused.load(Relaxed),
        "models": models,
        "chains": chains,
        "clients": clients,
    })
}

/// `/traffic`: every message in and out as it passes, and twice a second the totals.
pub async fn traffic(
    State(server): Shared,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let watcher = server.receiver.hub().traffic().watch();
    let ticks = tokio::time::interval(TOTALS_EVERY);
    let events = stream::unfold((server, watcher, ticks), |(server, watcher, mut ticks)| async {
        let (name, data) = tokio::select! {
            _ = ticks.tick() => {
                let mut totals = totals(&server);
                totals["missed"] = watcher.n_missed().into();
                ("totals", totals.to_string())
            }
            entry = watcher.next() => ("message", json!(entry).to_string()),
        };
        let event = sse::Event::default().event(name).data(data);
        Some((Ok(event), (server, watcher, ticks)))
    });
    Sse::new(events)
}
