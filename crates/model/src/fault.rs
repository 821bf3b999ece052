//! Faults: ordered rules that say what goes wrong, where and when.

use crate::named;
use crate::random::{Rng, Seed, unit};
use crate::script::ClientFault;
use crate::units::{Span, Time};

named! {
    /// Where a fault strikes.
    Place {
        /// A request, before it is handled.
        Api = "api",
        /// A commit of the registry.
        RegistryCommit = "registry.commit",
        /// A write into the store.
        StorePut = "store.put",
        /// A read from the store.
        StoreGet = "store.get",
        /// A removal from the store.
        StoreDelete = "store.delete",
        /// The scrubber.
        Scrubber = "scrubber",
        /// The task executor.
        Executor = "executor",
        /// The client itself.
        Client = "client",
        /// A real server as a whole, from outside.
        Server = "server",
        /// A reply of `stormglass serve`, on its way to the client.
        Reply = "reply",
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// It ends in an error, with this probability.
    Error {
        /// 0 to 1.
        probability: f64,
    },
    /// It takes longer.
    Latency {
        /// By how much.
        add: Span,
    },
    /// It hangs until the fault heals.
    Stall,
    /// The store takes no more bytes.
    Full,
    /// It does nothing until the fault heals; what it began goes on.
    Down,
    /// The client does something wrong in the middle of a request.
    Client {
        /// What it does.
        fault: ClientFault,
        /// After this share of the data, 0 to 1; without meaning to one that concerns the reply.
        after: f64,
        /// Of each request that it can strike, 0 to 1.
        probability: f64,
    },
    /// A command of the scenario, by its name; its undo heals it.
    Command(String),
    /// A client of `stormglass serve` gets another reply than it should.
    Reply {
        /// Which one.
        fault: ReplyFault,
        /// Of each request that it can strike, 0 to 1.
        probability: f64,
    },
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReplyFault {
    /// It is 503 with `Retry-After`, and nothing was done.
    Busy {
        /// What `Retry-After` says, in whole seconds.
        retry_after: Span,
    },
    /// It never comes: what was asked is done, and the connection ends.
    Lost,
    /// Its data ends too early.
    Cut {
        /// After this share of the data, 0 to 1.
        after: f64,
    },
    /// One bit of its data is another.
    Corrupt,
    /// It says that the data is at another host.
    Redirect,
}

impl ReplyFault {
    /// The name used in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            ReplyFault::Busy { .. } => "busy",
            ReplyFault::Lost => "lost",
            ReplyFault::Cut { .. } => "cut",
            ReplyFault::Corrupt => "corrupt",
            ReplyFault::Redirect => "redirect",
        }
    }

    /// Whether it can strike a reply that has data, or one that has none.
    const fn strikes(self, has_data: bool) -> bool {
        match self {
            ReplyFault::Busy { .. } => true,
            ReplyFault::Lost => !has_data,
            ReplyFault::Cut { .. } | ReplyFault::Corrupt | ReplyFault::Redirect => has_data,
        }
    }
}

impl FaultKind {
    /// The name used in scenarios.
    pub const fn name(&self) -> &'static str {
        match self {
            FaultKind::Error { .. } => "error",
            FaultKind::Latency { .. } => "latency",
            FaultKind::Stall => "stall",
            FaultKind::Full => "full",
            FaultKind::Down => "down",
            FaultKind::Client { fault, .. } => fault.name(),
            FaultKind::Command(_) => "command",
            FaultKind::Reply { fault, .. } => fault.name(),
        }
    }
}

/// What a scenario with faults is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// A run on the embedded service.
    Embedded,
    /// A run on a real Glance.
    Glance,
    /// `stormglass serve`.
    Serve,
}

/// The kinds of fault that a place can have, for each target.
#[derive(Clone, Copy, Debug)]
pub struct Kinds {
    /// The place.
    pub place: Place,
    /// In a run on the embedded service.
    pub embedded: &'static [&'static str],
    /// In a run on a real Glance.
    pub glance: &'static [&'static str],
    /// For clients of `stormglass serve`. Clients' own faults belong to the load, which it passes over.
    pub serve: &'static [&'static str],
}

impl Kinds {
    /// A place inside the embedded service, which a served one has as well.
    const fn inside(place: Place, kinds: &'static [&'static str]) -> Kinds {
        Kinds {
            place,
            embedded: kinds,
            glance: &[],
            serve: kinds,
        }
    }
}

/// The published table of faults.
pub const TABLE: [Kinds; Place::COUNT] = [
    Kinds::inside(Place::Api, &["error", "latency", "stall"]),
    Kinds::inside(Place::RegistryCommit, &["error", "latency", "stall"]),
    Kinds::inside(Place::StorePut, &["error", "latency", "stall", "full"]),
    Kinds::inside(Place::StoreGet, &["error", "latency", "stall"]),
    Kinds::inside(Place::StoreDelete, &["error", "latency", "stall"]),
    Kinds::inside(Place::Scrubber, &["down"]),
    Kinds::inside(Place::Executor, &["down"]),
    Kinds {
        place: Place::Client,
        embedded: &["close"],
        glance: &[
            "close",
            "reset",
            "half-close",
            "stall",
            "slow",
            "close-reply",
            "revoke",
        ],
        serve: &["close"],
    },
    Kinds {
        place: Place::Server,
        embedded: &[],
        glance: &["command"],
        serve: &[],
    },
    Kinds {
        place: Place::Reply,
        embedded: &[],
        glance: &[],
        serve: &["busy", "lost", "cut", "corrupt", "redirect"],
    },
];

