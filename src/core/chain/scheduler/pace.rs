//! How a chain keeps time: ticks at a rate, from outside, one by one, or as soon as all is done.

use super::{Effects, Scheduler};
use crate::chain::spec::Pace;
use crate::time::Time;
use std::time::Duration;

/// Whoever is later than this, since the computer slept or was busy, goes on from now.
const MAX_LATE: Duration = Duration::from_millis(500);
/// A single step of a slow rate lets this much time pass at most.
const MAX_STEP: Duration = Duration::from_secs(10);
/// A step of a chain that has no rate lets this much time pass.
const STEP: Duration = Duration::from_secs(1);
/// A tick of a free chain lets this much time pass.
const FREE_TICK: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Ticks of a free chain in one turn, so that others have their turn.
const MAX_FREE: usize = 64;
/// Steps that may be asked for ahead.
const MAX_AHEAD: u32 = 64;

/// When things are due while a chain runs.
pub struct Timetable {
    /// The engine's time less the chain's.
    offset: Duration,
    /// Updates are counted from here.
    began: Time,
    /// Ticks are counted from here; none come by themselves without it.
    ticks: Option<(Time, u64)>,
}

impl Timetable {
    fn next_tick(&self, rate: f64) -> Option<Time> {
        self.ticks.map(|(anchor, n)| anchor.saturating_add(after(n, rate)))
    }
}

/// The time of `n` periods of a rate, from the beginning, so that roundings do not add up.
fn after(n: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(n as f64 / rate).unwrap_or(Duration::MAX / 4)
}

enum Due {
    Tick,
    Update(usize),
}

impl Scheduler {
    /// Makes something happen: start, stop, step, reset, tick, free.
    pub fn trigger(&mut self, action: &str, now: Time) {
        match action {
            "start" => {
                self.is_ticked = false;
                let is_new = self.running.is_none();
                if is_new {
                    self.run_from(now);
                }
                self.plan_ticks(now, is_new);
            }
            "stop" => self.stop(),
            "step" => self.n_single = (self.n_single + 1).min(MAX_AHEAD),
            "tick" if self.running.is_some() => {
                self.is_ticked = true;
                self.n_outside = (self.n_outside + 1).min(MAX_AHEAD);
                self.plan_ticks(now, false);
            }
            "free" => {
                (self.pace, self.is_ticked) = (Pace::Free, false);
                self.plan_ticks(now, false);
            }
            "reset" => self.reset(now),
            _ => {}
        }
    }

    /// So many ticks a second from now on.
    pub fn set_rate(&mut self, rate: f64, now: Time) {
        (self.pace, self.is_ticked) = (Pace::Rate(rate), false);
        self.plan_ticks(now, false);
    }

    fn run_from(&mut self, now: Time) {
        let offset = now.saturating_sub(self.time);
        self.running = Some(Timetable { offset, began: now, ticks: None });
        self.nodes.iter_mut().for_each(|node| node.n_updates = 0);
    }

    pub(super) fn stop(&mut self) {
        (self.running, self.is_ticked) = (None, false);
        (self.n_single, self.n_outside) = (0, 0);
        self.messages.clear();
        self.nodes.iter_mut().for_each(super::Node::call_off);
    }

    fn reset(&mut self, now: Time) {
        (self.n_ticks, self.n_events, self.n_missed) = (0, 0, 0);
        (self.time, self.n_single, self.n_outside) = (Time::ZERO, 0, 0);
        self.messages.clear();
        self.nodes.iter_mut().for_each(super::Node::reset);
        for wire in &mut self.wires {
            wire.held = wire.first.clone().map(|first| (first, true));
        }
        self.outlets.iter_mut().for_each(|outlet| outlet.last = None);
        if self.running.is_some() {
            self.run_from(now);
            self.plan_ticks(now, true);
        }
    }

