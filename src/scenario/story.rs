//! What clients do: `[[story]]`.

use super::document::{Node, Value};
use super::load::tables;
use super::mistake::Spot;
use super::reader::{Fields, Read, Reader, Written};
use super::value::Name;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::random::Distribution;
use stormglass_model::script::{self, Act, Action, Pause, Step};
use stormglass_model::units::{Bytes, Span};

/// A story with where its parts were written.
pub(super) struct WrittenStory {
    pub story: Story,
    /// Where each step was written.
    pub steps: Vec<WrittenStep>,
}

/// Where the parts of a step were written: each action of rivals, or the step.
pub(super) type WrittenStep = Vec<Spot>;

/// What one story may hold at most; engines count with small numbers.
const STEPS: usize = u16::MAX as usize;
const BRANCHES: usize = u8::MAX as usize;

/// Reads every `[[story]]`.
pub(super) fn read(reader: &mut Reader, root: &mut Fields) -> Vec<WrittenStory> {
    let list = tables(reader, root, "story");
    // A `story` of another type has been noted already.
    let nothing = root
        .node("story")
        .is_none_or(|node| matches!(&node.value, Value::Array(items) if items.is_empty()));
    if nothing {
        let at = root.key_spot("story").unwrap_or(root.spot);
        let help =
            "write `[[story]]`, with a `name` and `steps = [\"create\", \"upload\", \"delete\"]`";
        reader.wrong(at, "the scenario has no `[[story]]`", help);
    }
    if let Some(first) = list.get(STEPS) {
        let message = format!("a scenario has at most {STEPS} stories");
        reader.wrong(first.spot, message, "merge stories");
    }
    let mut names: Vec<String> = Vec::new();
    // None as soon as one weight could not be read: then nothing is said about their sum.
    let mut sum = Some(0.0);
    let first = list.first().map(|fields| fields.spot);
    let mut stories = Vec::new();
    for mut fields in list {
        let name = fields.required::<Written<Name>>(reader, "name", "\"upload, keep, delete\"");
        if let Some(name) = &name {
            if names.contains(&name.value.0) {
                let message = format!("a second story is called `{}`", name.value.0);
                reader.wrong(name.spot, message, "give each story a name of its own");
            }
            names.push(name.value.0.clone());
        }
        let weight = match fields.node("weight") {
            Some(node) => f64::read(reader, node),
            None => Some(1.0),
        };
        sum = sum.zip(weight).map(|(sum, weight)| sum + weight);
        let size = fields.or(reader, "size", Distribution::constant(1 << 20));
        let steps = match fields.node("steps") {
            Some(node) => steps(reader, node),
            None => {
                let help = "write for example `steps = [\"create\", \"upload\", \"delete\"]`";
                reader.wrong(fields.spot, "the key `steps` is missing", help);
                None
            }
        };
        fields.done(reader);
        stories.extend(assemble(name, weight, size, steps));
    }
    if let (Some(sum), Some(at)) = (sum, first)
        && !(sum > 0.0 && sum.is_finite())
    {
        let message = "the weights of all stories together must be above zero and finite";
        reader.wrong(at, message, "give at least one story a `weight` above zero");
    }
    stories
}

fn assemble(
    name: Option<Written<Name>>,
    weight: Option<f64>,
    size: Distribution<Bytes>,
    steps: Option<Vec<(Step, WrittenStep)>>,
) -> Option<WrittenStory> {
    let (steps, written) = steps?.into_iter().unzip();
    Some(WrittenStory {
        story: Story {
            name: name?.value.0,
            weight: weight?,
            size,
            steps,
        },
        steps: written,
    })
}

/// The steps of a story, up to the first that could not be read: what follows may depend on it.
fn steps(reader: &mut Reader, node: &Node) -> Option<Vec<(Step, WrittenStep)>> {
    let steps: Vec<Option<(Step, WrittenStep)>> = match &node.value {
        Value::String(text) => line(reader, node, text),
        Value::Array(items) => {
            let read = |item| match line_of(item) {
                Some(text) => line(reader, item, text),
                None => vec![step(reader, item)],
            };
            items.iter().flat_map(read).collect()
        }
        _ => {
            let example = "[\"create\", \"upload\", \"delete\"]";
            reader.wrong_type(node, "a list of steps", example);
            return None;
        }
    };
    let count = steps.len();
    if count == 0 || count > STEPS {
        let message = format!("a story has 1 to {STEPS} steps, and this one has {count}");
        let help = "write for example `[\"create\", \"upload\", \"delete\"]`";
        reader.wrong(node.spot, message, help);
        return None;
    }
    let first = match steps.first() {
        Some(Some((Step::Act(Action::Do(act)) | Step::Race { first: act, .. }, _))) => {
            act.operation.creates()
        }
        Some(Some(_)) => false,
        _ => true,
    };
    if !first {
        let at = match &node.value {
            Value::Array(items) => items.first().map_or(node.spot, |item| item.spot),
            _ => node.spot,
        };
        let message = "a story begins with a step that creates its subject";
        let help = "put `\"create\"`, `\"create-with-location\"` or `\"create-empty\"` first";
        reader.wrong(at, message, help);
    }
    for (step, written) in steps.iter().skip(1).flatten() {
        let late = step.acts().find(|act| act.operation.creates());
        if let (Some(late), Some(&at)) = (late, written.first()) {
            let operation = late.operation;
            let message =
                format!("only the first step of a story creates, and `{operation}` comes later");
            reader.wrong(at, message, "write a second story for a second subject");
        }
    }
    Some(steps.into_iter().map_while(|step| step).collect())
}

