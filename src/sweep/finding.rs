//! Findings of a sweep: violations that are one defect, told once.

use super::plan::Family;
use stormglass_glance::Exchange;
use stormglass_model::checker::concurrent::{Severity, Symptom};
use stormglass_model::history::SubjectHistory;
use stormglass_model::lifecycle::{Invariant, Profile, Verdict};
use stormglass_model::script::{Act, Point, Script, Second, Step};
use stormglass_model::units::Span;

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
    pub(crate) fn name(&self) -> String {
        format!("{}: {}", self.symptom, self.operations)
    }

    /// Whether both are the same violation, whoever was at work.
    pub(super) fn is_like(&self, other: &FindingKey) -> bool {
        (self.symptom, self.invariant) == (other.symptom, other.invariant)
    }
}

/// How often a script shows a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The script that was run.
    pub script: Script,
    /// How often it showed.
    pub shown: u32,
    /// Of so many tries.
    pub tries: u32,
}

impl Tally {
    /// The point at which something raced, the last if there are several; none where nothing did.
    pub(crate) fn point(&self) -> Option<Point> {
        races(&self.script).map(|(_, at, _)| at).next_back()
    }
}

/// The operations of a script at a point of which something happens: the operation, the point, and what happens there.
pub(crate) fn races(script: &Script) -> impl DoubleEndedIterator<Item = (Act, Point, &Second)> {
    script.steps().iter().filter_map(|step| match step {
        Step::Race { first, at, second } => Some((*first, *at, second)),
        Step::Act(_) | Step::Run(_) | Step::Rivals { .. } => None,
    })
}

/// A distinct finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What tells it apart.
    pub key: FindingKey,
    /// One sentence.
    pub sentence: String,
    /// How often it showed, by script; at least one, the most frequent first.
    pub tallies: Vec<Tally>,
    /// The shortest script that was seen to show it.
    pub shortest: Tally,
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

/// How much of a family of scripts was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyTally {
    /// Which.
    pub family: Family,
    /// Scripts of the plan.
    pub planned: u32,
    /// Those that were never run, in the order in which they would have been.
    pub not_tried: Vec<Script>,
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
    pub cases: (u32, u32),
    /// The same for each family, and which were not; none where scripts were given.
    pub families: Vec<FamilyTally>,
    /// How many scripts were run in all.
    pub tries: u64,
    /// Tries that were inconclusive: out of budget, or the probe did not answer.
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
    pub(crate) fn fresh(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.accepted)
    }

    /// Invalid with any finding that nobody has accepted; unknown where no try could be judged, or where the sweep was stopped
    /// before every script had its turn; else valid.
    pub fn verdict(&self) -> Verdict {
        let (run, planned) = self.cases;
        let unjudged = self.unknown >= self.tries || (self.interrupted && run < planned);
        Verdict::of(self.fresh().next().is_some(), unjudged)
    }
}
