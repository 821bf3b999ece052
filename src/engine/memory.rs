//! How much memory a storm will take, before it takes any, and how much there is.

use crate::metrics::{Latency, TimelineRow, TransitionKey};
use crate::scenario::{Clock, Load, Model, Scenario, Target};
use std::fs;
use std::path::Path;
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::load::Story;
use stormglass_model::operations::OperationKind;
use stormglass_model::script::{Action, Step};
use stormglass_model::units::{Bytes, Span};

/// What a process of this program holds that does nothing.
const PROCESS: f64 = 20e6;
/// What an open subject and its client take in virtual time, in real time, and with a request on its way to a server.
const SUBJECT: [f64; 3] = [240.0, 920.0, 4_000.0];
/// What an operation takes in a history that is kept.
const OPERATION_KEPT: f64 = 240.0;
/// What a row of latencies takes without its values, with the list that it stands in.
const ROW: f64 = 260.0;
/// What a value takes in it, while it has few; and what all of them take once they are many.
const VALUE: f64 = 4.0;
const MANY: f64 = 100e3;

/// What the buckets of an operation take in an interval of the timeline, at most, about.
const BUCKETS: f64 = 600.0;

/// What a storm will take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// All of it.
    pub bytes: Bytes,
    /// What takes most of it.
    pub mostly: &'static str,
}

/// How much a scenario will take on so many threads. How many subjects will be open at once is reckoned from rates and waits
/// alone, as if nobody ever waited for the service: if it is short, more will be.
pub fn estimate(scenario: &Scenario, threads: usize) -> Estimate {
    let runs = f64::from(scenario.replications.get());
    let at_once = match (&scenario.target, scenario.clock) {
        (Target::Embedded(_), Clock::Virtual) => runs.min(threads as f64),
        _ => 1.0,
    };
    // In real time shards share the subjects of a run, and each has rows of its own.
    let shards = match scenario.clock {
        Clock::Virtual => 1.0,
        Clock::Real => threads as f64,
    };
    let subject = match (&scenario.target, scenario.clock) {
        (Target::Glance(_), _) => SUBJECT[2],
        (_, Clock::Real) => SUBJECT[1],
        (_, Clock::Virtual) => SUBJECT[0],
    };
    let stories = Stories::of(scenario);
    let started = started(&scenario.load, &stories);
    let operations = started * stories.operations;
    let pairs = (scenario.phases.len() + 1) as f64 * scenario.stories.len() as f64;
    // A story falls into the phase that it begins in, and perhaps into the next.
    let used = pairs.min(2.0 * started).max(1.0);
    let columns = TransitionKey::COUNT + Operation::COUNT * Outcome::COUNT;
    let rows = used * (3.0 * stories.operations + 2.0);
    let values = 3.0 * operations / rows;
    let measuring =
        8.0 * pairs + 8.0 * used * columns as f64 + rows * (ROW + (VALUE * values).min(MANY));
    let timeline = intervals(scenario).min(1_024) as f64 + 2.0 * scenario.phases.len() as f64;
    // Of each operation, each interval keeps how many values fell into which of some hundred buckets.
    let kinds = scenario.operations().len() as f64;
    let completed = operations / (timeline * kinds).max(1.0);
    let interval = size_of::<TimelineRow>() as f64
        + kinds * (size_of::<(Operation, Latency)>() as f64 + (VALUE * completed).min(BUCKETS));
    let measuring = measuring + timeline * interval;
    let kept = timeline.min(intervals(scenario) as f64 + scenario.phases.len() as f64);
    let measured = rows * (ROW + (VALUE * values).min(MANY / 20.0)) + kept * interval;
    let history = match scenario.keeps_history {
        true => operations * OPERATION_KEPT,
        false => 0.0,
    };
    let parts = [
        (PROCESS, "the process"),
        (
            at_once * open(scenario, &stories, started) * subject,
            "subjects that are open at once",
        ),
        (
            at_once * shards * measuring,
            "latencies by phase, story and operation",
        ),
        (runs * measured, "results of replications"),
        (runs * history, "the history"),
    ];
    let most = parts.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    Estimate {
        bytes: Bytes(parts.iter().map(|(bytes, _)| bytes).sum::<f64>() as u64),
        mostly: most.map_or("", |(_, what)| what),
    }
}

/// Intervals of the timelines of all runs together, about.
const INTERVALS: usize = 16_384;

/// Intervals that the timeline of a run keeps once it has ended, so that memory does not grow with many runs.
pub fn intervals(scenario: &Scenario) -> usize {
    INTERVALS / scenario.replications.get() as usize
}

/// Means over the stories of a scenario, by their weights.
struct Stories {
    operations: f64,
    waits_s: f64,
    /// The share that does not delete its subject.
    keeps: f64,
}

