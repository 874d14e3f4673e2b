//! What goes out is told to the program that embeds the runtime as well.

use crate::osc::{Message, Outlet, Pattern, Peer, Wish};
use std::sync::Arc;

/// Told of a message.
pub type Listener = Arc<dyn Fn(&Message) + Send + Sync>;

/// An outlet with a listener beside it.
pub struct Listened {
    /// Where messages go out.
    pub outlet: Arc<dyn Outlet>,
    /// Who hears them first.
    pub listener: Listener,
}

impl Listened {
    fn tell(&self, messages: &[Message]) {
        messages.iter().for_each(|message| (self.listener)(message));
    }
}

impl Outlet for Listened {
    fn reply(&self, to: Peer, messages: &[Message]) {
        if to == Peer::Local {
            self.tell(messages);
        }
        self.outlet.reply(to, messages);
    }

    fn stream(&self, asked_by: Peer, is_private: bool, messages: Vec<Message>) {
        if !is_private || asked_by == Peer::Local {
            self.tell(&messages);
        }
        self.outlet.stream(asked_by, is_private, messages);
    }

    fn publish(&self, asked_by: Peer, messages: Vec<Message>) {
        self.tell(&messages);
        self.outlet.publish(asked_by, messages);
    }

    fn offer(&self, message: Message) {
        (self.listener)(&message);
        self.outlet.offer(message);
    }

    fn relay(&self, from: Peer, message: &Message) {
        if from != Peer::Local {
            (self.listener)(message);
        }
        self.outlet.relay(from, message);
    }

    fn changed(&self, by: Peer, message: &Message) {
        self.outlet.changed(by, message);
    }

    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        port: Option<u16>,
    ) -> Result<Option<Peer>, String> {
        self.outlet.subscribe(peer, pattern, port)
    }

    fn unsubscribe(&self, peer: Peer, pattern: Option<Pattern>, port: Option<u16>) {
        self.outlet.unsubscribe(peer, pattern, port);
    }

    fn wish(&self, peer: Peer, wish: Wish) {
        self.outlet.wish(peer, wish);
    }
}
