//! `/metrics`: counters and latency histograms in the Prometheus text form, version 0.0.4.

use super::Shared;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use enjamb_core::engine::{CommandCounters, Histogram};
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

type Read = fn(&CommandCounters) -> u64;

pub async fn metrics(State(server): Shared) -> Response {
    let engine = server.router.engine();
    let mut text = String::new();
    let outcomes: [(&str, Read); 5] = [
        ("succeeded", |counters| counters.succeeded.load(Relaxed)),
        ("failed", |counters| counters.failed.load(Relaxed)),
        ("cancelled", |counters| counters.cancelled.load(Relaxed)),
        ("refused", |counters| counters.refused.load(Relaxed)),
        ("partial", |counters| counters.partials.load(Relaxed)),
    ];
    let models = engine.models();
    let commands = || {
        models.iter().flat_map(|model| {
            model.manifest().commands.iter().filter_map(move |command| {
                let labels = format!("model=\"{}\",command=\"{}\"", model.name(), command.name);
                model.counters(&command.name).map(|counters| (labels, counters))
            })
        })
    };
    head(&mut text, "enjamb_runs_total", "counter", "Runs by how they ended.");
    for (labels, counters) in commands() {
        for (outcome, read) in outcomes {
            let n = read(counters);
            line(&mut text, &format!("enjamb_runs_total{{{labels},outcome=\"{outcome}\"}}"), n);
        }
    }
    let name = "enjamb_latency_seconds";
    head(&mut text, name, "histogram", "From being asked for to the last output.");
    for (labels, counters) in commands() {
        histogram(&mut text, name, &labels, &counters.latency);
    }
    let name = "enjamb_run_seconds";
    head(&mut text, name, "histogram", "From the run's beginning to the last output.");
    for (labels, counters) in commands() {
        histogram(&mut text, name, &labels, &counters.run_time);
    }
    head(&mut text, "enjamb_waiting_runs", "gauge", "Runs that wait for their model.");
    for model in &models {
        let name = format!("enjamb_waiting_runs{{model=\"{}\"}}", model.name());
        line(&mut text, &name, model.n_waiting() as u64);
    }
    head(&mut text, "enjamb_restarts_total", "counter", "Times a model was started anew.");
    for model in &models {
        let name = format!("enjamb_restarts_total{{model=\"{}\"}}", model.name());
        line(&mut text, &name, model.n_restarts());
    }
    let traffic = server.receiver.hub().traffic();
    for (what, help, n) in [
        ("in", "OSC messages that came in.", &traffic.n_in),
        ("out", "OSC messages that went out.", &traffic.n_out),
        ("errors", "OSC that could not be read or acted on.", &traffic.n_errors),
        ("dropped", "OSC messages that gave way to newer ones.", &traffic.n_dropped),
        ("refused", "Packets from senders that are not allowed.", &traffic.n_refused),
    ] {
        let name = format!("enjamb_osc_{what}_total");
        head(&mut text, &name, "counter", help);
        line(&mut text, &name, n.load(Relaxed));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, n: u64) {
    let _ = writeln!(text, "{name} {n}");
}

fn histogram(text: &mut String, name: &str, labels: &str, histogram: &Histogram) {
    let mut n_all = 0;
    for (bound, n) in histogram.cumulative() {
        n_all = n;
        let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{}\"}} {n}", bound.as_secs_f64());
    }
    let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {n_all}");
    let _ = writeln!(text, "{name}_sum{{{labels}}} {}", histogram.sum().as_secs_f64());
    let _ = writeln!(text, "{name}_count{{{labels}}} {n_all}");
}
