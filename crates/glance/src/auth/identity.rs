//! Who a client is, and what a source says of it.

use super::login::Login;
use std::path::PathBuf;
use std::sync::Arc;

/// How one client says who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// `X-Auth-Token`.
    Token(String),
    /// A token of Keystone's, got and renewed by a login.
    Keystone(Arc<Login>),
    /// Identity headers, for a server behind no Keystone.
    Headers {
        /// `X-User-Id`
        user: String,
        /// `X-Project-Id`
        project: String,
        /// `X-Roles`
        roles: Vec<String>,
    },
    /// Sends nothing that says who asks.
    Anonymous,
}

impl Cloud {
    /// One of which nothing but the client is known.
    pub fn of(identity: Identity) -> Cloud {
        Cloud {
            identity,
            url: None,
            ca: None,
            notes: Vec::new(),
        }
    }
}

impl Identity {
    /// Whether it comes with a catalog that says where the services are.
    pub fn has_catalog(&self) -> bool {
        matches!(self, Identity::Keystone(_))
    }

    /// Whether it logs in at Keystone by itself, so that it can have a token of its own revoked.
    pub fn can_revoke(&self) -> bool {
        matches!(self, Identity::Keystone(login) if login.is_lasting())
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

/// A cloud, as one of the sources describes it.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Who acts there.
    pub identity: Identity,
    /// Where its Glance is, if the source says so; otherwise Keystone's catalog does.
    pub url: Option<String>,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// What the user should know of what the source says, a line each.
    pub notes: Vec<String>,
}

/// What is wrong with a source. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Whether an HTTP header can carry it.
pub fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
