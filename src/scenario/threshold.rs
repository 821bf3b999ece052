//! What is demanded of the results: `[thresholds]`.

use super::NamedPhase;
use super::demand::{self, Demand};
use super::document::{Entry, Value};
use super::mistake::Spot;
use super::reader::{Input, Reader, nearest};
use super::story::WrittenStory;
use crate::metrics::{Threshold, ThresholdSubject, TransitionKey};
use stormglass_model::config::Resource;
use stormglass_model::fault::{Fault, FaultId};
use stormglass_model::lifecycle::{EDGES, Operation, Profile, TASK_EDGES};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

/// The key of thresholds about arrivals that could not start.
const DROPPED: &str = "dropped";
/// The key of thresholds about open operations.
const IN_FLIGHT: &str = "in_flight";
/// The key of thresholds about the store.
const BYTES_STORED: &str = "bytes_stored";

/// What the keys of phases, stories and resources begin with.
const PHASE: &str = "phase:";
const STORY: &str = "story:";
const RESOURCE: &str = "resource:";
/// What the key of a recovery begins with; the name of the fault and a bracket follow.
const RECOVERY: &str = "recovery(";

/// The phases that a load has besides those that its scenario names; they need no `phase:`.
const DEFAULT_PHASES: [&str; 3] = ["warm_up", "load", SETTLE];
const SETTLE: &str = "settle";

/// What a run measures, so that thresholds can be about it.
pub(super) struct Measured<'a> {
    /// The edges of the target.
    pub profile: Profile,
    /// Whether the service is the embedded one, which shows its store and its queues.
    pub embedded: bool,
    /// None when they could not be read.
    pub parts: Option<Parts<'a>>,
}

/// What a scenario names, and thresholds can name.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub stories: &'a [WrittenStory],
    pub phases: &'a [NamedPhase],
    pub faults: &'a [Fault],
    /// How long the load lasts, if the scenario says so.
    pub duration: Option<Span>,
}

/// What the key of a threshold says.
#[derive(Clone)]
struct Key {
    phase: Option<String>,
    story: Option<StoryId>,
    subject: ThresholdSubject,
}

/// Reads `[thresholds]`.
pub(super) fn read(input: Input, measured: &Measured) -> Vec<Threshold> {
    let entries = input.entries("a table", "[thresholds]");
    (entries.into_iter().flatten())
        .flat_map(|(entry, input)| demands(input, entry, measured))
        .collect()
}

fn demands(input: Input, entry: &Entry, measured: &Measured) -> Vec<Threshold> {
    let key = key(input.reader, entry, measured);
    let items = match &input.node.value {
        Value::Array(_) => input.list("", "").into_iter().flatten().collect(),
        _ => vec![input],
    };
    let threshold = |item: Input| {
        let load = measured.parts.and_then(|parts| parts.duration);
        let written = demand::written(item, load)?;
        let subject = key.as_ref().map(|key| key.subject);
        let demand = demand::read(written.input, written.expression, subject);
        let (key, demand) = (key.clone()?, demand?);
        if written.windows.is_some()
            && let Some((message, help)) = no_windows(&key, measured.embedded)
        {
            return item.refuse(message, help);
        }
        let Demand {
            aggregate,
            comparison,
            bound,
        } = demand;
        Some(Threshold {
            key: entry.key.clone(),
            expression: written.expression.to_owned(),
            phase: key.phase,
            story: key.story,
            subject: key.subject,
            aggregate,
            comparison,
            bound,
            windows: written.windows,
        })
    };
    items.into_iter().filter_map(threshold).collect()
}

/// Why there are no windows of what a key is about, and what to write.
fn no_windows(key: &Key, embedded: bool) -> Option<(&'static str, &'static str)> {
    match key.subject {
        _ if key.phase.as_deref() == Some(SETTLE) => Some((
            "settle has no windows, since nobody knows how long it is",
            "leave `over` out, or demand it of another phase",
        )),
        ThresholdSubject::Operation(_) => None,
        ThresholdSubject::Transition(_) if embedded => None,
        ThresholdSubject::Transition(_) => Some((
            "transitions on a real server have no windows, since they are known only when their subject has ended",
            "leave `over` out, or demand it of an operation",
        )),
        ThresholdSubject::Dropped
        | ThresholdSubject::InFlight
        | ThresholdSubject::BytesStored
        | ThresholdSubject::Resource(_)
        | ThresholdSubject::Recovery(_) => Some((
            "only operations and transitions are measured in windows",
            "leave `over` out",
        )),
    }
}

