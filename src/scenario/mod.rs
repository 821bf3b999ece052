//! A scenario: a storm that is known to make sense before it starts.
//!
//! The reader turns TOML into a [`Scenario`] or into every mistake of the file at once; nothing below
//! checks again. Nothing here runs anything.

mod able;
mod arrivals;
mod caution;
mod commands;
mod demand;
mod document;
pub(crate) mod draft;
mod fault;
mod forecast;
mod identity;
mod keys;
mod listed;
mod load;
mod measured;
mod mistake;
mod probe;
mod reach;
mod read;
mod reader;
mod secret;
mod serve;
mod served;
mod service;
mod story;
mod target;
mod threshold;
mod value;

pub use mistake::Mistakes;
pub(crate) use read::is_name;
pub use read::{parse, parse_in, read, read_for_cleanup};
pub use secret::repeatable;
pub use served::{Served, read_for_serve};
pub(crate) use value::parse_share;

use crate::metrics::Threshold;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use stormglass_glance::GlanceTarget;
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::Fault;
use stormglass_model::lifecycle::{Operation, Profile};
use stormglass_model::load::{Arrivals, Retries, Story};
use stormglass_model::named;
use stormglass_model::random::{Distribution, Seed};
use stormglass_model::units::{Bytes, Span, Time};

named! {
    /// What time the run follows.
    Clock {
        /// Simulated: as fast as the processor goes, and the same every time.
        Virtual = "virtual",
        /// The wall's.
        Real = "real",
    }
}

/// What operations run against.
#[derive(Clone, Debug)]
pub enum Target {
    /// The embedded service.
    Embedded(Box<ServiceConfig>),
    /// A real Glance over HTTP.
    Glance(Box<GlanceTarget>),
}

impl Target {
    /// The name used in scenarios and results.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Target::Embedded(_) => "embedded",
            Target::Glance(_) => "glance",
        }
    }

    /// The edges that it allows.
    const fn profile(&self) -> Profile {
        match self {
            Target::Embedded(config) => config.rules.profile(),
            Target::Glance(_) => Profile::Glance,
        }
    }
}

/// How stories are started.
#[derive(Clone, Debug)]
pub enum Model {
    /// Open: they arrive whether or not those before have ended, and which story it is goes by weight.
    Open(Arrivals),
    /// Open, and every story has arrivals of its own, in their order.
    OpenByStory(Vec<Arrivals>),
    /// Closed: virtual users start the next story when theirs has ended.
    Closed {
        /// How many users.
        users: NonZeroU32,
        /// How long each thinks after a story.
        think: Distribution<Span>,
    },
}

impl Model {
    /// What arrives: one for all stories, or one for each; nothing where users start them.
    pub(crate) fn arrivals(&self) -> &[Arrivals] {
        match self {
            Model::Open(arrivals) => std::slice::from_ref(arrivals),
            Model::OpenByStory(each) => each,
            Model::Closed { .. } => &[],
        }
    }
}

/// The load. At least one of `duration` and `subjects` is given.
#[derive(Clone, Debug)]
pub struct Load {
    /// Open or closed.
    pub model: Model,
    /// How long it lasts at most.
    pub duration: Option<Span>,
    /// How many stories it starts at most.
    pub subjects: Option<u64>,
    /// The beginning that is judged apart; inside the duration.
    pub warm_up: Span,
    /// Stories at once at most; arrivals beyond it are dropped and counted.
    pub max_in_flight: Option<u64>,
    /// How clients try again what failed; none: they go on with the next step.
    pub retries: Option<Retries>,
}

/// A phase that the scenario names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPhase {
    /// What it is called.
    pub name: String,
    /// When it begins; it lasts until the next.
    pub from: Time,
}

/// What a plan is paid for with.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// What they are in: one word, such as `EUR`.
    pub currency: String,
    /// Of a TiB that is stored for a month.
    pub tib_month: f64,
    /// Of one of the store's slots for a month.
    pub slot_month: f64,
    /// Of a worker of any kind for an hour.
    pub worker_hour: f64,
    /// Of a process of the service for an hour.
    pub process_hour: f64,
    /// Of a connection to the database for an hour.
    pub connection_hour: f64,
}

/// A valid storm.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called; part of the results folder's name.
    pub name: String,
    /// The seed of the first replication.
    pub seed: Seed,
    /// What time it follows.
    pub clock: Clock,
    /// How many runs, with seeds one apart.
    pub replications: NonZeroU32,
    /// What it runs against.
    pub target: Target,
    /// What is offered.
    pub load: Load,
    /// What clients do. At least one has a weight above zero.
    pub stories: Vec<Story>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The phases of the load in order, the first from zero; settle follows them.
    pub phases: Vec<NamedPhase>,
    /// How long everything may take to come to rest after the load; none: two minutes, and longer while anything is still open.
    pub settle: Option<Span>,
    /// What is demanded of the results.
    pub thresholds: Vec<Threshold>,
    /// The length of a timeline interval, if the scenario says so.
    pub interval: Option<Span>,
    /// What the embedded service's store holds beside the subjects of the storm, from the beginning to the end.
    pub stock: Bytes,
    /// What the plan is paid for with, if the scenario says so.
    pub prices: Option<Prices>,
    /// Whether everything that clients see is kept for a saved history. No key of the file: the command line asks for it.
    pub keeps_history: bool,
    /// Whether a run ends as soon as one of its thresholds cannot hold any more. No key of the file: a search asks for it.
    pub ends_when_lost: bool,
    /// Every key that is written, in the file or by `--set`, with its value; `…` stands for what may be a credential.
    pub keys: BTreeMap<String, String>,
    /// SHA-256 of the file, with what it refers to and what `--set` changed, in hex.
    pub sha256: String,
}

impl Scenario {
    /// Every operation of a story.
    pub(crate) fn operations(&self) -> BTreeSet<Operation> {
        let acts = self.stories.iter().flat_map(Story::acts);
        acts.map(|act| act.operation).collect()
    }

    /// Whether a threshold must hold in every window. What is in one is known to one shard alone.
    pub(crate) fn has_windows(&self) -> bool {
        self.thresholds.iter().any(|it| it.windows.is_some())
    }

    /// Whether a window that fails ends the load.
    pub(crate) fn aborts(&self) -> bool {
        let mut windows = self.thresholds.iter().filter_map(|it| it.windows);
        windows.any(|windows| windows.abort_on_fail)
    }
}
