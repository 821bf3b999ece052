//! What clients do: `[[story]]`.

use super::document::{Node, Value};
use super::mistake::Spot;
use super::reader::{Fields, Input, Read};
use super::value::{named, own_name, positive};
use super::{Load, arrivals};
use std::cell::Cell;
use std::collections::BTreeSet;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::{Arrivals, Story};
use stormglass_model::random::Distribution;
use stormglass_model::script::{self, Act, Action, BRANCHES, Pause, Step};
use stormglass_model::units::Span;

/// A story with where its parts were written.
pub(super) struct WrittenStory {
    pub story: Story,
    /// When it arrives, if that is its own affair.
    arrivals: Option<Arrivals>,
    /// Where the parts of each step were written: every action of rivals, or the step.
    spots: Vec<Vec<Spot>>,
}

impl WrittenStory {
    /// Every step, with where its parts were written.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, &[Spot])> {
        let spots = self.spots.iter().map(Vec::as_slice);
        self.story.steps.iter().zip(spots)
    }
}

type WrittenStep = (Step, Vec<Spot>);

/// Stories, and steps of a story, at most: engines count them with 16 bits.
const STEPS: usize = u16::MAX as usize;

const EXAMPLE: &str = "[\"create\", \"upload\", \"delete\"]";

/// Reads every `[[story]]`.
pub(super) fn read(root: &mut Fields) -> Vec<WrittenStory> {
    let list = root.tables("story");
    // A `story` of another type has been noted already.
    let nothing = root
        .input("story")
        .is_none_or(|input| matches!(&input.node.value, Value::Array(items) if items.is_empty()));
    if nothing {
        let help =
            "write `[[story]]`, with a `name` and `steps = [\"create\", \"upload\", \"delete\"]`";
        root.wrong_key("story", "the scenario has no `[[story]]`", help);
    }
    if let Some(first) = list.get(STEPS) {
        first.wrong(
            format!("a scenario has at most {STEPS} stories"),
            "merge stories",
        );
    }
    let mut names = BTreeSet::new();
    let by_story = have_arrivals(root);
    // Of every scenario: its text bounds all else.
    let room = Cell::new(STEPS as u64);
    // None as soon as one weight could not be read: then nothing is said about their sum.
    let mut sum = Some(0.0);
    let stories = (list.iter())
        .filter_map(|input| {
            input.table("[[story]]", |t| {
                story(t, &mut names, &mut sum, by_story, &room)
            })
        })
        .collect();
    let first = list
        .iter()
        .find(|input| matches!(input.node.value, Value::Table(_)));
    if let (Some(sum), Some(first)) = (sum, first)
        && !by_story
        && !(sum > 0.0 && sum.is_finite())
    {
        let message = "the weights of all stories together must be above zero and finite";
        first.wrong(message, "give at least one story a `weight` above zero");
    }
    stories
}

fn story(
    t: &mut Fields,
    names: &mut BTreeSet<String>,
    sum: &mut Option<f64>,
    by_story: bool,
    room: &Cell<u64>,
) -> Option<WrittenStory> {
    let name = own_name(t, "story", "\"upload, keep, delete\"", names);
    let tenant = t.with("tenant", named);
    let weight = t.input("weight").map_or(Some(1.0), f64::read);
    *sum = sum.zip(weight).map(|(sum, weight)| sum + weight);
    if by_story && t.has("weight") {
        let message = "a story with arrivals of its own is not chosen by weight";
        t.wrong_key("weight", message, "leave out `weight`");
    }
    let arrivals = t.with("arrivals", |it| arrivals::read(it, None, None));
    if by_story && !t.has("arrivals") {
        let message = "another story has arrivals of its own, and this one has none";
        let help = "write `arrivals = { rate = \"2/s\" }` in every `[[story]]`, or in `[load]` for all of them";
        t.whole.wrong(message, help);
    }
    let size = t.or("size", Distribution::constant(1 << 20));
    let steps = t.need_with("steps", EXAMPLE, |input| steps(input, room));
    let (steps, spots) = steps?.into_iter().unzip();
    Some(WrittenStory {
        story: Story {
            name: name?,
            tenant,
            weight: weight?,
            size,
            steps,
        },
        arrivals,
        spots,
    })
}