/// Reads a key: `upload`, `load/upload`, `phase:storm/story:import/saving->active`.
fn key(reader: &Reader, entry: &Entry, measured: &Measured) -> Option<Key> {
    let at = entry.spot;
    let fault = entry.key.strip_prefix(RECOVERY);
    if let Some(fault) = fault.and_then(|rest| rest.strip_suffix(')')) {
        return Some(Key {
            phase: None,
            story: None,
            subject: recovery(reader, at, fault, measured.parts?)?,
        });
    }
    let Some((scope, name)) = entry.key.rsplit_once('/') else {
        let subject = subject(reader, entry, &entry.key, None, measured)?;
        return Some(Key {
            phase: None,
            story: None,
            subject,
        });
    };
    let parts = measured.parts?;
    let (phase, story) = match (scope.strip_prefix(STORY), scope.split_once("/story:")) {
        (Some(story), _) => (None, Some(story)),
        (None, Some((phase, story))) => (Some(phase), Some(story)),
        (None, None) => (Some(scope), None),
    };
    // Both are read before either is missed, so that all mistakes show.
    let phase = phase.map(|text| phase_of(reader, at, text, parts));
    let story = story.map(|name| story_of(reader, at, name, parts));
    if phase == Some(None) || matches!(story, Some(None)) {
        return None;
    }
    let story = story.flatten();
    let written = story.map(|(_, written)| written);
    let subject = subject(reader, entry, name, written, measured)?;
    Some(Key {
        phase: phase.flatten(),
        story: story.map(|(id, _)| id),
        subject,
    })
}

/// The fault whose recovery is meant: one with something to compare with before it, and some load after it.
fn recovery(reader: &Reader, at: Spot, name: &str, parts: Parts) -> Option<ThresholdSubject> {
    let mut numbered = (0..).map(FaultId).zip(parts.faults);
    let Some((id, fault)) = numbered.find(|(_, fault)| fault.name == name) else {
        let names: Vec<&str> = parts.faults.iter().map(|it| it.name.as_str()).collect();
        reader.unknown(at, "fault", name, &names);
        return None;
    };
    let load_end = parts.duration.map(|length| Time::ZERO + length);
    let heals = fault.to.filter(|to| load_end.is_none_or(|end| *to < end));
    let (message, help) = match heals {
        None => (
            format!("`{name}` heals when the load ends, so no load shows a recovery"),
            "end its `window` before the load ends",
        ),
        Some(_) if fault.from == Time::ZERO => (
            format!("`{name}` is open from the start, so there is nothing to compare with"),
            "begin its `window` later",
        ),
        Some(_) => return Some(ThresholdSubject::Recovery(id)),
    };
    reader.wrong(at, message, help);
    None
}

/// The phase that a key begins with.
fn phase_of(reader: &Reader, at: Spot, text: &str, parts: Parts) -> Option<String> {
    let named = parts.phases.iter().map(|phase| phase.name.as_str());
    let known: Vec<&str> = named.chain([SETTLE]).collect();
    let name = match text.strip_prefix(PHASE) {
        Some(name) => name,
        None if DEFAULT_PHASES.contains(&text) => text,
        None => {
            let is_story = |it: &WrittenStory| it.story.name == text;
            let help = match (known.contains(&text), parts.stories.iter().any(is_story)) {
                (true, _) => format!("write `{PHASE}{text}/…`"),
                (false, true) => format!("write `{STORY}{text}/…`"),
                (false, false) => {
                    "write for example `load/upload`, `phase:NAME/upload` or `story:NAME/upload`"
                        .to_owned()
                }
            };
            reader.wrong(
                at,
                format!("`{text}` says neither `{PHASE}` nor `{STORY}`"),
                help,
            );
            return None;
        }
    };
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    let there_are = known.join(", ");
    let help = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`? there are: {there_are}"),
        None => format!("there are: {there_are}"),
    };
    reader.wrong(at, format!("the load has no phase `{name}`"), help);
    None
}

/// The story that a key names.
fn story_of<'a>(
    reader: &Reader,
    at: Spot,
    name: &str,
    parts: Parts<'a>,
) -> Option<(StoryId, &'a WrittenStory)> {
    let mut numbered = (0..).map(StoryId).zip(parts.stories);
    let found = numbered.find(|(_, written)| written.story.name == name);
    if found.is_none() {
        let names: Vec<&str> = (parts.stories.iter())
            .map(|it| it.story.name.as_str())
            .collect();
        reader.unknown(at, "story", name, &names);
    }
    found
}

/// What a key is about, in this story or in any.
fn subject(
    reader: &Reader,
    entry: &Entry,
    name: &str,
    story: Option<&WrittenStory>,
    measured: &Measured,
) -> Option<ThresholdSubject> {
    let at = entry.spot;
    if let Some((from, to)) = name.split_once("->") {
        let (from, to) = (from.trim(), to.trim());
        let transition = transition(reader, entry, (from, to), measured.profile)?;
        if transition.is_task() && measured.lacks(Operation::Import, story) {
            let help = "add `\"import\"` to a story, or leave the threshold out";
            let message = match story {
                None => "no story imports, so there are no tasks",
                Some(_) => "this story does not import, so it has no tasks",
            };
            reader.wrong(at, message, help);
            return None;
        }
        return Some(ThresholdSubject::Transition(transition));
    }
    if let Some(whole) = whole(reader, at, name, measured.embedded) {
        let whole = whole?;
        if story.is_some() {
            let help = "leave `story:` out, or demand something of an operation or a transition";
            reader.wrong(at, format!("`{name}` is not measured by story"), help);
            return None;
        }
        return Some(whole);
    }
    if name.starts_with("recovery") {
        let help = "write `recovery(NAME)` alone, with the name of a fault";
        reader.wrong(
            at,
            "a recovery is of a fault, in no phase and no story",
            help,
        );
        return None;
    }
    let Some(operation) = Operation::from_name(name) else {
        let names = Operation::ALL.iter().map(|operation| operation.name());
        let names: Vec<&str> = names.chain([DROPPED, IN_FLIGHT, BYTES_STORED]).collect();
        reader.unknown(at, "operation", name, &names);
        return None;
    };
    if measured.lacks(operation, story) {
        let (message, help) = match story {
            None => (
                format!("no story does `{operation}`"),
                "add it to a story, or leave the threshold out",
            ),
            Some(it) => (
                format!("the story `{}` does no `{operation}`", it.story.name),
                "add it to the story, or leave the threshold out",
            ),
        };
        reader.wrong(at, message, help);
        return None;
    }
    Some(ThresholdSubject::Operation(operation))
}

