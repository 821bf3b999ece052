//! Every metric of a run under way, as values.

use crate::metrics::{BOUNDS, Figures, Responses, Tally};
use crate::scenario::{Scenario, Target};
use std::collections::BTreeSet;
use stormglass_model::config::Resource;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};
use stormglass_model::units::Span;

/// What the numbers of a family do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They only grow.
    Counter,
    /// They say how things stand.
    Gauge,
    /// They are spread over classes, whose counts only grow.
    Histogram,
}

/// Metrics of one name.
#[derive(Debug)]
pub struct MetricFamily<'t> {
    /// What it is called.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// What its numbers do.
    pub kind: Kind,
    /// One for each set of labels.
    pub samples: Vec<Sample<'t>>,
}

/// One metric.
#[derive(Debug)]
pub struct Sample<'t> {
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// What it is.
    pub value: Value<'t>,
}

/// The value of a metric.
#[derive(Clone, Copy, Debug)]
pub enum Value<'t> {
    /// A count.
    Count(u64),
    /// A measured number.
    Number(f64),
    /// Response times.
    Spread(&'t Responses),
}

/// What is known of a run before it begins.
#[derive(Clone, Debug)]
pub struct RunMetrics {
    labels: Vec<(&'static str, String)>,
    runs: u64,
    operations: BTreeSet<Operation>,
    embedded: bool,
}

impl RunMetrics {
    /// Of this scenario.
    pub fn new(scenario: &Scenario) -> RunMetrics {
        RunMetrics {
            labels: vec![
                ("scenario", scenario.name.clone()),
                ("seed", scenario.seed.0.to_string()),
                ("target", scenario.target.name().to_owned()),
                ("clock", scenario.clock.name().to_owned()),
            ],
            runs: scenario.replications.get().into(),
            operations: scenario.operations(),
            embedded: matches!(scenario.target, Target::Embedded(_)),
        }
    }

    /// Every metric, with the processor time that the process has used.
    pub fn families<'t>(&self, tally: &'t Tally, cpu: Span) -> Vec<MetricFamily<'t>> {
        let one = |name, help, kind, value| MetricFamily {
            name,
            help,
            kind,
            samples: vec![sample([], value)],
        };
        let figures = &tally.figures;
        let mut families = self.of_the_run(tally, cpu);
        for (name, help, count) in COUNTERS {
            families.push(one(name, help, Kind::Counter, Value::Count(count(figures))));
        }
        for (name, help, count) in GAUGES {
            families.push(one(name, help, Kind::Gauge, Value::Count(count(figures))));
        }
        families.extend(self.of_operations(tally));
        families.push(transitions(tally));
        families.push(MetricFamily {
            name: "stormglass_subjects",
            help: "Subjects in each status, over the runs under way; deleted ones stay counted.",
            kind: Kind::Gauge,
            samples: by_status(&figures.subjects),
        });
        if self.embedded {
            families.push(MetricFamily {
                name: "stormglass_stored_bytes",
                help: "Bytes in the embedded service's store, by the status of the subject that they belong to.",
                kind: Kind::Gauge,
                samples: by_status(&figures.bytes),
            });
            families.extend(of_resources(figures));
        }
        families
    }

    fn of_the_run(&self, tally: &Tally, cpu: Span) -> Vec<MetricFamily<'static>> {
        let family = |name, help, kind, labels, value| MetricFamily {
            name,
            help,
            kind,
            samples: vec![Sample { labels, value }],
        };
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        let (one, none) = (Value::Count(1), Vec::new);
        vec![
            family(
                "stormglass_build_info",
                "The version of Stormglass.",
                Kind::Gauge,
                version,
                one,
            ),
            family(
                "stormglass_run_info",
                "What is run.",
                Kind::Gauge,
                self.labels.clone(),
                one,
            ),
            family(
                "stormglass_planned_runs",
                "Replications that the scenario asks for.",
                Kind::Gauge,
                none(),
                Value::Count(self.runs),
            ),
            family(
                "stormglass_runs_ended_total",
                "Replications that have ended.",
                Kind::Counter,
                none(),
                Value::Count(tally.runs_ended),
            ),
            family(
                "stormglass_covered_seconds_total",
                "Time covered by the run's own clock, simulated or real, summed over replications.",
                Kind::Counter,
                none(),
                Value::Number(Span(tally.figures.time_ns).as_secs_f64()),
            ),
            family(
                "process_cpu_seconds_total",
                "Processor time that the process has used.",
                Kind::Counter,
                none(),
                Value::Number(cpu.as_secs_f64()),
            ),
        ]
    }

    fn of_operations<'t>(&self, tally: &'t Tally) -> [MetricFamily<'t>; 2] {
        let all = Operation::ALL.iter().zip(&tally.operations);
        // Those of the scenario are there from the beginning, so that no rate misses the first of them.
        let seen =
            all.filter(|(operation, it)| it.begun > 0 || self.operations.contains(operation));
        let seen: Vec<_> = seen.collect();
        let begun = seen.iter().map(|(operation, it)| {
            sample([("operation", operation.name())], Value::Count(it.begun))
        });
        let responses = seen.iter().flat_map(|(operation, it)| {
            let outcomes = Outcome::ALL.iter().zip(&it.responses);
            outcomes.map(|(outcome, responses)| {
                let labels = [("operation", operation.name()), ("outcome", outcome.name())];
                sample(labels, Value::Spread(responses))
            })
        });
        [
            MetricFamily {
                name: "stormglass_operations_started_total",
                help: "Operations that were sent.",
                kind: Kind::Counter,
                samples: begun.collect(),
            },
            MetricFamily {
                name: "stormglass_response_seconds",
                help: "Response times of operations that have ended, from when they were due, by the run's own clock.",
                kind: Kind::Histogram,
                samples: responses.collect(),
            },
        ]
    }
}

