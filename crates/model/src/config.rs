//! The configuration of the embedded service, and the defects that can be planted in it.

use crate::lifecycle::{Operation, Profile};
use crate::named;
use crate::random::Distribution;
use crate::units::{Bytes, Span};
use std::num::{NonZeroU32, NonZeroU64};

named! {
    /// Whose rules the embedded service follows: one of the specification's two for a failed upload, or Glance's own.
    #[derive(Default)]
    FailureRule {
        /// A failed upload kills the subject.
        V1 = "v1",
        /// A failed upload queues the subject again.
        #[default]
        V2 = "v2",
        /// As OpenStack Glance: like `v2`, and staged and imported data has statuses of its own.
        Glance = "glance",
    }
}

impl FailureRule {
    /// The profile whose edges these rules allow.
    pub const fn profile(self) -> Profile {
        match self {
            FailureRule::V1 => Profile::V1,
            FailureRule::V2 => Profile::V2,
            FailureRule::Glance => Profile::Glance,
        }
    }
}

/// Everything the embedded service can be told.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Whose rules it follows.
    pub rules: FailureRule,
    /// Requests handled at once; the rest wait in order.
    pub workers: NonZeroU32,
    /// How many requests may wait for a worker, beyond which a connection is refused; none: without limit.
    pub backlog: Option<u64>,
    /// For how long a worker waits for the next request of its client before it serves another; none: not at all.
    pub keep_alive: Option<Span>,
    /// How many processes the workers are divided among.
    pub processes: NonZeroU32,
    /// Which process a request goes to.
    pub balance: Balance,
    /// The processors that the processes share; none: requests take no processor time.
    pub cpu: Option<CpuConfig>,
    /// Whether a delete keeps the data until the scrubber comes.
    pub delayed_delete: bool,
    /// How long a pending delete keeps its data at least.
    pub scrub_time: Span,
    /// How often the scrubber wakes. Above zero.
    pub scrub_interval: Span,
    /// Subjects scrubbed at once.
    pub scrub_workers: NonZeroU32,
    /// For how long a pass of the scrubber reads each record that is pending, before it scrubs those that are due.
    pub scrub_read: Span,
    /// Tasks run at once.
    pub task_workers: NonZeroU32,
    /// How long after its deletion a record goes; none: never.
    pub purge_after: Option<Span>,
    /// How long the service waits before it tries a commit or removal again that must not be lost.
    pub retry: Span,
    /// Faults of the service itself, planted on purpose.
    pub defects: Defects,
    /// The registry, which holds the records.
    pub registry: RegistryConfig,
    /// The store, which holds the data.
    pub store: StoreConfig,
}

/// The registry: a database with so many connections.
#[derive(Clone, Debug)]
pub struct RegistryConfig {
    /// Commits at once; the rest wait in order.
    pub connections: NonZeroU32,
    /// How long a commit holds its connection.
    pub commit: Distribution<Span>,
    /// How long a look at records holds a connection; none: it needs none, and a list takes what a commit takes.
    pub read: Option<Distribution<Span>>,
}

/// The processors of the service, which all that computes shares equally.
#[derive(Clone, Debug)]
pub struct CpuConfig {
    /// Thousandths of a processor that all processes have together.
    pub thousandths: NonZeroU64,
    /// The share of its processor time for which a thread holds the lock of its process, 0 to 1.
    pub lock: f64,
    /// By which share of its speed each further thread that computes in it slows a process; at least zero.
    pub contention: f64,
    /// For how long a thread computes before another of its process has its turn, where the lock is held all the time; none: all
    /// threads of a process go on at once, each as much slower.
    pub turn: Option<Span>,
    /// The processor time of a request, beside its data.
    pub request: Distribution<Span>,
    /// The same of an operation for which another holds.
    pub by_operation: Vec<(Operation, Distribution<Span>)>,
    /// Bytes that one processor handles in a second, above zero; none: data takes no processor time.
    pub bandwidth: Option<Bytes>,
    /// The same of bytes that are read, if it is another.
    pub get_bandwidth: Option<Bytes>,
    /// Whether a thread needs the lock of its process while it handles bytes.
    pub data_lock: bool,
    /// What the request of an operation weighs where threads of a process share its lock, if not one.
    pub weights: Vec<(Operation, Weight)>,
    /// For which share of the processor time of an operation's request, from its beginning, its thread does not let the lock go by
    /// itself; 0 to 1, none if not named.
    pub unbroken: Vec<(Operation, f64)>,
    /// What a thread weighs meanwhile.
    pub unbroken_weight: Weight,
    /// What a thread weighs while it handles bytes that are written.
    pub put_weight: Weight,
    /// What a thread weighs while it handles bytes that are read.
    pub get_weight: Weight,
    /// What each thread of a process loses to hand its lock over, where there are several: a thread has its weight's part of all weights
    /// and of this for each of them. None: nothing.
    pub handover: Option<Weight>,
    /// For how long a thread of usual weight keeps the lock at a time; zero: all have their parts at any time. Who has the lock next is
    /// chance, and the fewer times a piece of work needs it, the more that counts.
    pub burst: Span,
}

