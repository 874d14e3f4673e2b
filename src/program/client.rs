//! Asks a running enjamb over HTTP.

use crate::Shared;
use serde_json::Value as Json;
use std::io::Read;
use std::time::Duration;

/// How long a runtime on this computer may take to accept a connection.
const CONNECT_PATIENCE: Duration = Duration::from_millis(300);
/// How long it may take to say what runs, however busy it is.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);
const STANDARD_PORT: u16 = 8000;

/// A running enjamb that answered.
pub struct Client {
    agent: ureq::Agent,
    root: String,
}

impl Client {
    /// Finds the enjamb that runs where `--at` says, else at the standard port of this computer,
    /// moved by the offset. `None` when none runs there.
    ///
    /// # Errors
    /// When `--at` names a place where none answers.
    pub fn find(shared: &Shared) -> Result<Option<Self>, String> {
        match (Self::expect(shared), &shared.at) {
            (Ok(client), _) => Ok(Some(client)),
            (Err(_), None) => Ok(None),
            (Err(words), Some(_)) => Err(words),
        }
    }

    /// As [`find`](Self::find), for commands that need a running enjamb.
    ///
    /// # Errors
    /// Says how to start one.
    pub fn expect(shared: &Shared) -> Result<Self, String> {
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_PATIENCE))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let port = STANDARD_PORT.saturating_add(shared.port_offset);
        let at = shared.at.clone().unwrap_or_else(|| format!("127.0.0.1:{port}"));
        let client = Self { agent, root: format!("http://{at}") };
        // Something else may listen there, which may not even answer; the answer must be ours.
        let asked = client.agent.get(format!("{}/status", client.root));
        let asked = asked.config().timeout_global(Some(ANSWER_PATIENCE)).build();
        match read(asked.call()) {
            Ok(status) if status["enjamb"].is_string() => Ok(client),
            _ => Err(format!(
                "no enjamb answers at http://{at}. Start one with `enjamb` in another terminal; \
                 if it listens elsewhere, give its --port-offset, or --at HOST:PORT"
            )),
        }
    }

    /// Where it answers: "http://127.0.0.1:8000".
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// Plain words: what the runtime said, or that it is gone.
    pub fn get(&self, path: &str) -> Result<Json, String> {
        read(self.agent.get(format!("{}{path}", self.root)).call())
    }

    /// Gets a text, with these parameters in the URL.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, String> {
        let mut request = self.agent.get(format!("{}{path}", self.root));
        for (name, value) in query {
            request = request.query(*name, *value);
        }
        let answer = request.call();
        match answer {
            Ok(mut answer) if answer.status().is_success() => answer
                .body_mut()
                .read_to_string()
                .map_err(|error| format!("the runtime's answer is no text: {error}")),
            refused => Err(read(refused).err().unwrap_or_default()),
        }
    }

    /// Posts JSON and gets JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(&self, path: &str, body: &Json) -> Result<Json, String> {
        read(self.agent.post(format!("{}{path}", self.root)).send_json(body))
    }

    /// Opens a stream of server-sent events.
    ///
    /// # Errors
    /// When the runtime is gone.
    pub fn stream(&self, path: &str) -> Result<impl Read + Send + 'static, String> {
        self.agent
            .get(format!("{}{path}", self.root))
            .call()
            .map(|response| response.into_body().into_reader())
            .map_err(|error| format!("the runtime does not answer: {error}"))
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Json, String> {
    let mut answer = answer.map_err(|error| format!("the runtime does not answer: {error}"))?;
    let json: Json = answer
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .read_json()
        .map_err(|error| format!("the runtime's answer is no JSON: {error}"))?;
    match answer.status().is_success() {
        true => Ok(json),
        false => Err(json["error"].as_str().unwrap_or("the runtime refused").to_string()),
    }
}
