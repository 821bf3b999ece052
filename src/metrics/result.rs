//! The result of a run: what every report is made from.

use super::latency::Latency;
use std::collections::BTreeMap;
use stormglass_glance::LocalFailure;
use stormglass_model::checker::Violation;
use stormglass_model::fault::FaultId;
use stormglass_model::history::{Gauges, Level, SubjectHistory};
use stormglass_model::lifecycle::{
    Invariant, Operation, Outcome, SubjectStatus, TaskStatus, Verdict,
};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

/// What stands in results in the place of a story or a phase, for all of them together. No story and no phase is called so.
pub const ALL: &str = "(all)";

/// A stretch of a run with a name: warm_up, load, settle, or the scenario's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What it is called.
    pub name: String,
    /// When it began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
}

impl Phase {
    /// How long it lasted.
    pub fn length(&self) -> Span {
        self.to.since(self.from)
    }
}

/// A change of status that was seen, legal or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransitionKey {
    /// Of a subject; from none for creation.
    Subject(Option<SubjectStatus>, SubjectStatus),
    /// Of a task; from none for creation.
    Task(Option<TaskStatus>, TaskStatus),
}

impl TransitionKey {
    /// How many statuses there are at most, and none.
    const STATUSES: usize = SubjectStatus::COUNT + 1;
    /// Above every index.
    pub(crate) const COUNT: usize = 2 * Self::STATUSES * Self::STATUSES;

    /// A number of its own below [`TransitionKey::COUNT`], in the order of keys.
    #[inline]
    pub(crate) fn index(self) -> usize {
        const { assert!(TaskStatus::COUNT < Self::STATUSES) };
        let (kind, from, to) = match self {
            TransitionKey::Subject(from, to) => (0, from.map(SubjectStatus::index), to.index()),
            TransitionKey::Task(from, to) => (1, from.map(TaskStatus::index), to.index()),
        };
        let from = from.map_or(0, |index| index + 1);
        (kind * Self::STATUSES + from) * Self::STATUSES + to
    }

    /// Whether it is a task whose status changed.
    pub(crate) fn is_task(self) -> bool {
        matches!(self, TransitionKey::Task(..))
    }

    /// The names of the statuses before, which is empty for creation, and after.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            TransitionKey::Subject(from, to) => (from.map_or("", SubjectStatus::name), to.name()),
            TransitionKey::Task(from, to) => (from.map_or("", TaskStatus::name), to.name()),
        }
    }
}

/// The latencies of one transition in one phase of one story.
#[derive(Clone, Debug)]
pub struct TransitionRow {
    /// Position in [`RunResult::phases`].
    pub phase: usize,
    /// Position in [`StormResult::stories`](super::StormResult::stories).
    pub story: StoryId,
    /// Which transition.
    pub key: TransitionKey,
    /// From its cause's due instant to its commit.
    pub latency: Latency,
}

/// The latencies of one operation with one outcome in one phase of one story.
#[derive(Clone, Debug)]
pub struct OperationRow {
    /// Position in [`RunResult::phases`].
    pub phase: usize,
    /// Position in [`StormResult::stories`](super::StormResult::stories).
    pub story: StoryId,
    /// What was asked for.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// From the intended time to the completion.
    pub response: Latency,
    /// From the send to the completion.
    pub service: Latency,
}

/// How things stood when an interval of the timeline ended. What was counted is counted from the beginning of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineRow {
    /// Position in [`RunResult::phases`] of the interval that ended.
    pub phase: usize,
    /// Operations completed since the beginning of the run.
    pub completions: u64,
    /// The response times of these, summed, in nanoseconds.
    pub response_ns: u128,
    /// Faults open.
    pub faults_open: u64,
    /// The response times of the operations that completed in the interval, whatever their outcomes; in the order of operations.
    pub responses: Vec<(Operation, Latency)>,
    /// What else was counted, and when.
    pub gauges: Gauges,
}

impl TimelineRow {
    /// Makes one interval of this and the one before it.
    pub(crate) fn join(&mut self, before: &TimelineRow) {
        self.gauges.join(&before.gauges);
        self.add_responses(&before.responses);
    }

    /// Adds the response times of another interval or another shard.
    pub(crate) fn add_responses(&mut self, others: &[(Operation, Latency)]) {
        for (operation, other) in others {
            match (self.responses).binary_search_by_key(operation, |(operation, _)| *operation) {
                Ok(at) => self.responses[at].1.add(other),
                Err(at) => self.responses.insert(at, (*operation, other.clone())),
            }
        }
    }
}

