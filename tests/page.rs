//! The page, in a real Chromium, against a runtime that hosts the models that ship.
//!
//! `tests/install-peers.sh` installs the browser. `ENJAMB_PICTURES=1` makes the pictures of the docs.

#![cfg(feature = "program")]

mod common;

use common::*;
use enjamb::{Project, Runtime};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

/// One browser at a time: what is slow because others are at work would look like a fault.
static STAGE: Mutex<()> = Mutex::new(());

fn start() -> Runtime {
    let mut project = Project::standard();
    project.destinations.clear();
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(project)
        .listen(listen())
        .model(|| Echo)
        .model(|| Count)
        .start()
        .unwrap();
    runtime.wait_until_started();
    runtime
}

/// Runs a script of `tests/page` in the browser.
#[track_caller]
fn play(script: &str) {
    let _alone = STAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let runtime = start();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/page").join(script);
    let output = Command::new("node")
        .arg(&script)
        .arg(format!("http://{}", http_address(&runtime)))
        .arg(osc(&runtime).port().to_string())
        .env("ENJAMB_PEERS", peers())
        .output()
        .expect("node is missing: run tests/install-peers.sh");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}\n{wrong}", script.display());
}

#[test]
fn a_beginner_gets_a_line_within_one_click_and_nothing_leaves_the_computer() {
    play("front.mjs");
}

#[test]
fn every_command_has_controls_and_shows_what_it_answers() {
    play("models.mjs");
}

#[test]
fn the_grid_fills_from_the_middle_and_goes_on_without_an_end() {
    play("grid.mjs");
}

#[test]
fn the_map_is_searched_selected_and_travelled() {
    play("map.mjs");
}

#[test]
fn the_stage_shows_the_verse_and_nothing_else() {
    play("stage.mjs");
}

#[test]
fn traffic_passes_before_ones_eyes() {
    play("traffic.mjs");
}

#[test]
fn it_fits_a_phone_in_both_themes() {
    play("phone.mjs");
}

#[test]
fn keys_and_screen_readers_reach_everything() {
    play("access.mjs");
}

#[test]
fn its_files_are_served_with_types_and_tags_and_let_nothing_else_in() {
    let runtime = runtime();
    let to = http_address(&runtime);
    let page = answer(ask(to, "GET /", &[("Accept", "text/html")], ""));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains(&format!("ws://{to}")));
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    let kinds = [
        ("app.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("roman.ttf", "font/ttf"),
    ];
    for (name, kind) in kinds {
        let file = get(to, &format!("/page/{name}"));
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{name}");
        let tag = file.header("etag").unwrap();
        let again = answer(ask(to, &format!("GET /page/{name}"), &[("If-None-Match", tag)], ""));
        assert_eq!(again.status, 304, "{name}");
    }
    assert_eq!(get(to, "/page/../Cargo.toml").status, 404);
    assert_eq!(get(to, "/page/none.js").status, 404);
    // Those who ask for OSC's tree get it, there too.
    assert_eq!(get(to, "/page/selection").json()["FULL_PATH"], "/page/selection");
    assert_eq!(get(to, "/").json()["FULL_PATH"], "/");
}

#[test]
fn a_token_in_the_address_becomes_a_cookie() {
    let listen = enjamb::net::settings::Listen { token: Some("open; sesame".into()), ..listen() };
    let runtime = builder("", listen).start().unwrap();
    let to = http_address(&runtime);
    let html = [("Accept", "text/html")];
    let first = answer(ask(to, "GET /?token=open%3B%20sesame", &html, ""));
    assert_eq!((first.status, first.header("location")), (303, Some("/")));
    let cookie = first.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("enjamb-{}=", to.port())), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let wrong = answer(ask(to, "GET /?token=close", &html, ""));
    assert_eq!((wrong.status, wrong.header("set-cookie")), (303, None));
}

#[test]
fn what_clients_say_to_the_page_is_passed_on_to_all_others() {
    let runtime = runtime();
    let (sender, other) = (Udp::to(&runtime), Udp::to(&runtime));
    for peer in [&sender, &other] {
        peer.send("/subscribe", vec![s("/page")]);
        peer.send("/ping", vec![]);
        peer.packet();
    }
    sender.send("/page/select", vec![i(3), i(1)]);
    assert_eq!(other.packet(), message("/page/select", vec![i(3), i(1)]));
    // The one who sent it hears only what comes after.
    other.send("/page/show", vec![s("map")]);
    assert_eq!(sender.packet(), message("/page/show", vec![s("map")]));
}

#[test]
fn a_private_run_answers_whoever_asks_and_nobody_else() {
    let runtime = runtime();
    let to = http_address(&runtime);
    let ear = Udp::to(&runtime);
    ear.send("/subscribe", vec![s("/echo")]);
    ear.send("/ping", vec![]);
    ear.packet();
    let body = r#"{"a": "x", "b": 2}"#;
    assert_eq!(post(to, "/models/echo/pair?private=true", body).json()["out"], "x 2");
    assert_eq!(post(to, "/models/echo/pair", r#"{"a": "y", "b": 3}"#).json()["out"], "y 3");
    assert_eq!(ear.packet(), message("/echo/pair/out", vec![s("y 3")]));
    assert_eq!(post(to, "/models/echo/pair?private=perhaps", body).status, 400);
}

#[test]
fn the_program_opens_it_or_says_where_it_is() {
    let runtime = runtime();
    let at = http_address(&runtime).to_string();
    let folder = std::env::temp_dir().join(format!("enjamb-open-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let open = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enjamb"));
        let output = command.args(["open", "--at", &at]).env("PATH", &folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = open();
    assert!(said.starts_with(&format!("http://{at}\n")) && said.contains("by hand"), "{said}");
    // What a desktop has for it, in the simplest form.
    let (launcher, opened) = (folder.join("xdg-open"), folder.join("opened"));
    std::fs::write(&launcher, format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display()))
        .unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&launcher, executable).unwrap();
    assert_eq!(open(), format!("http://{at}\n"));
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), format!("http://{at}\n"));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Where `install-peers.sh` puts what is not the system's.
fn peers() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || named("HOME").unwrap_or("/root".into());
    let cache =
        named("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(home()).join(".cache"), PathBuf::from);
    named("ENJAMB_PEERS").map_or_else(|| cache.join("enjamb-peers"), PathBuf::from)
}
