//! The core of the recorder actor: it folds the history into metrics and shows it to its judge.

use super::cells::Cells;
use super::driver::Share;
use super::outlook::Outlook;
use super::progress::{Progress, Teller};
use super::run_checker::{Dated, RunChecker};
use crate::metrics::{
    FaultTurn, Figures, IntervalLatency, Latency, OperationRow, Phase, RunResult, TimelineRow,
    TransitionKey, TransitionRow, WindowMeter, merge,
};
use crate::scenario::{Clock, NamedPhase, Scenario};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use stormglass_model::history::{Audit, Collector, Event, Gauges, Record};
use stormglass_model::lifecycle::{Operation, Outcome, Verdict};
use stormglass_model::load::StoryId;
use stormglass_model::random::Seed;
use stormglass_model::units::Time;

/// Beyond so many intervals the timeline's are doubled: its memory does not grow with the run.
const MAX_INTERVALS: usize = 1_024;

/// Why nothing can be said of a run whose time came to its end.
const OVERRAN: &str = "it was to go on for more than 584 years, and no time beyond is told apart";

/// What the recorder is told.
#[derive(Debug)]
pub enum RecorderMessage {
    /// This happened, in this order. The vector comes back empty, to be filled again.
    Records(Vec<Record>),
    /// An interval of the timeline or a phase ended: so things stand.
    Gauges(Box<Gauges>),
    /// Somebody wants to see how things stand, in the middle of an interval.
    Glimpse {
        /// How they stand.
        gauges: Box<Gauges>,
        /// Stories that are due and have not begun.
        waiting: u64,
    },
    /// It is this time: does a window of a threshold end the load, or can a demand not hold any more?
    Windows(Time),
    /// The load has ended.
    LoadEnded(Time),
    /// What a person should know of beside the results.
    Notes(Vec<String>),
    /// After the end: what the service itself counts for these subjects.
    Audits(Vec<Audit>),
    /// It is over.
    Finish {
        /// Whether the user cut it short.
        interrupted: bool,
        /// Whether virtual time came to its end before the run did.
        overran: bool,
    },
}

/// What the recorder answers.
#[derive(Debug, Default)]
pub struct RecorderReply {
    /// An empty vector to be filled.
    pub buffer: Vec<Record>,
    /// Whether the timeline's intervals have been doubled, so that the next may come later.
    pub folded: bool,
    /// Whether a window of a threshold ends the load.
    pub ends_load: bool,
    /// Whether a demand cannot hold any more, so that the run need not go on.
    pub lost: bool,
    /// When to ask again.
    pub next_window: Option<Time>,
    /// The result, once it is over.
    pub result: Option<Box<RunResult>>,
}

/// The seed of replication `run`, from one: seeds are one apart.
pub fn seed_of(scenario: &Scenario, run: u32) -> Seed {
    Seed(scenario.seed.0.wrapping_add(u64::from(run) - 1))
}

/// A meter for each threshold that must hold in every window.
fn meters(scenario: &Scenario, run: u32) -> Vec<WindowMeter> {
    let load_end = (scenario.load.duration).map_or(Time::MAX, |length| Time::ZERO + length);
    let named = (scenario.phases.iter()).map(|phase| (phase.name.as_str(), phase.from));
    let phases: Vec<(&str, Time)> = named.chain([("settle", load_end)]).collect();
    (scenario.thresholds.iter().enumerate())
        .filter_map(|threshold| WindowMeter::new(threshold, run, &phases))
        .collect()
}

/// The recorder of one run, or of one shard of a live run.
pub struct Recorder {
    run: u32,
    seed: Seed,
    starts: Vec<NamedPhase>,
    load_end: Time,
    /// The phase of the last record and where it begins and ends: most records are of the same.
    phase: (Time, Time, usize),
    transitions: Cells<TransitionRow>,
    operations: Cells<OperationRow>,
    /// Of the thresholds that must hold in every window.
    meters: Vec<WindowMeter>,
    /// What can still come of the demands, as long as somebody wants to know.
    outlook: Option<Outlook>,
    lost: bool,
    checker: RunChecker,
    notes: Vec<String>,
    /// Makes a fingerprint of the history. In real time there is none to repeat.
    hasher: Option<FxHasher>,
    timeline: Vec<TimelineRow>,
    last: Gauges,
    /// The phase since the last gauges.
    current: usize,
    /// Gauges of a phase that has had no time yet: they belong to its first interval.
    carried: Option<TimelineRow>,
    /// Operations completed so far.
    completions: u64,
    /// Their response times, summed, in nanoseconds.
    response_ns: u128,
    /// Those of the interval that is under way, by operation and outcome.
    responses: Vec<IntervalLatency>,
    /// Changes of status so far.
    changes: u64,
    /// What whoever watches was told last.
    told: [u64; 6],
    /// Counts for the tally, where there is one.
    teller: Option<Box<Teller>>,
    /// How things stood when somebody looked in the middle of an interval: its extremes and response times are the interval's too.
    glimpsed: TimelineRow,
    faults_open: u64,
    faults: Vec<FaultTurn>,
    /// What clients saw of each subject: of all of them if the history is kept, else of those that have not ended.
    collector: Option<Collector>,
    keeps_history: bool,
    /// Whether it tells how much time is over: of the shards of a run, which share their time, one does.
    tells_time: bool,
    progress: Arc<Progress>,
}

