//! What an actor's core is, and the one message type that carries everything to it.

use super::glance::{Image, ImageMessage, ImageReply};
use crate::engine::nemesis::{Nemesis, NemesisMessage, NemesisReply};
use crate::engine::recorder::{Recorder, RecorderMessage, RecorderReply};
use actix::Message;
use stormglass_model::service::{
    Commit, Reply, Scrubber, ScrubberMessage, ScrubberReply, Subject, Task, TaskCommit, TaskReply,
};

/// The core of an actor: a plain state machine that takes a message and answers it.
pub trait Core: Unpin + 'static {
    /// What it is told.
    type Message: Send + 'static;
    /// What it answers.
    type Reply: 'static;
    /// Takes a message.
    fn handle(&mut self, message: Self::Message) -> Self::Reply;
    /// Reads something of itself, so that it is in the processor's cache.
    #[inline]
    fn fetch(&self) {}
}

/// A message on its way to the core `K`, in a live mailbox or in virtual time.
pub struct Envelope<K: Core>(pub K::Message);

impl<K: Core> Message for Envelope<K> {
    /// The answer lies where the engine picks it up, so that no channel is made for it.
    type Result = ();
}

/// Makes a core of a state machine with an `apply` method.
macro_rules! core {
    ($core:ty, $message:ty, $reply:ty) => {
        impl Core for $core {
            type Message = $message;
            type Reply = $reply;
            #[inline]
            fn handle(&mut self, message: $message) -> $reply {
                self.apply(message)
            }
        }
    };
}

impl Core for Subject {
    type Message = Commit;
    type Reply = Reply;
    #[inline]
    fn handle(&mut self, commit: Commit) -> Reply {
        self.apply(commit)
    }
    #[inline]
    fn fetch(&self) {
        std::hint::black_box(self.status());
    }
}

core!(Task, TaskCommit, TaskReply);
core!(Scrubber, ScrubberMessage, ScrubberReply);
core!(Image, ImageMessage, ImageReply);
core!(Nemesis, NemesisMessage, NemesisReply);
core!(Recorder, RecorderMessage, RecorderReply);

/// Where cores of one kind become actors and get their envelopes.
pub trait ActorHost<K: Core>: Default {
    /// An actor that owns a core.
    type Actor;
    /// Spawns an actor.
    fn spawn(&self, core: K) -> Self::Actor;
    /// Delivers an envelope and brings back the answer.
    fn ask(&self, actor: &mut Self::Actor, message: K::Message) -> K::Reply;
    /// Fetches into the processor's cache what an envelope to the actor will need.
    fn fetch(&self, actor: &mut Self::Actor);
    /// Envelopes so far, as far as they count as events: in virtual time calendar entries do.
    fn envelopes(&self) -> u64 {
        0
    }
}

/// A way to run actors: in live mailboxes, or in virtual time.
pub trait Runtime: 'static {
    /// How it runs actors of each kind.
    type ActorHost<K: Core>: ActorHost<K>;
}
