//! What a run on a real server may use beside what its scenario says.

use crate::commands::Commands;
use crate::journal::Journal;

/// What a run on a real server may use beside what its scenario says.
#[derive(Clone, Default)]
pub struct RunServices {
    /// What can be done to the server; none of it unless the command line allows it.
    pub commands: Commands,
    /// Where images are written before they are created; none: nowhere.
    pub journal: Option<Journal>,
}