/// What is measured of all stories together, if the key is about that; inside, none once its mistake is noted.
fn whole(
    reader: &Reader,
    at: Spot,
    name: &str,
    embedded: bool,
) -> Option<Option<ThresholdSubject>> {
    let names: Vec<&str> = Resource::ALL.iter().map(|it| it.name()).collect();
    let subject = match (name, name.strip_prefix(RESOURCE)) {
        (DROPPED, _) => return Some(Some(ThresholdSubject::Dropped)),
        (IN_FLIGHT, _) => return Some(Some(ThresholdSubject::InFlight)),
        (BYTES_STORED, _) => ThresholdSubject::BytesStored,
        (_, Some(resource)) => {
            let Some(resource) = Resource::from_name(resource) else {
                reader.unknown(at, "resource", resource, &names);
                return Some(None);
            };
            ThresholdSubject::Resource(resource)
        }
        (_, None) if names.contains(&name) => {
            let help = format!("write `{RESOURCE}{name}`");
            reader.wrong(at, format!("`{name}` is a resource"), help);
            return Some(None);
        }
        (_, None) => return None,
    };
    if !embedded {
        let help = "leave the threshold out, or run the scenario on the embedded service";
        reader.wrong(at, format!("a real server does not show `{name}`"), help);
        return Some(None);
    }
    Some(Some(subject))
}

impl Measured<'_> {
    /// Whether it is certain that this story, or any, does not do the operation.
    fn lacks(&self, operation: Operation, story: Option<&WrittenStory>) -> bool {
        let does = |it: &WrittenStory| it.story.acts().any(|act| act.operation == operation);
        match (story, self.parts) {
            (Some(story), _) => !does(story),
            (None, Some(parts)) => !parts.stories.iter().any(does),
            (None, None) => false,
        }
    }
}

fn transition(
    reader: &Reader,
    entry: &Entry,
    (from, to): (&str, &str),
    profile: Profile,
) -> Option<TransitionKey> {
    let subjects = EDGES.iter().filter(|edge| edge.allowed_by(profile));
    let tasks = TASK_EDGES.iter().filter(|edge| edge.allowed_by(profile));
    let legal: Vec<(String, TransitionKey)> = subjects
        .map(|edge| TransitionKey::Subject(edge.from, edge.to))
        .chain(tasks.map(|edge| TransitionKey::Task(edge.from, edge.to)))
        .map(|key| {
            let (source, target) = key.names();
            (format!("{source}->{target}"), key)
        })
        .collect();
    let wanted = format!("{from}->{to}");
    if let Some((_, found)) = legal.iter().find(|(name, _)| *name == wanted) {
        return Some(*found);
    }
    let message = format!("`{wanted}` is no transition of profile {profile}");
    let names = legal.iter().map(|(name, _)| name.as_str());
    let begins = format!("{from}->");
    let starting: Vec<&str> = (names.clone())
        .filter(|name| !from.is_empty() && name.starts_with(&begins))
        .collect();
    let help = match starting.is_empty() {
        false => format!("from `{from}` there are: {}", starting.join(", ")),
        true => format!("there are: {}", names.collect::<Vec<_>>().join(", ")),
    };
    reader.wrong(entry.spot, message, help);
    None
}
