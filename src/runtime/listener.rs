//! Tells the program that embeds the runtime of the OSC messages that go out.

use crate::osc::{Broker, FormatOption, Message, Pattern, Publication};
use enjamb_core::Error;
use enjamb_core::host::{Peer, Route};
use std::sync::Arc;

/// Told of a message.
pub type Listener = Arc<dyn Fn(&Message) + Send + Sync>;

/// A broker with a listener beside it.
pub struct Listened {
    /// Who gets messages to others.
    pub broker: Arc<dyn Broker>,
    /// Who hears them first.
    pub listener: Listener,
}

impl Broker for Listened {
    fn reply(&self, to: Peer, messages: &[Message]) {
        if to == Peer::Local {
            messages.iter().for_each(|message| (self.listener)(message));
        }
        self.broker.reply(to, messages);
    }

    fn publish(&self, publication: &Publication) {
        if publication.route != Route::Private || publication.asker == Peer::Local {
            publication.messages().iter().for_each(|message| (self.listener)(message.message()));
        }
        self.broker.publish(publication);
    }

    fn relay(&self, from: Peer, message: &Message) {
        if from != Peer::Local {
            (self.listener)(message);
        }
        self.broker.relay(from, message);
    }

    fn changed(&self, by: Peer, message: &Message) {
        self.broker.changed(by, message);
    }

    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        port: Option<u16>,
    ) -> Result<Option<Peer>, Error> {
        self.broker.subscribe(peer, pattern, port)
    }

    fn unsubscribe(&self, peer: Peer, pattern: Option<Pattern>, port: Option<u16>) {
        self.broker.unsubscribe(peer, pattern, port);
    }

    fn set_format(&self, peer: Peer, option: FormatOption) {
        self.broker.set_format(peer, option);
    }
}
