//! A hosted model: the queue before it, the values held for it, and what its supervisor knows.

use super::metrics::CommandCounters;
use super::ticket::{End, Reply, RunEvent, Ticket};
use super::worker;
use crate::error::{Error, ErrorKind};
use crate::model::{CancelToken, Factory};
use crate::recording::{RecordSink, RecordedEvent as Recorded};
use crate::signature::{Manifest, Values, accept, only};
use crate::time::{Clock, Time};
use crate::value::{Codec, Value};
use crossbeam::channel::{self, Receiver, Sender};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Workers that hang may still hold memory and a core, so no more than these are left behind at once.
const MAX_ABANDONED: usize = 3;
/// A model that fails to start is tried again after this long, doubled at each failure.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// How one model is hosted.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSettings {
    /// Runs that may wait; one more is refused at once.
    pub queue_capacity: usize,
    /// A run that shows no sign of life for this long is given up, and its model started anew.
    pub hang_after: Duration,
    /// The deadline of runs that bring none of their own, counted from when they are asked for.
    pub deadline: Option<Duration>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self { queue_capacity: 64, hang_after: Duration::from_secs(30), deadline: None }
    }
}

/// Whether a model can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is being set up; runs wait in its queue.
    Starting,
    /// It runs.
    Running,
    /// It could not start; plain words say why. It is tried again by itself.
    Failed(String),
}

/// Something that happened to a model outside of a run's own answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It was started anew; plain words say why.
    Restarted(String),
    /// It could not start; plain words say why.
    Failed(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Notice::Restarted(words) | Notice::Failed(words)) = self;
        f.write_str(words)
    }
}

/// Told of every notice, with the model's name; must be quick.
pub type OnNotice = Arc<dyn Fn(&str, &Notice) + Send + Sync>;

/// One run waiting for its model.
pub(super) struct Job {
    pub command: usize,
    pub inputs: Values,
    pub ticket: Arc<Ticket>,
    pub seed: u64,
    /// Whether it must not be taken together with others: one of those it was with panicked, or it was
    /// asked for so.
    pub alone: bool,
}

/// What the workers of one model share with its supervisor.
pub(super) struct Shared {
    pub name: String,
    pub manifest: Arc<Manifest>,
    pub factory: Factory,
    pub options: Values,
    pub model_dirs: Vec<PathBuf>,
    pub clock: Arc<dyn Clock>,
    pub abandoned: AtomicUsize,
    pub n_restarts: AtomicU64,
    pub codec: Option<Arc<dyn Codec>>,
    seed: u64,
    sink: Option<RecordSink>,
    on_notice: OnNotice,
    status: Mutex<Status>,
    generation: AtomicU64,
    closing: AtomicBool,
    current: Mutex<Option<Current>>,
    /// Runs that come before those in the queue: what was taken out of it and did not go with the
    /// runs before, or could not be answered meanwhile, and what is to run again. They count as
    /// waiting, so they are never more than the queue holds, and a batch.
    aside: Mutex<VecDeque<Job>>,
    last_sign: AtomicU64,
    retry: Mutex<Option<(Time, Duration)>>,
}

/// The runs that a worker is at: more than one where a model takes many at once.
struct Current {
    tickets: Vec<Arc<Ticket>>,
    generation: u64,
}

