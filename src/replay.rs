//! A recording played again: models and chains do anew what was done, in the order in which it was done,
//! and what they send is compared with what they sent.
//!
//! Everything that is done to a chain, every value that is held for a model and every run that is let
//! into a queue stands in the recording, in the order in which it took effect, so one thread does it all
//! again. Where a chain was given an answer it waits for the model's own, however long that takes now.
//! Only what failed then is not tried again, since it may have failed for the world's reasons: it fails
//! with the words of then.

mod models;

use crate::chain::{Chain, ChainEvent, ChainParts, OnChainEvent, RunRequest};
use crate::osc::{Message, messages_of, way_of};
use crate::project::Project;
use crate::recording::{Ending, Header, Line, Reader, RecordedEvent, Way};
use crate::runtime::{Runtime, RuntimeBuilder};
use enjamb_core::Error;
use enjamb_core::host::{Content, Output, Peer, Source};
use models::{Models, Overtaken, RunKey};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What chains have said and the recording has not come to yet.
type Heard = Arc<Mutex<HashMap<String, VecDeque<(Way, Vec<Message>)>>>>;

/// Models and chains that stand ready to do again what was recorded.
pub struct Replay {
    path: PathBuf,
    header: Header,
    runtime: Runtime,
    chains: HashMap<String, Chain>,
    heard: Heard,
    runs: Runs,
}

/// How a replay compares with its recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Outputs that were the same.
    pub n_same: u64,
    /// Outputs that were not, or did not come, or came now and not then.
    pub n_different: u64,
    /// The first of these.
    pub first: Option<Difference>,
    /// Lines that the recording lost; what comes after can't be played again.
    pub n_lost: u64,
    /// Whether the recording breaks off.
    pub is_cut_off: bool,
    /// How long it goes on for, as far as it was played.
    pub length: Duration,
}

/// An output that was not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When it was sent, after the beginning of the recording.
    pub at: Duration,
    /// The chain, or the model and command.
    pub of: String,
    /// What was recorded; nothing if it came only now.
    pub then: Option<String>,
    /// What came; nothing if it did not.
    pub now: Option<String>,
    /// What failed before that, if anything did.
    pub failed: Option<String>,
}

impl Verdict {
    /// Whether all of the recording was played, and all outputs were the same.
    pub fn is_same(&self) -> bool {
        self.n_different == 0 && self.n_lost == 0
    }
}

/// When lines are due, in real time.
pub struct Playback {
    began: Instant,
    first: Option<u64>,
    is_fast: bool,
}

impl Playback {
    /// From now on; or never waits.
    pub fn new(is_fast: bool) -> Self {
        Self { began: Instant::now(), first: None, is_fast }
    }

    /// Waits until a line is due. Answers its time after the first line's.
    pub fn wait_for(&mut self, line: &Line) -> Duration {
        let at = Duration::from_nanos(line.t.saturating_sub(*self.first.get_or_insert(line.t)));
        if !self.is_fast {
            std::thread::sleep(at.saturating_sub(self.began.elapsed()));
        }
        at
    }
}

impl Replay {
    /// Reads through a recording, and hosts its project's models. Models of one's own are hosted with
    /// the builder.
    ///
    /// # Errors
    /// Plain words: the file is no recording, or damaged; its project can't run here; a model's files
    /// are others than they were.
    pub fn open(path: &Path, builder: RuntimeBuilder) -> Result<Self, Error> {
        let mut reader = Reader::open(path)?;
        let header = reader.header().clone();
        let project = project_of(&header)?;
        check_files(&header, &project, builder.dirs())?;
        let runs = Runs::find(&mut reader)?;
        let mut hosted = project.clone();
        hosted.chains = Vec::new();
        // What is played again leaves no trace.
        hosted.state = None;
        for model in &mut hosted.models {
            // A replay waits for as long as it takes.
            model.settings.deadline = None;
            model.settings.hang_after = model.settings.hang_after.max(Duration::from_secs(600));
        }
        #[cfg(feature = "net")]
        let builder = builder.without_network();
        let runtime = builder.project(hosted).start();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.wait_until_started();
        models::check_started(&runtime)?;
        let heard = Heard::default();
        let mut chains = HashMap::new();
        for chain in &project.chains {
            let parts = ChainParts {
                name: chain.name.clone(),
                spec: chain.spec.clone(),
                seed: project.seed,
                engine: Arc::clone(runtime.engine()),
                on_event: hear(&chain.name, &heard),
            };
            chains.insert(chain.name.clone(), Chain::for_replay(parts)?);
        }
        let path = path.to_path_buf();
        Ok(Self { path, header, runtime, chains, heard, runs })
    }

