//! A worker is the thread that a model lives on: it sets the model up, runs its queue, and replaces
//! it when it panics.

use super::hosted::{Job, Shared, Status};
use super::ticket::{End, Ticket};
use crate::model::{Answer, Early, Error, Meanwhile, Model, Run, Setup};
use crate::signature::{Command, Field, Values, accept};
use crate::time::Time;
use crate::value::Value;
use crossbeam::channel::Receiver;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Starts a worker of the given generation. When the supervisor gives up on a worker that hangs, it
/// raises the generation, and the old worker leaves as soon as it comes back.
pub(super) fn spawn(shared: &Arc<Shared>, jobs: &Receiver<Job>, generation: u64) {
    let (worker_shared, jobs) = (Arc::clone(shared), jobs.clone());
    let spawned = std::thread::Builder::new()
        .name(format!("model:{}", shared.name))
        .spawn(move || work(&worker_shared, &jobs, generation));
    if let Err(error) = spawned {
        shared.fail(format!("the system gave the model no thread: {error}"));
    }
}

fn work(shared: &Arc<Shared>, jobs: &Receiver<Job>, generation: u64) {
    let _leave = Leave(shared, generation);
    let Some(mut live) = set_up(shared) else { return shared.answer_waiting(jobs) };
    while shared.generation() == generation {
        let Some(mut batch) = shared.next(jobs, &live.most_at_once) else { return };
        batch.retain(|job| is_wanted(shared, job) && is_decoded(shared, job));
        if batch.is_empty() {
            continue;
        }
        let answers = &live.is_answered_meanwhile;
        let mut meanwhile = |patience: Duration, answer: &mut Answer| {
            answer_meanwhile(shared, jobs, generation, answers, patience, answer);
        };
        if run(shared, live.model.as_mut(), &batch, generation, &mut meanwhile)
            == Aftermath::Panicked
        {
            // Only one of them is to blame: they run again, each alone.
            shared.put_back(batch);
            // The model's state can't be trusted any more, nor can its destructor.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(live)));
            if shared.generation() != generation {
                return;
            }
            match set_up(shared) {
                Some(fresh) => live = fresh,
                None => return shared.answer_waiting(jobs),
            }
            shared.restarted("it panicked and was started anew".into());
        }
    }
}

/// Answers a job at once that need not run.
fn is_wanted(shared: &Shared, job: &Job) -> bool {
    if shared.is_closing() {
        let words = "the model was taken off before the run began".into();
        job.ticket.end(shared.clock.now(), End::Failed(words));
    } else if job.ticket.cancel.is_cancelled() {
        job.ticket.end(shared.clock.now(), End::Cancelled);
    }
    !job.ticket.has_ended()
}

/// Decodes segmentations that arrived encoded, which is slow: so here and not where the run was asked
/// for. Answers a job whose are damaged.
fn is_decoded(shared: &Shared, job: &Job) -> bool {
    let decoded = catch_unwind(AssertUnwindSafe(|| job.inputs.decode_segmentations()));
    let decoded = decoded.unwrap_or_else(|panic| {
        Err(Error::invalid(format!(
            "the image can't be decoded: the codec panicked: {}",
            panic_words(&*panic)
        )))
    });
    if let Err(error) = decoded {
        job.ticket.end(shared.clock.now(), End::Failed(error));
    }
    !job.ticket.has_ended()
}