impl Recorder {
    /// A recorder of an empty run.
    pub fn new(
        scenario: &Scenario,
        run: u32,
        share: Share,
        checker: RunChecker,
        progress: Arc<Progress>,
    ) -> Recorder {
        let phases = scenario.phases.len() + 1;
        let stories = scenario.stories.len();
        let columns = Operation::COUNT * Outcome::COUNT;
        // What clients see of each subject is what a real server is judged by.
        let collects = scenario.keeps_history || matches!(checker, RunChecker::Clients(_));
        Recorder {
            run,
            seed: seed_of(scenario, run),
            starts: scenario.phases.clone(),
            load_end: Time::MAX,
            phase: (Time::ZERO, Time::ZERO, 0),
            transitions: Cells::new(phases, stories, TransitionKey::COUNT),
            operations: Cells::new(phases, stories, columns),
            meters: meters(scenario, run),
            outlook: Outlook::new(scenario),
            lost: false,
            checker,
            notes: Vec::new(),
            hasher: (scenario.clock == Clock::Virtual).then(FxHasher::default),
            timeline: vec![TimelineRow::default()],
            last: Gauges::default(),
            current: 0,
            carried: None,
            completions: 0,
            response_ns: 0,
            responses: vec![IntervalLatency::default(); columns],
            changes: 0,
            told: [0; 6],
            teller: progress.teller(),
            glimpsed: TimelineRow::default(),
            faults_open: 0,
            faults: Vec::new(),
            collector: collects.then(Collector::default),
            keeps_history: scenario.keeps_history,
            tells_time: share.index == 0,
            progress,
        }
    }

    /// Takes a message.
    pub fn apply(&mut self, message: RecorderMessage) -> RecorderReply {
        let mut reply = RecorderReply::default();
        match message {
            RecorderMessage::Records(mut records) => {
                self.progress.listener.hear(&records);
                // Two passes: the first waits for the memory of all subjects at once, the second for none.
                if let RunChecker::Online(checker) = &self.checker {
                    records.iter().for_each(|record| checker.fetch(record));
                }
                records.iter().for_each(|record| self.record(record));
                records.clear();
                reply.buffer = records;
            }
            RecorderMessage::Gauges(gauges) => reply.folded = self.gauges(*gauges),
            RecorderMessage::Glimpse { gauges, waiting } => self.glimpse(*gauges, waiting),
            RecorderMessage::Windows(now) => {
                // All of them are asked, so that each knows what it ended.
                let ends = self.meters.iter_mut().map(|meter| meter.ends_load(now));
                reply.ends_load = ends.fold(false, |any, ends| any | ends);
                reply.lost = self.is_lost(now);
                let next = self.meters.iter().filter_map(|meter| meter.next_end(now));
                let look = self.outlook.as_ref().and_then(|it| it.next_look(now));
                reply.next_window = next.chain(look).min();
            }
            RecorderMessage::LoadEnded(at) => {
                (self.meters.iter_mut()).for_each(|meter| meter.load_ended(at));
                self.load_end = at;
                self.phase = (Time::ZERO, Time::ZERO, 0);
            }
            RecorderMessage::Notes(notes) => self.notes.extend(notes),
            RecorderMessage::Audits(audits) => {
                if let RunChecker::Online(checker) = &mut self.checker {
                    audits.iter().for_each(|audit| checker.audit(audit));
                }
            }
            RecorderMessage::Finish {
                interrupted,
                overran,
            } => {
                let mut result = self.finish(interrupted);
                if overran && result.verdict < Verdict::Invalid {
                    result.verdict = Verdict::Unknown;
                    result.unknown_because = Some(OVERRAN.to_owned());
                }
                reply.result = Some(Box::new(result));
            }
        }
        reply
    }

    #[inline]
    fn record(&mut self, record: &Record) {
        if let Some(hasher) = &mut self.hasher {
            record.hash(hasher);
        }
        if let Some(collector) = &mut self.collector {
            collector.record(record);
        }
        if let RunChecker::Online(checker) = &mut self.checker {
            checker.record(record);
        }
        match record {
            &Record::Fault { at, fault, open } => {
                self.faults.push(FaultTurn { at, fault, open });
                self.faults_open = match open {
                    true => self.faults_open + 1,
                    false => self.faults_open.saturating_sub(1),
                };
            }
            Record::Subject {
                at,
                subject,
                story,
                event,
            } => {
                self.event(*at, *story, event);
                match &mut self.checker {
                    RunChecker::Online(_) => {}
                    RunChecker::Clients(_) if matches!(event, Event::Forgotten) => {
                        self.judge_subject(subject.number);
                    }
                    RunChecker::Clients(checker) => checker.note(subject.number, *story, event),
                }
            }
        }
    }

