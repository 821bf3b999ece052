//! The embedded service: request workers, registry, store, scrubber and task executor, as queues that
//! really queue.
//!
//! Pure: inputs and the time go in, commands come out ([`Out`]); the records themselves are actors, reached
//! through [`Actors`]. Nothing here knows a clock, a driver or the checker.

mod effect;
mod flow;
mod keep_alive;
mod kept;
mod operation;
mod queue;
mod records;
mod scrubber;
mod shared;
mod sharing;
mod speed;
mod store;
mod subject;
mod task;

pub use operation::{Intake, Wake};
pub use records::Records;
pub use scrubber::{Pending, Scrubber, ScrubberMessage, ScrubberReply};
pub use subject::{Change, Commit, Laws, Move, Reply, Subject};
pub use task::{Task, TaskCommit, TaskReply};

use crate::config::{Defect, Resource, ServiceConfig, Work};
use crate::fault::{FaultId, Faults, Place};
use crate::history::{Audit, Ending, Gauges, Level, ResourceGauge, SubjectId};
use crate::invocation::{Completion, Failure, Invocation, Out};
use crate::lifecycle::{Operation, Outcome, SubjectStatus};
use crate::random::{Rng, Seed};
use crate::script::ClientFault;
use crate::table::{Slots, Table};
use crate::target::Target;
use crate::units::{Span, Time};
use kept::Kept;
use operation::{Handle, Op};
use queue::Queue;
use shared::Shared;
use std::collections::VecDeque;
use store::Store;

/// The actors the service talks to. Every call is one message and its answer.
pub trait Actors {
    /// Spawns the actor that owns the subject in `slot`.
    fn spawn_subject(&mut self, slot: u32, subject: Subject);
    /// Sends a commit to the subject in `slot`.
    fn commit(&mut self, slot: u32, commit: Commit) -> Reply;
    /// Stops the actor in `slot`, whose subject is deleted.
    fn stop_subject(&mut self, slot: u32);
    /// Spawns the actor that owns the task in `slot`.
    fn spawn_task(&mut self, slot: u32, task: Task);
    /// Sends a commit to the task in `slot`.
    fn commit_task(&mut self, slot: u32, commit: TaskCommit) -> TaskReply;
    /// Stops the actor in `slot`, whose task has ended.
    fn stop_task(&mut self, slot: u32);
    /// Sends a message to the scrubber.
    fn scrubber(&mut self, message: ScrubberMessage) -> ScrubberReply;
    /// Fetches into the processor's cache what a message to the subject in `slot` will need.
    fn fetch(&mut self, slot: u32);
    /// How many messages went through a mailbox so far; none in virtual time.
    fn messages(&self) -> u64;
}

/// The embedded service.
#[derive(Debug)]
pub struct Service<A> {
    config: ServiceConfig,
    laws: Laws,
    actors: A,
    faults: Faults,
    rng: Rng,
    ops: Table<Op>,
    handles: Slots,
    /// Operations that can go on now.
    ready: VecDeque<Handle>,
    /// Operations that hang at a place until a fault heals.
    stalled: Vec<(FaultId, Handle)>,
    workers: Queue<Handle>,
    connections: Queue<Handle>,
    slots: Queue<Handle>,
    task_workers: Queue<Handle>,
    /// The store's bandwidth, where transfers share it.
    bandwidth: Option<Shared<Handle>>,
    /// The processors, where requests take their time.
    cores: Option<Shared<Handle>>,
    /// How many requests each process handles.
    in_process: Vec<u32>,
    /// The workers that stay with their clients, by the slots of their subjects.
    kept: Table<Kept>,
    store: Store,
    task_slots: Slots,
    /// Subjects by status, as the registry counts them.
    by_status: [Level; SubjectStatus::COUNT],
    /// Whether the scrubber is in a pass: it sleeps when the last that is due is done.
    scrub_pass: bool,
    /// Subjects that went into pending delete since the scrubber was last told.
    pending: Vec<Pending>,
    /// When deleted records are to be purged, in order.
    purges: VecDeque<Time>,
    purged: u64,
}

impl<A: Actors> Service<A> {
    /// A service at rest. `seed` is split for its own draws and for each fault.
    pub fn new(config: ServiceConfig, faults: Faults, seed: Seed, actors: A) -> Service<A> {
        let laws = Laws {
            rules: config.rules,
            delayed_delete: config.delayed_delete,
            defects: config.defects,
        };
        Service {
            laws,
            actors,
            faults,
            rng: seed.named("service").rng(),
            ops: Table::default(),
            handles: Slots::default(),
            ready: VecDeque::new(),
            stalled: Vec::new(),
            workers: Queue::new(config.workers),
            connections: Queue::new(config.registry.connections),
            slots: Queue::new(config.store.slots),
            task_workers: Queue::new(config.task_workers),
            bandwidth: speed::bandwidth_of(&config),
            cores: speed::cores_of(&config),
            in_process: vec![0; config.processes.get() as usize],
            kept: Table::default(),
            store: Store::new(&config.store),
            task_slots: Slots::default(),
            by_status: Default::default(),
            scrub_pass: false,
            pending: Vec::new(),
            purges: VecDeque::new(),
            purged: 0,
            config,
        }
    }

    /// The scrubber that belongs to a service of this configuration.
    pub fn scrubber_of(config: &ServiceConfig) -> Scrubber {
        let early = config.defects.has(Defect::ScrubTooEarly);
        let scrub_time = if early {
            Span(config.scrub_time.0 / 2)
        } else {
            config.scrub_time
        };
        Scrubber::new(config.scrub_workers, scrub_time)
    }