/// Counts the worker out, however it ends.
struct Leave<'a>(&'a Arc<Shared>, u64);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.0.generation() != self.1 {
            self.0.abandoned.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A model that is set up, and how it takes the runs of each command.
struct Live {
    model: Box<dyn Model>,
    most_at_once: Vec<usize>,
    is_answered_meanwhile: Vec<bool>,
}

fn set_up(shared: &Shared) -> Option<Live> {
    shared.set_status(Status::Starting);
    let made = catch_unwind(AssertUnwindSafe(|| {
        let mut model = (shared.factory)();
        let setup =
            Setup { options: shared.options.clone(), model_dirs: shared.model_dirs.clone() };
        model.setup(&setup)?;
        let names = shared.manifest.commands.iter().map(|command| &command.name[..]);
        let most_at_once = names.clone().map(|name| model.most_at_once(name)).collect();
        let is_answered_meanwhile = names.map(|name| model.is_answered_meanwhile(name)).collect();
        Ok::<_, Error>(Live { model, most_at_once, is_answered_meanwhile })
    }));
    match made {
        Ok(Ok(live)) => {
            shared.set_status(Status::Running);
            Some(live)
        }
        Ok(Err(error)) => {
            shared.fail(error.to_string());
            None
        }
        Err(panic) => {
            shared.fail(format!("it panicked while starting: {}", panic_words(&*panic)));
            None
        }
    }
}

#[derive(PartialEq)]
enum Aftermath {
    Sound,
    Panicked,
}

/// Runs a batch of one command and answers it, unless the model panics at more than one.
fn run<'a>(
    shared: &'a Shared,
    model: &mut dyn Model,
    batch: &'a [Job],
    generation: u64,
    meanwhile: &mut Meanwhile<'_>,
) -> Aftermath {
    let spec = &shared.manifest.commands[batch[0].command];
    let started = shared.clock.now();
    let tickets = batch.iter().map(|job| Arc::clone(&job.ticket)).collect();
    shared.begin(tickets, generation, started);
    let mut emits: Vec<_> = batch.iter().map(|job| emit(shared, job)).collect();
    let mut runs: Vec<(&Values, Run)> = batch
        .iter()
        .zip(&mut emits)
        .map(|(job, emit)| {
            let run = Run::new(shared.rng_of(job), job.ticket.cancel.clone(), started, emit);
            (&job.inputs, run)
        })
        .collect();
    let outcomes = catch_unwind(AssertUnwindSafe(|| match runs.len() {
        1 => {
            let (inputs, run) = runs.remove(0);
            vec![model.run(&spec.name, inputs, &mut run.with_meanwhile(meanwhile))]
        }
        _ => model.run_many(&spec.name, &mut runs),
    }));
    let now = shared.clock.now();
    shared.finish(generation);
    match outcomes {
        Ok(outcomes) => {
            // A model that gives too few is as one that leaves out an output.
            let missing = || Err(Error::failed("the model gave this run no outcome"));
            let outcomes = outcomes.into_iter().chain(std::iter::repeat_with(missing));
            for (job, outcome) in batch.iter().zip(outcomes) {
                answer(shared, &job.ticket, outcome, spec, started, now);
            }
            Aftermath::Sound
        }
        Err(panic) => {
            if let [job] = batch {
                job.ticket.end(now, End::Failed(panicked(&*panic)));
            }
            Aftermath::Panicked
        }
    }
}

/// What a run's early words become.
fn emit<'a>(shared: &'a Shared, job: &Job) -> impl FnMut(Early) -> Result<(), Error> + 'a {
    let (spec, ticket) = (&shared.manifest.commands[job.command], Arc::clone(&job.ticket));
    move |early: Early| match early {
        Early::Partial(outputs, progress) => partial(shared, spec, &ticket, outputs, progress),
        Early::Stream(name, messages) => stream(shared, &ticket, name, messages),
    }
}

/// Lets a model answer runs that wait, and those that come within `patience`, while another run of
/// its is unfinished.
fn answer_meanwhile(
    shared: &Shared,
    jobs: &Receiver<Job>,
    generation: u64,
    answers: &[bool],
    mut patience: Duration,
    answer: &mut Answer,
) {
    while shared.generation() == generation
        && let Some(job) = shared.next_meanwhile(jobs, answers, patience)
    {
        // The patience was for the first of them.
        patience = Duration::ZERO;
        if !is_wanted(shared, &job) || !is_decoded(shared, &job) {
            continue;
        }
        let spec = &shared.manifest.commands[job.command];
        let started = shared.clock.now();
        shared.join(&job.ticket, generation);
        let mut emit = emit(shared, &job);
        let mut run = Run::new(shared.rng_of(&job), job.ticket.cancel.clone(), started, &mut emit);
        let outcome = catch_unwind(AssertUnwindSafe(|| answer(&spec.name, &job.inputs, &mut run)));
        let now = shared.clock.now();
        shared.part(&job.ticket);
        match outcome {
            Ok(outcome) => self::answer(shared, &job.ticket, outcome, spec, started, now),
            Err(panic) => {
                job.ticket.end(now, End::Failed(panicked(&*panic)));
                // The run that is unfinished can't go on either.
                resume_unwind(panic);
            }
        }
    }
}

