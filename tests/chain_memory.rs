//! A chain of numbers allocates nothing once it is under way: its own test program, with an allocator
//! that counts.

#![allow(unsafe_code)]

use enjamb::Engine;
use enjamb::chain::spec::{NodeSpec, OutletSpec, Pace, Spec};
use enjamb::chain::{Chain, ChainEvent, ChainParts};
use enjamb::engine::EngineSettings;
use enjamb::time::ManualClock;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

struct Counting;

thread_local! {
    /// Of this thread alone: the test's harness has threads of its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_chain_of_numbers_allocates_nothing_under_way() {
    let node = |name: &str, run: &str, set: serde_json::Value| NodeSpec {
        name: name.into(),
        run: run.into(),
        set: set.as_object().cloned().unwrap_or_default(),
        ..NodeSpec::default()
    };
    let none = serde_json::json!({});
    let spec = Spec {
        nodes: vec![
            node("beat", "clock", serde_json::json!({ "round": 50 })),
            node("scale", "adapt/scale", serde_json::json!({ "high": 49 })),
            node("late", "adapt/delay", serde_json::json!({ "steps": 20 })),
            node("news", "adapt/changed", serde_json::json!({ "memory": 10 })),
            node("kept", "adapt/hold", none.clone()),
            node("often", "adapt/chance", none.clone()),
            node("more", "adapt/clamp", none.clone()),
            node("whole", "adapt/counter", none),
        ],
        wires: [
            "beat.count -> scale.in",
            "scale.out -> late.in",
            "late.out -> news.in",
            "news.out -> kept.in",
            "beat.count -> kept.when",
            "kept.out -> often.in",
            "often.out -> more.in",
            // A number that comes to an integer.
            "beat.count -> whole.in",
            "beat.count -> whole.round",
        ]
        .iter()
        .map(|wire| wire.parse().unwrap())
        .collect(),
        outlets: vec![OutletSpec {
            name: "out".into(),
            from: vec!["more.out".parse().unwrap(), "scale.out".parse().unwrap()],
            address: None,
            on_request: false,
            has_step: true,
        }],
        pace: Pace::Rate(1000.0),
        starts: true,
        ..Spec::default()
    };
    let clock = Arc::new(ManualClock::new());
    let engine = Arc::new(Engine::new(clock.clone(), EngineSettings::default()));
    let sum = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&sum);
    let on_event = Arc::new(move |said: ChainEvent| {
        let ChainEvent::Signal(signal) = said else { panic!("nothing fails here") };
        heard.fetch_add(signal.values.len() as u64, Relaxed);
    });
    let name = "numbers".into();
    let chain =
        Chain::without_thread(ChainParts { name, spec, seed: 1, engine, on_event }).unwrap();
    let run = |n: u64| {
        for _ in 0..n {
            clock.advance(Duration::from_millis(1));
            chain.turn();
        }
    };
    run(1_000);
    let before = ALLOCATIONS.get();
    run(100_000);
    assert_eq!(ALLOCATIONS.get() - before, 0, "allocations in 100,000 steps");
    assert_eq!((chain.step(), chain.n_missed()), (101_000, 0));
    assert!(sum.load(Relaxed) > 50_000);
}
