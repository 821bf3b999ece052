//! The text of steps, and back.

use super::step::{
    Act, Action, ClientFault, Pause, Point, Script, ScriptError, Second, Step, command_name,
};
use crate::lifecycle::{Operation, SubjectStatus, Who};
use crate::random::{Distribution, Shape};
use crate::units::{Bytes, Span};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Branches, and actions of a branch, at most: engines count them with a byte.
pub const BRANCHES: usize = u8::MAX as usize;

/// Steps as one line of text.
pub fn line(steps: &[Step]) -> String {
    joined(steps, " ")
}

fn joined<T: fmt::Display>(parts: &[T], between: &str) -> String {
    let parts: Vec<String> = parts.iter().map(T::to_string).collect();
    parts.join(between)
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation.name())?;
        if *self != Act::usual(self.operation) {
            write!(f, ":{}", self.who)?;
        }
        Ok(())
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Point::Before => f.pad("before"),
            Point::FirstByte => f.pad("first-byte"),
            Point::MidBody => f.pad("mid-body"),
            Point::LastByte => f.pad("last-byte"),
            Point::Answer => f.pad("answer"),
            Point::After(bytes) => write!(f, "after-{}", bytes.0),
            Point::Enters(status) => write!(f, "enters-{status}"),
        }
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Second::Rival(act) => act.fmt(f),
            Second::Fault(fault) => write!(f, "!{fault}"),
            Second::Command(name) => write!(f, "!{name}"),
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |ns: f64| Span(ns as u64).exact();
        match *self.0.shape() {
            Shape::Constant(value) => f.write_str(&span(value)),
            Shape::Exponential { mean } => write!(f, "exponential({})", span(mean)),
            Shape::Lognormal { median, p99 } => {
                write!(f, "lognormal({},{})", span(median), span(p99))
            }
            Shape::Uniform { min, max } => write!(f, "uniform({},{})", span(min), span(max)),
            Shape::Pareto { min, shape } => write!(f, "pareto({},{shape})", span(min)),
            // Measured values stand in a file of their own.
            Shape::Empirical(_) => f.write_str("empirical"),
        }
    }
}

impl PartialEq for Pause {
    fn eq(&self, other: &Pause) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pause {}

impl PartialOrd for Pause {
    fn partial_cmp(&self, other: &Pause) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pause {
    fn cmp(&self, other: &Pause) -> Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Do(act) => act.fmt(f),
            Action::Refused(act) => write!(f, "refused={act}"),
            Action::Wait(pause) => write!(f, "wait={pause}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Act(action) => action.fmt(f),
            Step::Run(name) => write!(f, "!{name}"),
            Step::Race { first, at, second } => write!(f, "[{first} {at} {second}]"),
            Step::Rivals { branches, jitter } => {
                let branches: Vec<String> = branches.iter().map(|one| joined(one, " ")).collect();
                write!(f, "{{{}}}", branches.join(" | "))?;
                match *jitter {
                    Span::ZERO => Ok(()),
                    jitter => write!(f, "~{}", jitter.exact()),
                }
            }
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(self.steps()))
    }
}

impl FromStr for Act {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Act, ScriptError> {
        let (name, who) = match text.split_once(':') {
            Some((name, who)) => (name, Some(who)),
            None => (text, None),
        };
        let operation = Operation::from_name(name).ok_or_else(|| {
            let names = Operation::ALL.iter().map(|operation| operation.name());
            let near = |a: &&str| (strsim::jaro_winkler(a, name) * 1e6) as u64;
            ScriptError::Operation(name.to_owned(), names.max_by_key(near).unwrap_or("create"))
        })?;
        let usual = Act::usual(operation);
        match who {
            None => Ok(usual),
            Some("other-project") => Ok(Act {
                who: Who::OtherProject,
                ..usual
            }),
            Some(who) => Who::from_name(who)
                .map(|who| Act { who, ..usual })
                .ok_or_else(|| ScriptError::Who(who.to_owned())),
        }
    }
}

impl FromStr for Point {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Point, ScriptError> {
        let unknown = || ScriptError::Point(text.to_owned());
        Ok(match text {
            "before" => Point::Before,
            "first-byte" => Point::FirstByte,
            "mid-body" => Point::MidBody,
            "last-byte" => Point::LastByte,
            "answer" => Point::Answer,
            _ => {
                if let Some(bytes) = text.strip_prefix("after-") {
                    let bare = bytes.parse().ok().map(Bytes);
                    let bytes = bare.or_else(|| Bytes::parse(bytes).ok());
                    Point::After(bytes.ok_or_else(unknown)?)
                } else {
                    let status = text.strip_prefix("enters-");
                    Point::Enters(
                        status
                            .and_then(SubjectStatus::from_name)
                            .ok_or_else(unknown)?,
                    )
                }
            }
        })
    }
}

impl FromStr for Pause {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Pause, ScriptError> {
        let wrong = || ScriptError::Pause(text.to_owned());
        let number = |text: &str| Span::parse(text).ok().map(|span| span.0 as f64);
        let shape = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            None => number(text).map(Shape::Constant),
            Some((name, inside)) => {
                let numbers = inside.split(',').enumerate().map(|it| match (name, it) {
                    // The one parameter that is no length of time.
                    ("pareto", (1, text)) => text.trim().parse().ok(),
                    (_, (_, text)) => number(text),
                });
                let numbers: Option<Vec<f64>> = numbers.collect();
                numbers.and_then(|numbers| Shape::with(name, &numbers))
            }
        };
        let shape = shape.ok_or_else(wrong)?;
        Distribution::new(&shape).map(Pause).map_err(|_| wrong())
    }
}

