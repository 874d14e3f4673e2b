//! The patches, those in `patches/` and those that are written for any command, in their real hosts
//! where these can run here, against a runtime with the models that ship. `tests/install-peers.sh`
//! installs the hosts. `ENJAMB_PICTURES=1` makes the pictures of the sketches.

#![cfg(feature = "program")]

mod common;
#[path = "common/peer.rs"]
mod peer;

use common::*;
use enjamb::net::settings::Listen;
use enjamb::patch::{self, Endpoints, HostProgram};
use enjamb::signature::{Command as Spec, Values};
use enjamb::{Project, Runtime};
use peer::*;
use rosc::OscType;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

const PROJECT: &str = r#"
include = "default"
send = []
"#;

/// Browsers and sclang one at a time: on two cores they would only wait for each other.
static STAGE: Mutex<()> = Mutex::new(());

fn stage() -> MutexGuard<'static, ()> {
    STAGE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn helper(name: &str) -> PathBuf {
    root().join("tests/patches").join(name)
}

/// A runtime with all of the default project's parts, and commands of every type.
fn start() -> (Runtime, u16) {
    let reply_port = free_port();
    let listen = Listen { reply_port, allow_origins: vec!["null".into()], ..listen() };
    // As in the default project, this computer's reply port hears everything.
    let project =
        PROJECT.replace("send = []", &format!("[[send]]\nto = \"127.0.0.1:{reply_port}\""));
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(Project::parse(&project).unwrap())
        .listen(listen)
        .model(|| Echo)
        .start()
        .unwrap();
    runtime.wait_until_started();
    (runtime, reply_port)
}

fn place(runtime: &Runtime, reply_port: u16) -> Endpoints {
    Endpoints {
        host: "127.0.0.1".into(),
        osc_port: osc(runtime).port(),
        reply_port,
        http_port: http_address(runtime).port(),
    }
}

/// A folder of this test's own, empty at first.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("patches-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn all_commands(runtime: &Runtime) -> Vec<(String, Spec)> {
    let models = runtime.engine().models();
    let commands = |model: &std::sync::Arc<enjamb::engine::Hosted>| {
        let name = model.name().to_string();
        model.manifest().commands.iter().map(|one| (name.clone(), one.clone())).collect::<Vec<_>>()
    };
    models.iter().flat_map(commands).collect()
}

fn find(runtime: &Runtime, model: &str, command: &str) -> Spec {
    runtime.engine().model(model).unwrap().manifest().find(command).unwrap().clone()
}

/// Writes a patch with the defaults into a file.
fn write(
    folder: &Path,
    runtime: &Runtime,
    reply_port: u16,
    host: HostProgram,
    what: &str,
) -> PathBuf {
    let (model, command) = what.split_once('/').unwrap();
    let spec = find(runtime, model, command);
    let text = patch::write(host, model, &spec, &Values::new(), &place(runtime, reply_port));
    let file = folder.join(format!("{model}-{command}.{}", host.ending()));
    std::fs::write(&file, text).unwrap();
    file
}

/// A patch of the repository, with this test's ports in the place of the usual ones.
fn moved(folder: &Path, runtime: &Runtime, reply_port: u16, file: &str) -> PathBuf {
    let text = std::fs::read_to_string(root().join("patches").join(file)).unwrap();
    let text = text
        .replace("57100", &osc(runtime).port().to_string())
        .replace("57200", &reply_port.to_string());
    let to = folder.join(Path::new(file).file_name().unwrap());
    std::fs::write(&to, text).unwrap();
    to
}

fn python() -> Command {
    Command::new(installed().join("venv/bin/python"))
}

fn node() -> Command {
    let mut node = Command::new("node");
    node.env("NODE_PATH", installed().join("node_modules"));
    node
}

fn pd(folder: &Path, files: &[&Path]) -> Peer {
    let mut command = Command::new("pd");
    command.args(["-nogui", "-noaudio", "-nomidi", "-nrt", "-noprefs", "-stderr"]);
    command.args(files).current_dir(folder).env("HOME", folder);
    Peer::start(&mut command, "puredata-core")
}

fn sclang(folder: &Path, file: &Path, port: u16) -> Peer {
    let mut command = Command::new("sclang");
    command.arg("-D").arg(file).env("ENJAMB_OSC", port.to_string());
    for home in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(home, folder);
    }
    command.env("QT_QPA_PLATFORM", "offscreen").env("QTWEBENGINE_DISABLE_SANDBOX", "1");
    Peer::start(&mut command, "supercollider-language")
}

