//! A scenario: a storm that is known to make sense before it starts.
//!
//! The reader turns TOML into a [`Scenario`] or into every mistake of the file at once; nothing below
//! checks again. Nothing here runs anything.

pub mod auth;
mod document;
mod fault;
mod identity;
mod load;
mod mistake;
mod probe;
mod reach;
mod read;
mod reader;
mod secret;
mod story;
mod target;
mod threshold;
mod value;

pub use mistake::Mistakes;
pub use probe::{BucketTarget, StoreTarget};
pub use read::{parse, parse_in, read};

use crate::config::ServiceConfig;
use crate::fault::Fault;
use crate::load::{Ramp, Spacing, Story};
use crate::metrics::Threshold;
use crate::random::{Distribution, Seed};
use crate::units::{Bytes, Rate, Span, Time};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

/// What time the run follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Simulated: as fast as the processor goes, and the same every time.
    Virtual,
    /// The wall's.
    Real,
}

impl Clock {
    /// The name used in scenarios and results.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        }
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
    pub const fn name(&self) -> &'static str {
        match self {
            Target::Embedded(_) => "embedded",
            Target::Glance(_) => "glance",
        }
    }
}

/// Where a real Glance is, and who talks to it. Credentials never show in `Debug`.
#[derive(Clone, Debug)]
pub struct GlanceTarget {
    /// `http://host:port` or `https://…`, with the path that stands before `/v2` if there is one. None: the catalog of the
    /// member's Keystone says; a client needs it said.
    pub url: Option<String>,
    /// Who acts as a member.
    pub member: Identity,
    /// Who acts as an admin.
    pub admin: Identity,
    /// Who may only read; none: nobody does.
    pub reader: Option<Identity>,
    /// Who belongs to another project; none: nobody does.
    pub stranger: Option<Identity>,
    /// Certificates, in PEM, that are trusted beside the system's; for `https`.
    pub ca: Option<PathBuf>,
    /// After which an operation without an answer is unknown.
    pub timeout: Span,
    /// Connections open at once at most.
    pub connections: NonZeroU32,
    /// Where data of subjects created with a location lies; none: the scenario has no such step.
    pub location: Option<String>,
    /// Whether the server delays deletes: a delete then leads to `pending_delete`.
    pub delayed_delete: bool,
    /// A size that the server refuses for its size cap or quota; none: nobody tries one.
    pub too_large: Option<Bytes>,
    /// Where the server's own books can be read.
    pub probe: Option<ProbeTarget>,
    /// What can be done to the server, by name; run only if the command line allows it.
    pub commands: Vec<Command>,
    /// Removes an image that no client could delete, at the end; run only if the command line allows it.
    pub last_resort: Option<Command>,
}

impl GlanceTarget {
    /// A server and its two usual identities; all else as it is when a scenario does not say.
    pub fn new(url: String, member: Identity, admin: Identity) -> GlanceTarget {
        GlanceTarget {
            url: Some(url),
            member,
            admin,
            reader: None,
            stranger: None,
            ca: None,
            timeout: Span::from_secs(60),
            connections: NonZeroU32::MIN.saturating_add(31),
            location: None,
            delayed_delete: false,
            too_large: None,
            probe: None,
            commands: Vec::new(),
            last_resort: None,
        }
    }

    /// Whether its address says that it is on this host, so that it can read data that is served here.
    pub fn is_on_loopback(&self) -> bool {
        let url = self.url.as_deref().unwrap_or_default();
        let url = url.parse::<hyper::Uri>().unwrap_or_default();
        let host = url.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || (bare.parse::<IpAddr>()).is_ok_and(|address| address.is_loopback())
    }
}

/// Where the server's own books are: its image table and its store. They are only ever read.
#[derive(Clone)]
pub struct ProbeTarget {
    /// `postgresql://…`, `mysql://…` or `sqlite://…`; it may hold a password, and is never shown.
    pub database: Option<String>,
    /// Where the data of images is kept.
    pub store: Option<StoreTarget>,
    /// The folder of the staging area.
    pub staging: Option<PathBuf>,
}

impl std::fmt::Debug for ProbeTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProbeTarget")
            .field("database", &self.database.as_ref().map(|_| "…"))
            .field("store", &self.store)
            .field("staging", &self.staging)
            .finish()
    }
}

/// Something that is done to the server from outside. Its text is given to `sh -c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What scripts and faults call it.
    pub name: String,
    /// Does it.
    pub run: String,
    /// Takes it back; none where there is nothing to take back.
    pub undo: Option<String>,
    /// How long each of the two may take at most.
    pub timeout: Span,
}

/// How one client says who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// `X-Auth-Token`.
    Token(String),
    /// A token of Keystone's, got and renewed by a login.
    Keystone(Arc<auth::Login>),
    /// Identity headers, for a server behind no Keystone.
    Headers {
        /// `X-User-Id`
        user: String,
        /// `X-Project-Id`
        project: String,
        /// `X-Roles`
        roles: Vec<String>,
    },
    /// Nothing.
    Anonymous,
}

impl Identity {
    /// Whether it comes with a catalog that says where the services are.
    pub fn has_catalog(&self) -> bool {
        matches!(self, Identity::Keystone(_))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Identity::Token(_) => "Token(…)",
            Identity::Keystone(_) => "Keystone(…)",
            Identity::Headers { .. } => "Headers(…)",
            Identity::Anonymous => "Anonymous",
        })
    }
}

/// How stories are started.
#[derive(Clone, Debug)]
pub enum Model {
    /// Open: they arrive whether or not those before have ended.
    Open {
        /// The arrival rate at the start.
        rate: Rate,
        /// How arrivals are spaced.
        spacing: Spacing,
        /// How the rate changes, one after the other.
        ramps: Vec<Ramp>,
    },
    /// Closed: virtual users start the next story when theirs has ended.
    Closed {
        /// How many users.
        users: NonZeroU32,
        /// How long each thinks after a story.
        think: Distribution<Span>,
    },
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
}

/// A phase that the scenario names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPhase {
    /// What it is called.
    pub name: String,
    /// When it begins; it lasts until the next.
    pub from: Time,
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
    /// How long everything may take to come to rest after the load.
    pub settle: Span,
    /// What is demanded of the results.
    pub thresholds: Vec<Threshold>,
    /// The length of a timeline interval, if the scenario says so.
    pub interval: Option<Span>,
    /// Whether everything that clients see is kept for a saved history. No key of the file: the command line asks for it.
    pub keeps_history: bool,
    /// SHA-256 of the file, with what it refers to and what `--set` changed, in hex.
    pub sha256: String,
}
