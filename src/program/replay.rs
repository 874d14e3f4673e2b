//! `enjamb replay`: plays a recording again, and compares; or sends what was sent.

use crate::Shared;
use clap::Args;
use enjamb::Runtime;
use enjamb::host::{Peer, Route};
use enjamb::net::osc::udp::UdpSender;
use enjamb::net::osc::{DestinationAddress, Hub, Names};
use enjamb::net::traffic::Traffic;
use enjamb::osc::{Broker, Message, Publication};
use enjamb::project::Project;
use enjamb::recording::{Ending, Line, Reader, RecordedEvent, Way};
use enjamb::replay::{Difference, Playback, Replay, Verdict, project_of};
use enjamb::time::SystemClock;
use serde_json::json;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is sent last is on its way for no longer than this.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Characters that are shown of an output.
const MAX_SHOWN: usize = 300;

/// What to play, and how.
#[derive(Args)]
pub struct Options {
    /// The recording.
    file: PathBuf,
    /// Send what was sent to the project's destinations, when it was sent. Models do not run, unless
    /// --compare is given, too.
    #[arg(long)]
    send: bool,
    /// Play as fast as the models can, and not in real time.
    #[arg(long, conflicts_with = "send")]
    fast: bool,
    /// Run the models anew and compare all outputs with the recorded ones (so it is without --send).
    #[arg(long)]
    compare: bool,
}

/// Plays a recording to its end.
pub fn replay(options: &Options, shared: &Shared) -> Result<(), String> {
    let header = Reader::open(&options.file)?.header().clone();
    let mut sender = match options.send {
        true => Some(Sender::open(&project_of(&header)?.with_port_offset(shared.port_offset))?),
        false => None,
    };
    if header.enjamb != env!("CARGO_PKG_VERSION") {
        tracing::warn!(
            "this was recorded by enjamb {}, and another may compute otherwise in the last digits",
            header.enjamb
        );
    }
    if options.send && !options.compare {
        return send_all(options, sender.iter_mut().next(), shared);
    }
    let replay = Replay::open(&options.file, Runtime::builder().with_shipped_files())?;
    let verdict = replay.play(options.fast, |line| {
        sender.iter_mut().for_each(|sender| sender.send(line));
    })?;
    drop(sender);
    tell(&verdict, shared)
}

/// Only sends.
fn send_all(options: &Options, sender: Option<&mut Sender>, shared: &Shared) -> Result<(), String> {
    let Some(sender) = sender else { return Ok(()) };
    let mut reader = Reader::open(&options.file)?;
    let mut pace = Playback::new(false);
    while let Some(line) = reader.next_line()? {
        pace.wait_for(&line);
        sender.send(&line);
    }
    let n_sent = sender.n_sent;
    match shared.json {
        true => say!("{}", json!({ "sent": n_sent, "whole": reader.ending() == Ending::Closed })),
        false => say!("sent {n_sent} messages{}", cut_off(reader.ending() == Ending::CutOff)),
    }
    Ok(())
}

fn cut_off(is_cut_off: bool) -> &'static str {
    if is_cut_off { "; the recording breaks off there" } else { "" }
}

fn tell(verdict: &Verdict, shared: &Shared) -> Result<(), String> {
    let Verdict { n_same, n_different, n_lost, .. } = *verdict;
    let seconds = verdict.length.as_secs_f64();
    if shared.json {
        let first = verdict.first.as_ref().map(|first| {
            json!({
                "seconds": first.at.as_secs_f64(), "of": first.of, "then": first.then,
                "now": first.now, "failed": first.failed,
            })
        });
        say!(
            "{}",
            json!({
                "same": n_same, "different": n_different, "first": first, "lost": n_lost,
                "cut_off": verdict.is_cut_off, "seconds": seconds,
            })
        );
    } else {
        let end = cut_off(verdict.is_cut_off);
        say!("{seconds:.1} s, {n_same} outputs the same, {n_different} not{end}");
        verdict.first.iter().for_each(tell_first);
    }
    if n_lost > 0 {
        return Err(format!(
            "the recording lost {n_lost} lines after {seconds:.1} s, since its disk could not keep up: \
             what comes after can't be promised to be the same, and was not played"
        ));
    }
    match n_different {
        0 => Ok(()),
        _ => Err("it did not come out the same".into()),
    }
}

fn tell_first(first: &Difference) {
    let show = |output: &Option<String>| match output {
        None => "nothing".to_string(),
        Some(text) if text.chars().count() > MAX_SHOWN => {
            text.chars().take(MAX_SHOWN).collect::<String>() + "..."
        }
        Some(text) => text.clone(),
    };
    say!("the first that was not, {:.3} s in, of {}:", first.at.as_secs_f64(), first.of);
    say!("  then  {}", show(&first.then));
    say!("  now   {}", show(&first.now));
    if let Some(words) = &first.failed {
        say!("  this failed now and did not then: {words}");
    }
}

/// Sends to the project's destinations.
struct Sender {
    hub: Arc<Hub>,
    /// Finds the destinations that have a name, as long as there is something to send.
    _names: Names,
    n_sent: u64,
}

impl Sender {
    fn open(project: &Project) -> Result<Self, String> {
        if project.destinations.is_empty() {
            return Err("the project in the recording sends to nobody: it has no [[send]]".into());
        }
        let wrong = |error: std::io::Error| format!("nothing can be sent: {error}");
        // From whichever interface leads there; no answer is listened to.
        let is_v6 = |to: &DestinationAddress| matches!(to, DestinationAddress::Address(address) if address.is_ipv6());
        let is_ipv4 = !project.destinations.iter().any(|destination| is_v6(&destination.to));
        let from = if is_ipv4 { "0.0.0.0:0" } else { "[::]:0" };
        let socket = Arc::new(UdpSocket::bind(from).map_err(wrong)?);
        let traffic = Arc::new(Traffic::default());
        let udp = UdpSender::start(socket, Arc::clone(&traffic)).map_err(wrong)?;
        let clock = Arc::new(SystemClock::start());
        let hub = Arc::new(Hub::new(clock, traffic, udp, project.listen.reply_port));
        hub.set_destinations(project.destinations.clone());
        let names = Names::start(&hub, is_ipv4).map_err(wrong)?;
        Ok(Self { hub, _names: names, n_sent: 0 })
    }

    fn send(&mut self, line: &Line) {
        let RecordedEvent::Out { way, messages, .. } = &line.event else { return };
        let messages: Vec<Message> =
            messages.iter().filter_map(|json| Message::from_json(json).ok()).collect();
        let n_messages = messages.len() as u64;
        let route = match way {
            // Whoever asked then does not ask now.
            Way::Reply => return,
            Way::Publish => Route::Published,
            Way::Stream => Route::Streamed,
        };
        self.hub.publish(&Publication::of_messages(Peer::Local, route, &messages));
        self.n_sent += n_messages;
    }
}

impl Drop for Sender {
    /// Lets what waits go out.
    fn drop(&mut self) {
        std::thread::sleep(LAST_WORDS);
        self.hub.close();
    }
}
