//! The virtual engine: the same handlers, called directly by the event calendar, in a context of our own.

use super::actor::{ActorHost, Core, Envelope, Runtime};
use super::driver::Share;
use super::progress::Progress;
use super::storm::Storm;
use crate::metrics::RunResult;
use crate::scenario::Scenario;
use actix::{Actor, ActorContext, ActorState, Handler};
use std::sync::Arc;
use stormglass_model::config::ServiceConfig;

/// Virtual time: handlers are called directly.
#[derive(Default)]
pub struct Virtual;

impl Runtime for Virtual {
    type ActorHost<K: Core> = Virtual;
}

/// An actor in virtual time: nothing but its core.
pub struct VirtualActor<K>(K);

/// What an actor in virtual time has for a context: the place where its answer goes. No core stops itself.
pub struct VirtualContext<K: Core>(Option<K::Reply>);

impl<K: Core> ActorContext for VirtualContext<K> {
    fn stop(&mut self) {}

    fn terminate(&mut self) {}

    fn state(&self) -> ActorState {
        ActorState::Running
    }
}

impl<K: Core> Actor for VirtualActor<K> {
    type Context = VirtualContext<K>;
}

impl<K: Core> Handler<Envelope<K>> for VirtualActor<K> {
    type Result = ();

    #[inline]
    fn handle(&mut self, envelope: Envelope<K>, context: &mut VirtualContext<K>) {
        context.0 = Some(self.0.handle(envelope.0));
    }
}

impl<K: Core> ActorHost<K> for Virtual {
    type Actor = VirtualActor<K>;

    #[inline]
    fn spawn(&self, core: K) -> VirtualActor<K> {
        VirtualActor(core)
    }

    #[inline]
    #[expect(clippy::expect_used, reason = "the handler above always answers")]
    fn ask(&self, actor: &mut VirtualActor<K>, message: K::Message) -> K::Reply {
        let mut context = VirtualContext(None);
        actor.handle(Envelope(message), &mut context);
        context.0.expect("an answer to every envelope")
    }

    #[inline]
    fn fetch(&self, actor: &mut VirtualActor<K>) {
        actor.0.fetch();
    }
}

/// Calendar entries between two looks at whether the user wants to stop.
const TURN: usize = 65_536;

/// Runs replication `run` (from one) of a scenario on the embedded service, which has served so many operations before.
pub fn run(
    scenario: &Scenario,
    config: &ServiceConfig,
    run: u32,
    served: u64,
    progress: &Arc<Progress>,
) -> Option<Box<RunResult>> {
    let mut storm =
        Storm::<_, Virtual>::embedded(scenario, run, Share::WHOLE, config.clone(), progress);
    storm.driver.goes_on_from(served);
    while !storm.is_over() && !progress.is_interrupted() {
        storm.run_virtual(TURN);
        storm.show(progress);
    }
    if progress.is_interrupted() && !storm.is_over() {
        storm.interrupt();
    }
    storm.finish()
}