impl FromStr for Action {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Action, ScriptError> {
        match text.split_once('=') {
            Some(("refused", act)) => act.parse().map(Action::Refused),
            Some(("wait", pause)) => pause.parse().map(Action::Wait),
            Some(_) | None => text.parse().map(Action::Do),
        }
    }
}

fn race(text: &str) -> Result<Step, ScriptError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [first, at, second] = words[..] else {
        return Err(ScriptError::Race(text.trim().to_owned()));
    };
    let second = match second.strip_prefix('!') {
        None => Second::Rival(second.parse()?),
        Some(name) => match ClientFault::from_name(name) {
            Some(fault) => Second::Fault(fault),
            None => Second::Command(command_name(name)?),
        },
    };
    Ok(Step::Race {
        first: first.parse()?,
        at: at.parse()?,
        second,
    })
}

/// What stands between the braces, and the jitter after them.
fn rivals(inside: &str, jitter: &str) -> Result<Step, ScriptError> {
    let wrong = || ScriptError::Rivals(format!("{{{inside}}}{jitter}"));
    let mut branches = Vec::new();
    for branch in inside.split('|') {
        if branch.contains(['!', '[', '{']) {
            return Err(wrong());
        }
        let actions: Result<Vec<Action>, _> = branch.split_whitespace().map(str::parse).collect();
        branches.push(actions?);
    }
    let fits = |count: usize, least| (least..=BRANCHES).contains(&count);
    let jitter = match jitter.strip_prefix('~') {
        _ if !fits(branches.len(), 2) || !branches.iter().all(|one| fits(one.len(), 1)) => None,
        Some(jitter) => Span::parse(jitter).ok(),
        None => jitter.is_empty().then_some(Span::ZERO),
    };
    Ok(Step::Rivals {
        jitter: jitter.ok_or_else(wrong)?,
        branches,
    })
}

/// The first word of a text, and the rest.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || "[{".contains(c));
    text.split_at(end.unwrap_or(text.len()))
}

/// Reads steps; the first need not create.
pub fn steps(text: &str) -> Result<Vec<Step>, ScriptError> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (step, after) = if let Some(inside) = rest.strip_prefix('[') {
            let (inside, after) =
                (inside.split_once(']')).ok_or_else(|| ScriptError::Race(inside.to_owned()))?;
            (race(inside)?, after)
        } else if let Some(inside) = rest.strip_prefix('{') {
            let (inside, after) =
                (inside.split_once('}')).ok_or_else(|| ScriptError::Rivals(rest.to_owned()))?;
            let (jitter, after) = word(after);
            (rivals(inside, jitter)?, after)
        } else {
            let (word, after) = word(rest);
            let step = match word.strip_prefix('!') {
                None => Step::Act(word.parse()?),
                Some(name) => match ClientFault::from_name(name) {
                    Some(fault) => return Err(ScriptError::LoneFault(fault)),
                    None => Step::Run(command_name(name)?),
                },
            };
            (step, after)
        };
        steps.push(step);
        rest = after.trim_start();
    }
    Ok(steps)
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Script, ScriptError> {
        Script::new(steps(text)?)
    }
}
