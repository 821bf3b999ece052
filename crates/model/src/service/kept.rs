//! A worker that stays with its client between requests.

use crate::units::Time;

/// The worker that stays with the client of one subject.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// Whether there is one.
    pub(super) held: bool,
    /// The number of the subject whose client it serves.
    pub(super) subject: u64,
    /// Since when it has been held.
    pub(super) since: Time,
    /// The process that it belongs to.
    pub(super) process: u32,
    /// How many have stayed with this subject's place so far: a wake for an earlier one is for nobody.
    pub(super) number: u32,
}