/// Runs to the end; what it printed.
#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}\n{wrong}");
    text
}

/// The value of a chain's input, as it is now.
fn held(runtime: &Runtime, path: &str) -> serde_json::Value {
    let chain = get(http_address(runtime), "/chains/voyage").json();
    let inputs = chain["inputs"].as_array().unwrap().clone();
    inputs.into_iter().find(|input| input["path"] == path).unwrap()["value"].clone()
}

fn is_walking(runtime: &Runtime) -> bool {
    get(http_address(runtime), "/chains/voyage").json()["running"] == true
}

// What is written for any command.

/// What a script prints of an output, for each of the commands that give back what they get.
const ECHOES: &[(&str, &str)] = &[
    ("text", "The sea is calm tonight."),
    ("number", "0"),
    ("bounded", "0"),
    ("boolean", "0"),
    ("category", "wander"),
    ("vector", "0.0000 0.0000 0.0000"),
    ("texts", "My heart is sad."),
    ("numbers", "0"),
    ("vectors", "0.0000 0.0000"),
    ("nested", "[0]"),
    ("image", "bytes"),
    ("file", ""),
    ("any", "{}"),
    ("point", "0.5000 0.5000"),
    ("box", "0.2500 0.2500 0.7500 0.7500"),
    ("landmarks", "0.5000 0.5000 0.5000 0.5000"),
    ("pair", "held 1"),
];