    /// When ticks come from now on: at once, or one period after the last.
    pub(super) fn plan_ticks(&mut self, now: Time, at_once: bool) {
        let (last, is_ticked) = (self.last_tick, self.is_ticked);
        let Some(table) = &mut self.running else { return };
        table.ticks = match self.pace {
            Pace::Rate(rate) if rate > 0.0 && !is_ticked => match last {
                Some(last) if !at_once => Some((last.saturating_add(after(1, rate)).max(now), 0)),
                _ => Some((now, 0)),
            },
            _ => None,
        };
    }

    /// The time that one tick takes.
    fn period(&self) -> Duration {
        match self.pace {
            Pace::Rate(rate) if rate > 0.0 => after(1, rate).min(MAX_STEP),
            Pace::Rate(_) => STEP,
            Pace::Free => FREE_TICK,
        }
    }

    /// Ticks and updates, in the order in which they are due. Answers when the next is.
    pub(super) fn keep_time(&mut self, effects: &mut Effects) -> Option<Time> {
        let now = self.now;
        while self.n_single > 0 {
            self.n_single -= 1;
            if self.running.is_none() {
                // The first tick is the beginning; only from there does time pass.
                if self.n_ticks > 0 {
                    self.time += self.period();
                }
            } else {
                self.pass_until(now);
            }
            self.tick(now, effects);
        }
        while self.n_outside > 0 && self.running.is_some() {
            self.n_outside -= 1;
            self.pass_until(now);
            self.tick(now, effects);
        }
        if self.pace == Pace::Free && !self.is_ticked {
            return self.run_free(effects);
        }
        loop {
            let (due, what) = self.next_due()?;
            if due > now {
                return Some(due);
            }
            if now - due > MAX_LATE {
                self.skip(now - due);
                continue;
            }
            self.pass_until(due);
            match what {
                Due::Update(node) => {
                    self.nodes[node].n_updates += 1;
                    self.update(node, due, effects);
                }
                Due::Tick => {
                    if let Some((_, n)) = self.running.as_mut().and_then(|t| t.ticks.as_mut()) {
                        *n += 1;
                    }
                    self.tick(due, effects);
                }
            }
        }
    }

    fn run_free(&mut self, effects: &mut Effects) -> Option<Time> {
        for _ in 0..MAX_FREE {
            if self.running.is_none() || !self.is_idle() {
                return None;
            }
            if self.now < self.free_after {
                return Some(self.free_after);
            }
            if self.n_ticks > 0 {
                self.time += FREE_TICK;
            }
            if let Some(table) = &mut self.running {
                table.offset = self.now.saturating_sub(self.time);
            }
            self.tick(self.now, effects);
        }
        Some(self.now)
    }

    /// The chain's time goes on to where the engine's is.
    fn pass_until(&mut self, due: Time) {
        if let Some(table) = &self.running {
            self.time = self.time.max(due.saturating_sub(table.offset));
        }
    }

    /// What is due next; updates before ticks.
    fn next_due(&self) -> Option<(Time, Due)> {
        let table = self.running.as_ref()?;
        let mut next = match self.pace {
            Pace::Rate(rate) => table.next_tick(rate).map(|due| (due, Due::Tick)),
            Pace::Free => None,
        };
        for (index, node) in self.nodes.iter().enumerate() {
            if node.spec.updates > 0.0 {
                let due = table.began.saturating_add(after(node.n_updates + 1, node.spec.updates));
                if next.as_ref().is_none_or(|(earliest, _)| due <= *earliest) {
                    next = Some((due, Due::Update(index)));
                }
            }
        }
        next
    }

    /// Passes over what it is too late for.
    fn skip(&mut self, late: Duration) {
        let Some(table) = &mut self.running else { return };
        table.offset += late;
        table.began += late;
        if let (Some((anchor, _)), Pace::Rate(rate)) = (&mut table.ticks, self.pace) {
            *anchor += late;
            self.n_missed += (late.as_secs_f64() * rate) as u64;
        }
    }
}
