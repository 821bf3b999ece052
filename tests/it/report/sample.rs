//! A storm that never happened, with something of everything, and what reports say it came from.

use std::num::NonZeroU32;
use std::path::Path;
use stormglass::{
    Aggregate, Comparison, Latency, OperationRow, Phase, RunResult, StormResult, Threshold,
    ThresholdResult, ThresholdSubject, TimelineRow, TransitionKey, TransitionRow,
};
use stormglass::{Clock, Load, Model, Scenario, Target};
use stormglass::{Host, Origin};
use stormglass_model::checker::Violation;
use stormglass_model::config::{Resource, Work};
use stormglass_model::history::{Gauges, Level, ResourceGauge, WorkGauge};
use stormglass_model::lifecycle::{
    Invariant, Operation, Outcome, SubjectStatus, TaskStatus, Verdict,
};
use stormglass_model::load::{Arrivals, StoryId};
use stormglass_model::random::Seed;
use stormglass_model::units::{Bytes, Rate, Span, Time};

fn scenario(replications: u32) -> Scenario {
    Scenario {
        name: "smoke".to_owned(),
        seed: Seed(42),
        clock: Clock::Virtual,
        replications: NonZeroU32::new(replications).unwrap(),
        target: Target::Embedded(Box::default()),
        load: Load {
            retries: None,
            model: Model::Open(Arrivals::at(Rate(50.0))),
            duration: Some(Span::from_secs(10)),
            subjects: None,
            warm_up: Span::from_secs(2),
            max_in_flight: None,
        },
        stories: Vec::new(),
        faults: Vec::new(),
        phases: Vec::new(),
        settle: Some(Span::from_secs(5)),
        thresholds: Vec::new(),
        interval: None,
        stock: Bytes(0),
        prices: None,
        keeps_history: false,
        ends_when_lost: false,
        keys: [("service.store.slots".to_owned(), "8".to_owned())].into(),
        sha256: "5ca1ab1e".to_owned(),
    }
}

/// Of [`valid`].
pub fn origin() -> Origin {
    origin_of(1)
}

/// Of [`invalid`] with two replications.
pub fn origin_of(replications: u32) -> Origin {
    origin_with(replications, "service.store.slots=8")
}

/// What `--set` was given as.
pub fn origin_with(replications: u32, setting: &str) -> Origin {
    let host = Host {
        cores: 2,
        os: "linux",
        arch: "x86_64",
    };
    let file = Path::new("scenarios/smoke.toml");
    Origin::new(&scenario(replications), file, &[setting.to_owned()], host)
}

pub fn latency(values_us: impl IntoIterator<Item = u64>) -> Latency {
    let mut latency = Latency::default();
    for us in values_us {
        latency.record(Span(us * 1_000));
    }
    latency
}

pub fn transition(phase: usize, key: TransitionKey, latency: Latency) -> TransitionRow {
    TransitionRow {
        phase,
        story: StoryId(0),
        key,
        latency,
    }
}

fn operation(operation: Operation, outcome: Outcome, response: Latency) -> OperationRow {
    OperationRow {
        phase: 1,
        story: StoryId(0),
        operation,
        outcome,
        service: response.clone(),
        response,
    }
}

const BEFORE: Time = Time(2_000_000_001);
const END: Time = Time(4_000_000_001);

/// What was at `mean` throughout the interval, and was at `end` when it ended.
fn level(mean: u64, end: u64) -> Level {
    let mut level = Level::default();
    level.add(BEFORE, mean);
    level.look(BEFORE);
    level.add(END, end.saturating_sub(mean));
    level.sub(END, mean.saturating_sub(end));
    level.look(END)
}

fn flow() -> ResourceGauge {
    let mut gauge = ResourceGauge {
        units: 16,
        each: 1,
        queue: level(2, 3),
        busy: level(12, 12),
        arrivals: 400,
        grants: 400,
        releases: 390,
        ..ResourceGauge::default()
    };
    gauge.work[Work::Request.index()] = WorkGauge {
        wait_ns: 4_000_000_000,
        hold_ns: 78_000_000_000,
    };
    gauge
}

fn transitions() -> Vec<TransitionRow> {
    use SubjectStatus::*;
    let subject = |from, to| TransitionKey::Subject(from, to);
    vec![
        transition(0, subject(None, Queued), latency([2_000; 100])),
        transition(1, subject(None, Queued), latency(1..=400)),
        transition(1, subject(Some(Queued), Saving), latency(1_000..1_400)),
        transition(
            1,
            subject(Some(Saving), Active),
            latency((0..400).map(|n| n * n)),
        ),
        transition(
            1,
            TransitionKey::Task(Some(TaskStatus::Pending), TaskStatus::Processing),
            latency([7]),
        ),
        transition(
            2,
            subject(Some(PendingDelete), Deleted),
            latency([1_500_000; 380]),
        ),
    ]
}

fn operations() -> Vec<OperationRow> {
    vec![
        operation(Operation::Create, Outcome::Ok, latency(1..=400)),
        operation(Operation::Upload, Outcome::Ok, latency(2_000..2_390)),
        operation(Operation::Upload, Outcome::Fail, latency([900; 7])),
        operation(
            Operation::Upload,
            Outcome::Unknown,
            latency([30_000_000; 3]),
        ),
    ]
}

