//! A script: what clients do to one subject, in one line of text that can be given to the command line again.
//!
//! `create upload [deactivate first-byte delete] show`: steps in order; in brackets an operation, a point of it, and what happens
//! at that point: a rival operation, or after an exclamation mark a fault (`!reset`) or a command of the scenario (`!kill-api`).
//! `delete:stranger` says who acts. A command may also stand alone: `create upload !scrub show`.

use crate::lifecycle::{Operation, SubjectStatus, Who};
use crate::named;
use crate::units::Bytes;
use std::fmt;
use std::str::FromStr;

named! {
    /// What a client does wrong in the middle of a request.
    ClientFault {
        /// Closes the connection.
        Close = "close",
        /// Resets the connection.
        Reset = "reset",
        /// Ends its own side of the connection, and goes on listening.
        HalfClose = "half-close",
        /// Sends nothing for a while, then goes on.
        Stall = "stall",
        /// Sends the rest slowly.
        Slow = "slow",
        /// Closes the connection when the first byte of the reply has come.
        CloseReply = "close-reply",
    }
}

/// A place in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Before its request is sent.
    Before,
    /// When the head of its request has been sent, before any data.
    FirstByte,
    /// When half of its data has been sent.
    MidBody,
    /// When all of its data but the last byte has been sent.
    LastByte,
    /// When it has been answered.
    Answer,
    /// When so many bytes of its data have been sent.
    After(Bytes),
    /// When a look at the record shows this status.
    Enters(SubjectStatus),
}

/// An operation and who performs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Act {
    /// What is done.
    pub operation: Operation,
    /// By whom.
    pub who: Who,
}

/// What happens at a point of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Second {
    /// Another client acts on the same subject.
    Rival(Act),
    /// The client of the operation does something wrong.
    Fault(ClientFault),
    /// A command of the scenario is run.
    Command(String),
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An operation, to its end.
    Act(Act),
    /// A command of the scenario, to its end.
    Run(String),
    /// An operation during which something happens.
    Race {
        /// The operation.
        first: Act,
        /// The point of it.
        at: Point,
        /// What happens there.
        second: Second,
    },
}

/// What clients do to one subject. It begins with a step that creates it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Script(Vec<Step>);

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It does not begin with a create.
    #[error("a script begins with a step that creates its subject, as in `create upload delete`")]
    NoCreate,
    /// More than one step creates.
    #[error("`{0}` comes too late: only the first step of a script creates")]
    LateCreate(Operation),
    /// A word is no operation, with the nearest that is one.
    #[error("`{0}` is no operation; did you mean `{1}`?")]
    Operation(String, &'static str),
    /// A word is nobody.
    #[error("`{0}` is nobody: write member, admin, reader or stranger")]
    Who(String),
    /// A word is no point.
    #[error(
        "`{0}` is no point of an operation: write before, first-byte, mid-body, last-byte, answer, after-64KiB or enters-saving"
    )]
    Point(String),
    /// A race is not of three words.
    #[error("a race is written `[upload mid-body delete]`, and this one is `[{0}]`")]
    Race(String),
    /// A fault of a client stands alone.
    #[error("`!{0}` strikes an operation: write `[upload mid-body !{0}]`")]
    LoneFault(ClientFault),
    /// A name of a command is empty or holds what would be read as something else.
    #[error("`!{0}` is no name of a command: write letters, digits and hyphens")]
    Command(String),
}

impl Act {
    /// An operation by whom it is usually performed: an admin where the rules want one, else the member.
    pub const fn usual(operation: Operation) -> Act {
        let who = match operation {
            Operation::DownloadAsAdmin
            | Operation::Deactivate
            | Operation::Reactivate
            | Operation::RemoveLocation => Who::Admin,
            _ => Who::Member,
        };
        Act { operation, who }
    }
}

impl Script {
    /// A script of these steps.
    pub fn new(steps: Vec<Step>) -> Result<Script, ScriptError> {
        let created = |step: &Step| match step {
            Step::Act(act) if act.operation.creates() => Some(act.operation),
            Step::Race { first, .. } if first.operation.creates() => Some(first.operation),
            _ => None,
        };
        if steps.first().and_then(created).is_none() {
            return Err(ScriptError::NoCreate);
        }
        match steps.iter().skip(1).find_map(created) {
            Some(late) => Err(ScriptError::LateCreate(late)),
            None => Ok(Script(steps)),
        }
    }

