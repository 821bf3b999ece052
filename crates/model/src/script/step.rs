//! Steps, and what they are made of.

use crate::lifecycle::{Operation, SubjectStatus, Who};
use crate::named;
use crate::random::Distribution;
use crate::units::{Bytes, Span};

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
        /// Has the token of the request revoked by Keystone, and goes on.
        Revoke = "revoke",
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Second {
    /// Another client acts on the same subject.
    Rival(Act),
    /// The client of the operation does something wrong.
    Fault(ClientFault),
    /// A command of the scenario is run.
    Command(String),
}

/// How long a client does nothing. Two are equal if they are written alike.
#[derive(Clone, Debug)]
pub struct Pause(pub Distribution<Span>);

/// What one client does at one point of its story.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// An operation; its outcome is recorded and the client goes on.
    Do(Act),
    /// An operation that the service must refuse.
    Refused(Act),
    /// Nothing, for a while.
    Wait(Pause),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// One action, to its end.
    Act(Action),
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
    /// Branches that run at the same time, each started uniformly within `jitter`.
    Rivals {
        /// Each a list of actions.
        branches: Vec<Vec<Action>>,
        /// How far apart they may start.
        jitter: Span,
    },
}

/// What clients do to one subject. It begins with a step that creates it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    #[error("`{0}` is nobody: write member, admin, reader or other-project")]
    Who(String),
    /// A word is no point.
    #[error(
        "`{0}` is no point of an operation: write before, first-byte, mid-body, last-byte, answer, after-64KiB or enters-saving"
    )]
    Point(String),
    /// A race is not of three words.
    #[error("a race is written `[upload mid-body delete]`, and this one is `[{0}]`")]
    Race(String),
    /// Branches are not two or more lists of actions.
    #[error("rivals are written `{{upload | download delete}}~10ms`, and these are `{0}`")]
    Rivals(String),
    /// A pause has no length.
    #[error(
        "`{0}` is no pause: write `wait=250ms`, `wait=exponential(10m)` or `wait=uniform(1ms,9ms)`"
    )]
    Pause(String),
    /// A fault of a client stands alone.
    #[error("`!{0}` strikes an operation: write `[upload mid-body !{0}]`")]
    LoneFault(ClientFault),
    /// A name of a command is empty or holds what would be read as something else.
    #[error("`!{0}` is no name of a command: write letters, digits and hyphens")]
    Command(String),
}

impl Act {
    /// An operation by whom the table of operations says.
    pub const fn usual(operation: Operation) -> Act {
        Act {
            operation,
            who: operation.row().who,
        }
    }
}

impl Action {
    /// The operation, if it is one.
    pub const fn act(&self) -> Option<Act> {
        match self {
            Action::Do(act) | Action::Refused(act) => Some(*act),
            Action::Wait(_) => None,
        }
    }
}

impl Step {
    /// An operation, to its end.
    pub const fn act(act: Act) -> Step {
        Step::Act(Action::Do(act))
    }

    /// The actions that it is, or that its branches are, in order; none of a race, whose two sides are no actions.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let (one, branches): (_, &[Vec<Action>]) = match self {
            Step::Act(action) => (Some(action), &[]),
            Step::Rivals { branches, .. } => (None, branches),
            Step::Race { .. } | Step::Run(_) => (None, &[]),
        };
        one.into_iter().chain(branches.iter().flatten())
    }

    /// Every operation in it, in order.
    pub fn acts(&self) -> impl Iterator<Item = Act> {
        let (first, rival) = match self {
            Step::Race {
                first,
                second: Second::Rival(rival),
                ..
            } => (Some(*first), Some(*rival)),
            Step::Race { first, .. } => (Some(*first), None),
            Step::Act(_) | Step::Run(_) | Step::Rivals { .. } => (None, None),
        };
        let actions = self.actions().filter_map(Action::act);
        first.into_iter().chain(rival).chain(actions)
    }

    /// The operation by which it creates its subject, if it can be the first step.
    pub fn creates_first(&self) -> Option<Operation> {
        let operation = match self {
            Step::Act(Action::Do(act)) | Step::Race { first: act, .. } => act.operation,
            Step::Act(_) | Step::Run(_) | Step::Rivals { .. } => return None,
        };
        operation.creates().then_some(operation)
    }

    /// The first operation in it that creates, which none of a later step may.
    pub fn creates_late(&self) -> Option<Operation> {
        let mut operations = self.acts().map(|act| act.operation);
        operations.find(|operation| operation.creates())
    }

    /// Two operations that are sent side by side.
    pub fn beside(first: Act, rival: Act) -> Step {
        Step::Rivals {
            branches: [first, rival].map(|act| vec![Action::Do(act)]).to_vec(),
            jitter: Span::ZERO,
        }
    }

    /// The same for a client that cannot watch an operation: what happens before one is sent beside it, and what happens at its answer
    /// is sent after it. Other points stay.
    pub fn unwatched(self) -> Vec<Step> {
        match self {
            Step::Race {
                first,
                at: Point::Before,
                second: Second::Rival(rival),
            } => vec![Step::beside(first, rival)],
            Step::Race {
                first,
                at: Point::Answer,
                second: Second::Rival(rival),
            } => vec![Step::act(first), Step::act(rival)],
            step => vec![step],
        }
    }
}

impl Script {
    /// A script of these steps.
    pub fn new(steps: Vec<Step>) -> Result<Script, ScriptError> {
        let mut later = steps.iter().skip(1);
        if steps.first().and_then(Step::creates_first).is_none() {
            return Err(ScriptError::NoCreate);
        }
        match later.find_map(Step::creates_late) {
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
        let race = |step: &&Step| matches!(step, Step::Race { .. } | Step::Rivals { .. });
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
        self.0.iter().flat_map(Step::acts)
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