fn answer(
    shared: &Shared,
    ticket: &Ticket,
    outcome: Result<Values, Error>,
    spec: &Command,
    started: Time,
    now: Time,
) {
    let end = match outcome.map(|outputs| check_outputs(shared, outputs, &spec.outputs)) {
        Ok(Ok(outputs)) => {
            ticket.counters.run_time.record(now.saturating_sub(started));
            End::Done(outputs)
        }
        Ok(Err(error)) | Err(error) if !error.is_cancelled() => {
            End::Failed(error.of_command(&shared.name, &spec.name))
        }
        _ => End::Cancelled,
    };
    ticket.end(now, end);
}

fn partial(
    shared: &Shared,
    spec: &Command,
    ticket: &Ticket,
    outputs: Values,
    progress: Option<f32>,
) -> Result<(), Error> {
    shared.sign_of_life();
    if let Some((name, _)) =
        outputs.iter().find(|(name, _)| spec.outputs.iter().all(|field| field.name != *name))
    {
        return Err(Error::failed(format!("the model sent '{name}', which is no output of its")));
    }
    let present = |field: &&Field| outputs.get(&field.name).is_some();
    let fields: Vec<Field> = spec.outputs.iter().filter(present).cloned().collect();
    let outputs = check_outputs(shared, outputs, &fields)?;
    if !ticket.cancel.is_cancelled() {
        ticket.partial(outputs, progress);
    }
    Ok(())
}

fn stream(
    shared: &Shared,
    ticket: &Ticket,
    name: &str,
    mut messages: Vec<Vec<Value>>,
) -> Result<(), Error> {
    shared.sign_of_life();
    let streams = &shared.manifest.streams;
    let known = streams.iter().find(|stream| stream.name == name).ok_or_else(|| {
        Error::failed(format!("the model sent on '{name}', which is no stream of its"))
    })?;
    for message in &mut messages {
        if message.len() != known.fields.len() {
            let (got, expected) = (message.len(), known.fields.len());
            let words = format!("the model sent {got} arguments on '{name}': expected {expected}");
            return Err(Error::failed(words));
        }
        for (slot, field) in message.iter_mut().zip(&known.fields) {
            let value = std::mem::replace(slot, Value::Boolean(false));
            shared.codec.iter().for_each(|codec| value.attach_codec(codec));
            *slot = accept(field, value)
                .map_err(|words| format!("the model's stream '{name}': {words}"))?;
            // What can't be decoded leaves as it is.
            let _ = field.equip(slot, shared.codec.as_ref());
        }
    }
    if !ticket.cancel.is_cancelled() {
        ticket.stream(name, messages);
    }
    Ok(())
}

fn check_outputs(shared: &Shared, outputs: Values, fields: &[Field]) -> Result<Values, Error> {
    let blank = Values::new();
    for field in fields {
        if outputs.get(&field.name).is_none() {
            return Err(Error::invalid(format!("the model left out its output '{}'", field.name)));
        }
    }
    let codec = shared.codec.as_ref();
    // An output of any type takes an image's wire form, for which it needs its codec.
    codec.into_iter().for_each(|codec| outputs.attach_codec(codec));
    let mut outputs = outputs.complete(&blank, fields).map_err(|error| {
        let words = error.message().replace("unknown input", "unknown output");
        format!("the model's outputs do not fit its manifest: {words}")
    })?;
    // What can't be decoded leaves as it is.
    let _ = outputs.equip(fields, codec);
    Ok(outputs)
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let words = panic_words(panic);
    Error::failed(format!("the model panicked: {words}. It is being started anew; send again"))
}

fn panic_words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
}
