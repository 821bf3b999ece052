//! What a database answers, whichever it is.

/// One row, each cell as text or null.
pub(in crate::probe) type Cells = Vec<Option<String>>;

/// What is wrong with an answer.
pub(super) enum Trouble {
    /// There is none: the connection broke, or could not be opened. It may be there later.
    Lost(String),
    /// A table or a column is missing.
    Missing(String),
    /// It may not be read.
    Denied(String),
    /// Anything else.
    Other(String),
}