/// The text of a node that is written in the language of scripts and is no word alone.
fn line_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => text
            .contains([' ', ':', '=', '!', '[', '{'])
            .then_some(text),
        _ => None,
    }
}

/// Steps of a script; none if they could not be read.
fn line(reader: &mut Reader, node: &Node, text: &str) -> Vec<Option<(Step, WrittenStep)>> {
    let steps = match script::steps(text) {
        Ok(steps) => steps,
        Err(error) => {
            let help = "write for example `\"create [upload mid-body !close] show delete\"`";
            reader.wrong(node.spot, error.to_string(), help);
            return vec![None];
        }
    };
    let steps = steps.into_iter().flat_map(Step::unwatched);
    let written = |step: Step| {
        let parts = match &step {
            Step::Rivals { branches, .. } => branches.iter().map(Vec::len).sum(),
            Step::Act(_) | Step::Run(_) | Step::Race { .. } => 1,
        };
        Some((step, vec![node.spot; parts]))
    };
    steps.map(written).collect()
}

fn step(reader: &mut Reader, node: &Node) -> Option<(Step, WrittenStep)> {
    let Value::Table(entries) = &node.value else {
        return action(reader, node).map(|action| (Step::Act(action), vec![node.spot]));
    };
    if entries.iter().all(|entry| entry.key != "race") {
        return action(reader, node).map(|action| (Step::Act(action), vec![node.spot]));
    }
    let mut fields = Fields::of(reader, node, RACE)?;
    let rivals = fields.node("race")?;
    let jitter = fields.or(reader, "jitter", Span::ZERO);
    fields.done(reader);
    let branches = branches(reader, rivals)?;
    let written = branches.iter().flatten().map(|(_, at)| *at).collect();
    let branches = (branches.into_iter())
        .map(|branch| branch.into_iter().map(|(action, _)| action).collect())
        .collect();
    Some((Step::Rivals { branches, jitter }, written))
}

const RACE: &str = "{ race = [\"upload\", \"delete\"], jitter = \"10ms\" }";

fn branches(reader: &mut Reader, node: &Node) -> Option<Vec<Vec<(Action, Spot)>>> {
    let Value::Array(items) = &node.value else {
        reader.wrong_type(node, "a list of rivals", RACE);
        return None;
    };
    if !(2..=BRANCHES).contains(&items.len()) {
        let message = format!(
            "a race has 2 to {BRANCHES} branches, and this one has {}",
            items.len()
        );
        reader.wrong(node.spot, message, format!("write for example `{RACE}`"));
        return None;
    }
    let branches: Vec<Option<Vec<_>>> = (items.iter())
        .map(|item| match &item.value {
            Value::Array(actions) => {
                if !(1..=BRANCHES).contains(&actions.len()) {
                    let count = actions.len();
                    let message =
                        format!("a branch has 1 to {BRANCHES} steps, and this one has {count}");
                    reader.wrong(
                        item.spot,
                        message,
                        "write for example `[\"upload\", \"delete\"]`",
                    );
                    return None;
                }
                let actions: Vec<_> = (actions.iter())
                    .map(|node| Some((action(reader, node)?, node.spot)))
                    .collect();
                actions.into_iter().collect()
            }
            _ => Some(vec![(action(reader, item)?, item.spot)]),
        })
        .collect();
    branches.into_iter().collect()
}

fn action(reader: &mut Reader, node: &Node) -> Option<Action> {
    match &node.value {
        Value::String(_) => act(reader, node).map(Action::Do),
        Value::Table(entries) if entries.iter().any(|entry| entry.key == "race") => {
            let help = "name the rivals side by side in one race; a branch may be a list of steps";
            reader.wrong(node.spot, "a race cannot hold another race", help);
            None
        }
        Value::Table(_) => match reader.tagged(node, "step", &["wait", "refused", "race"])? {
            ("wait", inner) => Distribution::read(reader, inner)
                .map(Pause)
                .map(Action::Wait),
            (_, inner) => act(reader, inner).map(Action::Refused),
        },
        _ => {
            reader.wrong_type(node, "a step", "\"upload\"");
            None
        }
    }
}

/// An operation, and who performs it if the text says so.
fn act(reader: &mut Reader, node: &Node) -> Option<Act> {
    if let Value::String(text) = &node.value
        && text.contains(':')
    {
        let act = text.parse();
        let wrong = |error: script::ScriptError| {
            reader.wrong(
                node.spot,
                error.to_string(),
                "write for example `\"delete:reader\"`",
            );
        };
        return act.map_err(wrong).ok();
    }
    operation(reader, node).map(Act::usual)
}

fn operation(reader: &mut Reader, node: &Node) -> Option<Operation> {
    match &node.value {
        Value::String(text) if text == "wait" || text == "race" || text == "refused" => {
            let help = match text.as_str() {
                "wait" => "{ wait = \"1h\" }",
                "race" => RACE,
                _ => "{ refused = \"download\" }",
            };
            let message = format!("`{text}` says too little to be a step");
            reader.wrong(node.spot, message, format!("write for example `{help}`"));
            None
        }
        _ => reader.one_of(node, "operation", Operation::ALL, Operation::name),
    }
}
