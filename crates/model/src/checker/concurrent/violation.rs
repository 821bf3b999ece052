//! What the checker finds: a violation in the history of one subject.

use crate::lifecycle::{Invariant, Operation, SubjectStatus, Verdict};
use crate::named;
use crate::units::Time;

named! {
    /// How bad a finding is; the worst first.
    Severity {
        /// Acknowledged data is gone, or other data is there.
        DataLost = "data-lost",
        /// Data can be read by one who may not, or after it was deleted.
        DataExposed = "data-exposed",
        /// Bytes are stored that belong to nothing.
        BytesLeaked = "bytes-leaked",
        /// A subject or a task never comes to an end.
        Stuck = "stuck",
        /// The server said something wrong.
        WrongAnswer = "wrong-answer",
    }
}

named! {
    /// What a violation looks like from outside; with the invariant and the operations it tells findings apart.
    Symptom {
        /// An acknowledged subject is not there.
        SubjectLost = "subject-lost",
        /// The registry says that there is data, and the store has none, or less.
        Hollow = "hollow",
        /// Data differs from what was acknowledged.
        Corrupt = "corrupt",
        /// Two uploads into one subject were acknowledged.
        TwoUploads = "two-uploads",
        /// Data was read that the reader may not have.
        Exposed = "exposed",
        /// A deleted subject is back.
        Revived = "revived",
        /// Somebody did what he may not.
        Trespass = "trespass",
        /// The store holds data of a subject that has none.
        Orphan = "orphan",
        /// The staging area holds data that nothing will take in.
        StagedOrphan = "staged-orphan",
        /// A subject is in the middle of something that nobody does.
        StuckSubject = "stuck-subject",
        /// A task is, while its subject is at rest.
        StuckTask = "stuck-task",
        /// An acknowledged change is undone, or was never done.
        Undone = "undone",
        /// An acknowledged update of a property is undone.
        LostUpdate = "lost-update",
        /// The subject was seen in a status that it cannot have.
        WrongStatus = "wrong-status",
        /// The registry's row contradicts itself.
        BadRow = "bad-row",
        /// An operation was acknowledged in a status that forbids it.
        Forbidden = "forbidden",
        /// Data that is there could not be read.
        Unreadable = "unreadable",
        /// An operation was refused in a status that grants it.
        Refused = "refused",
        /// An error of the server's own.
        ServerError = "server-error",
        /// No answer at all, though nothing was broken.
        NoAnswer = "no-answer",
        /// An answer that is no HTTP.
        Malformed = "malformed-answer",
    }
}

impl Symptom {
    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Symptom::SubjectLost | Symptom::Hollow | Symptom::Corrupt | Symptom::TwoUploads => {
                Severity::DataLost
            }
            Symptom::Exposed | Symptom::Revived | Symptom::Trespass => Severity::DataExposed,
            Symptom::Orphan | Symptom::StagedOrphan => Severity::BytesLeaked,
            Symptom::StuckSubject | Symptom::StuckTask => Severity::Stuck,
            Symptom::Undone
            | Symptom::LostUpdate
            | Symptom::WrongStatus
            | Symptom::BadRow
            | Symptom::Forbidden
            | Symptom::Unreadable
            | Symptom::Refused
            | Symptom::ServerError
            | Symptom::NoAnswer
            | Symptom::Malformed => Severity::WrongAnswer,
        }
    }
}

/// One violation in the history of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectViolation {
    /// When it became certain.
    pub at: Time,
    /// The invariant.
    pub invariant: Invariant,
    /// What it looks like.
    pub symptom: Symptom,
    /// One sentence: what was expected and what was there. It holds no identifier, number or time that differs from try to try.
    pub sentence: String,
}

/// How the history of one subject is judged, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Invalid if anything cannot be true, else unknown if it is inconclusive, else valid.
    pub verdict: Verdict,
    /// What cannot be true, in order of time; each symptom at most once.
    pub violations: Vec<SubjectViolation>,
    /// Why nothing is certain; only if the verdict is unknown.
    pub inconclusive: Option<Inconclusive>,
}

/// Why nothing is certain about a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconclusive {
    /// It needs more states at once than the budget allows.
    #[error("too much was open at once to follow it all")]
    Budget,
    /// It ends with the subject in this status, in the middle of something, and with an operation that may still be at work.
    #[error("still {0} at the end, and it is not known whether an operation is at work on it")]
    AtWork(SubjectStatus),
    /// A client gave up waiting for the answer to this: the server may be slow, or hang.
    #[error("{0} was not answered for so long that its client gave up")]
    GaveUp(Operation),
}
