//! The client: one operation in, one answer out.

use crate::answer::{Answer, Exchange, ImageId, Request, RunId};
use crate::auth::Caller;
use crate::commands::{CommandError, Commands};
use crate::data_server::DataServer;
use crate::dialect::Stores;
use crate::generator::{Generator, LocalFailure};
use crate::http::{ConfigError, Connections, Endpoint, Times, Watch};
use crate::journal::Journal;
use crate::target::{Command, GlanceTarget};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::operations::{Body, DataFrom, OperationKind, Source};
use stormglass_model::script::Act;
use stormglass_model::units::{Bytes, Time};
use tokio::sync::OnceCell;

mod cleanup;
mod copies;
mod exchange;
mod hello;
mod operations;

pub use cleanup::{Cleanup, Removal};
pub use hello::{Greeting, HelloError};

/// A client of one Glance for one thread; clones share their connections. It must run inside a `tokio::task::LocalSet`.
#[derive(Clone)]
pub struct Client {
    shared: Rc<Shared>,
    /// The clock of the exchanges it keeps.
    clock: Option<Rc<dyn Fn() -> Time>>,
}

struct Shared {
    connections: Connections,
    /// This side of them.
    generator: Generator,
    /// By [`Who`].
    identities: [Option<Rc<Caller>>; Who::COUNT],
    run: RunId,
    location: Option<String>,
    /// Whether the server is on this host, and can read from a source of our own.
    is_here: bool,
    /// Serves data where no location is given.
    source: OnceCell<DataServer>,
    /// Where the server keeps data, once it was asked; none where it has no two stores that take data.
    stores: OnceCell<Option<Stores>>,
    too_large: Option<Bytes>,
    /// The project that images are shared with.
    other_project: Option<String>,
    /// Every image this client may have created and has not seen deleted; whether its create was acknowledged.
    created: RefCell<BTreeMap<ImageId, bool>>,
    /// How many of them have no number.
    copies: Cell<u64>,
    /// Where they are written before they are created.
    journal: std::cell::OnceCell<Journal>,
    /// What removes an image that the server does not let anybody delete.
    last_resort: std::cell::OnceCell<(Commands, Command)>,
}

/// An operation under way.
struct OperationContext<'a> {
    request: &'a Request,
    /// What to do at a point of its next exchange.
    watch: Option<Rc<Watch>>,
    times: Times,
    /// Whether a request of it was sent, or may have been.
    sent: bool,
    exchanges: Vec<Exchange>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let authority = &self.shared.connections.endpoint().authority;
        f.debug_tuple("Client").field(authority).finish()
    }
}

impl Client {
    /// A client of `target.url` for one run, whose images carry its tag. Nothing is sent yet. A URL that only a catalog knows must
    /// have been [located](crate::locate).
    pub fn new(target: &GlanceTarget, run: RunId) -> Result<Client, ConfigError> {
        let url = target.url.as_deref().ok_or(ConfigError::NoUrl)?;
        let endpoint = Endpoint::parse(url, "v2")?;
        let ca = target.ca.as_deref();
        let mut known = [const { None }; Who::COUNT];
        for (known, who) in known.iter_mut().zip(Who::ALL) {
            let caller = (target.identity(*who))
                .map(|identity| Caller::new(identity, ca, &target.routes, target.timeout));
            *known = caller.transpose()?.map(Rc::new);
        }
        let at_once = target.connections.get() as usize;
        let connections = Connections::new(endpoint, ca, &target.routes, target.timeout, at_once)?;
        Ok(Client {
            shared: Rc::new(Shared {
                connections,
                generator: target.routes.generator().clone(),
                identities: known,
                run,
                location: target.location.clone(),
                is_here: target.is_on_loopback(),
                source: OnceCell::new(),
                stores: OnceCell::new(),
                too_large: target.too_large,
                other_project: target.project_to_share_with(),
                created: RefCell::default(),
                copies: Cell::default(),
                journal: std::cell::OnceCell::new(),
                last_resort: std::cell::OnceCell::new(),
            }),
            clock: None,
        })
    }