/// A fault opened or healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultTurn {
    /// When.
    pub at: Time,
    /// Which fault, by its position in the scenario.
    pub fault: FaultId,
    /// Opened, or healed.
    pub open: bool,
}

/// What happened in one phase.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseRow<'r> {
    /// Position in [`RunResult::phases`].
    pub phase: usize,
    /// How things stood before it.
    pub before: &'r Gauges,
    /// How they stood at its end; the extremes are those of the phase.
    pub end: Gauges,
}

/// Where in a run a phase lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    WarmUp,
    Load,
    Settle,
}

/// Parts that the load is divided into to see whether a level grows.
pub const PARTS: usize = 6;

/// How things stood on average in equal parts of the load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadParts {
    /// The means of every level, in the order of [`Gauges::levels`].
    pub means: Vec<[f64; PARTS]>,
    /// The length of a part in seconds.
    pub part_s: f64,
}

impl LoadParts {
    /// Adds another run's means.
    pub(crate) fn add(&mut self, other: &LoadParts) {
        let levels = self.means.iter_mut().zip(&other.means);
        for (mean, other) in levels.flat_map(|(means, others)| means.iter_mut().zip(others)) {
            *mean += other;
        }
        self.part_s = other.part_s;
    }
}

/// What a threshold's number was in the window of a run in which it was worst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorstWindow {
    /// Position in the scenario's thresholds.
    pub threshold: usize,
    /// The run, from one.
    pub run: u32,
    /// When the window began.
    pub from: Time,
    /// When it ended.
    pub to: Time,
    /// The number, in the threshold's unit.
    pub value: f64,
    /// Whether the load was ended because of it.
    pub ended_load: bool,
}

/// What one run (one replication) measured. A live run's shards are merged into one.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Its number, from one.
    pub run: u32,
    /// The seed it ran with.
    pub seed: u64,
    /// Its phases in order; the last one is settle.
    pub phases: Vec<Phase>,
    /// Rows with at least one value, ordered by phase, story, key.
    pub transitions: Vec<TransitionRow>,
    /// Rows with at least one value, ordered by phase, story, operation, outcome.
    pub operations: Vec<OperationRow>,
    /// The beginning of the run, where all is zero, and the ends of the intervals: two neighbours are an interval.
    pub timeline: Vec<TimelineRow>,
    /// How the checker judged it.
    pub verdict: Verdict,
    /// Why the verdict is unknown, if it is.
    pub unknown_because: Option<String>,
    /// The violations, the first of them kept in full.
    pub violations: Vec<Violation>,
    /// How many violations of each invariant there were, indexed by [`Invariant::index`].
    pub violation_counts: [u64; Invariant::COUNT],
    /// The state at the end.
    pub end: Gauges,
    /// Fingerprint of the ordered history; none when live.
    pub event_hash: Option<u64>,
    /// What failed on the load generator's own machine first; none where nothing did.
    pub local_failure: Option<LocalFailure>,
    /// Whether it was cut short by the user.
    pub interrupted: bool,
    /// Whether it ended early, since a demand could not hold any more.
    pub lost: bool,
    /// What a person should know of beside.
    pub notes: Vec<String>,
    /// What clients saw, by the numbers of the subjects; empty unless the scenario keeps it.
    pub histories: Vec<SubjectHistory>,
    /// When faults opened and healed, in order.
    pub faults: Vec<FaultTurn>,
    /// Of each threshold that has windows, the worst; none of those of which no window could be judged.
    pub windows: Vec<WorstWindow>,
    /// How things stood in parts of the load, before intervals of the timeline were joined.
    pub parts: Option<LoadParts>,
    /// The faults from which it recovered, and how long that took, likewise.
    pub recoveries: Option<BTreeMap<FaultId, Span>>,
}

impl RunResult {
    /// The virtual or real time it covered.
    pub fn length(&self) -> Span {
        self.end.at.since(Time::ZERO)
    }

