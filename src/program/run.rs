//! `enjamb run`: starts a project, says what it hosts and what to try, and watches the file.

use crate::Shared;
use enjamb::engine::{Hosted, Status};
use enjamb::project::{DEFAULT, SHIPPED};
use enjamb::recording::{Recorder, Summary};
use enjamb::runtime::shipped_model_dirs;
use enjamb::signature::{Command, DataType, Field};
use enjamb::{Project, Runtime};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A project file in the working folder runs without being named.
const FILE_HERE: &str = "enjamb.toml";
/// A model that takes longer to load than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the project file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// A recording that is made meanwhile.
pub struct Recording<'a> {
    /// The new file.
    pub to: &'a Path,
}

/// Runs until it is interrupted.
pub fn run(
    project: Option<&Path>,
    recording: Option<Recording>,
    shared: &Shared,
) -> Result<(), String> {
    let began = Instant::now();
    let here = project_here();
    let shipped = project.and_then(shipped);
    let file = project.or(here.as_deref()).filter(|_| shipped.is_none());
    let text = match file {
        Some(path) => Some(read(path)?),
        None => None,
    };
    let loaded = match (file, &text, shipped) {
        (Some(path), Some(text), _) => parse(path, text)?,
        (_, _, Some((name, text))) => parse(Path::new(name), text)?,
        _ => Project::standard(),
    };
    let top = loaded.listen.osc_port.max(loaded.listen.http_port).max(loaded.listen.reply_port);
    if top.checked_add(shared.port_offset).is_none() {
        return Err(format!("--port-offset {} moves port {top} beyond 65535", shared.port_offset));
    }
    let loaded = loaded.with_port_offset(shared.port_offset);
    let listen = loaded.listen.clone();
    let recorder = match &recording {
        Some(Recording { to }) => {
            let text = text.as_deref().or(shipped.map(|(_, text)| text)).unwrap_or(DEFAULT);
            Some(Recorder::start(to, &loaded.header(text, &shipped_model_dirs())?)?)
        }
        None => None,
    };
    let mut builder = Runtime::builder().with_shipped_files().project(loaded);
    if let Some(recorder) = &recorder {
        builder = builder.record(recorder.sink());
    }
    let runtime = builder.start().map_err(|error| error.to_string())?;
    wait_with_spinner(&runtime, shared);
    let title = match (file, shipped) {
        (Some(path), _) => path.display().to_string(),
        (None, shipped) => format!("the {} project", shipped.map_or("default", |(name, _)| name)),
    };
    greet(&runtime, &title, began.elapsed(), listen.reply_port, shared);
    if !listen.host.is_loopback() {
        tracing::warn!("listening to other computers, as the project says");
    }
    let stopped = stop_signal()?;
    let mut known = text;
    while stopped.recv_timeout(LOOK_EVERY).is_err() {
        // A recording is of one project.
        if recorder.is_none()
            && let (Some(path), Some(text)) = (file, &mut known)
        {
            look_again(path, text, &runtime, shared);
        }
    }
    let now = runtime.engine().clock().now();
    drop(runtime);
    if let (Some(recorder), Some(Recording { to })) = (recorder, recording) {
        tell_recorded(to, &recorder.close(now)?, shared)?;
    }
    if !shared.json {
        say!("\ngoodbye");
    }
    Ok(())
}

/// The project that ships under that name, unless there is such a file.
fn shipped(name: &Path) -> Option<(&'static str, &'static str)> {
    SHIPPED.iter().copied().find(|(known, _)| name == Path::new(known) && !name.is_file())
}

fn tell_recorded(path: &Path, summary: &Summary, shared: &Shared) -> Result<(), String> {
    let Summary { n_lines, n_lost, n_bytes } = *summary;
    if shared.json {
        say!("{}", json!({ "lines": n_lines, "lost": n_lost, "bytes": n_bytes }));
    } else {
        let (path, megabytes) = (path.display(), n_bytes as f64 / 1e6);
        say!("\n{n_lines} lines, {megabytes:.1} MB, in {path}; to play it again:\n");
        say!("  enjamb replay {path}");
    }
    match n_lost {
        0 => Ok(()),
        _ => Err(format!("{n_lost} lines were lost, since the disk could not keep up")),
    }
}

/// The project file of the working folder, if there is one.
pub fn project_here() -> Option<PathBuf> {
    Some(PathBuf::from(FILE_HERE)).filter(|file| file.exists())
}

/// The project that `enjamb` would run here without being told which.
///
/// # Errors
/// When its file can't be read, or has a mistake.
pub fn local_project() -> Result<Project, String> {
    match project_here() {
        Some(file) => parse(&file, &read(&file)?),
        None => Ok(Project::standard()),
    }
}

pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| {
        let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        format!(
            "the project file {} can't be read: {error}. Give a file, or one of those that ship: {}",
            path.display(),
            known.join(", ")
        )
    })
}

pub fn parse(path: &Path, text: &str) -> Result<Project, String> {
    let mut project =
        Project::parse(text).map_err(|error| format!("{}, {error}", path.display()))?;
    // A folder that is kept lies beside the file that names it, wherever the program is started.
    if let (Some(state), Some(folder)) = (&mut project.state, path.parent()) {
        state.folder = folder.join(&state.folder);
    }
    Ok(project)
}

/// Models that take a moment get a spinner, where somebody looks.
fn wait_with_spinner(runtime: &Runtime, shared: &Shared) {
    let spinner = match shared.json {
        true => ProgressBar::hidden(),
        false => ProgressBar::new_spinner(),
    };
    let style = ProgressStyle::with_template("{spinner} loading {msg}");
    spinner.set_style(style.expect("the template is sound"));
    let began = Instant::now();
    loop {
        let models = runtime.engine().models();
        let starting: Vec<_> = models
            .iter()
            .filter(|model| model.status() == Status::Starting)
            .map(|model| model.name().to_string())
            .collect();
        if starting.is_empty() || began.elapsed() > PATIENCE {
            break;
        }
        spinner.set_message(starting.join(", "));
        spinner.tick();
        std::thread::sleep(Duration::from_millis(5));
    }
    spinner.finish_and_clear();
}

