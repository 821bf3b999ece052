//! What a sweep found, as plain values: distinct findings, each with the shortest history that shows it.

mod accepted;

pub use accepted::{Accepted, AcceptedError, Mistake};

use crate::history::SubjectHistory;
use crate::lifecycle::{Invariant, Profile, Verdict, Who};
use crate::named::named;
use crate::script::{Point, Script};
use crate::units::{Span, Time};

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
            | Symptom::WrongStatus
            | Symptom::BadRow
            | Symptom::Forbidden
            | Symptom::Unreadable
            | Symptom::Refused
            | Symptom::ServerError
            | Symptom::NoAnswer => Severity::WrongAnswer,
        }
    }
}

/// One violation in the history of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// When it became certain.
    pub at: Time,
    /// The invariant.
    pub invariant: Invariant,
    /// What it looks like.
    pub symptom: Symptom,
    /// One sentence: what was expected and what was there. It holds no identifier, number or time that differs from try to try.
    pub sentence: String,
}

/// One HTTP request of a history, and its reply. Holds no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it was sent, from the beginning of the history.
    pub sent: Time,
    /// When its reply had come, or hope was given up; none when it was never known.
    pub ended: Option<Time>,
    /// On whose behalf.
    pub who: Who,
    /// `PUT`, say.
    pub method: String,
    /// From `/v2` on.
    pub path: String,
    /// Headers but those that say who asks, as they were sent.
    pub headers: Vec<(String, String)>,
    /// The body, where it is text.
    pub text: String,
    /// How many bytes of made-up data were declared as the body; none where it is text.
    pub data: Option<u64>,
    /// How many of them were sent.
    pub data_sent: u64,
    /// The status code of the reply; none when there was none.
    pub status: Option<u16>,
    /// The beginning of the reply's text, or why there was none; one line, safe to print.
    pub reply: String,
}

/// Tells findings apart: violations with the same key are one finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKey {
    /// How bad it is; first, so that findings are ordered by it.
    pub severity: Severity,
    /// The invariant.
    pub invariant: Invariant,
    /// What it looks like.
    pub symptom: Symptom,
    /// The operations at work, as in a script: `upload + delete`, `upload + !kill-api`, `delete`.
    pub operations: String,
}

impl FindingKey {
    /// What an accepted-findings file calls it: `orphan: upload + delete`.
    pub fn name(&self) -> String {
        format!("{}: {}", self.symptom, self.operations)
    }
}

/// How often a finding shows at one point of its first operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The point; none where nothing raced.
    pub point: Option<Point>,
    /// The script that was run.
    pub script: Script,
    /// How often it showed.
    pub shown: u32,
    /// Of so many tries.
    pub tries: u32,
}

/// A distinct finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What tells it apart.
    pub key: FindingKey,
    /// One sentence.
    pub sentence: String,
    /// How often it showed, by point; at least one, the most frequent first.
    pub tallies: Vec<Tally>,
    /// The shortest script that was seen to show it.
    pub script: Script,
    /// How often the shortest script showed it, of how many tries.
    pub shortest: (u32, u32),
    /// What the clients and the probe saw when it did.
    pub history: SubjectHistory,
    /// What went over the wire then; empty on the embedded service.
    pub exchanges: Vec<Exchange>,
    /// The image; empty on the embedded service.
    pub image: String,
    /// The command that runs the shortest script again.
    pub repeat: String,
    /// Whether it was known and accepted before.
    pub accepted: bool,
}

/// What a sweep came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepResult {
    /// The server, without credentials, or `embedded`.
    pub target: String,
    /// The rules that it was judged by, and whether it delays deletes.
    pub rules: (Profile, bool),
    /// The seed of every jitter.
    pub seed: u64,
    /// Scripts of the plan that were run at least once, and all of them.
    pub cells: (u32, u32),
    /// How many scripts were run in all.
    pub tries: u64,
    /// Tries of which nothing can be said: out of budget, or the probe did not answer.
    pub unknown: u64,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// What a person should know beside.
    pub notes: Vec<String>,
    /// How long it took.
    pub wall: Span,
    /// Whether it was told to stop.
    pub interrupted: bool,
    /// Images that may still be there.
    pub left: Vec<String>,
}

impl SweepResult {
    /// Findings that nobody has accepted.
    pub fn fresh(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.accepted)
    }

    /// Invalid with any finding that nobody has accepted; unknown where no try could be judged, or where the sweep was stopped
    /// before every script had its turn; else valid.
    pub fn verdict(&self) -> Verdict {
        let (run, planned) = self.cells;
        if self.fresh().next().is_some() {
            Verdict::Invalid
        } else if self.unknown >= self.tries || (self.interrupted && run < planned) {
            Verdict::Unknown
        } else {
            Verdict::Valid
        }
    }
}