/// The kinds of fault that a place can have on a target.
pub fn kinds_at(place: Place, target: FaultTarget) -> &'static [&'static str] {
    let kinds = TABLE.iter().find(|it| it.place == place);
    kinds.map_or(&[], |it| match target {
        FaultTarget::Embedded => it.embedded,
        FaultTarget::Glance => it.glance,
        FaultTarget::Serve => it.serve,
    })
}

/// Position of a fault in its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u16);

/// One rule of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is called in reports; its random numbers are split by this name.
    pub name: String,
    /// Where it strikes.
    pub place: Place,
    /// What goes wrong.
    pub kind: FaultKind,
    /// When it opens.
    pub from: Time,
    /// When it heals; none: at the end of the load.
    pub to: Option<Time>,
}

/// What the faults that are open do to one passage of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// It goes on, so much later (zero without faults).
    Pass {
        /// The added latency.
        later: Span,
    },
    /// It fails.
    Error,
    /// It hangs until this fault heals.
    Stall(FaultId),
    /// The store is full.
    Full,
}

#[derive(Clone, Debug)]
struct Rule {
    place: Place,
    kind: FaultKind,
    open: bool,
    rng: Rng,
}

/// The rules of a run and which of them are open.
#[derive(Clone, Debug)]
pub struct Faults {
    rules: Vec<Rule>,
    /// One bit a place that any open fault is at: without faults a passage costs one test.
    open_places: u16,
}

impl Faults {
    /// Every fault healed. `seed` is split by the name of each fault.
    pub fn new(faults: &[Fault], seed: Seed) -> Faults {
        let rules = faults
            .iter()
            .map(|fault| Rule {
                place: fault.place,
                kind: fault.kind.clone(),
                open: false,
                rng: seed.named("fault").named(&fault.name).rng(),
            })
            .collect();
        Faults {
            rules,
            open_places: 0,
        }
    }

    /// Opens or heals a fault.
    pub fn set(&mut self, fault: FaultId, open: bool) {
        if let Some(rule) = self.rules.get_mut(usize::from(fault.0)) {
            rule.open = open;
        }
        self.open_places = (self.rules.iter().filter(|rule| rule.open))
            .fold(0, |places, rule| places | 1 << rule.place as u8);
    }

    /// Whether any fault is open at `place`.
    #[inline]
    pub fn any_at(&self, place: Place) -> bool {
        self.open_places & (1 << place as u8) != 0
    }

    /// What happens to a passage of `place` now: rules apply in file order, latencies add up, and the
    /// first error, stall or full ends it.
    #[inline]
    pub fn strike(&mut self, place: Place) -> Effect {
        if !self.any_at(place) {
            return Effect::Pass { later: Span::ZERO };
        }
        self.strike_open(place)
    }

    fn strike_open(&mut self, place: Place) -> Effect {
        let mut later = Span::ZERO;
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if !rule.open || rule.place != place {
                continue;
            }
            match &rule.kind {
                FaultKind::Error { probability } if unit(&mut rule.rng) < *probability => {
                    return Effect::Error;
                }
                FaultKind::Latency { add } => later += *add,
                FaultKind::Stall => return Effect::Stall(FaultId(index as u16)),
                FaultKind::Full => return Effect::Full,
                FaultKind::Error { .. }
                | FaultKind::Down
                | FaultKind::Client { .. }
                | FaultKind::Reply { .. }
                | FaultKind::Command(_) => {}
            }
        }
        Effect::Pass { later }
    }

    /// What the client of a request does wrong, and after which share of its data, if a fault makes it: the first rule in
    /// file order that wants to. `sends`: the request brings data; what concerns the reply alone strikes any other too.
    #[inline]
    pub fn client_fault(&mut self, sends: bool) -> Option<(ClientFault, f64)> {
        if !self.any_at(Place::Client) {
            return None;
        }
        let mut open = self.rules.iter_mut().filter(|rule| rule.open);
        open.find_map(|rule| match rule.kind {
            FaultKind::Client {
                fault,
                after,
                probability,
            } => {
                let struck = (sends || fault == ClientFault::CloseReply)
                    && unit(&mut rule.rng) < probability;
                struck.then_some((fault, after))
            }
            _ => None,
        })
    }

    /// What is wrong with the reply to a request, if anything is: the first rule in file order that can strike and wants to.
    /// `has_data`: what was asked for is data.
    pub fn reply_fault(&mut self, has_data: bool) -> Option<ReplyFault> {
        if !self.any_at(Place::Reply) {
            return None;
        }
        let mut open = self.rules.iter_mut().filter(|rule| rule.open);
        open.find_map(|rule| match rule.kind {
            FaultKind::Reply { fault, probability } => {
                let struck = fault.strikes(has_data) && unit(&mut rule.rng) < probability;
                struck.then_some(fault)
            }
            _ => None,
        })
    }

    /// The command that the fault stands for, if it is one.
    pub fn command(&self, fault: FaultId) -> Option<&str> {
        match &self.rules.get(usize::from(fault.0))?.kind {
            FaultKind::Command(name) => Some(name),
            _ => None,
        }
    }
}
