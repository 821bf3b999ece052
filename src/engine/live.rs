//! The live engine: real time, actix mailboxes, one arbiter per core.
//!
//! Each arbiter has a shard of its own: a driver, a share of the embedded service, a recorder, a nemesis
//! and its subjects. An envelope goes through the actor's mailbox, and the shard polls that one context at
//! once: nobody else is on the arbiter meanwhile, and waking the runtime for each envelope would cost three
//! times as much as the envelope.

use super::actor::{ActorHost, Core, Envelope, Runtime};
use super::clock::WallClock;
use super::driver::Share;
use super::glance::Remote;
use super::progress::Progress;
use super::run_checker::RunChecker;
use super::storm::{Storm, target_seed};
use crate::metrics::RunResult;
use crate::scenario::Scenario;
use actix::dev::ContextFut;
use actix::{Actor, Addr, Arbiter, AsyncContext, Context, Handler, Message, System, SystemRunner};
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;
use stormglass_glance::{
    Client, ConfigError, Generator, GlanceTarget, HelloError, NoRuntime, RunId, RunServices,
    locate, room_for, runtime,
};
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::{Fault, Faults, Place};
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::target::Target;
use stormglass_model::units::{Bytes, Span};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Real time.
pub struct Live;

impl Runtime for Live {
    type ActorHost<K: Core> = LiveHost<K>;
}

/// An actor with a mailbox: its core, and where its answers go.
pub struct LiveActor<K: Core> {
    core: K,
    answer: Rc<Cell<Option<K::Reply>>>,
}

impl<K: Core> Actor for LiveActor<K> {
    type Context = Context<Self>;
}

impl<K: Core> Handler<Envelope<K>> for LiveActor<K> {
    type Result = ();

    #[inline]
    fn handle(&mut self, envelope: Envelope<K>, _: &mut Context<Self>) {
        self.answer.set(Some(self.core.handle(envelope.0)));
    }
}

/// An actor's address, and its context, which the shard polls itself.
pub struct Mailbox<K: Core> {
    // Dropped first: a context without senders stops without another poll.
    address: Addr<LiveActor<K>>,
    context: Box<ContextFut<LiveActor<K>, Context<LiveActor<K>>>>,
}

/// Delivers envelopes through mailboxes.
pub struct LiveHost<K: Core> {
    answer: Rc<Cell<Option<K::Reply>>>,
    envelopes: Cell<u64>,
}

impl<K: Core> Default for LiveHost<K> {
    fn default() -> Self {
        LiveHost {
            answer: Rc::default(),
            envelopes: Cell::default(),
        }
    }
}

impl<K: Core> ActorHost<K> for LiveHost<K> {
    type Actor = Mailbox<K>;

    #[inline]
    fn spawn(&self, core: K) -> Mailbox<K> {
        let context = Context::new();
        let address = context.address();
        let actor = LiveActor {
            core,
            answer: Rc::clone(&self.answer),
        };
        Mailbox {
            address,
            context: Box::new(context.into_future(actor)),
        }
    }

    #[inline]
    #[expect(clippy::expect_used, reason = "the handler above always answers")]
    fn ask(&self, actor: &mut Mailbox<K>, message: K::Message) -> K::Reply {
        self.envelopes.update(|envelopes| envelopes + 1);
        actor.address.do_send(Envelope(message));
        let _ =
            Pin::new(&mut *actor.context).poll(&mut std::task::Context::from_waker(Waker::noop()));
        self.answer.take().expect("an answer to every envelope")
    }

    #[inline]
    fn fetch(&self, actor: &mut Mailbox<K>) {
        // Its channel, its flags, its lists: what a poll reads.
        let context = &mut actor.context;
        std::hint::black_box((
            context.alive(),
            context.ctx().waiting(),
            context.ctx().handle(),
        ));
    }

    fn envelopes(&self) -> u64 {
        self.envelopes.get()
    }
}

/// The driver's actor on one arbiter.
struct Shard<T: Target> {
    storm: Storm<T, Live>,
    clock: WallClock,
    progress: Arc<Progress>,
    /// What brings the next turn, when others have had theirs.
    nap: Option<JoinHandle<()>>,
    results: mpsc::UnboundedSender<Option<Box<RunResult>>>,
}

// Nothing in it is ever pinned.
impl<T: Target> Unpin for Shard<T> {}

/// A turn of a shard: what is due is done.
struct Turn;

impl Message for Turn {
    type Result = ();
}

/// How much a shard does before others on its arbiter, timers and sockets get their turn.
const TURN: usize = 2_048;

/// Timers are no finer than a millisecond: what is due sooner is waited for by turning.
const FINE: Span = Span::from_millis(2);