/// A panic can't happen while these locks are held, so a poisoned one is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub fn set_status(&self, status: Status) {
        if status == Status::Running {
            *lock(&self.retry) = None;
        }
        *lock(&self.status) = status;
    }

    pub fn fail(&self, words: String) {
        let now = self.clock.now();
        let mut retry = lock(&self.retry);
        let wait = retry.map_or(FIRST_RETRY, |(_, wait)| (wait * 2).min(LAST_RETRY));
        *retry = Some((now + wait, wait));
        drop(retry);
        *lock(&self.status) = Status::Failed(words.clone());
        self.notify(Notice::Failed(words));
    }

    fn notify(&self, notice: Notice) {
        (self.on_notice)(&self.name, &notice);
    }

    /// Counts and tells that the model was started anew.
    pub fn restarted(&self, words: String) {
        self.n_restarts.fetch_add(1, Ordering::Relaxed);
        self.notify(Notice::Restarted(words));
    }

    /// Answers all that wait for a model that can't start.
    pub fn answer_waiting(&self, jobs: &Receiver<Job>) {
        let Status::Failed(words) = lock(&self.status).clone() else { return };
        let aside = std::mem::take(&mut *lock(&self.aside));
        for job in aside.into_iter().chain(jobs.try_iter()) {
            let words = format!("{} could not start: {words}", self.name);
            job.ticket.end(self.clock.now(), End::Failed(words.into()));
        }
    }

    /// The next runs: one, or as many of one command as wait right behind each other and the model
    /// takes at once. Nothing when the model was taken off and its queue is empty.
    pub fn next(&self, jobs: &Receiver<Job>, most_at_once: &[usize]) -> Option<Vec<Job>> {
        let first = lock(&self.aside).pop_front();
        let first = first.or_else(|| jobs.recv().ok())?;
        let most = if first.alone { 1 } else { most_at_once[first.command] };
        let mut batch = vec![first];
        let mut aside = lock(&self.aside);
        while batch.len() < most {
            let Some(job) = aside.pop_front().or_else(|| jobs.try_recv().ok()) else { break };
            if job.alone || job.command != batch[0].command {
                aside.push_front(job);
                break;
            }
            batch.push(job);
        }
        Some(batch)
    }

    /// The first run that waits, or comes within `patience`, whose command is one of those that
    /// `answers` says may be answered while another is at work. Those before it stay the next.
    pub fn next_meanwhile(
        &self,
        jobs: &Receiver<Job>,
        answers: &[bool],
        patience: Duration,
    ) -> Option<Job> {
        let may_be = |job: &Job| answers[job.command] && !job.alone;
        let mut aside = lock(&self.aside);
        if let Some(at) = aside.iter().position(may_be) {
            return aside.remove(at);
        }
        drop(aside);
        loop {
            let job = jobs.try_recv().or_else(|_| jobs.recv_timeout(patience)).ok()?;
            if may_be(&job) {
                return Some(job);
            }
            lock(&self.aside).push_back(job);
        }
    }

    /// Counts another run among those that the worker is at.
    pub fn join(&self, ticket: &Arc<Ticket>, generation: u64) {
        self.sign_of_life();
        if let Some(current) = &mut *lock(&self.current)
            && current.generation == generation
        {
            current.tickets.push(Arc::clone(ticket));
        }
    }

    /// Ends that.
    pub fn part(&self, ticket: &Arc<Ticket>) {
        self.sign_of_life();
        if let Some(current) = &mut *lock(&self.current) {
            current.tickets.retain(|other| !Arc::ptr_eq(other, ticket));
        }
    }

    /// Lets runs that have not ended be the next, each alone.
    pub fn put_back(&self, batch: Vec<Job>) {
        let mut aside = lock(&self.aside);
        for job in batch.into_iter().rev().filter(|job| !job.ticket.has_ended()) {
            aside.push_front(Job { alone: true, ..job });
        }
    }

    pub fn begin(&self, tickets: Vec<Arc<Ticket>>, generation: u64, now: Time) {
        self.last_sign.store(now.as_nanos() as u64, Ordering::Release);
        *lock(&self.current) = Some(Current { tickets, generation });
    }

    pub fn finish(&self, generation: u64) {
        let mut current = lock(&self.current);
        // A worker that was given up must not clear its successor's run.
        if current.as_ref().is_some_and(|current| current.generation == generation) {
            *current = None;
        }
    }

    pub fn sign_of_life(&self) {
        self.last_sign.store(self.clock.now().as_nanos() as u64, Ordering::Release);
    }

    /// The chance that a run draws from.
    pub fn rng_of(&self, job: &Job) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(job.seed)
    }

    /// The seed of a model's n-th run: the same for the same project, model and n.
    fn seed_of(&self, run_index: u64) -> u64 {
        // FNV-1a over the name, then the finalizer of SplitMix64, so that neighbours are unlike.
        let hash = self.name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut x = hash ^ self.seed ^ run_index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// What a run brings along beside its inputs.
pub struct Request {
    /// Told of every event of the run.
    pub reply: Reply,
    /// When the answer is of no use any more, on the engine's clock.
    pub deadline: Option<Time>,
    /// The seed of this run, instead of the one that follows from the project's.
    pub seed: Option<u64>,
    /// Cancels the run.
    pub cancel: CancelToken,
    /// Whether it is to run by itself and in its turn, even where its model would take it together with
    /// others, or in the middle of another.
    pub alone: bool,
    /// Who asked, if it is a chain; only recordings need to know.
    pub origin: Option<Origin>,
}

/// The chain that asked for a run.
pub struct Origin {
    /// Its name.
    pub chain: String,
    /// Its number for the run.
    pub id: u64,
}

impl Request {
    /// A request without deadline, with the project's seed.
    pub fn new(reply: impl Fn(super::RunEvent) + Send + Sync + 'static) -> Self {
        let (cancel, reply) = (CancelToken::new(), Arc::new(reply));
        Self { reply, deadline: None, seed: None, cancel, alone: false, origin: None }
    }
}

/// The outside of a hosted model. All methods are quick and may be called from any thread.
pub struct Hosted {
    shared: Arc<Shared>,
    settings: HostSettings,
    jobs: Sender<Job>,
    /// Kept so that a new worker can take over the queue.
    waiting: Receiver<Job>,
    held: Mutex<Vec<Values>>,
    counters: Vec<Arc<CommandCounters>>,
    n_runs: AtomicU64,
    with_deadline: Mutex<Vec<Arc<Ticket>>>,
}

pub(super) struct HostedParts {
    pub name: String,
    pub factory: Factory,
    pub options: Values,
    pub settings: HostSettings,
    pub model_dirs: Vec<PathBuf>,
    pub seed: u64,
    pub clock: Arc<dyn Clock>,
    pub on_notice: OnNotice,
    pub sink: Option<RecordSink>,
    pub codec: Option<Arc<dyn Codec>>,
}

impl Hosted {
    pub(super) fn start(parts: HostedParts) -> Result<Self, Error> {
        let manifest = Arc::new((parts.factory)().manifest());
        let mut options = parts.options.complete(&Values::new(), &manifest.options)?;
        options.equip(&manifest.options, parts.codec.as_ref())?;
        let (jobs, waiting) = channel::bounded(parts.settings.queue_capacity.max(1));
        let n_commands = manifest.commands.len();
        let shared = Arc::new(Shared {
            name: parts.name,
            manifest,
            factory: parts.factory,
            options,
            model_dirs: parts.model_dirs,
            clock: parts.clock,
            abandoned: AtomicUsize::new(0),
            n_restarts: AtomicU64::new(0),
            codec: parts.codec,
            seed: parts.seed,
            sink: parts.sink,
            on_notice: parts.on_notice,
            status: Mutex::new(Status::Starting),
            generation: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            current: Mutex::new(None),
            aside: Mutex::default(),
            last_sign: AtomicU64::new(0),
            retry: Mutex::new(None),
        });
        worker::spawn(&shared, &waiting, 0);
        Ok(Self {
            shared,
            settings: parts.settings,
            jobs,
            waiting,
            held: Mutex::new(vec![Values::new(); n_commands]),
            counters: (0..n_commands).map(|_| Arc::default()).collect(),
            n_runs: AtomicU64::new(0),
            with_deadline: Mutex::new(Vec::new()),
        })
    }

    /// The name it is hosted under: the first part of its addresses.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Its commands.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.shared.manifest
    }

    /// Whether it can run.
    pub fn status(&self) -> Status {
        lock(&self.shared.status).clone()
    }

    /// Runs that wait now.
    pub fn n_waiting(&self) -> usize {
        self.jobs.len() + lock(&self.shared.aside).len()
    }

    /// How often it was started anew after a panic or a hang.
    pub fn n_restarts(&self) -> u64 {
        self.shared.n_restarts.load(Ordering::Relaxed)
    }

    /// The counters of a command.
    pub fn counters(&self, command: &str) -> Option<&CommandCounters> {
        self.position(command).ok().map(|index| &*self.counters[index])
    }

    /// Sets an input's held value, for all later runs that do not bring their own. The newest wins.
    ///
    /// # Errors
    /// When there is no such input, or its type refuses the value.
    pub fn hold(&self, command: &str, input: &str, value: Value) -> Result<(), Error> {
        let index = self.position(command)?;
        let inputs = &self.shared.manifest.commands[index].inputs;
        let field = inputs.iter().find(|field| field.name == input).ok_or_else(|| {
            let only = only(input, inputs.iter().map(|field| field.name.as_str()));
            let name = self.name();
            Error::not_found(format!("{name}/{command} has no input '{input}', {only}"))
        })?;
        let of_command = |error: Error| error.of_command(self.name(), command);
        let mut value = accept(field, value).map_err(of_command)?;
        field.equip(&mut value, self.shared.codec.as_ref()).map_err(of_command)?;
        let mut held = lock(&self.held);
        if let Some(sink) = &self.shared.sink {
            let (model, command, input) = (self.name().into(), command.into(), input.into());
            let value = value.to_json();
            sink.write(self.shared.clock.now(), Recorded::Hold { model, command, input, value });
        }
        held[index].set(input, value);
        Ok(())
    }

    /// The value that an input would have if the command ran now.
    pub fn held(&self, command: &str, input: &str) -> Option<Value> {
        let index = self.position(command).ok()?;
        let held = lock(&self.held)[index].get(input).cloned();
        held.or_else(|| {
            let inputs = &self.shared.manifest.commands[index].inputs;
            inputs.iter().find(|field| field.name == input)?.data_type.default_value()
        })
    }

    /// Takes over the values held for another model of the same commands, as far as they fit.
    pub fn inherit_held(&self, other: &Hosted) {
        for (command, values) in other.manifest().commands.iter().zip(lock(&other.held).iter()) {
            for (input, value) in values.iter() {
                // What no longer fits is meant to be forgotten.
                let _ = self.hold(&command.name, input, value.clone());
            }
        }
    }

    /// Puts a run into the queue: first in, first out. The inputs are completed and checked here, so
    /// that a run is what it was when it was asked for.
    ///
    /// # Errors
    /// When the command is unknown, the inputs do not fit, the queue is full, or the model could not
    /// start. The reply is then never called.
    pub fn submit(&self, command: &str, given: Values, request: Request) -> Result<(), Error> {
        let index = self.position(command)?;
        let counters = &self.counters[index];
        let refuse = |refusal| {
            counters.refused.fetch_add(1, Ordering::Relaxed);
            Err(refusal)
        };
        if let Status::Failed(words) = self.status() {
            return refuse(Error::new(
                ErrorKind::Unavailable,
                format!("{} could not start: {words}", self.name()),
            ));
        }
        // With this lock held to the end, the values that are held and the runs that are let in come one
        // after the other, as a recording has them.
        let held = lock(&self.held);
        let recorded = self.shared.sink.as_ref().map(|sink| (sink, given.clone()));
        let fields = &self.shared.manifest.commands[index].inputs;
        let completed = given.complete(&held[index], fields).and_then(|mut inputs| {
            inputs.equip(fields, self.shared.codec.as_ref())?;
            Ok(inputs)
        });
        let inputs = match completed {
            Ok(inputs) => inputs,
            Err(error) => return refuse(error.of_command(self.name(), command)),
        };
        let now = self.shared.clock.now();
        let deadline = request.deadline.or_else(|| self.settings.deadline.map(|after| now + after));
        let n_waiting = self.n_waiting();
        if n_waiting >= self.settings.queue_capacity.max(1) {
            return refuse(Error::new(
                ErrorKind::Busy,
                format!(
                    "{} is busy: {n_waiting} runs are waiting, which is as many as may. Send more \
                 slowly, or raise 'queue' in the project file",
                    self.name(),
                ),
            ));
        }
        // A run that brings a seed leaves those of the others as they are.
        let seed = request
            .seed
            .unwrap_or_else(|| self.shared.seed_of(self.n_runs.fetch_add(1, Ordering::Relaxed)));
        let reply = match recorded {
            Some((sink, given)) => {
                self.record(sink, command, &given, seed, now, request.origin, request.reply)
            }
            None => request.reply,
        };
        let ticket = Arc::new(Ticket::new(request.cancel, now, deadline, counters.clone(), reply));
        let job =
            Job { command: index, inputs, ticket: Arc::clone(&ticket), seed, alone: request.alone };
        // It can't be full, since runs are let in one after the other.
        if self.jobs.try_send(job).is_err() {
            return refuse(Error::new(
                ErrorKind::Unavailable,
                format!("{} was taken off", self.name()),
            ));
        }
        drop(held);
        counters.queued.fetch_add(1, Ordering::Relaxed);
        if deadline.is_some() {
            lock(&self.with_deadline).push(ticket);
        }
        Ok(())
    }

    /// Writes down a run that is let in; and, unless a chain does so itself, what comes of it.
    #[expect(clippy::too_many_arguments, reason = "they are the parts of a line")]
    fn record(
        &self,
        sink: &RecordSink,
        command: &str,
        given: &Values,
        seed: u64,
        now: Time,
        origin: Option<Origin>,
        reply: Reply,
    ) -> Reply {
        let model = self.name().to_string();
        if let Some(Origin { chain, id }) = origin {
            sink.write(now, Recorded::ChainRun { model, chain, id });
            return reply;
        }
        let (run, command, inputs) = (sink.number_run(), command.to_string(), given.to_json());
        sink.write(now, Recorded::Run { run, model, command, inputs, seed });
        let (sink, clock) = (sink.clone(), Arc::clone(&self.shared.clock));
        Arc::new(move |event| {
            let ended = match &event {
                RunEvent::Partial { .. } | RunEvent::Stream { .. } => None,
                RunEvent::Done { outputs, .. } => Some((Some(outputs.to_json()), None)),
                RunEvent::Failed(error) => Some((None, Some(error.to_string()))),
                RunEvent::Cancelled => Some((None, Some("the run was cancelled".into()))),
            };
            if let Some((outputs, failed)) = ended {
                sink.write(clock.now(), Recorded::End { run, outputs, failed });
            }
            reply(event);
        })
    }

    /// Looks after the model: ends runs whose deadline has passed, gives up a run that hangs, and
    /// tries again to start a model that could not.
    pub(super) fn supervise(&self) {
        let now = self.shared.clock.now();
        lock(&self.with_deadline).retain(|ticket| {
            ticket.expire(now);
            !ticket.has_ended()
        });
        self.give_up_hanging(now);
        let due = lock(&self.shared.retry).is_some_and(|(at, _)| now >= at);
        if due && matches!(self.status(), Status::Failed(_)) && self.n_abandoned() < MAX_ABANDONED {
            self.shared.set_status(Status::Starting);
            worker::spawn(&self.shared, &self.waiting, self.shared.generation());
        }
    }

    fn give_up_hanging(&self, now: Time) {
        let mut current = lock(&self.shared.current);
        let last_sign = Duration::from_nanos(self.shared.last_sign.load(Ordering::Acquire));
        let silent = now.saturating_sub(last_sign);
        if current.is_none() || silent < self.settings.hang_after {
            return;
        }
        let Some(Current { tickets, .. }) = current.take() else { return };
        let generation = self.shared.generation.fetch_add(1, Ordering::AcqRel) + 1;
        let n_abandoned = self.shared.abandoned.fetch_add(1, Ordering::AcqRel) + 1;
        drop(current);
        let seconds = silent.as_secs_f32();
        let words = format!("it showed no sign of life for {seconds:.1} s and was given up");
        for ticket in tickets {
            ticket.cancel.cancel();
            ticket.end(
                now,
                End::Failed(format!("the model hangs: {words}. It is started anew").into()),
            );
        }
        if n_abandoned > MAX_ABANDONED {
            self.shared.fail(format!(
                "{n_abandoned} of its runs hang and can't be ended; restart the program"
            ));
            self.shared.answer_waiting(&self.waiting);
        } else {
            worker::spawn(&self.shared, &self.waiting, generation);
            self.shared.restarted(words);
        }
    }

    fn n_abandoned(&self) -> usize {
        self.shared.abandoned.load(Ordering::Acquire)
    }

    fn position(&self, command: &str) -> Result<usize, Error> {
        let manifest = &self.shared.manifest;
        let position = manifest.commands.iter().position(|known| known.name == command);
        position.ok_or_else(|| Error::not_found(manifest.has_no(self.name(), command)))
    }
}

impl Drop for Hosted {
    /// Tells the worker to leave. Runs that still wait are answered as failed.
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        if let Some(current) = lock(&self.shared.current).as_ref() {
            current.tickets.iter().for_each(|ticket| ticket.cancel.cancel());
        }
    }
}