/// Whether a story has arrivals of its own; then all must.
fn have_arrivals(root: &mut Fields) -> bool {
    let has = |item: &Node| matches!(&item.value, Value::Table(entries) if entries.iter().any(|entry| entry.key == "arrivals"));
    let stories = root.input("story").map(|input| &input.node.value);
    matches!(stories, Some(Value::Array(items)) if items.iter().any(has))
}

/// The arrivals of every story, where stories have arrivals of their own.
pub(super) fn arrivals(root: &mut Fields, stories: &[WrittenStory]) -> Option<Vec<Arrivals>> {
    let each = stories
        .iter()
        .filter_map(|written| written.arrivals.clone());
    have_arrivals(root).then(|| each.collect())
}

/// A load whose length nobody knows is weighed by its first day.
const DAY: Span = Span::from_secs(86_400);

/// Stories with arrivals of their own weigh as many as arrive during the load.
pub(super) fn weigh(stories: &mut [WrittenStory], load: &Load) {
    let length = load.duration.unwrap_or(DAY);
    for written in stories {
        if let Some(arrivals) = &written.arrivals {
            written.story.weight = arrivals.expected(length);
        }
    }
}

/// The steps of a story, up to the first that could not be read: what follows may depend on it.
fn steps(input: Input, room: &Cell<u64>) -> Option<Vec<WrittenStep>> {
    let items = items(input)?;
    let steps = written(input, &items, room);
    let count = steps.len();
    if count == 0 || count > STEPS {
        let message = format!("a story has 1 to {STEPS} steps, and this one has {count}");
        return input.refuse(message, format!("write for example `{EXAMPLE}`"));
    }
    if let (Some(Some((first, _))), Some(item)) = (steps.first(), items.first())
        && first.creates_first().is_none()
    {
        let help = "put `\"create\"`, `\"create-with-location\"` or `\"create-empty\"` first";
        item.wrong("a story begins with a step that creates its subject", help);
    }
    for (step, spots) in steps.iter().skip(1).flatten() {
        if let (Some(operation), Some(&at)) = (step.creates_late(), spots.first()) {
            let message =
                format!("only the first step of a story creates, and `{operation}` comes later");
            let help = "write a second story for a second subject";
            input.reader.wrong(at, message, help);
        }
    }
    Some(steps.into_iter().map_while(|step| step).collect())
}

/// What steps are written as: the elements of a list, or one line of text.
fn items(input: Input) -> Option<Vec<Input>> {
    match &input.node.value {
        Value::String(_) => Some(vec![input]),
        _ => Some(input.list("a list of steps", EXAMPLE)?.collect()),
    }
}

/// The steps that the items of an input say; none in the place of one that could not be read.
fn written(input: Input, items: &[Input], room: &Cell<u64>) -> Vec<Option<WrittenStep>> {
    let whole = matches!(&input.node.value, Value::String(_));
    let read = |item: &Input| match &item.node.value {
        // A word alone is the name of an operation.
        Value::String(text) if whole || text.contains([' ', ':', '=', '!', '[', '{']) => {
            line(*item, text)
        }
        _ if has(*item, "repeat") => repeated(*item, room).unwrap_or_else(|| vec![None]),
        _ => vec![step(*item)],
    };
    items.iter().flat_map(read).collect()
}

/// Steps as many times as they are to be repeated. `room` is how many steps may still be added so.
fn repeated(input: Input, room: &Cell<u64>) -> Option<Vec<Option<WrittenStep>>> {
    let (times, steps) = input.table(REPEAT, |t| {
        let times = t.need_with("repeat", "3", positive);
        let steps = t.need_with("steps", "[\"download\"]", |input| {
            let items = items(input)?;
            if items.is_empty() {
                let help = format!("write for example `{REPEAT}`");
                return input.refuse("nothing is repeated", help);
            }
            Some(written(input, &items, room))
        });
        Some((times?, steps?))
    })?;
    let added = (times - 1).saturating_mul(steps.len() as u64);
    let Some(left) = room.get().checked_sub(added) else {
        let message = format!("the repeats of a scenario add more than {STEPS} steps");
        return input.refuse(message, "repeat fewer times");
    };
    room.set(left);
    let all = (0..times).flat_map(|_| steps.iter().cloned());
    Some(all.collect())
}

