//! `old.jsonl`: a recording that an earlier version made, which must play as it did then.
//!
//! It is not written anew with the other files. Should the models' weights ever change, so that it is
//! refused: `ENJAMB_GOLDEN=record cargo test --release --test golden recording`.

use super::common::{Running, complained, enjamb, eventually, free_offset, said};
use super::file;
use super::message::Message;
use super::peer::Peer;
use super::runtime::new_folder;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const FILE: &str = "old.jsonl";

/// The default voyage, and a chain that runs by itself from an inlet and in a loop.
const PROJECT: &str = r#"
include = "default"
seed = 11
send = []

[listen]
announce = false

[chains.echo]
rate = 2
start = true
wires = [
    { wire = "again.out -> again.in", first = "The moon was a ghostly galleon" },
    "say.value -> near.a",
    "again.out -> near.b",
]

[chains.echo.nodes]
again = { run = "poetry/reconstruct" }
say = { run = "inlet", set = { type = "text" } }
near = { run = "sentences/similarity", takes = "every" }

[chains.echo.outlets]
line = "again.out"
nearness = "near.similarity"
"#;

/// What is sent while it is recorded, and the milliseconds after it.
const PLAYED: [(&str, u64); 38] = [
    ("/voyage/rate ,f [4]", 0),
    ("/voyage/start", 700),
    ("/poetry/sample ,i [2]", 100),
    ("/poetry/sample ,if [1,0]", 100),
    ("/poetry/sample/temperature ,f [0.9]", 0),
    ("/poetry/sample", 100),
    ("/voyage/walk/to ,s [\"The sea is calm tonight.\"]", 900),
    ("/voyage/walk/speed ,f [6]", 0),
    ("/voyage/poetry/temperature ,f [0.8]", 300),
    ("/map/place ,s [\"A dove.\"]", 100),
    ("/map/nearest ,ffi [0.1,-0.2,2]", 100),
    ("/sentences/similarity ,ss [\"the moon\",\"der Mond\"]", 100),
    ("/average/embed ,s [\"A rose. A dove.\"]", 100),
    ("/poetry/encode ,s [\"?\"]", 100),
    ("/sentences/embed ,s [\" \"]", 100),
    ("/voyage/add ,ss [\"split\",\"adapt/words\"]", 0),
    ("/voyage/wire ,s [\"poetry.out -> split.text\"]", 0),
    ("/voyage/outlet ,ss [\"words\",\"split.words\"]", 900),
    ("/voyage/add ,sss [\"slow\",\"adapt/delay\",\"{\\\"steps\\\":2}\"]", 0),
    ("/voyage/wire ,s [\"fresh.out -> slow.in\"]", 0),
    ("/voyage/outlet ,ss [\"late\",\"slow.out\"]", 900),
    ("/voyage/add ,sss [\"ill\",\"sentences/embed\",\"{\\\"text\\\":\\\" \\\"}\"]", 700),
    ("/voyage/remove ,s [\"ill\"]", 0),
    ("/voyage/remove ,s [\"split\"]", 300),
    ("/echo/say ,s [\"The dawn of May\"]", 400),
    ("/echo/say ,s [\"The moon over the sea\"]", 400),
    ("/voyage/walk/mode ,s [\"orbit\"]", 500),
    ("/voyage/walk/targets ,ss [\"A dove.\",\"My heart is sad\"]", 300),
    ("/voyage/walk/mode ,s [\"line\"]", 900),
    ("/voyage/tick", 150),
    ("/voyage/tick", 150),
    ("/voyage/stop", 100),
    ("/voyage/step", 150),
    ("/voyage/reset", 50),
    ("/voyage/step", 150),
    ("/echo/free", 300),
    ("/echo/rate ,f [1]", 200),
    ("/nobody/here ,i [1]", 50),
];

#[test]
fn an_old_recording_plays_as_it_did() {
    let folder = new_folder("recording");
    if file::is_asked_to("record") {
        record(&folder);
    }
    let path = file::path(FILE);
    let replay = ["replay", path.to_str().unwrap(), "--fast", "--json"];
    let output = enjamb(free_offset(), &replay).current_dir(&folder).output().unwrap();
    let verdict: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", said(&output), complained(&output)));
    std::fs::remove_dir_all(folder).unwrap();
    assert!(output.status.success(), "{verdict:#} {}", complained(&output));
    file::check("old-verdict.json", &format!("{verdict:#}\n"));
}

/// Makes the recording, which takes its ten seconds.
fn record(folder: &Path) {
    std::fs::write(folder.join("show.toml"), PROJECT).unwrap();
    let port_offset = free_offset();
    let arguments = ["record", "show.toml", "--out", FILE, "--json"];
    let mut command = enjamb(port_offset, &arguments);
    command.current_dir(folder).env_remove("ENJAMB_MODELS").stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.read_line(&mut String::new()).unwrap() > 0, "it does not start");
    let mut running = Running::new(child, port_offset);
    let mut peer = Peer::open("tcp", running.osc_port(), 8000 + port_offset, 57200 + port_offset);
    for (message, millis) in PLAYED {
        peer.send(&Message::read(message).encode());
        std::thread::sleep(Duration::from_millis(millis));
    }
    // As ctrl-c does.
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    eventually("the recording's end", || running.child.try_wait().unwrap());
    std::fs::copy(folder.join(FILE), file::path(FILE)).unwrap();
}