#[test]
fn scripts_carry_every_type_there_and_back() {
    let (runtime, reply_port) = start();
    let folder = folder("scripts");
    for (command, expected) in ECHOES {
        // A vector that has no default is drawn, so that no two runs are alike.
        let what = format!("echo/{command}");
        let file = write(&folder, &runtime, reply_port, HostProgram::Python, &what);
        let spoken = said(python().arg(&file));
        let drawn = *command == "vector";
        assert!(drawn || spoken.contains(expected), "python, {command}: {spoken}");
        assert!(spoken.starts_with("out"), "python, {command}: {spoken}");
        let file = write(&folder, &runtime, reply_port, HostProgram::Node, &what);
        let spoken = said(node().arg(&file));
        assert!(drawn || spoken.contains(expected), "node, {command}: {spoken}");
        assert!(spoken.starts_with("out"), "node, {command}: {spoken}");
        let file = write(&folder, &runtime, reply_port, HostProgram::Curl, &what);
        let answer = said(Command::new("sh").arg(&file));
        assert!(answer.contains("\"out\":"), "curl, {command}: {answer}");
    }
    let file = write(&folder, &runtime, reply_port, HostProgram::Python, "poetry/sample");
    let spoken = said(python().arg(&file).args(["--count", "3", "--temperature", "0.6"]));
    assert_eq!(spoken.matches("lines ").count(), 3, "{spoken}");
    assert_eq!(spoken.matches("z ").count(), 3, "{spoken}");
    let file = write(&folder, &runtime, reply_port, HostProgram::Python, "sentences/similarity");
    let spoken = said(python().arg(&file).args(["--a", "a rose", "--b", "a \"red\" rose"]));
    let similarity: f32 = spoken.split_whitespace().last().unwrap().parse().unwrap();
    assert!(similarity > 0.6, "{spoken}");
    // What is streamed comes in bundles, and nothing of it is lost.
    let project = write(&folder, &runtime, reply_port, HostProgram::Python, "map/project");
    let spoken = said(python().arg(&project));
    assert_eq!(spoken.matches("points ").count(), 2000, "{spoken}");
    // What is refused is said, and the script fails.
    let output = python().arg(&file).args(["--a", ""]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected at least 1 character"));
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn oscsend_lines_run_and_their_answers_come() {
    let (runtime, reply_port) = start();
    let ear = std::net::UdpSocket::bind(("127.0.0.1", reply_port)).unwrap();
    ear.set_read_timeout(Some(PATIENCE)).unwrap();
    let folder = folder("oscsend");
    for what in [
        "poetry/sample",
        "poetry/generate",
        "poetry/compose",
        "sentences/nearest",
        "echo/pair",
        "echo/category",
    ] {
        let file = write(&folder, &runtime, reply_port, HostProgram::Osc, what);
        said(Command::new("sh").arg(&file));
        let mut buffer = [0; 65_536];
        let (n_bytes, _) = ear.recv_from(&mut buffer).unwrap();
        let packet = rosc::decoder::decode_udp(&buffer[..n_bytes]).unwrap().1;
        let rosc::OscPacket::Message(message) = packet else { panic!("expected a message") };
        assert!(message.addr.starts_with(&format!("/{what}/")), "{message:?}");
        assert!(!message.addr.ends_with("/error"), "{message:?}");
        // The rest of this answer.
        ear.set_read_timeout(Some(std::time::Duration::from_millis(150))).unwrap();
        while ear.recv_from(&mut buffer).is_ok() {}
        ear.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn pure_data_runs_what_is_written_for_it() {
    let (runtime, reply_port) = start();
    let folder = folder("pd-written");
    for (what, words) in [
        ("poetry/sample", "lines: 0 1"),
        ("poetry/sample", "z: 64"),
        ("poetry/compose", "out: symbol"),
        ("poetry/generate", "out: symbol"),
        ("sentences/nearest", "texts: 0 1 The\\ moon\\ over\\ the\\ sea."),
        ("sentences/similarity", "similarity: 0."),
        ("map/nearest", "points: 2"),
        ("echo/pair", "out: symbol held\\ 1"),
        ("echo/category", "out: symbol wander"),
        ("echo/boolean", "out: 0"),
        ("echo/box", "out: 4"),
        ("echo/nested", "out: 0 1 [0]"),
    ] {
        let file = write(&folder, &runtime, reply_port, HostProgram::PureData, what);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(" empty \\$0-run run "));
        std::fs::write(&file, text.replace("\\$0-run", "test-press")).unwrap();
        let mut pd = pd(&folder, &[&file, &helper("press.pd")]);
        pd.hear(&[words]);
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn sclang_runs_what_is_written_for_it() {
    let _stage = stage();
    let (runtime, reply_port) = start();
    let folder = folder("sc-written");
    for (what, words) in [
        ("poetry/sample", "/poetry/sample/lines, 0, 1"),
        ("poetry/compose", "/poetry/compose/out"),
        ("sentences/nearest", "The moon over the sea."),
        ("echo/texts", "My heart is sad."),
        ("echo/box", "0.25, 0.25, 0.75, 0.75"),
    ] {
        let file = write(&folder, &runtime, reply_port, HostProgram::SuperCollider, what);
        let text = std::fs::read_to_string(&file).unwrap();
        let (block, _) = text.trim_end().rsplit_once(')').unwrap();
        let press = "AppClock.sched(1, { Window.allWindows.do { |window| window.view.children.do { |child| \
                     if(child.isKindOf(Button)) { child.doAction } } }; nil });";
        std::fs::write(&file, format!("{block}{press}\n)\n")).unwrap();
        sclang(&folder, &file, osc(&runtime).port()).hear(&[words]);
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn touchdesigner_scripts_build_send_and_hear_in_a_stand_in() {
    let (runtime, reply_port) = start();
    let folder = folder("touchdesigner");
    for (what, hears) in [
        ("poetry/sample", "hear:outputs:lines\t0"),
        ("poetry/compose", "hear:outputs:out\t0"),
        ("sentences/similarity", "hear:similarity_chop.channels:value 1"),
        ("echo/texts", "hear:outputs:My heart is sad."),
        ("echo/category", "hear:outputs:wander"),
        ("echo/boolean", "hear:outputs:out\t0\t0"),
        ("echo/box", "hear:out_chop.channels:value 4"),
    ] {
        let file = write(&folder, &runtime, reply_port, HostProgram::TouchDesigner, what);
        let spoken =
            said(python().arg(helper("touchdesigner.py")).arg(&file).args(["pulse:Run", hears]));
        assert!(spoken.ends_with("ok\n"), "{what}: {spoken}");
    }
    let file = moved(&folder, &runtime, reply_port, "touchdesigner/build.py");
    let actions = [
        "pulse:Start",
        "hear:line.text: ",
        "hear:place.channels:tx 1 ty 1",
        "set:Speed=3",
        "set:Temperature=0.7",
        "set:Mode=orbit",
        "set:To=The sea is calm tonight.",
        "pulse:Sample",
        "hear:lines: ",
        "pulse:Stop",
    ];
    said(python().arg(helper("touchdesigner.py")).arg(&file).args(actions));
    wait_until("it stands still", || !is_walking(&runtime));
    assert_eq!(held(&runtime, "walk/speed"), 3);
    assert_eq!(held(&runtime, "walk/mode"), "orbit");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn patchers_for_max_are_whole_and_lie_in_order() {
    let (runtime, reply_port) = start();
    let folder = folder("max");
    let mut files = vec![root().join("patches/max/voyage.maxpat")];
    for (model, command) in all_commands(&runtime) {
        let what = format!("{model}/{}", command.name);
        files.push(write(&folder, &runtime, reply_port, HostProgram::Max, &what));
    }
    assert!(files.len() > 40);
    assert_eq!(said(python().arg(helper("maxpat.py")).args(&files)), "ok\n");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn sketches_for_processing_and_openframeworks_compile() {
    let (runtime, reply_port) = start();
    let folder = folder("compiled");
    let mut sketches = vec![root().join("patches/processing/voyage/voyage.pde")];
    let mut programs = vec![root().join("patches/openframeworks/src/main.cpp")];
    for (model, command) in all_commands(&runtime) {
        let what = format!("{model}/{}", command.name);
        sketches.push(write(&folder, &runtime, reply_port, HostProgram::Processing, &what));
        programs.push(write(&folder, &runtime, reply_port, HostProgram::OpenFrameworks, &what));
    }
    let core = "/usr/share/java/processing-core.jar";
    let compile = helper("processing/compile.py");
    let spoken = said(python().arg(compile).arg(core).arg(folder.join("java")).args(&sketches));
    assert_eq!(spoken, "ok\n");
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-Wall", "-Werror", "-fsyntax-only", "-I"]);
    said(compiler.arg(helper("openframeworks")).args(&programs));
    let _ = std::fs::remove_dir_all(folder);
}

// Sketches in a browser.

#[track_caller]
fn sketch(name: &str, url: &str, runtime: &Runtime, picture: Option<PathBuf>) -> String {
    let _stage = stage();
    let at = http_address(runtime).to_string();
    let mut command = node();
    command.arg(helper("sketch.js")).args([name, url, &at]);
    if let Some(picture) = picture.filter(|_| std::env::var_os("ENJAMB_PICTURES").is_some()) {
        command.arg(picture);
    }
    said(&mut command)
}

#[track_caller]
fn served_and_from_a_file(name: &str) {
    let (runtime, _) = start();
    let at = http_address(&runtime);
    let picture = root().join(format!("patches/p5/{name}/{name}.png"));
    sketch(name, &format!("http://{at}/sketches/{name}/"), &runtime, Some(picture));
    let file = root().join(format!("patches/p5/{name}/index.html"));
    sketch(name, &format!("file://{}?at={at}", file.display()), &runtime, None);
}

#[test]
fn the_voyage_is_drawn_in_a_browser() {
    served_and_from_a_file("voyage");
}

#[test]
fn the_grid_is_drawn_in_a_browser() {
    served_and_from_a_file("grid");
}

#[test]
fn the_map_is_drawn_in_a_browser() {
    served_and_from_a_file("map");
}

#[test]
fn the_way_between_lines_is_drawn_in_a_browser() {
    served_and_from_a_file("fetch");
}

#[test]
fn pages_that_are_written_run_from_the_runtime_and_from_a_file() {
    let (runtime, reply_port) = start();
    let folder = folder("p5");
    let at = http_address(&runtime);
    let inputs = "%7B%22text%22%3A%22%3C%2Fscript%3E%3C%21--%22%7D";
    let url = format!("http://{at}/models/sentences/nearest/patch?host=p5&inputs={inputs}");
    let spoken = sketch("patch", &url, &runtime, None);
    assert!(spoken.contains("similarities"), "{spoken}");
    for what in ["poetry/compose", "echo/texts", "echo/image", "echo/box", "echo/boolean"] {
        let file = write(&folder, &runtime, reply_port, HostProgram::P5, what);
        sketch("patch", &format!("file://{}", file.display()), &runtime, None);
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn sketches_are_served_and_nothing_else() {
    let (runtime, _) = start();
    let to = http_address(&runtime);
    let list = get(to, "/sketches/").body;
    for name in ["voyage", "grid", "map", "fetch"] {
        assert!(list.contains(&format!("\"/sketches/{name}/\"")), "{list}");
    }
    assert!(!list.contains("libraries"));
    let moved = get(to, "/sketches/voyage");
    assert_eq!((moved.status, moved.header("location")), (308, Some("/sketches/voyage/")));
    let page = get(to, "/sketches/voyage/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(get(to, "/sketches/libraries/p5.min.js").status, 200);
    for path in [
        "nowhere/",
        "../../Cargo.toml",
        "voyage/../../README.md",
        "voyage/%2e%2e/%2e%2e/README.md",
        ".git",
        "libraries/",
    ] {
        let answer = get(to, &format!("/sketches/{path}"));
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
}

// Other patches of the repository.

#[test]
fn the_voyage_for_pure_data_sends_shows_and_sounds() {
    let (runtime, reply_port) = start();
    let folder = folder("pd");
    let file = moved(&folder, &runtime, reply_port, "pd/voyage.pd");
    let text = std::fs::read_to_string(&file).unwrap();
    // The button is pressed, and what would go to the loudspeakers goes to an ear.
    let text = text
        .replace("\\$0-start", "test-press")
        .replace("dac~", "s~ test-sound")
        .replace("\\$0-speed", "test-speed")
        .replace("\\$0-sound", "test-on")
        .replace("\\$0-row1", "test-row");
    std::fs::write(&file, text).unwrap();
    let ear = folder.join("ear.pd");
    std::fs::write(
        &ear,
        "#N canvas 0 0 400 300 12;\n#X obj 20 20 loadbang;\n#X obj 20 50 delay 2500;\n#X obj 20 80 t b b;\n\
         #X msg 20 110 3.5;\n#X obj 20 140 s test-speed;\n#X msg 120 110 1;\n#X obj 120 140 s test-on;\n\
         #X obj 220 20 r~ test-sound;\n#X obj 220 50 env~ 4096;\n#X obj 220 80 moses 20;\n#X obj 260 110 print loud;\n\
         #X obj 220 170 r test-row;\n#X obj 220 200 print shown;\n\
         #X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 2 0 3 0;\n#X connect 2 1 5 0;\n#X connect 3 0 4 0;\n\
         #X connect 5 0 6 0;\n#X connect 7 0 8 0;\n#X connect 8 0 9 0;\n#X connect 9 1 10 0;\n#X connect 11 0 12 0;\n",
    )
    .unwrap();
    let mut pd = pd(&folder, &[&file, &ear, &helper("press.pd")]);
    let line = pd.hear(&["line: symbol"]);
    pd.hear(&["shown: label"]);
    assert!(line.len() > 20, "{line}");
    assert!(is_walking(&runtime));
    // Above 20 decibels: the eight tones of z.
    pd.hear(&["loud:"]);
    wait_until("the speed arrived", || held(&runtime, "walk/speed") == 3.5);
    drop(pd);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn the_voyage_for_sclang_sends_and_shows() {
    let _stage = stage();
    let (runtime, _) = start();
    let folder = folder("sc");
    let text = std::fs::read_to_string(root().join("patches/supercollider/voyage.scd")).unwrap();
    let (block, _) = text.trim_end().rsplit_once(')').unwrap();
    // Start is the first button.
    let press = "AppClock.sched(1, { Window.allWindows.do { |window| window.view.children.detect { |child| \
                 child.isKindOf(Button) }.doAction; to.doAction;\n\
                 AppClock.sched(4, { (\"shown\" + rows[0].string).postln; nil }) }; nil });";
    let file = folder.join("voyage.scd");
    std::fs::write(&file, format!("{block}{press}\n)\n")).unwrap();
    let mut sclang = sclang(&folder, &file, osc(&runtime).port());
    sclang.hear(&["/voyage/line"]);
    sclang.hear(&["/voyage/place"]);
    let shown = sclang.hear(&["shown"]);
    assert!(shown.len() > "shown ".len() + 5, "{shown}");
    assert!(is_walking(&runtime));
    drop(sclang);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn the_voyage_for_python_node_and_the_shell_sends_and_prints() {
    let (runtime, reply_port) = start();
    let ear = Udp::to(&runtime);
    ear.send("/subscribe", vec![s("/voyage/line")]);
    let port = osc(&runtime).port().to_string();
    let script = |name: &str| root().join("patches").join(name);
    let next_line = || match &ear.expect("/voyage/line")[1] {
        OscType::String(line) => line.clone(),
        other => panic!("expected a line, got {other:?}"),
    };
    let mut python = Peer::start(
        python().arg(script("python/voyage.py")).args(["--port", &port, "--temperature", "0.7"]),
        "pip: python-osc",
    );
    let line = next_line();
    python.hear(&[&line]);
    assert!((held(&runtime, "poetry/temperature").as_f64().unwrap() - 0.7).abs() < 1e-6);
    drop(python);
    let mut node = Peer::start(node().arg(script("node/voyage.js")).arg(&port), "nodejs");
    node.hear(&["0."]);
    drop(node);
    let shell = Peer::start(
        Command::new("sh").arg(script("shell/voyage.sh")).args([&port, &reply_port.to_string()]),
        "liblo-tools",
    );
    while ear.socket.recv(&mut [0; 1500]).is_ok() {
        if let Ok(line) = shell.lines.try_recv() {
            assert!(line.contains(' ') && !line.contains('/'), "{line}");
            break;
        }
    }
    drop(shell);
    let at = http_address(&runtime).to_string();
    let poem = said(Command::new("sh").arg(script("shell/poem.sh")).args([
        "A \"red\" rose.",
        "My heart",
        &at,
    ]));
    let lines: Vec<&str> = poem.lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), ("A \"red\" rose.", "My heart"));
}

// How patches are asked for.

#[test]
fn patches_are_written_over_http() {
    let (runtime, reply_port) = start();
    let to = http_address(&runtime);
    let spec = find(&runtime, "poetry", "sample");
    for host in HostProgram::ALL {
        let answer = get(to, &format!("/models/poetry/sample/patch?host={}", host.name()));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let expected =
            patch::write(host, "poetry", &spec, &Values::new(), &place(&runtime, reply_port));
        assert_eq!(answer.body, expected, "{}", host.name());
    }
    let line = get(to, "/models/poetry/sample/patch?host=osc&inputs=%7B%22count%22:3%7D").body;
    assert_eq!(
        line,
        format!("oscsend 127.0.0.1 {} /poetry/sample iff 3 0.5 1\n", osc(&runtime).port())
    );
    for (query, status, words) in [
        ("sample/patch", 400, "expected ?host=HOST"),
        ("sample/patch?host=logo", 400, "no host 'logo', only curl, osc"),
        ("sample/patch?host=osc&inputs=3", 400, "a JSON object"),
        ("sample/patch?host=osc&inputs=%7B%22n%22:3%7D", 400, "unknown input 'n'"),
        ("sing/patch?host=osc", 404, "no command 'sing'"),
    ] {
        let answer = get(to, &format!("/models/poetry/{query}"));
        assert_eq!(answer.status, status, "{query}: {answer:?}");
        let said = answer.json()["error"].as_str().unwrap().to_string();
        assert!(said.contains(words), "{query}: {said}");
    }
}

#[test]
fn the_program_writes_patches_with_and_without_a_runtime() {
    let folder = folder("program");
    let enjamb = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enjamb"));
        command.args(arguments).current_dir(&folder).env_remove("RUST_LOG");
        command
    };
    let (runtime, _) = start();
    let at = http_address(&runtime).to_string();
    let line =
        said(&mut enjamb(&["patch", "osc", "poetry", "reconstruct", "in=The sea", "--at", &at]));
    let port = osc(&runtime).port();
    assert_eq!(line, format!("oscsend 127.0.0.1 {port} /poetry/reconstruct sf 'The sea' 0.5\n"));
    // At ports where none runs, the project of the folder is asked.
    let offset = "7777";
    let words = said(&mut enjamb(&[
        "patch",
        "max",
        "poetry",
        "sample",
        "--out",
        "a.maxpat",
        "--port-offset",
        offset,
    ]));
    assert_eq!(words, "a.maxpat is written, for max\n");
    let text = std::fs::read_to_string(folder.join("a.maxpat")).unwrap();
    assert!(text.contains(&format!("udpsend 127.0.0.1 {}", 57100 + 7777)));
    for (arguments, words) in [
        (["patch", "logo", "poetry", "sample"], "no host 'logo'"),
        (["patch", "pd", "prose", "sample"], "no model 'prose'"),
        (["patch", "pd", "poetry", "sing"], "no command 'sing'"),
    ] {
        let output = enjamb(&arguments).args(["--port-offset", offset]).output().unwrap();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && wrong.contains(words), "{wrong}");
    }
    let _ = std::fs::remove_dir_all(folder);
}