/// How long before it is due a shard wakes.
const EARLY: Span = Span::from_millis(1);

/// The longest a shard sleeps, so that it hears soon that the user wants to stop.
const NAP: Span = Span::from_millis(50);

impl<T: Target + 'static> Actor for Shard<T> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        let address = context.address();
        self.storm
            .on_arrival(Rc::new(move || address.do_send(Turn)));
        context.notify(Turn);
    }
}

impl<T: Target + 'static> Handler<Turn> for Shard<T> {
    type Result = ();

    fn handle(&mut self, _: Turn, context: &mut Context<Self>) {
        let clock = self.clock;
        if let Some(nap) = self.nap.take() {
            nap.abort();
        }
        if self.progress.is_interrupted() {
            self.storm.interrupt();
        }
        self.storm.run_real(TURN, || clock.now());
        self.storm.show(&self.progress);
        if self.storm.is_over() {
            // The receiver is gone only when the whole run is being torn down.
            let _ = self.results.send(self.storm.finish());
            actix::ActorContext::stop(context);
            return;
        }
        let next = self
            .storm
            .next_due()
            .map_or(NAP, |due| due.since(clock.now()));
        let at_once = self.storm.has_mail() || next < FINE;
        let nap = Duration::from_nanos((next.0.saturating_sub(EARLY.0)).min(NAP.0));
        let address = context.address();
        // The task comes from outside: an actor that notifies itself is polled again before anybody reads a socket.
        self.nap = Some(tokio::task::spawn_local(async move {
            match at_once {
                true => tokio::task::yield_now().await,
                false => tokio::time::sleep(nap).await,
            }
            address.do_send(Turn);
        }));
    }
}

/// Runs replication `run` (from one) of a scenario on the embedded service in real time, on up to `threads`
/// arbiters; gives the shards' results.
pub fn run(
    scenario: &Scenario,
    config: &ServiceConfig,
    run: u32,
    threads: usize,
    progress: &Arc<Progress>,
) -> Result<Vec<RunResult>, NoRuntime> {
    let shards = match scenario.has_windows() {
        true => 1,
        false => shards(config, threads),
    };
    let config = config.clone();
    let storm = move |scenario: &Scenario, share: Share, progress: &_| {
        let config = share_of(&config, share);
        Some(Storm::embedded(scenario, run, share, config, progress))
    };
    on_arbiters(scenario, shards, progress, storm)
}

/// Runs replication `run` (from one) of a scenario against a real Glance, on up to `threads` arbiters. What it creates is
/// written into the journal first.
pub fn run_glance(
    scenario: &Scenario,
    target: &GlanceTarget,
    run: u32,
    threads: usize,
    services: &RunServices,
    progress: &Arc<Progress>,
) -> Result<Vec<RunResult>, GlanceError> {
    let id = RunId::fresh(scenario.seed.0);
    let generator = Generator::new(progress.interruption());
    let target = GlanceTarget {
        routes: target.routes.taken_by(&generator),
        ..target.clone()
    };
    let target = system()?.block_on(async {
        let target = locate(&target).await?;
        let client = Client::new(&target, id)?;
        let greeting = client.hello().await?;
        let unfit = (scenario.stories.iter().flat_map(Story::acts)).find_map(|act| {
            let unable = |why| GlanceError::Unable(act.operation, why);
            let unfit = |why| GlanceError::Unfit(act.operation, why);
            let why = client.unsupported(act).map(unable);
            why.or_else(|| greeting.unfit(act).map(unfit))
        });
        unfit.map_or(Ok(target), Err)
    })?;
    // A command is for the whole run, and so is a window; every shard has a nemesis and a recorder of its own.
    let commanded = |fault: &Fault| fault.place == Place::Server;
    let most = match scenario.faults.iter().any(commanded) || scenario.has_windows() {
        true => 1,
        false => target.connections.get(),
    };
    let shards = u32::try_from(threads).unwrap_or(u32::MAX).min(most);
    let theirs = services.clone();
    let storm = move |scenario: &Scenario, share: Share, progress: &_| {
        glance(scenario, &target, &theirs, id, run, share, progress)
    };
    let mut results = on_arbiters(scenario, shards, progress, storm)?;
    // A shard undoes what it did, unless it came to a bad end.
    system()?.block_on(services.commands.undo_all());
    if let Some(first) = results.first_mut() {
        first.local_failure = generator.first_failure();
    }
    Ok(results)
}

/// Files that arbiters take, beside those of connections: some for all, and some for each.
const FILES: usize = 8;
const FILES_OF_ARBITER: usize = 4;