    /// The recording's first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Plays all of it, in real time or as fast as the models can, and tells `on_line` of each line when
    /// it has been done.
    ///
    /// # Errors
    /// Plain words, when the recording can't be read or is not one of this project.
    pub fn play(self, is_fast: bool, mut on_line: impl FnMut(&Line)) -> Result<Verdict, Error> {
        let mut reader = Reader::open(&self.path)?;
        let mut pace = Playback::new(is_fast);
        let mut player = Player {
            models: Models::new(Arc::clone(self.runtime.engine()), self.runs.overtaken.clone()),
            replay: self,
            run_requests: HashMap::new(),
            verdict: Verdict::default(),
            failure: None,
        };
        while let Some(line) = reader.next_line()? {
            let at = pace.wait_for(&line);
            player.verdict.length = at;
            if let RecordedEvent::Lost { lines } = line.event {
                player.verdict.n_lost = lines;
                return Ok(player.verdict);
            }
            player.play(&line, at)?;
            on_line(&line);
        }
        player.verdict.is_cut_off = reader.ending() == Ending::CutOff;
        if !player.verdict.is_cut_off {
            player.find_unrecorded();
        }
        Ok(player.verdict)
    }
}

/// The project that was recorded.
///
/// # Errors
/// Plain words, when this enjamb can't read it, or its seed is another than the recording's.
pub fn project_of(header: &Header) -> Result<Project, Error> {
    let project = Project::parse(&header.project)
        .map_err(|error| format!("the project in the recording can't be read here: {error}"))?;
    if project.seed != header.seed {
        return Err(Error::invalid(format!(
            "the recording was made with the seed {}, and the project in it says {}: with another \
             seed nothing would come out the same",
            header.seed, project.seed
        )));
    }
    Ok(project)
}

/// Whether the models' files are those that were recorded.
///
/// # Errors
/// Plain words, naming the first that is not.
pub fn check_files(
    header: &Header,
    project: &Project,
    model_dirs: &[PathBuf],
) -> Result<(), Error> {
    let found = project.checksums(model_dirs)?;
    for (name, then) in &header.files {
        match found.get(name) {
            Some(now) if now == then => {}
            Some(_) => {
                return Err(Error::invalid(format!(
                    "the file {name} is another than when this was recorded, so nothing would come \
                     out the same: get the models of then, or play what was recorded with --send"
                )));
            }
            None => {
                return Err(Error::invalid(format!(
                    "there is no file {name}, which was there when this was recorded"
                )));
            }
        }
    }
    match found.keys().find(|name| !header.files.contains_key(*name)) {
        Some(name) => Err(Error::invalid(format!(
            "there is a file {name}, which was not there when this was recorded"
        ))),
        None => Ok(()),
    }
}

/// What must be known of runs before they are let in.
#[derive(Default)]
struct Runs {
    /// Those that failed, which are not tried again.
    failed: HashSet<RunKey>,
    overtaken: Overtaken,
}

impl Runs {
    fn find(reader: &mut Reader<impl BufRead>) -> Result<Self, Error> {
        let mut runs = Self::default();
        // By model, in the order in which they were let in.
        let mut under_way: HashMap<String, VecDeque<RunKey>> = HashMap::new();
        let mut models: HashMap<RunKey, String> = HashMap::new();
        while let Some(line) = reader.next_line()? {
            let (key, has_failed) = match line.event {
                RecordedEvent::ChainRun { model, chain, id } => {
                    let key = RunKey::OfChain(chain, id);
                    under_way.entry(model.clone()).or_default().push_back(key.clone());
                    models.insert(key, model);
                    continue;
                }
                RecordedEvent::Run { run, model, .. } => {
                    let key = RunKey::Other(run);
                    under_way.entry(model.clone()).or_default().push_back(key.clone());
                    models.insert(key, model);
                    continue;
                }
                RecordedEvent::Answer { chain, id, failed } => {
                    (RunKey::OfChain(chain, id), failed.is_some())
                }
                RecordedEvent::End { run, failed, .. } => (RunKey::Other(run), failed.is_some()),
                _ => continue,
            };
            let queue = models.remove(&key).and_then(|model| under_way.get_mut(&model));
            if let Some(queue) = queue
                && let Some(at) = queue.iter().position(|known| *known == key)
            {
                queue.remove(at);
                for overtaken in queue.range(..at).filter(|_| !has_failed) {
                    runs.overtaken.entry(overtaken.clone()).or_default().insert(key.clone());
                }
            }
            if has_failed {
                runs.failed.insert(key);
            }
        }
        Ok(runs)
    }
}

fn hear(chain: &str, heard: &Heard) -> OnChainEvent {
    let (chain, heard) = (chain.to_string(), Arc::clone(heard));
    Arc::new(move |said: ChainEvent| {
        let (route, content) = Content::of_chain(&said);
        let Some(way) = way_of(route) else { return };
        let of = Source::Chain(&chain);
        let output = Output { of, content, asker: Peer::Local, time: Duration::ZERO, route };
        let messages = messages_of(&output);
        let messages = messages.iter().map(|outgoing| outgoing.message().clone()).collect();
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.entry(chain.clone()).or_default().push_back((way, messages));
    })
}