    /// The means of each level over equal parts of the load; none where the timeline is too coarse for that.
    pub(crate) fn load_parts(&self) -> Option<LoadParts> {
        if let Some(parts) = &self.parts {
            return Some(parts.clone());
        }
        let load = |index: &usize| self.stretch(self.timeline[*index].phase) == Stretch::Load;
        let first = (1..self.timeline.len()).find(load)? - 1;
        let last = (1..self.timeline.len()).rfind(load)?;
        let rows = &self.timeline[first..=last];
        if rows.len() <= 4 * PARTS {
            return None;
        }
        let at = |row: usize| rows[row].gauges.at;
        let from = at(0);
        let length = at(rows.len() - 1).since(from).0;
        // Each part ends at the row that is the first at or after its end.
        let end = |part: usize| {
            let wanted = from.0 + (u128::from(length) * part as u128 / PARTS as u128) as u64;
            rows.partition_point(|row| row.gauges.at.0 < wanted)
        };
        let mut means = vec![[0.0; PARTS]; rows[0].gauges.levels().count()];
        for part in 0..PARTS {
            let (from, to) = (end(part), end(part + 1));
            let length = at(to).since(at(from)).0.max(1) as f64;
            let ends = rows[from].gauges.levels().zip(rows[to].gauges.levels());
            for (means, (before, after)) in means.iter_mut().zip(ends) {
                means[part] = (after.area() - before.area()) as f64 / length;
            }
        }
        let part_s = length as f64 / PARTS as f64 / 1e9;
        Some(LoadParts { means, part_s })
    }

    /// Where the phase at this position lies.
    pub(crate) fn stretch(&self, phase: usize) -> Stretch {
        if self.is_warm_up(phase) {
            Stretch::WarmUp
        } else if phase + 1 == self.phases.len() && phase > 0 {
            Stretch::Settle
        } else {
            Stretch::Load
        }
    }

    /// Whether the load had yet to settle in the phase at this position.
    pub(crate) fn is_warm_up(&self, phase: usize) -> bool {
        self.phases[phase].name == "warm_up"
    }

    /// The intervals of its timeline that took any time before it settled: how things stood at the beginning of each, and at its end.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = (&TimelineRow, &TimelineRow)> {
        let pairs = self.timeline.windows(2).map(|pair| (&pair[0], &pair[1]));
        pairs.filter(|(before, now)| {
            now.gauges.at > before.gauges.at && self.stretch(now.phase) != Stretch::Settle
        })
    }

    /// A level until it settled: the lengths of the intervals in seconds, and its mean over each.
    pub(crate) fn means_of(&self, level: fn(&Gauges) -> &Level) -> Vec<(f64, f64)> {
        let means = self.intervals().map(|(before, now)| {
            let length = now.gauges.at.since(before.gauges.at);
            let area = level(&now.gauges).area() - level(&before.gauges).area();
            (length.as_secs_f64(), area as f64 / length.0 as f64)
        });
        means.collect()
    }

    /// When its warm-up ended, in seconds.
    pub(crate) fn warm_up_s(&self) -> f64 {
        let phases = self.phases.iter().enumerate();
        let warm_up = phases.filter(|(at, _)| self.is_warm_up(*at));
        warm_up.map(|(_, phase)| phase.length().as_secs_f64()).sum()
    }

    /// The phases that took any time, in order: no interval of the timeline is in two of them.
    pub fn phase_rows(&self) -> Vec<PhaseRow<'_>> {
        let mut rows = Vec::new();
        let mut intervals = self.timeline.iter();
        let Some(mut before) = intervals.next() else {
            return rows;
        };
        for rest in (intervals.as_slice()).chunk_by(|a, b| a.phase == b.phase) {
            let [earlier @ .., last] = rest else { continue };
            let mut end = last.gauges.clone();
            earlier.iter().for_each(|row| end.join(&row.gauges));
            if end.at > before.gauges.at {
                let (phase, before) = (last.phase, &before.gauges);
                rows.push(PhaseRow { phase, before, end });
            }
            before = last;
        }
        rows
    }

    /// The phases of the load that took any time, without warm-up and settle.
    pub(crate) fn load_rows(&self) -> impl Iterator<Item = PhaseRow<'_>> {
        let rows = self.phase_rows().into_iter();
        rows.filter(|row| self.stretch(row.phase) == Stretch::Load)
    }

    /// Whether any operation was acknowledged.
    pub(crate) fn has_acknowledged(&self) -> bool {
        self.operations.iter().any(|row| row.outcome == Outcome::Ok)
    }

    /// What to say of it where none was.
    pub(crate) fn silence(&self) -> &'static str {
        match self.operations.is_empty() {
            true => "no operation ended, so there was nothing to judge",
            false => "no operation was acknowledged, so there was nothing to judge",
        }
    }

    /// How many violations there were.
    pub fn violation_total(&self) -> u64 {
        self.violation_counts.iter().sum()
    }

    /// How many changes of status of subjects and tasks there were.
    pub fn transition_total(&self) -> u64 {
        self.transitions.iter().map(|row| row.latency.count()).sum()
    }
}
