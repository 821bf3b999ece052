//! The virtual engine: the same handlers, called directly by the event calendar, in a context of our own.

use super::actor::{ActorHost, Core, Envelope, Runtime};
use super::driver::Share;
use super::embedded::storm;
use super::progress::Progress;
use crate::metrics::RunResult;
use crate::scenario::Scenario;
use actix::{Actor, ActorContext, ActorState, Handler};
use std::cell::RefCell;
use std::sync::Arc;
use stormglass_model::config::ServiceConfig;

/// Virtual time.
pub struct Virtual;

impl Runtime for Virtual {
    type ActorHost<K: Core> = VirtualHost<K>;
    const COUNTS_ENVELOPES: bool = false;
}

/// An actor in virtual time: nothing but its core.
pub struct VirtualActor<K>(K);

/// What an actor in virtual time has for a context: the place where its answer goes.
pub struct VirtualContext<K: Core> {
    answer: Option<K::Reply>,
    state: ActorState,
}

impl<K: Core> ActorContext for VirtualContext<K> {
    fn stop(&mut self) {
        self.state = ActorState::Stopping;
    }

    fn terminate(&mut self) {
        self.state = ActorState::Stopped;
    }

    fn state(&self) -> ActorState {
        self.state
    }
}

impl<K: Core> Actor for VirtualActor<K> {
    type Context = VirtualContext<K>;
}

impl<K: Core> Handler<Envelope<K>> for VirtualActor<K> {
    type Result = ();

    #[inline]
    fn handle(&mut self, envelope: Envelope<K>, context: &mut VirtualContext<K>) {
        context.answer = Some(self.0.handle(envelope.0));
    }
}

/// Calls handlers directly.
pub struct VirtualHost<K: Core> {
    context: RefCell<VirtualContext<K>>,
}

impl<K: Core> Default for VirtualHost<K> {
    fn default() -> Self {
        let context = VirtualContext {
            answer: None,
            state: ActorState::Running,
        };
        VirtualHost {
            context: RefCell::new(context),
        }
    }
}

impl<K: Core> ActorHost<K> for VirtualHost<K> {
    type Actor = VirtualActor<K>;

    #[inline]
    fn spawn(&self, core: K) -> VirtualActor<K> {
        VirtualActor(core)
    }

    #[inline]
    #[expect(clippy::expect_used, reason = "the handler above always answers")]
    fn ask(&self, actor: &mut VirtualActor<K>, message: K::Message) -> K::Reply {
        let mut context = self.context.borrow_mut();
        actor.handle(Envelope(message), &mut context);
        context.answer.take().expect("an answer to every envelope")
    }

    #[inline]
    fn fetch(&self, actor: &mut VirtualActor<K>) {
        actor.0.fetch();
    }
}

/// Calendar entries between two looks at whether the user wants to stop.
const TURN: usize = 65_536;

/// Runs replication `run` (from one) of a scenario on the embedded service.
pub fn run(
    scenario: &Scenario,
    config: &ServiceConfig,
    run: u32,
    progress: &Arc<Progress>,
) -> Option<Box<RunResult>> {
    let mut storm = storm::<Virtual>(scenario, config.clone(), run, Share::WHOLE, progress);
    while !storm.is_over() && !progress.is_interrupted() {
        storm.run_virtual(TURN);
    }
    if progress.is_interrupted() && !storm.is_over() {
        storm.interrupt();
    }
    storm.finish()
}
