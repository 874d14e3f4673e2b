//! A worker is the thread that a model lives on: it sets the model up, runs its queue, and replaces
//! it when it panics.

use super::hosted::{Job, Shared, Status};
use super::ticket::{End, Ticket};
use crate::model::{Error, Model, Run, Setup};
use crate::signature::{Command, Field, Values};
use crossbeam::channel::Receiver;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
    let Some(mut model) = set_up(shared) else { return shared.answer_waiting(jobs) };
    while shared.generation() == generation {
        // The channel closes when the model is taken off and its queue is empty.
        let Ok(job) = jobs.recv() else { return };
        if shared.is_closing() {
            let words = "the model was taken off before the run began".into();
            job.ticket.end(shared.clock.now(), End::Failed(words));
            continue;
        }
        if job.ticket.has_ended() {
            continue;
        }
        if job.ticket.cancel.is_cancelled() {
            job.ticket.end(shared.clock.now(), End::Cancelled);
            continue;
        }
        if run(shared, model.as_mut(), job, generation) == Aftermath::Panicked {
            // The model's state can't be trusted any more, nor can its destructor.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(model)));
            if shared.generation() != generation {
                return;
            }
            match set_up(shared) {
                Some(fresh) => model = fresh,
                None => return shared.answer_waiting(jobs),
            }
            shared.restarted("it panicked and was started anew".into());
        }
    }
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

fn set_up(shared: &Shared) -> Option<Box<dyn Model>> {
    shared.set_status(Status::Starting);
    let made = catch_unwind(AssertUnwindSafe(|| {
        let mut model = (shared.factory)();
        let setup =
            Setup { options: shared.options.clone(), model_dirs: shared.model_dirs.clone() };
        model.setup(&setup).map(|()| model)
    }));
    match made {
        Ok(Ok(model)) => {
            shared.set_status(Status::Running);
            Some(model)
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

fn run(shared: &Shared, model: &mut dyn Model, job: Job, generation: u64) -> Aftermath {
    let Job { command, inputs, ticket, seed, run_index } = job;
    let spec = &shared.manifest.commands[command];
    let started = shared.clock.now();
    shared.begin(Arc::clone(&ticket), generation, started);
    let seed = seed.unwrap_or_else(|| shared.seed_of(run_index));
    let mut emit = |outputs, progress| partial(shared, spec, &ticket, outputs, progress);
    let mut run =
        Run::new(ChaCha8Rng::seed_from_u64(seed), ticket.cancel.clone(), started, &mut emit);
    let outcome = catch_unwind(AssertUnwindSafe(|| model.run(&spec.name, &inputs, &mut run)));
    let now = shared.clock.now();
    shared.finish(generation);
    let (end, aftermath) = match outcome {
        Ok(Ok(outputs)) => match check_outputs(outputs, &spec.outputs) {
            Ok(outputs) => {
                ticket.counters.run_time.record(now.saturating_sub(started));
                (End::Done(outputs), Aftermath::Sound)
            }
            Err(words) => (End::Failed(words), Aftermath::Sound),
        },
        Ok(Err(Error::Cancelled)) => (End::Cancelled, Aftermath::Sound),
        Ok(Err(Error::Failed(words))) => (End::Failed(words), Aftermath::Sound),
        Err(panic) => {
            let words = format!(
                "the model panicked: {}. It is being started anew; send again",
                panic_words(&*panic)
            );
            (End::Failed(words), Aftermath::Panicked)
        }
    };
    ticket.end(now, end);
    aftermath
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
    let outputs = check_outputs(outputs, &fields)?;
    if !ticket.cancel.is_cancelled() {
        ticket.partial(outputs, progress);
    }
    Ok(())
}

fn check_outputs(outputs: Values, fields: &[Field]) -> Result<Values, String> {
    let blank = Values::new();
    for field in fields {
        if outputs.get(&field.name).is_none() {
            return Err(format!("the model left out its output '{}'", field.name));
        }
    }
    outputs
        .complete(&blank, fields)
        .map_err(|words| format!("the model's outputs do not fit its manifest: {words}"))
}

fn panic_words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
}