    /// The same client, whose answers hold every exchange of their operation, at the times of `clock`.
    pub fn keep_exchanges(&self, clock: impl Fn() -> Time + 'static) -> Client {
        Client {
            shared: self.shared.clone(),
            clock: Some(Rc::new(clock)),
        }
    }

    /// Whether the user wants to stop, so that no request takes more than a second.
    pub fn is_interrupted(&self) -> bool {
        self.shared.generator.interruption().is_told()
    }

    /// A command was not done, or not taken back. Where this machine is to blame, the run knows it from now on.
    pub fn hears_of(&self, error: &CommandError) {
        if let Some(failure) = LocalFailure::of_command(error) {
            self.shared.generator.failed_by(&failure);
        }
    }

    /// Why this client cannot perform `act`, if it cannot; for the reader of scenarios.
    pub fn unsupported(&self, act: Act) -> Option<&'static str> {
        let shared = &*self.shared;
        if shared.identities[act.who.index()].is_none() {
            return Some(match act.who {
                Who::Member => "it needs a member's identity",
                Who::Admin => "it needs an admin's identity",
                Who::Reader => "it needs a reader's identity",
                Who::OtherProject => "it needs the identity of a user of another project",
            });
        }
        let creates = act.operation.creates() || act.operation == Operation::CopyLocation;
        if creates && act.who == Who::OtherProject {
            return Some("what a user of another project creates is not this run's to delete");
        }
        let row = act.operation.row();
        if row.data == DataFrom::Location && shared.location.is_none() && !shared.is_here {
            return Some("it needs a `location` that Glance may read data from");
        }
        if row.kind.needs_own_source() && !shared.is_here {
            return Some(
                "it needs a server on this host, which can read from a place that we serve",
            );
        }
        if row.kind.shares() && shared.other_project.is_none() {
            return Some("it needs the `stranger_project`");
        }
        // Until it was asked nobody knows.
        if row.kind.needs_several_stores() && matches!(shared.stores.get(), Some(None)) {
            return Some("it needs a server with several stores that take data");
        }
        let is_too_large = matches!(
            row.kind,
            OperationKind::Upload(Body::TooLarge) | OperationKind::Import(Source::TooLarge)
        );
        (is_too_large && shared.too_large.is_none())
            .then_some("it needs a size that is `too_large` for the server")
    }

    /// Performs one operation, once. Dropping the future closes its connection.
    ///
    /// What needs two requests of Glance's API ends with the first that is not answered ok: create-empty is a create and an upload of
    /// nothing, create-with-location a create and an add-location. An operation that is [unsupported](Client::unsupported) is refused.
    pub async fn perform(&self, request: &Request) -> Answer {
        self.perform_at(request, None).await
    }

    /// Performs one operation, and does what `watch` says at its point; of two requests, it is the second's.
    ///
    /// An operation that was broken off by its own client fails if the server cannot have completed it, since it never had all of
    /// the data; else its outcome is unknown.
    pub async fn perform_watched(&self, request: &Request, watch: &Rc<Watch>) -> Answer {
        // Whoever waits for the point is told of the end as well, also when this future is dropped.
        struct End<'a>(&'a Watch);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.pass();
            }
        }
        let _end = End(watch);
        self.perform_at(request, Some(watch.clone())).await
    }

    async fn perform_at(&self, request: &Request, watch: Option<Rc<Watch>>) -> Answer {
        let act = Act {
            operation: request.operation,
            who: request.who,
        };
        if let Some(reason) = self.unsupported(act) {
            return Answer::new(Outcome::Refused).with_note(reason);
        }
        let mut context = OperationContext {
            request,
            watch,
            times: Times::default(),
            sent: false,
            exchanges: Vec::new(),
        };
        let mut answer = self.act(&mut context).await;
        // Of several requests, one may have been sent before something failed on this machine.
        if answer.outcome == Outcome::Local && context.sent {
            (answer.outcome, answer.broken_off) = (Outcome::Unknown, true);
        }
        answer.waited = context.times.waited;
        answer.connect = context.times.connect;
        answer.exchanges = context.exchanges;
        answer
    }
}