type Count = fn(&Figures) -> u64;

const COUNTERS: [(&str, &str, Count); 5] = [
    (
        "stormglass_stories_due_total",
        "Stories that were to begin by now.",
        |it| it.due,
    ),
    (
        "stormglass_stories_started_total",
        "Stories that have begun.",
        |it| it.started,
    ),
    (
        "stormglass_stories_late_total",
        "Stories that came more than ten milliseconds after they were due, since the generator was behind.",
        |it| it.late,
    ),
    (
        "stormglass_stories_dropped_total",
        "Stories that were due and never began, since too many were open.",
        |it| it.dropped,
    ),
    (
        "stormglass_violations_total",
        "Violations of invariants.",
        |it| it.violations,
    ),
];

const GAUGES: [(&str, &str, Count); 2] = [
    (
        "stormglass_operations_in_flight",
        "Operations that were sent and not yet answered, over the runs under way.",
        |it| it.in_flight,
    ),
    (
        "stormglass_faults_open",
        "Faults that are open, over the runs under way.",
        |it| it.faults_open,
    ),
];

fn sample<'t, const N: usize>(labels: [(&'static str, &str); N], value: Value<'t>) -> Sample<'t> {
    let labels = labels.map(|(name, text)| (name, text.to_owned()));
    Sample {
        labels: labels.into(),
        value,
    }
}

fn by_status(counts: &[u64]) -> Vec<Sample<'static>> {
    let all = SubjectStatus::ALL.iter().zip(counts);
    all.map(|(status, count)| sample([("status", status.name())], Value::Count(*count)))
        .collect()
}

/// Every transition that was seen.
fn transitions(tally: &Tally) -> MetricFamily<'static> {
    use crate::metrics::TransitionKey::{self, Subject, Task};
    let with_none = |count: usize| [None].into_iter().chain((0..count).map(Some));
    let (subjects, tasks) = (SubjectStatus::ALL, TaskStatus::ALL);
    let of_subjects = with_none(subjects.len()).flat_map(|from| {
        subjects
            .iter()
            .map(move |to| Subject(from.map(|at| subjects[at]), *to))
    });
    let of_tasks = with_none(tasks.len()).flat_map(|from| {
        tasks
            .iter()
            .map(move |to| Task(from.map(|at| tasks[at]), *to))
    });
    let seen = |key: TransitionKey| {
        let count = *tally
            .transitions
            .get(key.index())
            .filter(|count| **count > 0)?;
        let (from, to) = key.names();
        let of = if key.is_task() { "task" } else { "subject" };
        Some(sample(
            [("of", of), ("from", from), ("to", to)],
            Value::Count(count),
        ))
    };
    MetricFamily {
        name: "stormglass_transitions_total",
        help: "Changes of status, of subjects and of tasks; from nothing for creation.",
        kind: Kind::Counter,
        samples: of_subjects.chain(of_tasks).filter_map(seen).collect(),
    }
}

fn of_resources(figures: &Figures) -> [MetricFamily<'static>; 3] {
    let family = |name, help, count: fn(&crate::metrics::QueueFigures) -> u64| {
        let all = Resource::ALL.iter().zip(&figures.queues);
        let samples = all.map(|(resource, queue)| {
            sample([("resource", resource.name())], Value::Count(count(queue)))
        });
        MetricFamily {
            name,
            help,
            kind: Kind::Gauge,
            samples: samples.collect(),
        }
    };
    [
        family(
            "stormglass_resource_units",
            "Units of each resource of the embedded service.",
            |it| it.units,
        ),
        family(
            "stormglass_resource_busy_units",
            "Units that are held.",
            |it| it.busy,
        ),
        family(
            "stormglass_resource_waiting",
            "How many wait for a unit.",
            |it| it.waiting,
        ),
    ]
}

/// The upper bound of each class but the last, in seconds.
pub fn bounds() -> impl Iterator<Item = f64> {
    BOUNDS.into_iter().map(|bound| bound as f64 / 1e9)
}

/// How many values are at most as great as each bound, and last how many there are.
pub fn cumulative(responses: &Responses) -> impl Iterator<Item = u64> {
    responses.classes.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    })
}
