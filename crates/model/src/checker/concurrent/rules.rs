//! What a history is judged by.

use crate::history::file::Header;
use crate::lifecycle::Profile;

/// What the server promised, what is known of who asks, and how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which edges are legal; it says what a failed upload does.
    pub profile: Profile,
    /// Whether a delete keeps the data until the scrubber comes; none when that is not known.
    pub delayed_delete: Option<bool>,
    /// Whether one identity acts as the member and as the admin: then nobody knows what it may read of a deactivated subject.
    pub one_identity: bool,
    /// States held at once at most for one subject; beyond it the verdict is unknown.
    pub budget: u32,
}

/// More than any history of a sweep needs by far; a few milliseconds and 32 KiB at most.
const BUDGET: u32 = 4_096;

impl Rules {
    /// A real Glance on which nobody else knows the subject.
    pub const fn glance(delayed_delete: Option<bool>) -> Rules {
        Rules {
            profile: Profile::Glance,
            delayed_delete,
            one_identity: false,
            budget: BUDGET,
        }
    }

    /// What a saved history says of them.
    pub fn of(header: &Header) -> Rules {
        Rules {
            profile: header.profile,
            delayed_delete: header.delayed_delete,
            one_identity: header.one_identity,
            budget: BUDGET,
        }
    }

    /// The embedded service.
    pub const fn embedded(profile: Profile, delayed_delete: bool) -> Rules {
        Rules {
            profile,
            delayed_delete: Some(delayed_delete),
            one_identity: false,
            budget: BUDGET,
        }
    }

    /// Whether the server is a real one, which says less and answers in more ways.
    pub(super) const fn real(&self) -> bool {
        match self.profile {
            Profile::Glance => true,
            Profile::V1 | Profile::V2 => false,
        }
    }
}