const REPEAT: &str = "{ repeat = 3, steps = [\"download\"] }";

/// Steps of a script; none if they could not be read.
fn line(input: Input, text: &str) -> Vec<Option<WrittenStep>> {
    let steps = match script::steps(text) {
        Ok(steps) => steps,
        Err(error) => {
            let help = "write for example `\"create [upload mid-body !close] show delete\"`";
            return vec![input.refuse(error.to_string(), help)];
        }
    };
    let steps = steps.into_iter().flat_map(Step::unwatched);
    let written = |step: Step| {
        let parts = step.actions().count().max(1);
        Some((step, vec![input.node.spot; parts]))
    };
    steps.map(written).collect()
}

fn step(input: Input) -> Option<WrittenStep> {
    if !has(input, "race") {
        return action(input).map(|action| (Step::Act(action), vec![input.node.spot]));
    }
    let (branches, jitter) = input.table(RACE, |t| {
        Some((t.with("race", branches), t.or("jitter", Span::ZERO)))
    })?;
    let (branches, spots): (Vec<_>, Vec<_>) = branches?.into_iter().unzip();
    Some((Step::Rivals { branches, jitter }, spots.concat()))
}

/// Whether the step is a table with such a key.
fn has(input: Input, key: &str) -> bool {
    matches!(&input.node.value, Value::Table(entries) if entries.iter().any(|entry| entry.key == key))
}

const RACE: &str = "{ race = [\"upload\", \"delete\"], jitter = \"10ms\" }";

/// The actions of every branch, and where each was written.
fn branches(input: Input) -> Option<Vec<(Vec<Action>, Vec<Spot>)>> {
    let count = input.list("a list of rivals", RACE)?.len();
    if !(2..=BRANCHES).contains(&count) {
        let message = format!("a race has 2 to {BRANCHES} branches, and this one has {count}");
        return input.refuse(message, format!("write for example `{RACE}`"));
    }
    let written = |item: Input| Some((action(item)?, item.node.spot));
    input.all("a list of rivals", RACE, |branch| {
        let Value::Array(actions) = &branch.node.value else {
            let (action, spot) = written(branch)?;
            return Some((vec![action], vec![spot]));
        };
        let count = actions.len();
        if !(1..=BRANCHES).contains(&count) {
            let message = format!("a branch has 1 to {BRANCHES} steps, and this one has {count}");
            return branch.refuse(message, "write for example `[\"upload\", \"delete\"]`");
        }
        let actions = branch.all("", "", written)?;
        Some(actions.into_iter().unzip())
    })
}

fn action(input: Input) -> Option<Action> {
    if has(input, "repeat") {
        let help = "repeat the whole race, or write the steps of the branch one by one";
        return input.refuse("a race cannot hold a repeat", help);
    }
    if has(input, "race") {
        let help = "name the rivals side by side in one race; a branch may be a list of steps";
        return input.refuse("a race cannot hold another race", help);
    }
    match &input.node.value {
        Value::String(_) => act(input).map(Action::Do),
        Value::Table(_) => match input.tagged("step", &["wait", "refused", "race", "repeat"])? {
            ("wait", inner) => Distribution::read(inner).map(Pause).map(Action::Wait),
            (_, inner) => act(inner).map(Action::Refused),
        },
        _ => input.wrong_type("a step", "\"upload\""),
    }
}

/// An operation, and who performs it if the text says so.
fn act(input: Input) -> Option<Act> {
    match &input.node.value {
        Value::String(text) if text.contains(':') => (text.parse())
            .map_err(|error: script::ScriptError| {
                let help = "write for example `\"delete:reader\"`";
                input.wrong(error.to_string(), help);
            })
            .ok(),
        Value::String(text) if ["wait", "race", "refused", "repeat"].contains(&text.as_str()) => {
            let example = match text.as_str() {
                "wait" => "{ wait = \"1h\" }",
                "repeat" => REPEAT,
                "race" => RACE,
                _ => "{ refused = \"download\" }",
            };
            let message = format!("`{text}` says too little to be a step");
            input.refuse(message, format!("write for example `{example}`"))
        }
        _ => input
            .one_of("operation", Operation::ALL, Operation::name)
            .map(Act::usual),
    }
}
