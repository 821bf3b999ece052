//! What a cause is called: in reports, and in a file of accepted findings.

use std::fmt;
use stormglass_model::named;
use stormglass_model::operations::ApiCall;

named! {
    /// What kind of mistake of the server it is.
    Mechanism {
        /// A request's save puts back what it had read, over what another request has changed since.
        StaleWrite = "stale-write",
        /// A request leaves something behind, or leaves an image in the middle of something.
        NoCleanUp = "no-clean-up",
        /// What a request was doing when the server broke is neither taken up again nor undone.
        NoRecovery = "no-recovery",
        /// An error inside the server reaches the client as such.
        ServerError = "server-error",
        /// There is no answer, or it cannot be read.
        BadAnswer = "bad-answer",
        /// Somebody was given, or did, what he may not.
        WrongAccess = "wrong-access",
        /// A request was refused that must be granted.
        WrongRefusal = "wrong-refusal",
        /// What was acknowledged is not true, for another reason.
        WrongEffect = "wrong-effect",
    }
}

/// The cause of a violation: what tells findings apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// What kind of mistake.
    pub mechanism: Mechanism,
    /// Whose: the request that overwrote, left, failed or was refused.
    pub call: ApiCall,
    /// Whether it is what the server does after that request has failed.
    pub failed: bool,
}

impl Cause {
    pub(super) const fn of(mechanism: Mechanism, call: ApiCall) -> Cause {
        Cause {
            mechanism,
            call,
            failed: false,
        }
    }

    /// Reads what a file of accepted findings calls it.
    pub fn from_name(name: &str) -> Option<Cause> {
        let (mechanism, culprit) = name.split_once(':')?;
        let culprit = culprit.trim();
        let call = culprit.strip_prefix("failed ");
        Some(Cause {
            mechanism: Mechanism::from_name(mechanism.trim())?,
            call: ApiCall::from_name(call.unwrap_or(culprit).trim())?,
            failed: call.is_some(),
        })
    }
}

/// What a file of accepted findings calls it: `no-clean-up: failed upload`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.failed { "failed " } else { "" };
        write!(f, "{}: {failed}{}", self.mechanism, self.call)
    }
}