fn phase(name: &str, from_s: u64, to_s: u64) -> Phase {
    Phase {
        name: name.to_owned(),
        from: Time(from_s * 1_000_000_000),
        to: Time(to_s * 1_000_000_000),
    }
}

/// An interval of two seconds.
fn timeline(subjects: [Level; SubjectStatus::COUNT]) -> Vec<TimelineRow> {
    let start = Gauges {
        at: BEFORE,
        arrivals: 90,
        ..Gauges::default()
    };
    let mut bytes: [Level; SubjectStatus::COUNT] = Default::default();
    bytes[SubjectStatus::PendingDelete.index()] = level(1 << 20, 1 << 20);
    let mut end = Gauges {
        at: END,
        arrivals: start.arrivals + 100,
        in_flight: level(12, 14),
        subjects,
        bytes_stored: level(2 << 30, 1 << 30),
        bytes,
        ..Gauges::default()
    };
    end.resources[Resource::Slots.index()] = flow();
    let row = |completions, gauges| TimelineRow {
        phase: 1,
        completions,
        response_ns: 0,
        faults_open: 0,
        responses: vec![],
        gauges,
    };
    vec![row(0, start), row(198, end)]
}

/// Two seconds of warm-up, eight of load, one of settle; valid, without thresholds.
pub fn valid() -> StormResult {
    use SubjectStatus::*;
    let s = 1_000_000_000;
    let mut end = Gauges {
        at: Time(11 * s),
        arrivals: 500,
        events: 12_400,
        ..Gauges::default()
    };
    end.subjects[Active.index()] = level(100, 120);
    end.subjects[Deleted.index()] = level(0, 380);
    let run = RunResult {
        run: 1,
        seed: 42,
        phases: vec![
            phase("warm_up", 0, 2),
            phase("load", 2, 10),
            phase("settle", 10, 11),
        ],
        transitions: transitions(),
        operations: operations(),
        timeline: timeline(end.subjects),
        verdict: Verdict::Valid,
        unknown_because: None,
        violations: Vec::new(),
        violation_counts: [0; Invariant::COUNT],
        end,
        event_hash: Some(0xc0ffee),
        local_failure: None,
        interrupted: false,
        lost: false,
        notes: Vec::new(),
        histories: Vec::new(),
        faults: Vec::new(),
        windows: Vec::new(),
        parts: None,
        recoveries: None,
    };
    StormResult {
        stories: vec!["upload, keep, delete".to_owned()],
        tenants: vec![None],
        runs: vec![run],
        thresholds: Vec::new(),
        verdict: Verdict::Valid,
        generator_bottleneck: false,
        threads: 1,
        wall_s: 0.25,
        cpu_s: 0.2,
        peak_rss_bytes: 12 << 20,
        estimated_bytes: 20 << 20,
    }
}

/// The same with three violations of two invariants, in the second of two runs.
pub fn invalid() -> StormResult {
    let mut result = valid();
    let mut second = result.runs[0].clone();
    second.run = 2;
    second.seed = 43;
    second.event_hash = Some(0xdecaf);
    second.verdict = Verdict::Invalid;
    second.violation_counts[Invariant::Edge.index()] = 2;
    second.violation_counts[Invariant::Conservation.index()] = 1;
    second.violations = vec![
        Violation {
            at: Time(3_250_000_000),
            subject: Some(17),
            invariant: Invariant::Edge,
            from: "deleted",
            to: "killed",
            operation: Some(Operation::Upload),
            detail: "deleted → killed is no edge of v2".to_owned(),
        },
        Violation {
            at: Time(11_000_000_000),
            subject: None,
            invariant: Invariant::Conservation,
            from: "",
            to: "",
            operation: None,
            detail: "the store holds 4096 bytes, \"orphans\", that no subject or operation accounts for, \
                     which is more than one line of a screen has room for"
                .to_owned(),
        },
    ];
    result.runs.push(second);
    result.verdict = Verdict::Invalid;
    result
}

/// A judged threshold on `saving->active`.
pub fn threshold(
    expression: &str,
    aggregate: Aggregate,
    value: Option<f64>,
    met: bool,
) -> ThresholdResult {
    let (key, subject) = match aggregate {
        Aggregate::ErrorRate => ("upload", ThresholdSubject::Operation(Operation::Upload)),
        Aggregate::Rate => ("dropped", ThresholdSubject::Dropped),
        _ => (
            "saving->active",
            ThresholdSubject::Transition(TransitionKey::Subject(
                Some(SubjectStatus::Saving),
                SubjectStatus::Active,
            )),
        ),
    };
    ThresholdResult {
        threshold: Threshold {
            key: key.to_owned(),
            expression: expression.to_owned(),
            phase: None,
            story: None,
            subject,
            aggregate,
            comparison: Comparison::Less,
            bound: 20e9,
            windows: None,
        },
        value,
        met,
        window: None,
    }
}