impl CpuConfig {
    /// The processor time of an operation's request.
    pub fn of(&self, operation: Operation) -> &Distribution<Span> {
        let own = self.by_operation.iter().find(|(it, _)| *it == operation);
        own.map_or(&self.request, |(_, time)| time)
    }

    /// What the request of an operation weighs.
    pub fn weight(&self, operation: Operation) -> Weight {
        let own = self.weights.iter().find(|(it, _)| *it == operation);
        own.map_or(Weight::ONE, |(_, weight)| *weight)
    }

    /// For which share of an operation's request its thread does not let the lock go by itself.
    pub fn unbroken(&self, operation: Operation) -> f64 {
        let own = self.unbroken.iter().find(|(it, _)| *it == operation);
        own.map_or(0.0, |(_, share)| *share)
    }

    /// Thousandths of a processor that the threads of one process can use at once.
    pub fn most_of_process(&self) -> u64 {
        match self.lock > 0.0 {
            true => (1000.0 / self.lock).round() as u64,
            false => u64::MAX,
        }
    }
}

named! {
    /// Which process a request goes to.
    #[derive(Default)]
    Balance {
        /// That which has the fewest.
        #[default]
        Fewest = "fewest",
        /// That whose thread accepts it first, by chance: any that has a free thread, and less likely one that has few.
        Race = "race",
    }
}

impl ServiceConfig {
    /// How many threads a process has.
    pub fn threads_of_process(&self) -> u32 {
        self.workers.get().div_ceil(self.processes.get())
    }
}

/// What one user of a shared resource weighs: who weighs twice as much has twice as large a part. To the millionth, so that sums are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(u64);

impl Weight {
    /// Nobody's.
    pub(crate) const NONE: Weight = Weight(0);
    /// The usual one.
    pub const ONE: Weight = Weight(1_000_000);
    /// What a thread weighs that does not let the lock go by itself. Python takes the lock from it after 5 ms, and one that waits for a
    /// database again and again lets it go after some hundreds of microseconds.
    pub const UNBROKEN: Weight = Weight(10_000_000);
    /// The least.
    pub const LEAST: f64 = 1e-3;
    /// The greatest.
    pub const MOST: f64 = 1e3;

    /// A weight from [`LEAST`](Self::LEAST) to [`MOST`](Self::MOST).
    pub fn new(of_one: f64) -> Option<Weight> {
        let fits = (Self::LEAST..=Self::MOST).contains(&of_one);
        fits.then(|| Weight((of_one * 1e6).round() as u64))
    }

    /// As many times the usual one.
    pub fn of_one(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// So many times as much, within bounds.
    pub(crate) fn times(self, factor: f64) -> Weight {
        let product = (self.of_one() * factor).clamp(Self::LEAST, Self::MOST);
        Weight((product * 1e6).round() as u64)
    }

    /// Both together.
    pub(crate) fn and(self, other: Weight) -> Weight {
        Weight(self.0 + other.0)
    }

    /// What is left of it.
    pub(crate) fn without(self, other: Weight) -> Weight {
        Weight(self.0 - other.0)
    }
}

/// The store: so many transfers at once, each with so much bandwidth.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Transfers at once; the rest wait in order.
    pub slots: NonZeroU32,
    /// Bytes per second of one transfer, above zero; none: without limit.
    pub bandwidth: Option<Bytes>,
    /// The same of a read, if it is another and not all transfers share a bandwidth.
    pub get_bandwidth: Option<Bytes>,
    /// Bytes per second of all transfers together, which share it equally, above zero; none: without limit.
    pub shared_bandwidth: Option<Bytes>,
    /// Writes go in pieces of so many bytes, above zero; none: each goes whole.
    pub chunk: Option<Bytes>,
    /// What each piece of a write takes beside its bytes.
    pub chunk_time: Span,
    /// Set-up of a write, before its bytes.
    pub put: Distribution<Span>,
    /// Set-up of a read, before its bytes.
    pub get: Distribution<Span>,
    /// A removal.
    pub delete: Distribution<Span>,
    /// Bytes per second that a removal goes through, above zero; none: its time does not grow with the size.
    pub delete_bandwidth: Option<Bytes>,
    /// Beyond it an upload fails; none: without limit.
    pub capacity: Option<Bytes>,
    /// A capacity that nothing is refused for: when an upload first went beyond it is told. None: that of `capacity`.
    pub watched: Option<Bytes>,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        let many = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        ServiceConfig {
            rules: FailureRule::V2,
            workers: many(64),
            backlog: None,
            keep_alive: None,
            processes: many(1),
            balance: Balance::default(),
            cpu: None,
            delayed_delete: false,
            scrub_time: Span::ZERO,
            scrub_interval: Span::from_secs(300),
            scrub_workers: many(4),
            scrub_read: Span::ZERO,
            task_workers: many(4),
            purge_after: None,
            retry: Span::from_secs(1),
            defects: Defects::default(),
            registry: RegistryConfig {
                connections: many(32),
                commit: Distribution::constant(0),
                read: None,
            },
            store: StoreConfig {
                slots: many(16),
                bandwidth: None,
                get_bandwidth: None,
                shared_bandwidth: None,
                chunk: None,
                chunk_time: Span::ZERO,
                put: Distribution::constant(0),
                get: Distribution::constant(0),
                delete: Distribution::constant(0),
                delete_bandwidth: None,
                capacity: None,
                watched: None,
            },
        }
    }
}