/// A runtime for this thread, which actix would rather panic than do without.
fn system() -> Result<SystemRunner, NoRuntime> {
    let runtime = runtime()?;
    Ok(System::with_tokio_rt(|| runtime))
}

/// Why a run against a real Glance cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum GlanceError {
    /// Nothing can run in real time.
    #[error(transparent)]
    Runtime(#[from] NoRuntime),
    /// The target makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no login, or no Glance in the catalog, or the server is not there, or not a Glance, or does not know us.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// The server has not what an operation needs.
    #[error("the story's `{0}` cannot be done: {1}")]
    Unable(Operation, &'static str),
    /// Answers would be judged wrongly with these identities.
    #[error("the story's `{0}` cannot be judged: {1}")]
    Unfit(Operation, &'static str),
}

/// Starts a shard on each of so many arbiters and waits for their results.
fn on_arbiters<T, F>(
    scenario: &Scenario,
    shards: u32,
    progress: &Arc<Progress>,
    storm: F,
) -> Result<Vec<RunResult>, NoRuntime>
where
    T: Target + 'static,
    F: Fn(&Scenario, Share, &Arc<Progress>) -> Option<Storm<T, Live>>,
    F: Clone + Send + 'static,
{
    let clock = WallClock::start();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    room_for(FILES + FILES_OF_ARBITER * shards as usize)?;
    system()?.block_on(async {
        let arbiters: io::Result<Vec<Arbiter>> = (0..shards).map(|_| Arbiter::try_new()).collect();
        let arbiters = arbiters?;
        for (index, arbiter) in arbiters.iter().enumerate() {
            let share = Share {
                index: index as u32,
                of: shards,
            };
            let (scenario, storm) = (scenario.clone(), storm.clone());
            let (progress, results) = (Arc::clone(progress), sender.clone());
            arbiter.spawn_fn(move || match storm(&scenario, share, &progress) {
                Some(storm) => {
                    Shard {
                        storm,
                        clock,
                        progress,
                        nap: None,
                        results,
                    }
                    .start();
                }
                None => drop(results.send(None)),
            });
        }
        // With the last shard's sender gone, a shard that panicked is not waited for.
        drop(sender);
        let mut done = Vec::new();
        for _ in 0..shards {
            done.extend(receiver.recv().await.flatten().map(|result| *result));
        }
        for arbiter in arbiters {
            arbiter.stop();
            let _ = arbiter.join();
        }
        Ok(done)
    })
}

fn glance(
    scenario: &Scenario,
    target: &GlanceTarget,
    services: &RunServices,
    id: RunId,
    run: u32,
    share: Share,
    progress: &Arc<Progress>,
) -> Option<Storm<Remote<Live>, Live>> {
    let faults = Faults::new(&scenario.faults, target_seed(scenario, run, share));
    let mut client = Client::new(target, id).ok()?;
    if let Some(journal) = &services.journal {
        client = client.with_journal(journal);
    }
    if let Some(command) = &target.last_resort {
        client = client.with_last_resort(&services.commands, command.clone());
    }
    let remote = Remote::new(client, id, faults, services.commands.clone());
    let checker = RunChecker::glance(target);
    Some(Storm::new(scenario, run, share, remote, checker, progress))
}

/// How many units of each resource the service has.
fn units(config: &mut ServiceConfig) -> [&mut NonZeroU32; 5] {
    [
        &mut config.workers,
        &mut config.scrub_workers,
        &mut config.task_workers,
        &mut config.registry.connections,
        &mut config.store.slots,
    ]
}

/// As many shards as threads, but no more than the scarcest resource has units: a shard needs one of each.
fn shards(config: &ServiceConfig, threads: usize) -> u32 {
    // What all share equally cannot be divided: who is alone in one half would not have the whole.
    if config.cpu.is_some() || config.store.shared_bandwidth.is_some() || config.backlog.is_some() {
        return 1;
    }
    let mut config = config.clone();
    let fewest = units(&mut config).into_iter().min();
    let threads = u32::try_from(threads).unwrap_or(u32::MAX);
    threads.clamp(1, fewest.map_or(1, |fewest| fewest.get()))
}

/// One shard's share of the service: its part of every resource.
fn share_of(config: &ServiceConfig, share: Share) -> ServiceConfig {
    let mut config = config.clone();
    for units in units(&mut config) {
        *units = NonZeroU32::new(share.part(*units)).unwrap_or(NonZeroU32::MIN);
    }
    let store = &mut config.store;
    for capacity in [&mut store.capacity, &mut store.watched] {
        *capacity = capacity.map(|Bytes(all)| Bytes(all / u64::from(share.of)));
    }
    config
}