impl Stories {
    fn of(scenario: &Scenario) -> Stories {
        let weights: f64 = scenario.stories.iter().map(|story| story.weight).sum();
        let mean = |of: fn(&Story) -> f64| {
            let stories = scenario.stories.iter();
            let sum: f64 = stories.map(|story| story.weight * of(story)).sum();
            if weights > 0.0 { sum / weights } else { 0.0 }
        };
        Stories {
            operations: mean(|story| story.steps.iter().map(acts).sum()),
            waits_s: mean(|story| story.steps.iter().map(wait_s).sum()),
            keeps: mean(|story| {
                match story
                    .acts()
                    .any(|act| act.operation.kind() == OperationKind::Delete)
                {
                    true => 0.0,
                    false => 1.0,
                }
            }),
        }
    }
}

fn acts(step: &Step) -> f64 {
    step.acts().count() as f64
}

fn wait_s(step: &Step) -> f64 {
    let waits = step.actions().map(|action| match action {
        Action::Wait(pause) => pause.0.mean() / 1e9,
        Action::Do(_) | Action::Refused(_) => 0.0,
    });
    waits.sum()
}

/// How many stories a run starts; one, where nothing says so.
fn started(load: &Load, stories: &Stories) -> f64 {
    let length = load.duration.unwrap_or(Span::ZERO).as_secs_f64();
    let by_time = match &load.model {
        Model::Open(_) | Model::OpenByStory(_) => {
            let length = load.duration.unwrap_or(Span::ZERO);
            let each = load.model.arrivals().iter();
            each.map(|arrivals| arrivals.expected(length)).sum()
        }
        Model::Closed { users, think } => {
            let turn_s = stories.waits_s + think.mean() / 1e9;
            let turns = if turn_s > 0.0 { length / turn_s } else { 0.0 };
            f64::from(users.get()) * turns.max(1.0)
        }
    };
    match (load.subjects, load.duration) {
        (Some(subjects), None) => subjects as f64,
        (Some(subjects), Some(_)) => by_time.min(subjects as f64),
        (None, _) => by_time,
    }
    .max(1.0)
}

/// How many subjects of a run are open at once: those of stories under way, those that wait for the scrubber, and those that
/// nobody deletes.
fn open(scenario: &Scenario, stories: &Stories, started: f64) -> f64 {
    let scrub = match &scenario.target {
        Target::Embedded(config) if config.delayed_delete => config.scrub_time,
        _ => Span::ZERO,
    };
    let (under_way, scrubbed) = match &scenario.load.model {
        Model::Closed { users, .. } => {
            let users = f64::from(users.get());
            (
                users,
                users / stories.waits_s.max(1.0) * scrub.as_secs_f64(),
            )
        }
        Model::Open(_) | Model::OpenByStory(_) => {
            let crowd = |length: Span| {
                let each = scenario.load.model.arrivals().iter();
                each.map(|arrivals| arrivals.crowd(length)).sum()
            };
            (crowd(Span::from_secs_f64(stories.waits_s)), crowd(scrub))
        }
    };
    let under_way = match scenario.load.max_in_flight {
        Some(most) => under_way.min(most as f64),
        None => under_way,
    };
    // Users have a place in the calendar even if they never come to start a story.
    let users = match &scenario.load.model {
        Model::Closed { users, .. } => f64::from(users.get()),
        Model::Open(_) | Model::OpenByStory(_) => 0.0,
    };
    users.max((under_way + scrubbed + started * stories.keeps).min(started))
}

/// How much memory this process may take: what the machine has left, or what its control group, or a limit on its address
/// space, leaves it. None where the system does not tell.
pub fn room() -> Option<Bytes> {
    let machine = field("/proc/meminfo", "MemAvailable:").map(|kib| kib.saturating_mul(1_024));
    let address_space = rustix::process::getrlimit(rustix::process::Resource::As).current;
    let all = [machine, control_group(), address_space];
    all.into_iter().flatten().min().map(Bytes)
}

fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What is left of the narrowest limit on the way from this process's control group up.
fn control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let left = |folder: &Path, most: &str, used: &str| {
        let number = |file: &str| -> Option<u64> {
            fs::read_to_string(folder.join(file))
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        Some(number(most)?.saturating_sub(number(used)?))
    };
    let lefts = groups.lines().flat_map(|line| {
        let (_, rest) = line.split_once(':').unwrap_or_default();
        let (controllers, path) = rest.split_once(':').unwrap_or_default();
        let (root, most, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            _ => (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            ),
        };
        let group = Path::new(path.trim_start_matches('/'));
        let known = controllers.is_empty() || controllers.split(',').any(|it| it == "memory");
        let above = group.ancestors().filter(move |_| known);
        above
            .filter_map(|group| left(&Path::new(root).join(group), most, used))
            .collect::<Vec<_>>()
    });
    lefts.min()
}
