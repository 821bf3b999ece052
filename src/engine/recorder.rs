//! The core of the recorder actor: it folds the history into metrics and shows it to its judge.

use super::cells::Cells;
use super::judge::{Dated, Judge, Rules};
use crate::engine::progress::Progress;
use crate::metrics::{
    Latency, OperationRow, Phase, ResourceRow, RunResult, TimelineRow, TransitionKey,
    TransitionRow, merge,
};
use crate::scenario::{NamedPhase, Scenario};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use stormglass_model::config::Resource;
use stormglass_model::history::{Audit, Collector, Event, Gauges, Record};
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

/// Beyond so many rows the timeline's intervals are doubled: its memory does not grow with the run.
const MAX_ROWS: usize = 1_024;

/// What the recorder is told.
#[derive(Debug)]
pub enum RecorderMessage {
    /// This happened, in this order. The vector comes back empty, to be filled again.
    Records(Vec<Record>),
    /// An interval of the timeline or a phase ended: so things stand.
    Gauges(Box<Gauges>),
    /// The load has ended.
    LoadEnded(Time),
    /// What a person should know of beside the results.
    Notes(Vec<String>),
    /// After the end: what the service itself counts for these subjects.
    Audits(Vec<Audit>),
    /// It is over.
    Finish {
        /// When.
        at: Time,
        /// Whether the user cut it short.
        interrupted: bool,
    },
}

/// What the recorder answers.
#[derive(Debug, Default)]
pub struct RecorderReply {
    /// An empty vector to be filled.
    pub buffer: Vec<Record>,
    /// Whether the timeline's intervals have been doubled, so that the next may come later.
    pub folded: bool,
    /// The result, once it is over.
    pub result: Option<Box<RunResult>>,
}

/// Response and service time.
#[derive(Default)]
struct Pair {
    response: Latency,
    service: Latency,
}

/// The recorder of one run, or of one shard of a live run.
pub struct Recorder {
    run: u32,
    seed: u64,
    starts: Vec<NamedPhase>,
    stories: usize,
    load_end: Time,
    /// The phase of the last record and where it begins and ends: most records are of the same.
    phase: (Time, Time, usize),
    transitions: Cells<Latency>,
    operations: Cells<Pair>,
    judge: Judge,
    notes: Vec<String>,
    hasher: Option<FxHasher>,
    timeline: Vec<TimelineRow>,
    last: Gauges,
    /// The gauges at each beginning of a phase.
    boundaries: Vec<(usize, Gauges)>,
    completions: u64,
    completions_told: u64,
    transitions_told: u64,
    transitions_seen: u64,
    violations_told: u64,
    faults_open: u64,
    /// What clients saw of each subject: of all of them if the history is kept, else of those that have not ended.
    collector: Option<Collector>,
    keeps_history: bool,
    progress: Arc<Progress>,
}

impl Recorder {
    /// A recorder of an empty run. `hashed`: whether the history gets a fingerprint.
    pub fn new(
        scenario: &Scenario,
        run: u32,
        hashed: bool,
        rules: Rules,
        progress: Arc<Progress>,
    ) -> Recorder {
        let phases = scenario.phases.len() + 1;
        let stories = scenario.stories.len();
        // What clients see of each subject is what a real server is judged by.
        let collects = scenario.keeps_history || matches!(rules, Rules::Glance(_));
        Recorder {
            run,
            seed: scenario.seed.0.wrapping_add(u64::from(run) - 1),
            starts: scenario.phases.clone(),
            stories,
            load_end: Time::MAX,
            phase: (Time::ZERO, Time::ZERO, 0),
            transitions: Cells::new(phases * stories, TransitionKey::COUNT),
            operations: Cells::new(phases * stories, Operation::COUNT * Outcome::COUNT),
            judge: Judge::new(rules),
            notes: Vec::new(),
            hasher: hashed.then(FxHasher::default),
            timeline: Vec::new(),
            last: Gauges::default(),
            boundaries: vec![(0, Gauges::default())],
            completions: 0,
            completions_told: 0,
            transitions_told: 0,
            transitions_seen: 0,
            violations_told: 0,
            faults_open: 0,
            collector: collects.then(Collector::default),
            keeps_history: scenario.keeps_history,
            progress,
        }
    }

    /// Takes a message.
    pub fn apply(&mut self, message: RecorderMessage) -> RecorderReply {
        let mut reply = RecorderReply::default();
        match message {
            RecorderMessage::Records(mut records) => {
                // Two passes: the first waits for the memory of all subjects at once, the second for none.
                if let Judge::Online(checker) = &self.judge {
                    records.iter().for_each(|record| checker.fetch(record));
                }
                for record in &records {
                    self.record(record);
                }
                if let Some(collector) = &mut self.collector {
                    records.iter().for_each(|record| collector.record(record));
                }
                if matches!(self.judge, Judge::Clients(_)) {
                    records.iter().for_each(|record| self.ended(record));
                }
                records.clear();
                reply.buffer = records;
            }
            RecorderMessage::Gauges(gauges) => reply.folded = self.gauges(*gauges),
            RecorderMessage::LoadEnded(at) => {
                self.load_end = at;
                self.phase = (Time::ZERO, Time::ZERO, 0);
            }
            RecorderMessage::Notes(notes) => self.notes.extend(notes),
            RecorderMessage::Audits(audits) => {
                if let Judge::Online(checker) = &mut self.judge {
                    audits.iter().for_each(|audit| checker.audit(audit));
                }
            }
            RecorderMessage::Finish { at, interrupted } => {
                reply.result = Some(Box::new(self.finish(at, interrupted)));
            }
        }
        reply
    }