named! {
    /// What the embedded service has so many units of: a queue, or what all who use it share.
    Resource {
        /// Request workers.
        Workers = "workers",
        /// Connections of the registry.
        Connections = "registry.connections",
        /// Transfers of the store.
        Slots = "store.slots",
        /// Workers of the scrubber.
        ScrubWorkers = "scrub_workers",
        /// Workers of the task executor.
        TaskWorkers = "task_workers",
        /// Processors, in thousandths; shared.
        Cores = "cpu.cores",
        /// Bytes a second of all transfers of the store; shared.
        Bandwidth = "store.shared_bandwidth",
    }
}

impl Resource {
    /// Whether all who use it go on at once, each the slower the more they are.
    pub const fn is_shared(self) -> bool {
        match self {
            Resource::Cores | Resource::Bandwidth => true,
            Resource::Workers
            | Resource::Connections
            | Resource::Slots
            | Resource::ScrubWorkers
            | Resource::TaskWorkers => false,
        }
    }
}

named! {
    /// Whose work the embedded service does.
    Work {
        /// A client's request, which holds a request worker.
        Request = "requests",
        /// An accepted import, which holds a task worker.
        Task = "imports",
        /// The scrubber's, which holds one of its workers.
        Scrub = "scrubs",
    }
}

impl Work {
    /// The workers of whom it holds one from its beginning to its end.
    pub const fn workers(self) -> Resource {
        match self {
            Work::Request => Resource::Workers,
            Work::Task => Resource::TaskWorkers,
            Work::Scrub => Resource::ScrubWorkers,
        }
    }
}

named! {
    /// Something that image services have really got wrong; planted to see whether the checker finds it.
    Defect {
        /// A deleted subject turns killed or queued again when its late upload fails.
        LateUploadRevivesDeleted = "late-upload-revives-deleted",
        /// A deactivated subject is deactivated once more, and loses its status to an illegal edge.
        DeactivateQueued = "deactivate-queued",
        /// A finished task is run again.
        TaskRunTwice = "task-run-twice",
        /// A subject with a location passes through saving.
        LocationPassesSaving = "location-passes-saving",
        /// A second upload is accepted into an active subject.
        SecondUploadAccepted = "second-upload-accepted",
        /// An upload that is refused overwrites the data all the same.
        RefusedUploadOverwrites = "refused-upload-overwrites",
        /// An upload is acknowledged with data that differs from what was sent.
        UploadCorrupted = "upload-corrupted",
        /// A create is acknowledged and lost.
        LostCreate = "lost-create",
        /// A delete is acknowledged and not done.
        LostDelete = "lost-delete",
        /// Removing the last location puts an active subject back to queued.
        LastLocationRequeues = "last-location-requeues",
        /// A member may download a deactivated subject.
        DeactivatedDownloadAllowed = "deactivated-download-allowed",
        /// The scrubber comes too early.
        ScrubTooEarly = "scrub-too-early",
        /// A delete during an upload leaves the upload's bytes behind.
        DeleteLeavesBytes = "delete-leaves-bytes",
        /// The data of an active subject disappears from the store.
        DataLost = "data-lost",
        /// A failed upload leaves its subject saving.
        FailedUploadStaysSaving = "failed-upload-stays-saving",
        /// A failed task has a result.
        FailedTaskHasResult = "failed-task-has-result",
        /// A task that fails stays in processing.
        TaskStuck = "task-stuck",
    }
}

/// A set of planted defects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Defects(u32);

impl Defects {
    /// Whether the defect is planted.
    #[inline]
    pub const fn has(self, defect: Defect) -> bool {
        self.0 & (1 << defect as u32) != 0
    }

    /// Those planted, in order.
    pub fn iter(self) -> impl Iterator<Item = Defect> {
        Defect::ALL
            .iter()
            .copied()
            .filter(move |&defect| self.has(defect))
    }
}

impl FromIterator<Defect> for Defects {
    fn from_iter<I: IntoIterator<Item = Defect>>(defects: I) -> Self {
        Defects(
            defects
                .into_iter()
                .fold(0, |set, defect| set | 1 << defect as u32),
        )
    }
}