    /// Judges one subject by what its clients saw, and records the transitions that this proves.
    fn judge_subject(&mut self, number: u64) {
        let (RunChecker::Clients(checker), Some(collector)) =
            (&mut self.checker, &mut self.collector)
        else {
            return;
        };
        let Some(history) = collector.subject(number, self.keeps_history) else {
            return;
        };
        for Dated { proven, story, due } in checker.ended(&history) {
            let key = TransitionKey::Subject(proven.from, proven.to);
            self.transition(key, proven.at, due, story);
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
                if let Some(teller) = &mut self.teller {
                    let operation = &mut teller.fresh.operations[operation.index()];
                    operation.responses[outcome.index()].classify(at.since(intended));
                }
                self.completions += 1;
                self.response_ns += u128::from(at.since(intended).0);
                let phase = self.phase_of(intended);
                let column = operation.index() * Outcome::COUNT + outcome.index();
                let row = self.operations.at((phase, story, column), || OperationRow {
                    phase,
                    story,
                    operation,
                    outcome,
                    response: Latency::default(),
                    service: Latency::default(),
                });
                row.response.record(at.since(intended));
                self.responses[column].record(at.since(intended));
                row.service.record(at.since(sent));
                for meter in &mut self.meters {
                    let response = at.since(intended);
                    meter.completed((operation, outcome), (phase, story), at, response);
                }
            }
            Event::Invoked { operation, .. } => {
                if let Some(teller) = &mut self.teller {
                    teller.fresh.operations[operation.index()].begun += 1;
                }
            }
            Event::Stored { .. }
            | Event::Removed { .. }
            | Event::Forgotten
            | Event::Sent { .. }
            | Event::Property { .. }
            | Event::Looked { .. }
            | Event::TasksEnded => {}
        }
    }

    #[inline]
    fn transition(&mut self, key: TransitionKey, at: Time, due: Time, story: StoryId) {
        self.changes += 1;
        let phase = self.phase_of(due);
        let place = (phase, story, key.index());
        let row = self.transitions.at(place, || TransitionRow {
            phase,
            story,
            key,
            latency: Latency::default(),
        });
        row.latency.record(at.since(due));
        for meter in &mut self.meters {
            meter.moved(key, (phase, story), at, at.since(due));
        }
    }

    /// The phase of what was due then.
    #[inline]
    fn phase_of(&mut self, due: Time) -> usize {
        if due < self.phase.0 || due >= self.phase.1 {
            self.phase = self.phase_at(due);
        }
        self.phase.2
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

    /// Brings the tally up to date. The interval that is under way goes on as if nobody had looked.
    fn glimpse(&mut self, gauges: Gauges, waiting: u64) {
        let mut row = TimelineRow {
            responses: self.take_responses(),
            ..TimelineRow::default()
        };
        if let Some(teller) = &mut self.teller {
            let now = Figures {
                time_ns: if self.tells_time { gauges.at.0 } else { 0 },
                due: gauges.arrivals + gauges.dropped + waiting,
                violations: self.checker.violation_total(),
                faults_open: self.faults_open,
                ..Figures::of(&gauges)
            };
            teller.read(self.transitions.rows(), self.operations.rows());
            teller.tell(&self.progress, now);
        }
        row.gauges = gauges;
        row.join(&self.glimpsed);
        self.glimpsed = row;
    }

    fn gauges(&mut self, mut gauges: Gauges) -> bool {
        let glimpsed = std::mem::take(&mut self.glimpsed);
        gauges.join(&glimpsed.gauges);
        if let RunChecker::Online(checker) = &mut self.checker {
            checker.gauges(&gauges);
        }
        self.tell(&gauges);
        self.last = gauges.clone();
        let mut row = TimelineRow {
            phase: self.current,
            completions: self.completions,
            response_ns: self.response_ns,
            faults_open: self.faults_open,
            responses: self.take_responses(),
            gauges,
        };
        row.add_responses(&glimpsed.responses);
        self.current = self.phase_at(row.gauges.at).2;
        if let Some(before) = self.carried.take() {
            row.join(&before);
        }
        let first = self.timeline.len() == 1;
        match self.timeline.last_mut() {
            Some(last) if !first && last.gauges.at == row.gauges.at => {
                if last.phase == row.phase {
                    row.join(last);
                    *last = row;
                } else {
                    self.carried = Some(row);
                }
            }
            _ => self.timeline.push(row),
        }
        // Intervals of different phases are never joined, so each phase may leave one over.
        let folded = self.timeline.len() > MAX_INTERVALS + 2 * (self.starts.len() + 1);
        if folded {
            merge::halve(&mut self.timeline);
        }
        folded
    }

    fn is_lost(&mut self, now: Time) -> bool {
        let (transitions, operations) = (|| self.transitions.rows(), || self.operations.rows());
        let outlook = self.outlook.as_ref();
        self.lost = outlook.is_some_and(|it| it.is_lost(now, transitions, operations));
        self.lost
    }

    /// The response times since they were taken last.
    fn take_responses(&mut self) -> Vec<(Operation, Latency)> {
        let mut row = TimelineRow::default();
        let of_operations = self.responses.chunks_mut(Outcome::COUNT);
        for (operation, outcomes) in Operation::ALL.iter().zip(of_operations) {
            for (outcome, interval) in outcomes.iter_mut().enumerate() {
                let Some(latency) = interval.take() else {
                    continue;
                };
                if let Some(teller) = &mut self.teller {
                    let operation = &mut teller.fresh.operations[operation.index()];
                    operation.responses[outcome].spread.add(&latency);
                }
                row.add_responses(&[(*operation, latency)]);
            }
        }
        row.responses
    }

    /// Tells whoever watches how far the run has come.
    fn tell(&mut self, gauges: &Gauges) {
        let progress = &self.progress;
        let elapsed = if self.tells_time { gauges.at.0 } else { 0 };
        let counts = [
            (&progress.arrivals, gauges.arrivals),
            (&progress.elapsed_ns, elapsed),
            (&progress.completions, self.completions),
            (&progress.transitions, self.changes),
            (&progress.violations, self.checker.violation_total()),
            (&progress.in_flight, gauges.in_flight.now()),
        ];
        for ((counter, now), told) in counts.into_iter().zip(&mut self.told) {
            // Fewer than before is added as well: the counter wraps around.
            counter.fetch_add(now.wrapping_sub(*told), Relaxed);
            *told = now;
        }
    }

    fn finish(&mut self, interrupted: bool) -> RunResult {
        let at = self.last.at;
        if let RunChecker::Clients(checker) = &self.checker {
            let open = checker.open();
            open.into_iter()
                .for_each(|number| self.judge_subject(number));
        }
        self.timeline.extend(self.carried.take());
        let mut judgement = self.checker.finish(at, self.last.in_flight.now());
        let open = self.last.in_flight.now() > 0 || matches!(self.checker, RunChecker::Online(_));
        if let Some(because) = judgement
            .unknown_because
            .as_mut()
            .filter(|_| open && !interrupted)
        {
            *because += &format!(" {} after the load ended", at.since(self.load_end));
        }
        self.progress
            .in_flight
            .fetch_sub(self.last.in_flight.now(), Relaxed);
        if let Some(mut teller) = self.teller.take() {
            let ended = Figures {
                violations: judgement.counts.iter().sum(),
                ..teller.told.clone().ended()
            };
            teller.fresh.runs_ended = u64::from(self.tells_time);
            teller.read(self.transitions.rows(), self.operations.rows());
            teller.tell(&self.progress, ended);
        }
        RunResult {
            run: self.run,
            seed: self.seed.0,
            phases: self.phases(at),
            transitions: self.transitions.take_rows(),
            operations: self.operations.take_rows(),
            timeline: std::mem::take(&mut self.timeline),
            verdict: judgement.verdict,
            unknown_because: judgement.unknown_because,
            violations: judgement.violations,
            violation_counts: judgement.counts,
            end: self.last.clone(),
            event_hash: self.hasher.take().map(|hasher| hasher.finish()),
            local_failure: None,
            interrupted,
            lost: self.lost,
            notes: std::mem::take(&mut self.notes),
            histories: (self.collector.take().filter(|_| self.keeps_history))
                .map_or_else(Vec::new, Collector::finish),
            faults: std::mem::take(&mut self.faults),
            windows: (std::mem::take(&mut self.meters).into_iter())
                .filter_map(WindowMeter::finish)
                .collect(),
            parts: None,
            recoveries: None,
        }
    }

    fn phases(&self, end: Time) -> Vec<Phase> {
        let load_end = self.load_end.min(end);
        let from = |phase: &NamedPhase| phase.from.min(load_end);
        let ends = self.starts.iter().skip(1).map(from).chain([load_end]);
        let load = self.starts.iter().zip(ends).map(|(phase, to)| Phase {
            name: phase.name.clone(),
            from: from(phase),
            to,
        });
        let settle = Phase {
            name: "settle".into(),
            from: load_end,
            to: end,
        };
        load.chain([settle]).collect()
    }
}