    #[inline]
    fn record(&mut self, record: &Record) {
        if let Some(hasher) = &mut self.hasher {
            record.hash(hasher);
        }
        if let Judge::Online(checker) = &mut self.judge {
            checker.record(record);
        }
        match record {
            Record::Fault { open, .. } => {
                self.faults_open = if *open {
                    self.faults_open + 1
                } else {
                    self.faults_open.saturating_sub(1)
                };
            }
            Record::Subject {
                at, story, event, ..
            } => self.event(*at, *story, event),
        }
    }

    /// A subject of a real server is judged once it has ended.
    fn ended(&mut self, record: &Record) {
        let Record::Subject {
            subject,
            story,
            event,
            ..
        } = record
        else {
            return;
        };
        match (event, &mut self.judge) {
            (Event::Forgotten, _) => self.judge_subject(subject.number),
            (_, Judge::Clients(judge)) => judge.note(subject.number, *story, event),
            (_, Judge::Online(_)) => {}
        }
    }

    /// Judges one subject by what its clients saw, and records the transitions that this proves.
    fn judge_subject(&mut self, number: u64) {
        let (Judge::Clients(judge), Some(collector)) = (&mut self.judge, &mut self.collector)
        else {
            return;
        };
        let Some(history) = collector.subject(number, self.keeps_history) else {
            return;
        };
        for Dated { proven, story, due } in judge.ended(&history) {
            let key = TransitionKey::Subject(proven.from, proven.to);
            self.transition(key, proven.at, due, story);
        }
    }

    /// Judges those that have not ended.
    fn judge_the_rest(&mut self) {
        if let Judge::Clients(judge) = &self.judge {
            let open = judge.open();
            open.into_iter()
                .for_each(|number| self.judge_subject(number));
        }
    }

    #[inline]
    fn event(&mut self, at: Time, story: StoryId, event: &Event) {
        match *event {
            Event::Moved { from, to, due, .. } => {
                self.transition(TransitionKey::Subject(from, to), at, due, story);
            }
            Event::TaskMoved { from, to, due, .. } => {
                self.transition(TransitionKey::Task(from, to), at, due, story);
            }
            Event::Completed {
                operation,
                outcome,
                intended,
                sent,
                ..
            } => {
                self.completions += 1;
                let row = self.row(intended, story);
                let column = operation.index() * Outcome::COUNT + outcome.index();
                let pair = self.operations.at(row, column);
                pair.response.record(at.since(intended));
                pair.service.record(at.since(sent));
            }
            Event::Invoked { .. }
            | Event::Stored { .. }
            | Event::Removed { .. }
            | Event::Forgotten
            | Event::Sent { .. }
            | Event::Looked { .. }
            | Event::TasksEnded => {}
        }
    }

    #[inline]
    fn transition(&mut self, key: TransitionKey, at: Time, due: Time, story: StoryId) {
        self.transitions_seen += 1;
        let row = self.row(due, story);
        self.transitions.at(row, key.index()).record(at.since(due));
    }

    /// The row of metrics of what was due then.
    #[inline]
    fn row(&mut self, due: Time, story: StoryId) -> usize {
        if due < self.phase.0 || due >= self.phase.1 {
            self.phase = self.phase_at(due);
        }
        self.phase.2 * self.stories + usize::from(story.0)
    }

    /// Beginning, end and position of the phase of an instant.
    fn phase_at(&self, at: Time) -> (Time, Time, usize) {
        if at >= self.load_end {
            return (self.load_end, Time::MAX, self.starts.len());
        }
        let index = self
            .starts
            .partition_point(|phase| phase.from <= at)
            .saturating_sub(1);
        let end = self
            .starts
            .get(index + 1)
            .map_or(Time::MAX, |next| next.from)
            .min(self.load_end);
        (self.starts[index].from, end, index)
    }

    /// The phase that an interval ending then belongs to.
    fn phase_until(&self, at: Time) -> usize {
        self.phase_at(Time(at.0.saturating_sub(1))).2
    }