    fn has(&self, defect: Defect) -> bool {
        self.laws.defects.has(defect)
    }
}

impl<A: Actors> Target for Service<A> {
    type Wake = Wake;

    fn start(&mut self, now: Time, out: &mut Out<Wake>) {
        if self.config.delayed_delete {
            out.later
                .push((now + self.config.scrub_interval, Wake::Scrubber));
        }
    }

    #[inline]
    fn invoke(&mut self, now: Time, invocation: Invocation, out: &mut Out<Wake>) {
        let creates = matches!(
            invocation.operation,
            Operation::Create | Operation::CreateWithLocation | Operation::CreateEmpty
        );
        if creates {
            self.actors
                .spawn_subject(invocation.subject.slot, Subject::default());
            self.store.open(invocation.subject.slot);
        }
        let handle = self.open(Work::Request, invocation);
        if !self.kept_worker(now, handle) {
            if (self.config.backlog).is_some_and(|most| self.workers.is_full(most)) {
                self.handles.give_back(handle);
                return out.completed.push_back(no_room(invocation));
            }
            let granted = self.workers.acquire(now, Work::Request, handle);
            self.take_worker(now, granted);
        }
        self.run(now, out);
    }

    #[inline]
    fn wake(&mut self, now: Time, wake: Wake, out: &mut Out<Wake>) {
        match wake {
            Wake::Op(handle) => {
                self.held(now, handle, out);
                self.run(now, out);
            }
            Wake::Bandwidth => {
                self.moved(now, out);
                self.run(now, out);
            }
            Wake::Cores => {
                self.computed(now, out);
                self.run(now, out);
            }
            Wake::Scrubber => {
                self.scrubber_wakes(now, out);
                self.run(now, out);
            }
            Wake::KeepAlive { slot, number } => {
                self.connection_ends(now, slot, number);
                self.run(now, out);
            }
            Wake::ScrubberHasRead => {
                self.scrubber_has_read(now, out);
                self.run(now, out);
            }
        }
    }

    fn fault(&mut self, now: Time, fault: FaultId, open: bool, out: &mut Out<Wake>) {
        self.faults.set(fault, open);
        let down = self.faults.any_at(Place::Scrubber);
        let reply = (self.actors).scrubber(ScrubberMessage::Down { at: now, down });
        self.scrub(now, reply, out);
        self.task_workers.pause(self.faults.any_at(Place::Executor));
        while let Some(handle) = self.task_workers.grant(now) {
            self.take_worker(now, Some(handle));
        }
        if !open {
            let (resumed, stalled) = std::mem::take(&mut self.stalled)
                .into_iter()
                .partition::<Vec<_>, _>(|(at, _)| *at == fault);
            self.stalled = stalled;
            for (_, handle) in resumed {
                self.hold(now, handle, Span::ZERO, out);
            }
        }
        self.run(now, out);
    }

    #[inline]
    fn client_fault(&mut self, operation: Operation) -> Option<(ClientFault, f64)> {
        let uploads = operation == Operation::Upload;
        uploads.then(|| self.faults.client_fault(true)).flatten()
    }

    fn forget(&mut self, _: Time, slot: u32) {
        self.actors.stop_subject(slot);
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        self.actors.fetch(slot);
        self.store.fetch(slot);
    }

    fn is_at_rest(&mut self, now: Time) -> bool {
        self.tell_pending();
        self.handles.held() == 0
            && self.workers.is_idle()
            && self.actors.scrubber(ScrubberMessage::Gauge(now)).idle
    }

    fn gauges(&mut self, now: Time, gauges: &mut Gauges) {
        while self.purges.front().is_some_and(|due| *due <= now) {
            self.purges.pop_front();
            self.purged += 1;
        }
        gauges.subjects = (self.by_status).each_mut().map(|level| level.look(now));
        gauges.purged = self.purged;
        gauges.events += self.actors.messages();
        self.store.gauges(now, gauges);
        let mut set = |resource: Resource, gauge: ResourceGauge| {
            gauges.resources[resource.index()] = gauge;
        };
        set(Resource::Workers, self.workers.gauge(now));
        set(Resource::Connections, self.connections.gauge(now));
        set(Resource::Slots, self.slots.gauge(now));
        set(Resource::TaskWorkers, self.task_workers.gauge(now));
        set(
            Resource::ScrubWorkers,
            self.actors.scrubber(ScrubberMessage::Gauge(now)).gauge,
        );
        if let Some(bandwidth) = &mut self.bandwidth {
            set(Resource::Bandwidth, bandwidth.gauge(now));
        }
        if let Some(cores) = &mut self.cores {
            set(Resource::Cores, cores.gauge(now));
        }
    }

    fn audit(&mut self, subject: SubjectId) -> Option<Audit> {
        let inspect = Commit {
            at: Time::ZERO,
            op: None,
            change: Change::Inspect,
            laws: self.laws,
        };
        let record = match self.actors.commit(subject.slot, inspect) {
            Reply::Record(record) => Some(record),
            Reply::Done { .. } | Reply::Refused => None,
        };
        Some(Audit {
            subject,
            status: record.and_then(|record| record.status()),
            content: record.and_then(|record| record.content()),
            bytes: self.store.held(subject.slot),
        })
    }
}

/// What becomes of a request whose connection is refused: nothing was done.
fn no_room(invocation: Invocation) -> Completion {
    let ending = Ending {
        outcome: Outcome::Fail,
        content: None,
        seen: None,
        http_status: Some(Ending::NO_ROOM),
    };
    Completion {
        invocation,
        ending,
        failure: Some(Failure::NoRoom),
    }
}
