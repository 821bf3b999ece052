//! The first word to a server: is it there, is it a Glance, does it know us?

use super::Client;
use crate::answer::line;
use crate::auth::LoginError;
use crate::dialect::Page;
use crate::generator::LocalFailure;
use crate::http::{ConfigError, Trouble};
use stormglass_model::lifecycle::Who;
use stormglass_model::script::Act;

/// Why a run against this server cannot begin, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It did not answer: its URL without a path, and what went wrong.
    #[error("no Glance at {0}: {1}")]
    Unreachable(String, String),
    /// It could not be asked: its URL without a path, and what failed on this machine.
    #[error("cannot ask the Glance at {0}: {1}")]
    Local(String, LocalFailure),
    /// The user wanted to stop before it answered.
    #[error("interrupted before the Glance at {0} answered")]
    Interrupted(String),
    /// The target makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no token to ask with, or no Glance in the catalog.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// It answered, but does not accept who asks.
    #[error("the Glance at {server} does not accept the {who}: HTTP {status}")]
    Identity {
        /// Its URL, without a path.
        server: String,
        /// The member or the admin.
        who: &'static str,
        /// 401 or 403.
        status: u16,
    },
    /// Something answered, but not as a Glance does: its URL without a path, and what came instead.
    #[error("{0} does not answer like a Glance: {1}")]
    Foreign(String, String),
}

/// What a server said of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Whether the member is in fact an admin.
    pub member_is_admin: bool,
    /// Whether the admin is one.
    pub admin_is_admin: bool,
}

impl Greeting {
    /// Why the answers to `act` would be judged wrongly with these identities, if they would.
    pub fn unfit(self, act: Act) -> Option<&'static str> {
        match act.who {
            _ if !act.operation.reads() => None,
            Who::Admin => {
                (!self.admin_is_admin).then_some("the admin's identity is not an admin's")
            }
            Who::Member | Who::Reader | Who::OtherProject => (self.member_is_admin)
                .then_some("the member's identity is an admin's, who may read what no member may"),
        }
    }
}

impl Client {
    /// Lists one image as the member, and as the admin if there is one; then asks which of them is an admin, and which stores there
    /// are.
    pub async fn hello(&self) -> Result<Greeting, HelloError> {
        self.greet(Who::Member, "member's token or identity")
            .await?;
        let member_is_admin = self.is_admin(Who::Member).await?;
        // Whoever needs one asks again if there was no answer.
        let _ = self.stores().await;
        let has_admin = self.shared.identities[Who::Admin.index()].is_some();
        if has_admin {
            self.greet(Who::Admin, "admin's token or identity").await?;
        }
        Ok(Greeting {
            member_is_admin,
            admin_is_admin: has_admin && self.is_admin(Who::Admin).await?,
        })
    }

    /// Whether it may list tasks, which Glance's policies leave to admins.
    async fn is_admin(&self, who: Who) -> Result<bool, HelloError> {
        match self.get(who, "/tasks?limit=1").await {
            Ok(reply) => Ok(reply.status == 200),
            Err(trouble @ (Trouble::Local(_) | Trouble::BrokenOff(_))) => {
                Err(self.unanswered(&trouble))
            }
            Err(_) => Ok(false),
        }
    }

    /// Why there was no answer to a first word.
    fn unanswered(&self, trouble: &Trouble) -> HelloError {
        let server = self.shared.connections.endpoint().to_string();
        match trouble {
            Trouble::Local(failure) | Trouble::BrokenOff(Some(failure)) => {
                HelloError::Local(server, failure.clone())
            }
            Trouble::BrokenOff(None) => HelloError::Interrupted(server),
            Trouble::NotSent(detail) => HelloError::Unreachable(server, line(detail)),
            Trouble::NoReply(_) | Trouble::Malformed(_) | Trouble::Stopped => {
                HelloError::Foreign(server, line(trouble.text()))
            }
        }
    }

    async fn greet(&self, who: Who, name: &'static str) -> Result<(), HelloError> {
        let server = || self.shared.connections.endpoint().to_string();
        self.caller(who).ready().await?;
        let foreign = |detail: &str| HelloError::Foreign(server(), line(detail));
        let reply = match self.get(who, "/images?limit=1").await {
            Ok(reply) => reply,
            Err(trouble) => return Err(self.unanswered(&trouble)),
        };
        match (reply.status, &reply.cut) {
            (status @ (401 | 403), _) => Err(HelloError::Identity {
                server: server(),
                who: name,
                status,
            }),
            (200, Some(cut)) => Err(foreign(cut)),
            (200, None) => match serde_json::from_slice::<Page>(&reply.text) {
                Ok(_) => Ok(()),
                Err(_) => Err(foreign("no list of images in its reply")),
            },
            (status, _) => {
                let text = String::from_utf8_lossy(&reply.text);
                Err(foreign(&format!("HTTP {status} {text}")))
            }
        }
    }
}
