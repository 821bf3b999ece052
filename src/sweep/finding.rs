//! Findings of a sweep: violations that have one cause, told once.

use super::cause::Cause;
use super::plan::Family;
use super::trial::Trial;
use std::collections::BTreeMap;
use stormglass_glance::LocalFailure;
use stormglass_model::checker::concurrent::{Rules, Severity, Symptom};
use stormglass_model::lifecycle::{Invariant, Verdict};
use stormglass_model::operations::OperationKind;
use stormglass_model::script::{Act, Action, Point, Script, Second, Step};
use stormglass_model::units::{Span, Time};

/// How often a script shows a violation.
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

/// The operations at work in a script: the rivals if something raced, else all that was done after the create.
pub(crate) fn operations(script: &Script) -> String {
    let joined = |branch: &Vec<Action>| {
        let actions: Vec<String> = branch.iter().map(Action::to_string).collect();
        actions.join(" ")
    };
    let raced = script.steps().iter().filter_map(|step| match step {
        Step::Race { first, second, .. } => Some(format!("{first} + {second}")),
        Step::Rivals { branches, .. } => {
            Some(branches.iter().map(joined).collect::<Vec<_>>().join(" + "))
        }
        Step::Act(_) | Step::Run(_) => None,
    });
    let raced: Vec<String> = raced.collect();
    if !raced.is_empty() {
        return raced.join(", ");
    }
    let steps: Vec<String> = script.steps().iter().map(Step::to_string).collect();
    match &steps[..] {
        [create] => create.clone(),
        [create, rest @ ..] if create == "create" => rest.join(", "),
        all => all.join(", "),
    }
}

/// Whether a script does what a Glance allows only where it shows locations to its clients.
pub(crate) fn shows_locations(script: &Script) -> bool {
    script.acts().any(|act| {
        matches!(
            act.operation.kind(),
            OperationKind::CreateWithLocation
                | OperationKind::AddLocation(_)
                | OperationKind::ReplaceLocation
                | OperationKind::RemoveLocation
                | OperationKind::CopyLocation
        )
    })
}

/// One of the ways in which a cause shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How bad it is.
    pub severity: Severity,
    /// What it looks like.
    pub symptom: Symptom,
    /// The invariant that it breaks.
    pub invariant: Invariant,
    /// How often it showed, by script; at least one, the shortest first.
    pub tallies: Vec<Tally>,
    /// A try of the shortest script that showed it.
    pub example: Trial,
    /// When the violation became certain in it.
    pub at: Time,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// The command that runs the shortest script again.
    pub repeat: String,
}

/// A figure with the ends of its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// The best guess.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What a finding comes to in a month.
#[derive(Clone, Debug, PartialEq)]
pub struct Month {
    /// How often it shows.
    pub times: Interval,
    /// How often rivals met, in all that was watched.
    pub met: u64,
    /// Bytes that are leaked, where it leaks any.
    pub bytes: Option<Interval>,
    /// By how much more each month costs than the one before, where that has a price, and in which currency.
    pub cost: Option<(Interval, String)>,
}

impl Interval {
    /// So many times as much.
    pub(super) fn times(self, factor: f64) -> Interval {
        Interval {
            value: self.value * factor,
            low: self.low * factor,
            high: self.high * factor,
        }
    }
}

/// A distinct finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What tells it apart.
    pub cause: Cause,
    /// The ways in which it shows, the worst first; at least one.
    pub variants: Vec<Variant>,
    /// Whether it was known and accepted before.
    pub accepted: bool,
    /// What it comes to in a month, where the traffic is known.
    pub month: Option<Month>,
}

impl Variant {
    /// The shortest script that was seen to show it, and how often it did.
    pub(crate) fn shortest(&self) -> &Tally {
        &self.tallies[0]
    }
}

impl Finding {
    /// The worst way in which it shows.
    pub(crate) fn worst(&self) -> &Variant {
        &self.variants[0]
    }

    /// How bad it is at worst.
    pub(crate) fn severity(&self) -> Severity {
        self.worst().severity
    }
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
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResult {
    /// The server, without credentials, or `embedded`.
    pub target: String,
    /// The rules that it was judged by.
    pub rules: Rules,
    /// The seed of every jitter.
    pub seed: u64,
    /// Scripts of the plan that were run at least once, and all of them.
    pub cases: (u32, u32),
    /// The same for each family, and which were not; none where scripts were given.
    pub families: Vec<FamilyTally>,
    /// How often each script was run in which one operation met another.
    pub met: BTreeMap<Script, u32>,
    /// How many scripts were run in all.
    pub tries: u64,
    /// Tries that were inconclusive: out of budget, or the probe did not answer.
    pub unknown: u64,
    /// Whether the server has acknowledged the create of any image.
    pub acknowledged: bool,
    /// What failed on this machine first; none where nothing did.
    pub first_local_failure: Option<LocalFailure>,
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
    /// Files that its images have left in the store and in the staging area, after they were deleted.
    pub left_data: Vec<String>,
    /// Shell commands that show what the database and the store hold of `$IMAGE`.
    pub looks: Vec<String>,
}

impl SweepResult {
    /// Findings that nobody has accepted.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.accepted)
    }

    /// Invalid with any finding that nobody has accepted; unknown where no try could be judged, no image was created, something
    /// failed on this machine, or the sweep was stopped before every script had its turn; else valid.
    pub fn verdict(&self) -> Verdict {
        let (run, planned) = self.cases;
        let unjudged = self.unknown >= self.tries
            || !self.acknowledged
            || self.first_local_failure.is_some()
            || (self.interrupted && run < planned);
        Verdict::of(self.fresh().next().is_some(), unjudged)
    }

    /// Why no more than was found can be said of the server, if that is so.
    pub(crate) fn unjudged_because(&self) -> Option<String> {
        match &self.first_local_failure {
            Some(failure) => Some(format!("this machine failed: {failure}")),
            None if !self.acknowledged && !self.interrupted => {
                Some("no create was acknowledged, so there was nothing to judge".to_owned())
            }
            None => None,
        }
    }
}