    /// Its steps, at least one.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// How many races it holds.
    pub fn races(&self) -> usize {
        let race = |step: &&Step| matches!(step, Step::Race { .. });
        self.0.iter().filter(race).count()
    }

    /// The script without one of its steps; none for the step that creates.
    pub fn without(&self, index: usize) -> Option<Script> {
        let mut steps = self.0.clone();
        (index > 0 && index < steps.len()).then(|| {
            steps.remove(index);
            Script(steps)
        })
    }

    /// Every operation in it, in order.
    pub fn acts(&self) -> impl Iterator<Item = Act> {
        self.0.iter().flat_map(|step| {
            let (one, other) = match step {
                Step::Act(act) => (Some(*act), None),
                Step::Run(_) => (None, None),
                Step::Race { first, second, .. } => (
                    Some(*first),
                    match second {
                        Second::Rival(act) => Some(*act),
                        Second::Fault(_) | Second::Command(_) => None,
                    },
                ),
            };
            one.into_iter().chain(other)
        })
    }
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

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Act(act) => act.fmt(f),
            Step::Run(name) => write!(f, "!{name}"),
            Step::Race { first, at, second } => write!(f, "[{first} {at} {second}]"),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            step.fmt(f)?;
        }
        Ok(())
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

/// The name of a command, without its exclamation mark, if a script can hold it and takes it for no fault of a client.
pub fn command_name(name: &str) -> Result<String, ScriptError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let a_fault = ClientFault::from_name(name).is_some();
    match !name.is_empty() && name.chars().all(plain) && !a_fault {
        true => Ok(name.to_owned()),
        false => Err(ScriptError::Command(name.to_owned())),
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

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Script, ScriptError> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let Some((inside, after)) = inside.split_once(']') else {
                    return Err(ScriptError::Race(inside.to_owned()));
                };
                steps.push(race(inside)?);
                rest = after.trim_start();
                continue;
            }
            let end = rest
                .find(|c: char| c.is_whitespace() || c == '[')
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            steps.push(match word.strip_prefix('!') {
                None => Step::Act(word.parse()?),
                Some(name) => match ClientFault::from_name(name) {
                    Some(fault) => return Err(ScriptError::LoneFault(fault)),
                    None => Step::Run(command_name(name)?),
                },
            });
            rest = after.trim_start();
        }
        Script::new(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_its_text() {
        for text in [
            "create upload delete",
            "create [upload last-byte delete] show",
            "create upload [deactivate before deactivate] download:stranger",
            "create [upload mid-body !reset] show",
            "create [upload after-65536 !kill-api] show !scrub delete",
            "create [upload enters-saving delete:admin]",
        ] {
            assert_eq!(text.parse::<Script>().unwrap().to_string(), text);
        }
        let spaced: Script = " create [ upload  after-64KiB delete ]show "
            .parse()
            .unwrap();
        assert_eq!(
            spaced.to_string(),
            "create [upload after-65536 delete] show"
        );
    }

    #[test]
    fn what_is_no_script_is_told_why() {
        let check = |text: &str, why: &str| {
            let error = text.parse::<Script>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        };
        check("", "begins with a step that creates");
        check("upload", "begins with a step that creates");
        check("create create", "comes too late");
        check("create uplaod", "did you mean `upload`");
        check("create delete:nobody", "is nobody");
        check("create [upload sometimes delete]", "is no point");
        check("create [upload delete]", "[upload mid-body delete]");
        check("create [upload mid-body delete", "[upload mid-body delete]");
        check("create !reset", "strikes an operation");
        check("create !", "no name of a command");
        check("create [upload mid-body !a/b]", "no name of a command");
    }

    #[test]
    fn every_step_but_the_first_can_go() {
        let script: Script = "create upload show".parse().unwrap();
        assert_eq!(script.without(0), None);
        assert_eq!(script.without(1).unwrap().to_string(), "create show");
        assert_eq!(script.without(3), None);
    }
}
