//! The first word to a server: is it there, is it a Glance, does it know us?

use super::{As, Client, text};
use crate::target::glance::answer::line;
use crate::target::glance::dialect::Page;
use crate::target::glance::wire::{Times, Trouble};

/// Why a run against this server cannot begin, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It did not answer.
    #[error("no Glance at http://{server}: {detail}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What went wrong.
        detail: String,
    },
    /// It answered, but does not accept who asks.
    #[error("the Glance at http://{server} does not accept the {who}: HTTP {status}")]
    Identity {
        /// Host and port.
        server: String,
        /// The member or the admin.
        who: &'static str,
        /// 401 or 403.
        status: u16,
    },
    /// Something answered, but not as a Glance does.
    #[error("http://{server} does not answer like a Glance: {detail}")]
    Foreign {
        /// Host and port.
        server: String,
        /// What came instead.
        detail: String,
    },
}

impl Client {
    /// Lists one image as the member, and as the admin if there is one.
    pub async fn hello(&self) -> Result<(), HelloError> {
        self.greet(As::Member, "member's token or identity").await?;
        if self.shared.admin.is_some() {
            self.greet(As::Admin, "admin's token or identity").await?;
        }
        Ok(())
    }

    async fn greet(&self, who: As, name: &'static str) -> Result<(), HelloError> {
        let server = || self.shared.wire.endpoint().authority.clone();
        let call = self.call("GET", "/images?limit=1", who, text(""), None);
        let reply = match self.shared.wire.exchange(call, &mut Times::default()).await {
            Ok(reply) => reply,
            Err(Trouble::NotSent(detail)) => {
                return Err(HelloError::Unreachable {
                    server: server(),
                    detail: line(&detail),
                });
            }
            Err(Trouble::NoReply(detail)) => {
                return Err(HelloError::Foreign {
                    server: server(),
                    detail: line(&detail),
                });
            }
            Err(Trouble::Stopped) => return Ok(()), // only an aborted upload stops
        };
        let foreign = |detail: String| HelloError::Foreign {
            server: server(),
            detail: line(&detail),
        };
        match (reply.status, &reply.cut) {
            (status @ (401 | 403), _) => Err(HelloError::Identity {
                server: server(),
                who: name,
                status,
            }),
            (200, Some(cut)) => Err(foreign(cut.clone())),
            (200, None) => match serde_json::from_slice::<Page>(&reply.text) {
                Ok(_) => Ok(()),
                Err(_) => Err(foreign("no list of images in its reply".to_owned())),
            },
            (status, _) => {
                let text = String::from_utf8_lossy(&reply.text);
                Err(foreign(format!("HTTP {status} {text}")))
            }
        }
    }
}
