//! What a server is told before it starts.

use crate::data::Keep;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::fault::{Fault, FaultKind, Place};
use stormglass_model::random::Seed;
use stormglass_model::units::{Bytes, Span, Time};

/// Everything a server can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it calls itself in histories.
    pub name: String,
    /// The service behind it: its queues, delays and planted defects.
    pub service: ServiceConfig,
    /// What can go wrong on purpose.
    pub faults: Vec<FaultRule>,
    /// The same requests get the same identifiers and faults.
    pub seed: Seed,
    /// Where bytes are kept.
    pub keep: Keep,
    /// Who may log in.
    pub users: Vec<User>,
    /// Whether tokens of the form `user:project:role1,role2` say by themselves who asks.
    pub development_tokens: bool,
    /// Whether others than this machine reach it: then this server's own path is for admins.
    pub open: bool,
    /// Whether clients see and change the places where data lies.
    pub show_locations: bool,
    /// Bytes of the largest image; none: without limit.
    pub size_cap: Option<Bytes>,
    /// Bytes that a project may store; none: without limit.
    pub quota: Option<Bytes>,
    /// What of its clients it puts up with.
    pub limits: Limits,
    /// Whether clients are judged, and how long they are to wait between two looks at what is on its way.
    pub judge: Option<Span>,
    /// Another host, to which downloads can be redirected.
    pub other_host: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            name: "serve".to_owned(),
            service: ServiceConfig {
                rules: FailureRule::Glance,
                ..ServiceConfig::default()
            },
            faults: Vec::new(),
            seed: Seed(42),
            keep: Keep::Memory(1 << 30),
            users: User::usual(),
            development_tokens: true,
            open: false,
            show_locations: true,
            size_cap: None,
            quota: None,
            limits: Limits::default(),
            judge: None,
            other_host: None,
        }
    }
}

/// A fault, and when it strikes if nobody opens it by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// What it is called.
    pub name: String,
    /// Where it strikes.
    pub place: Place,
    /// What goes wrong.
    pub kind: FaultKind,
    /// After so long it opens by itself.
    pub from: Option<Span>,
    /// After so long it heals by itself.
    pub to: Option<Span>,
}

impl FaultRule {
    /// The same as the service knows it.
    pub(crate) fn fault(&self) -> Fault {
        Fault {
            name: self.name.clone(),
            place: self.place,
            kind: self.kind.clone(),
            from: Time::ZERO,
            to: None,
        }
    }
}

/// Somebody who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name, which is also the identifier.
    pub name: String,
    /// The password.
    pub password: String,
    /// The project, by name, which is also its identifier.
    pub project: String,
    /// The roles on it.
    pub roles: Vec<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "User({} on {}: {:?})",
            self.name, self.project, self.roles
        )
    }
}

impl User {
    /// Who may log in where nobody is named. Each has the own name for a password.
    pub fn usual() -> Vec<User> {
        let user = |name: &str, project: &str, roles: &[&str]| User {
            name: name.to_owned(),
            password: name.to_owned(),
            project: project.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        vec![
            user("admin", "admin", &["admin", "member", "reader"]),
            user("demo", "demo", &["member", "reader"]),
            user("reader", "demo", &["reader"]),
            user("alt", "alt", &["member", "reader"]),
        ]
    }
}

/// What a server puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; one more is answered 503.
    pub connections: NonZeroUsize,
    /// A request's head must come within this.
    pub head: Duration,
    /// Longer than this nothing of a body may be missing, nor of an answer be taken.
    pub pause: Duration,
    /// The longest that a request takes, its body and its answer included.
    pub whole: Duration,
    /// Bytes of a document that is sent.
    pub document: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: NonZeroUsize::new(16_384).unwrap_or(NonZeroUsize::MIN),
            head: Duration::from_secs(60),
            pause: Duration::from_secs(60),
            whole: Duration::from_secs(6 * 3_600),
            document: 1 << 20,
        }
    }
}