struct Player {
    replay: Replay,
    models: Models,
    /// Runs that chains have asked for and that were not yet let in.
    run_requests: HashMap<RunKey, RunRequest>,
    verdict: Verdict,
    /// What failed now and did not then.
    failure: Option<String>,
}

impl Player {
    fn play(&mut self, line: &Line, at: Duration) -> Result<(), Error> {
        let now = Duration::from_nanos(line.t);
        match &line.event {
            RecordedEvent::Turn { chain }
            | RecordedEvent::Trigger { chain, .. }
            | RecordedEvent::Rate { chain, .. }
            | RecordedEvent::Set { chain, .. }
            | RecordedEvent::Change { chain, .. }
            | RecordedEvent::Restore { chain, .. } => {
                let known = self.chain(chain)?;
                let asked = known.replay(now, &line.event);
                for run_request in asked.map_err(|words| format!("{chain}: {words}"))? {
                    self.run_requests
                        .insert(RunKey::OfChain(chain.clone(), run_request.id), run_request);
                }
            }
            RecordedEvent::Answer { chain, id, failed } => {
                let key = RunKey::OfChain(chain.clone(), *id);
                self.run_requests.remove(&key);
                let outcome = match failed {
                    Some(words) => Err(Error::failed(words.as_str())),
                    None => self.models.wait_for(&key),
                };
                if let (Err(words), None) = (&outcome, failed) {
                    self.failure = Some(format!("{chain}: {words}"));
                }
                self.chain(chain)?.replay_answer(*id, outcome);
            }
            RecordedEvent::Hold { model, command, input, value } => {
                self.models.hold(model, command, input, value)?;
            }
            RecordedEvent::ChainRun { chain, id, .. } => {
                let key = RunKey::OfChain(chain.clone(), *id);
                // One that was not asked for now is missed when its answer is due.
                if let Some(run_request) = self.run_requests.remove(&key)
                    && !self.replay.runs.failed.contains(&key)
                {
                    self.models.submit(
                        key,
                        &run_request.model,
                        &run_request.command,
                        run_request.inputs,
                        run_request.seed,
                    );
                }
            }
            RecordedEvent::Run { run, model, command, inputs, seed } => {
                let key = RunKey::Other(*run);
                if !self.replay.runs.failed.contains(&key) {
                    let inputs = self.models.read_inputs(model, command, inputs)?;
                    self.models.submit(key, model, command, inputs, *seed);
                }
            }
            RecordedEvent::End { run, outputs: Some(then), .. } => {
                let key = RunKey::Other(*run);
                let of = self.models.name_of(&key);
                let now = self.models.wait_for(&key).map_err(|words| format!("it failed: {words}"));
                let now = now.map_or_else(|words| words, |outputs| outputs.to_json().to_string());
                self.compare(at, &of, Some(then.to_string()), Some(now));
            }
            RecordedEvent::Out { of, way, messages } if self.replay.chains.contains_key(of) => {
                let mut heard = self.replay.heard.lock().unwrap_or_else(PoisonError::into_inner);
                let now = heard.get_mut(of).and_then(VecDeque::pop_front);
                drop(heard);
                self.compare_out(at, of, *way, messages, now);
            }
            RecordedEvent::In { .. }
            | RecordedEvent::Out { .. }
            | RecordedEvent::End { .. }
            | RecordedEvent::Lost { .. }
            | RecordedEvent::Close => {}
        }
        Ok(())
    }

    fn chain(&self, name: &str) -> Result<&Chain, Error> {
        let words =
            || format!("the recording tells of a chain '{name}', which its project has not");
        self.replay.chains.get(name).ok_or_else(|| Error::not_found(words()))
    }

    fn compare_out(
        &mut self,
        at: Duration,
        of: &str,
        way: Way,
        then: &[Json],
        now: Option<(Way, Vec<Message>)>,
    ) {
        let now: Vec<String> = match now {
            Some((now_way, messages)) if now_way == way => {
                messages.iter().map(|message| message.to_json().to_string()).collect()
            }
            _ => Vec::new(),
        };
        for index in 0..then.len().max(now.len()) {
            let then = then.get(index).map(Json::to_string);
            self.compare(at, of, then, now.get(index).cloned());
        }
    }

    fn compare(&mut self, at: Duration, of: &str, then: Option<String>, now: Option<String>) {
        if then == now {
            self.verdict.n_same += 1;
            return;
        }
        self.verdict.n_different += 1;
        let failed = self.failure.clone();
        let difference = || Difference { at, of: of.into(), then, now, failed };
        self.verdict.first.get_or_insert_with(difference);
    }

    /// What chains have said and the recording has not.
    fn find_unrecorded(&mut self) {
        let mut heard = self.replay.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left: Vec<_> = std::mem::take(&mut *heard).into_iter().collect();
        drop(heard);
        left.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (of, said) in left {
            for message in said.into_iter().flat_map(|(_, messages)| messages) {
                let now = message.to_json().to_string();
                self.compare(self.verdict.length, &of, None, Some(now));
            }
        }
    }
}