    fn gauges(&mut self, gauges: Gauges) -> bool {
        if let Judge::Online(checker) = &mut self.judge {
            checker.gauges(&gauges);
        }
        let length = gauges.at.since(self.last.at);
        let phase = self.phase_until(gauges.at);
        if length > Span::ZERO || self.timeline.is_empty() {
            let resources: [_; Resource::COUNT] =
                std::array::from_fn(|i| gauges.resources[i].since(&self.last.resources[i]));
            self.timeline.push(TimelineRow {
                at: gauges.at,
                length,
                phase,
                arrivals: gauges.arrivals - self.last.arrivals,
                completions: self.completions - self.completions_told,
                dropped: gauges.dropped - self.last.dropped,
                faults_open: self.faults_open,
                resources,
                gauges: gauges.clone(),
            });
        }
        // The next phase starts where the last row of this one ends.
        let next = self.phase_at(gauges.at).2;
        if self
            .boundaries
            .last()
            .is_none_or(|(phase, _)| *phase != next)
        {
            self.boundaries.push((next, gauges.clone()));
        }
        self.tell(&gauges);
        self.completions_told = self.completions;
        self.last = gauges;
        let folded = self.timeline.len() > MAX_ROWS;
        if folded {
            merge::halve(&mut self.timeline);
        }
        folded
    }

    /// Tells whoever watches how far the run has come.
    fn tell(&mut self, gauges: &Gauges) {
        let progress = &self.progress;
        progress
            .arrivals
            .fetch_add(gauges.arrivals - self.last.arrivals, Relaxed);
        progress
            .elapsed_ns
            .fetch_add(gauges.at.since(self.last.at).0, Relaxed);
        progress
            .completions
            .fetch_add(self.completions - self.completions_told, Relaxed);
        progress
            .transitions
            .fetch_add(self.transitions_seen - self.transitions_told, Relaxed);
        self.transitions_told = self.transitions_seen;
        let violations = self.judge.violation_total();
        progress
            .violations
            .fetch_add(violations - self.violations_told, Relaxed);
        self.violations_told = violations;
        let before = self.last.in_flight;
        if gauges.in_flight >= before {
            progress
                .in_flight
                .fetch_add(gauges.in_flight - before, Relaxed);
        } else {
            progress
                .in_flight
                .fetch_sub(before - gauges.in_flight, Relaxed);
        }
    }

    fn finish(&mut self, at: Time, interrupted: bool) -> RunResult {
        self.judge_the_rest();
        let has_service = matches!(self.judge, Judge::Online(_));
        let judgement = self.judge.finish(at, self.last.in_flight);
        self.progress
            .in_flight
            .fetch_sub(self.last.in_flight, Relaxed);
        let stories = self.stories;
        let keys: Vec<TransitionKey> = TransitionKey::all().collect();
        let transitions = std::mem::replace(&mut self.transitions, Cells::new(0, 1));
        let operations = std::mem::replace(&mut self.operations, Cells::new(0, 1));
        RunResult {
            run: self.run,
            seed: self.seed,
            phases: self.phases(at),
            transitions: transitions
                .into_rows()
                .map(|(row, column, latency)| TransitionRow {
                    phase: row / stories,
                    story: StoryId((row % stories) as u16),
                    key: keys[column],
                    latency,
                })
                .collect(),
            operations: operations
                .into_rows()
                .map(|(row, column, Pair { response, service })| OperationRow {
                    phase: row / stories,
                    story: StoryId((row % stories) as u16),
                    operation: Operation::ALL[column / Outcome::COUNT],
                    outcome: Outcome::ALL[column % Outcome::COUNT],
                    response,
                    service,
                })
                .collect(),
            timeline: std::mem::take(&mut self.timeline),
            resources: if has_service {
                self.resources()
            } else {
                Vec::new()
            },
            verdict: judgement.verdict,
            unknown_because: judgement.unknown_because,
            violations: judgement.violations,
            violation_counts: judgement.counts,
            end: self.last.clone(),
            event_hash: self.hasher.take().map(|hasher| hasher.finish()),
            length: at.since(Time::ZERO),
            interrupted,
            notes: std::mem::take(&mut self.notes),
            histories: (self.collector.take().filter(|_| self.keeps_history))
                .map_or_else(Vec::new, Collector::finish),
        }
    }

    fn phases(&self, end: Time) -> Vec<Phase> {
        let load_end = self.load_end.min(end);
        let mut phases: Vec<Phase> = self
            .starts
            .iter()
            .map(|phase| Phase {
                name: phase.name.clone(),
                from: phase.from.min(load_end),
                to: load_end,
            })
            .collect();
        for index in 1..phases.len() {
            phases[index - 1].to = phases[index].from;
        }
        phases.push(Phase {
            name: "settle".into(),
            from: load_end,
            to: end,
        });
        phases
    }

    /// What each queue did between the boundaries of each phase.
    fn resources(&mut self) -> Vec<ResourceRow> {
        let mut boundaries = std::mem::take(&mut self.boundaries);
        boundaries.push((usize::MAX, self.last.clone()));
        let mut rows = Vec::new();
        for pair in boundaries.windows(2) {
            let ((phase, from), (_, to)) = (&pair[0], &pair[1]);
            if to.at == from.at {
                continue;
            }
            for &resource in Resource::ALL {
                let index = resource.index();
                let flow = to.resources[index].since(&from.resources[index]);
                rows.push(ResourceRow {
                    phase: *phase,
                    resource,
                    flow,
                });
            }
        }
        rows
    }
}