fn greet(runtime: &Runtime, project: &str, took: Duration, reply_port: u16, shared: &Shared) {
    let (Some(osc), Some(http)) = (runtime.osc_address(), runtime.http_address()) else { return };
    let models = runtime.engine().models();
    if shared.json {
        let names: Vec<_> = models.iter().map(|model| model.name()).collect();
        let line = json!({
            "osc": osc.to_string(), "http": http.to_string(), "models": names,
            "seconds": took.as_secs_f64(),
        });
        return say!("{line}");
    }
    say!(
        "enjamb {} runs {project}, ready in {:.2} s\n",
        env!("CARGO_PKG_VERSION"),
        took.as_secs_f32()
    );
    let (osc, http) = (reachable(osc), reachable(http));
    say!("  OSC        {osc}, UDP and TCP; answers come to you and to port {reply_port}");
    say!("  WebSocket  ws://{http}/osc");
    say!("  HTTP       http://{http}, with a page for your browser\n");
    for model in &models {
        match model.status() {
            Status::Failed(words) => say!("  {:<10} could not start: {words}", model.name()),
            Status::Starting => say!("  {:<10} is still loading", model.name()),
            Status::Running => say!("  {:<10} {}", model.name(), model.manifest().description),
        }
    }
    let chains = runtime.host().chains().all();
    for chain in &chains {
        say!("  {:<10} {}", chain.name(), chain.spec().description);
    }
    if models.is_empty() {
        say!("  no model: name one in the project file, say\n");
        say!("    [models.sentences]\n    kind = \"sentences\"");
    }
    say!("\ntry, in another terminal:\n");
    let port = osc.port();
    say!("  oscsend 127.0.0.1 {port} /ping s hello");
    for chain in &chains {
        match chain.is_running() {
            false => say!("  oscsend 127.0.0.1 {port} /{}/start", chain.name()),
            // What starts by itself is there to be heard.
            true => say!("  oscdump -L {reply_port}"),
        }
        let inlets = chain.inputs().into_iter().filter(|input| chain.is_inlet(&input.path));
        for inlet in inlets.filter(|inlet| takes_text(&inlet.fields)) {
            say!("  oscsend 127.0.0.1 {port} /{}/{} s \"{LINE}\"", chain.name(), inlet.path);
        }
    }
    if let Some(line) = models.iter().find_map(|model| osc_line(model, port)) {
        say!("  {line}");
    }
    // Where the program's other commands find this runtime.
    let place = match (http.port(), shared.port_offset) {
        (port, offset) if port != 8000 + offset => {
            format!(" --at 127.0.0.1:{port}")
        }
        (_, 0) => String::new(),
        (_, offset) => format!(" --port-offset {offset}"),
    };
    say!("  enjamb monitor{place}        (or: cargo run --release -- monitor{place})\n");
    say!("ctrl-c ends it");
}

/// An address to tell people: what listens everywhere is reached at the address that this computer
/// has in its network.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    // Nothing is sent by this: the system only chooses the interface that it would send from. The
    // address is one kept for documentation (RFC 5737).
    let own = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    SocketAddr::new(own.map_or(Ipv4Addr::LOCALHOST.into(), |own| own.ip()), address.port())
}

/// A line that people can send at once.
const LINE: &str = "The sea is calm tonight.";

fn takes_text(fields: &[Field]) -> bool {
    fields.first().is_some_and(|field| matches!(field.data_type, DataType::Text { .. }))
}

/// A line to type for the first command whose first input is a text.
fn osc_line(model: &Hosted, port: u16) -> Option<String> {
    if model.status() != Status::Running {
        return None;
    }
    let takes_text = |command: &&Command| takes_text(&command.inputs);
    let command = model.manifest().commands.iter().find(takes_text)?;
    let text = "Two roads diverged in a yellow wood. And sorry I could not travel both.";
    Some(format!("oscsend 127.0.0.1 {port} /{}/{} s \"{text}\"", model.name(), command.name))
}

/// Applies the project file if it changed. A mistake in it changes nothing.
fn look_again(path: &Path, known: &mut String, runtime: &Runtime, shared: &Shared) {
    // Editors replace files; for a moment there may be none.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    // Some write an empty file first, and the text a moment later.
    if text == *known || text.trim().is_empty() {
        return;
    }
    known.clone_from(&text);
    match parse(path, &text) {
        Ok(project) => match runtime.apply(project.with_port_offset(shared.port_offset)) {
            Ok(done) if done.is_empty() => tracing::info!("{} changed in nothing", path.display()),
            Ok(done) => tracing::info!("{} was read again: {}", path.display(), done.join("; ")),
            Err(error) => tracing::error!("{}: {error}", path.display()),
        },
        Err(words) => tracing::error!("{words}; the project goes on as it was"),
    }
}

/// Says when the program should end.
pub fn stop_signal() -> Result<crossbeam::channel::Receiver<()>, String> {
    let (stop, stopped) = crossbeam::channel::bounded(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the system gave no signal handler: {error}"))?;
    std::thread::Builder::new()
        .name("enjamb:signals".into())
        .spawn(move || {
            runtime.block_on(wait_for_signal());
            let _ = stop.send(());
        })
        .map_err(|error| format!("the system gave no thread: {error}"))?;
    Ok(stopped)
}

async fn wait_for_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for; the system's own then ends the program.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
