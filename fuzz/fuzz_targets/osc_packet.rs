//! OSC packets: read, written and read again, and handed to a router that hosts every data type.

#![no_main]

use enjamb::engine::{Engine, EngineSettings, HostSettings};
use enjamb::host::{Host, Peer};
use enjamb::osc::packet;
use enjamb::osc::{Broker, FormatOption, Message, Pattern, Publication, Publisher, Router};
use enjamb::signature::Values;
use enjamb::time::ManualClock;
use enjamb_fuzz::{Taker, on_small_stack};
use std::sync::{Arc, OnceLock};

/// Writes what it is told to send, and forgets it.
struct Sink;

impl Broker for Sink {
    fn reply(&self, _: Peer, messages: &[Message]) {
        for message in messages {
            packet::write(message, true);
        }
    }
    fn publish(&self, publication: &Publication) {
        for outgoing in publication.messages() {
            packet::write(outgoing.message(), true);
        }
    }
    fn relay(&self, from: Peer, message: &Message) {
        self.reply(from, std::slice::from_ref(message));
    }
    fn changed(&self, peer: Peer, message: &Message) {
        self.reply(peer, std::slice::from_ref(message));
    }
    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        _: Option<u16>,
    ) -> Result<Option<Peer>, enjamb::Error> {
        pattern.covers("/take/all/i0");
        Ok(Some(peer))
    }
    fn unsubscribe(&self, _: Peer, _: Option<Pattern>, _: Option<u16>) {}
    fn set_format(&self, _: Peer, _: FormatOption) {}
}

fn router() -> &'static Router {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    ROUTER.get_or_init(|| {
        let engine = Arc::new(Engine::new(Arc::new(ManualClock::new()), EngineSettings::default()));
        let make = Arc::new(|| Box::new(Taker) as Box<dyn enjamb::Model>);
        engine.host("take", make, Values::new(), HostSettings::default()).unwrap();
        let host = Arc::new(Host::new(engine));
        host.add_consumer(Arc::new(Publisher::new(Arc::new(Sink), None)));
        Router::new(host, Arc::new(Sink))
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    on_small_stack(|| {
        packet::read(bytes, |_, message| {
            let Ok(message) = message else { return };
            let written = packet::write(&message, false);
            let mut again = None;
            packet::read(&written, |_, message| again = Some(message));
            // NaN is unlike itself, so the bytes are compared.
            let again = again.expect("a message was written").expect("it can be read");
            assert_eq!(packet::write(&again, false), written);
            if let Ok(parts) = packet::split(&message, written.len(), 512) {
                assert!(parts.iter().all(|part| packet::write(part, false).len() <= 512));
            }
            router().dispatch(&message, Peer::Local);
        });
    });
});
