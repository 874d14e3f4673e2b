//! HTTP: the page, the JSON API, server-sent events, metrics, OSCQuery, and OSC over WebSocket.

mod api;
mod chains;
mod guard;
mod metrics;
mod oscquery;
mod page;
mod patch;
mod sketches;

pub use guard::AccessControl;

use crate::network::Files;
use crate::osc::{Receiver, websocket};
use crate::tune;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use enjamb_osc::Router as OscRouter;
use enjamb_osc::frame::MAX_PACKET;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The largest request body: room for a few pictures as data URIs.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// What the handlers share.
pub struct Server {
    /// Commands and their outputs.
    pub router: Arc<OscRouter>,
    /// Where OSC over WebSocket goes in.
    pub receiver: Arc<Receiver>,
    /// Who may ask.
    pub access: AccessControl,
    /// Sketches and typefaces.
    pub files: Files,
    /// Where OSC over UDP is listened to.
    pub osc_address: SocketAddr,
    /// Where this server listens.
    pub http_address: SocketAddr,
}

type Shared = State<Arc<Server>>;

/// Serves until the future is dropped.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, server: Arc<Server>) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/models", get(api::models))
        .route("/models/", get(api::models))
        .route("/models/{model}", get(api::model))
        .route("/models/{model}/{command}", get(api::command).post(api::run))
        .route("/models/{model}/{command}/patch", get(patch::patch))
        .route("/chains", get(chains::all))
        .route("/chains/", get(chains::all))
        .route("/chains/{chain}", get(chains::one))
        .route("/chains/{chain}/{*path}", post(chains::send))
        .route("/metrics", get(metrics::metrics))
        .route("/traffic", get(api::traffic))
        .route("/status", get(api::status))
        .route("/sketches", get(sketches::list))
        .route("/sketches/", get(sketches::list))
        .route("/sketches/{*path}", get(sketches::file))
        .route("/osc", get(osc))
        .route("/osc/{*address}", get(osc))
        .route("/page/{*path}", get(page::file))
        // Browsers ask here for pages that name no icon: pictures, JSON, sketches.
        .route("/favicon.ico", get(async || Redirect::permanent("/page/icon.svg")))
        .route("/", get(root))
        .route("/{*address}", get(oscquery::at_root).post(api::not_found))
        .method_not_allowed_fallback(api::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), guard::check))
        .with_state(server);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = tune(stream) {
            tracing::debug!("a connection stays as the system made it: {error}");
        }
    });
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// `/`: a page for people; for OSCQuery clients, which may know no more than the port, the tree.
async fn root(state: Shared, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_person = accept.is_some_and(|accept| accept.contains("text/html"))
        && request.uri().query().is_none_or(|query| query.starts_with("token="))
        && !request.headers().contains_key(header::UPGRADE);
    match is_person {
        true => page::index(&state, &request),
        false => osc(state, request).await,
    }
}

/// `/osc`: OSC over WebSocket, or an OSCQuery question.
async fn osc(State(server): Shared, request: Request) -> Response {
    if !request.headers().contains_key(header::UPGRADE) {
        return oscquery::answer(&server, request.uri());
    }
    let (mut parts, _) = request.into_parts();
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    match (WebSocketUpgrade::from_request_parts(&mut parts, &()).await, from) {
        (Ok(upgrade), Some(from)) => {
            upgrade.max_message_size(MAX_PACKET).on_upgrade(move |socket| async move {
                let on_text =
                    |text: &str, connection: &_| oscquery::command(&server, text, connection);
                websocket::converse(socket, from, &server.receiver, on_text).await;
            })
        }
        (Err(rejection), _) => rejection.into_response(),
        (_, None) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
