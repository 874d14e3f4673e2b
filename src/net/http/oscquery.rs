//! OSCQuery (Vidvox proposal): the tree of addresses as JSON, and LISTEN over WebSocket.
//!
//! It answers at `/osc`, and at `/` too for clients that found no more than the port by mDNS.

use super::api::error;
use super::{Server, Shared};
use crate::osc::Connection;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use enjamb_core::Error;
use enjamb_core::signature::{DataType, Field};
use enjamb_core::value::Value;
use enjamb_osc::{Access, AddressNode};
use serde_json::{Map, Value as Json_, json};

/// The attributes that a client may ask for by name.
const ATTRIBUTES: &[&str] =
    &["FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "HOST_INFO"];

/// Answers below `/` what is no page and no API: the address itself.
pub async fn at_root(State(server): Shared, uri: Uri) -> Response {
    answer(&server, &uri)
}

/// Answers a question: the path is an address, the query an attribute.
pub fn answer(server: &Server, uri: &Uri) -> Response {
    let attribute = uri.query().unwrap_or("").split('&').next().unwrap_or("");
    let attribute = attribute.split('=').next().unwrap_or("");
    let attribute = if attribute == "token" { "" } else { attribute };
    if !attribute.is_empty() && !ATTRIBUTES.contains(&attribute) {
        // 204 says "known to nobody here", so a client stops asking (OSCQuery, "HTTP statuses").
        return StatusCode::NO_CONTENT.into_response();
    }
    if attribute == "HOST_INFO" {
        return Json(host_info(server)).into_response();
    }
    let path = uri.path();
    let path = match path.strip_prefix("/osc") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    };
    let address = format!("/{}", path.trim_matches('/'));
    let nodes = server.router.tree();
    if !nodes.iter().any(|node| node.address == address) {
        return error(StatusCode::NOT_FOUND, &format!("there is no address '{address}' here"));
    }
    let tree = describe(&nodes, &address);
    match attribute {
        "" => Json(tree).into_response(),
        attribute => match tree.get(attribute) {
            Some(value) => Json(json!({ attribute: value })).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
    }
}

fn host_info(server: &Server) -> Json_ {
    let mut info = json!({
        "NAME": "enjamb",
        "OSC_PORT": server.osc_address.port(),
        "OSC_TRANSPORT": "UDP",
        "WS_PORT": server.http_address.port(),
        // Where the root of the tree is, beside `/`.
        "ROOT": "/osc",
        "EXTENSIONS": {
            "ACCESS": true, "VALUE": true, "RANGE": true, "DESCRIPTION": true, "LISTEN": true,
            "PATH_CHANGED": false
        },
    });
    // One that listens at all addresses is found at the one that it was asked at.
    if !server.osc_address.ip().is_unspecified() {
        info["OSC_IP"] = server.osc_address.ip().to_string().into();
        info["WS_IP"] = server.http_address.ip().to_string().into();
    }
    info
}

/// A node and all beneath it.
fn describe(nodes: &[AddressNode], address: &str) -> Map<String, Json_> {
    let mut json = Map::new();
    json.insert("FULL_PATH".into(), address.into());
    if let Some(node) = nodes.iter().find(|node| node.address == address) {
        describe_node(node, &mut json);
    }
    let prefix = if address == "/" { "/".to_string() } else { format!("{address}/") };
    let mut contents = Map::new();
    for node in nodes {
        let Some(rest) = node.address.strip_prefix(&prefix) else { continue };
        if !rest.is_empty() && !rest.contains('/') {
            contents.insert(rest.into(), Json_::Object(describe(nodes, &node.address)));
        }
    }
    if !contents.is_empty() {
        json.insert("CONTENTS".into(), Json_::Object(contents));
    }
    json
}

fn describe_node(node: &AddressNode, json: &mut Map<String, Json_>) {
    let access = match node.access {
        Access::Container => 0,
        Access::Read => 1,
        Access::Write => 2,
        Access::ReadWrite => 3,
    };
    json.insert("ACCESS".into(), access.into());
    json.insert("DESCRIPTION".into(), node.description.as_str().into());
    if node.fields.is_empty() {
        return;
    }
    json.insert("TYPE".into(), node.tags().into());
    let of_step = node.step.map(|_| Json_::Null);
    let ranges: Vec<Json_> =
        of_step.into_iter().chain(node.fields.iter().flat_map(ranges)).collect();
    if ranges.iter().any(|range| !range.is_null()) {
        json.insert("RANGE".into(), ranges.into());
    }
    let values: Option<Vec<Json_>> =
        node.values.iter().map(|value| value.as_ref().map(flat_values)).collect();
    if let Some(values) = values.filter(|values| !values.is_empty()) {
        let step = node.step.map(|step| json!([step]));
        let flat: Vec<Json_> = step
            .into_iter()
            .chain(values)
            .flat_map(|value| match value {
                Json_::Array(items) => items,
                other => vec![other],
            })
            .collect();
        json.insert("VALUE".into(), flat.into());
    }
}

/// A value as the list of its OSC arguments; an array stays one argument, in brackets.
fn flat_values(value: &Value) -> Json_ {
    match value {
        Value::Array(_) => json!([value.to_json()]),
        Value::Boolean(flag) => json!([i32::from(*flag)]),
        // A vector, point, box or landmarks is as many arguments as it has floats.
        value => match value.to_json() {
            Json_::Array(items) => Json_::Array(items),
            other => json!([other]),
        },
    }
}

/// The range of each OSC argument of a field; null where there is none.
fn ranges(field: &Field) -> Vec<Json_> {
    match &field.data_type {
        DataType::Number { min, max, .. } if min.is_some() || max.is_some() => {
            let mut range = Map::new();
            for (key, bound) in [("MIN", min), ("MAX", max)] {
                bound.iter().for_each(|bound| {
                    range.insert(key.into(), Value::Number(*bound).to_json());
                });
            }
            vec![Json_::Object(range)]
        }
        DataType::Integer { min, max, .. } if min.is_some() || max.is_some() => {
            let mut range = Map::new();
            for (key, bound) in [("MIN", min), ("MAX", max)] {
                bound.iter().for_each(|bound| {
                    range.insert(key.into(), json!(bound));
                });
            }
            vec![Json_::Object(range)]
        }
        DataType::Boolean { .. } => vec![json!({ "VALS": [0, 1] })],
        DataType::Category { one_of, .. } => vec![json!({ "VALS": one_of })],
        DataType::ImagePoint => vec![json!({ "MIN": 0, "MAX": 1 }); 2],
        DataType::ImageBoundingBox => vec![json!({ "MIN": 0, "MAX": 1 }); 4],
        DataType::Vector { length, .. } => vec![Json_::Null; *length],
        _ => vec![Json_::Null],
    }
}

/// Acts on a text frame: LISTEN and IGNORE, whose DATA is an address. Answers what is wrong.
pub fn command(server: &Server, text: &str, connection: &Connection) -> Option<String> {
    match obey(server, text, connection) {
        Ok(()) => None,
        Err(error) => Some(json!({ "error": error.message() }).to_string()),
    }
}

fn obey(server: &Server, text: &str, connection: &Connection) -> Result<(), Error> {
    let json: Json_ = serde_json::from_str(text).map_err(|error| {
        format!("expected OSC in a binary frame, or JSON in a text frame: {error}")
    })?;
    let data = json["DATA"].as_str();
    let hub = server.receiver.hub();
    match (json["COMMAND"].as_str(), data) {
        (Some("LISTEN"), Some(address)) => {
            if !server.router.tree().iter().any(|node| node.address == address) {
                return Err(Error::invalid(format!(
                    "there is no address '{address}' to LISTEN to"
                )));
            }
            hub.listen(connection.peer(), address)
        }
        (Some("IGNORE"), Some(address)) => {
            hub.ignore(connection.peer(), address);
            Ok(())
        }
        (Some("LISTEN" | "IGNORE"), None) => Err("expected an address in DATA".into()),
        (command, _) => Err(Error::invalid(format!(
            "expected the COMMAND LISTEN or IGNORE, got {}",
            json!(command)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enjamb_core::signature::{array, boolean, category, integer, number, text, vector};

    #[test]
    fn nodes_are_described_as_the_proposal_asks() {
        let field = |data_type| Field { name: "f".into(), description: String::new(), data_type };
        let node = |data_type: DataType, value: Option<Value>| AddressNode {
            address: "/f".into(),
            description: "What.".into(),
            access: Access::ReadWrite,
            fields: vec![field(data_type)],
            values: vec![value],
            step: None,
            is_stream: false,
        };
        let cases = [
            (
                number().min(0.0).max(1.0),
                Some(Value::from(0.5)),
                "f",
                json!([{"MIN": 0, "MAX": 1}]),
                json!([0.5]),
            ),
            (
                integer().min(1.0).max(64.0),
                Some(Value::from(3)),
                "f",
                json!([{"MIN": 1, "MAX": 64}]),
                json!([3]),
            ),
            (
                category(["a", "b"]),
                Some("a".into()),
                "s",
                json!([{"VALS": ["a", "b"]}]),
                json!(["a"]),
            ),
            (boolean(), Some(true.into()), "i", json!([{"VALS": [0, 1]}]), json!([1])),
            (vector(2), Some(vec![0.5_f32, 1.0].into()), "ff", Json_::Null, json!([0.5, 1.0])),
            (array(text()), None, "[s]", Json_::Null, Json_::Null),
        ];
        for (data_type, value, tags, range, values) in cases {
            let tree = describe(&[node(data_type, value)], "/f");
            assert_eq!(tree["FULL_PATH"], "/f");
            assert_eq!(tree["ACCESS"], 3);
            assert_eq!(tree["TYPE"], tags);
            assert_eq!(tree.get("RANGE").unwrap_or(&Json_::Null), &range);
            assert_eq!(tree.get("VALUE").unwrap_or(&Json_::Null), &values);
        }
    }
}
