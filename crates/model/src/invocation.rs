//! What passes between the driver and its target: invocations one way, completions the other.

use crate::history::{Content, Ending, Event, OpId, Record, SubjectId};
use crate::lifecycle::{Operation, Who};
use crate::load::StoryId;
use crate::script::{ClientFault, Point};
use crate::units::Time;
use std::collections::VecDeque;

/// A place in a story: the step and, inside a race, the branch (from one) and the action in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The step.
    pub step: u16,
    /// Zero outside a race, else the branch, from one.
    pub branch: u8,
    /// The action inside the branch.
    pub action: u8,
}

impl Cursor {
    /// The beginning of a step.
    pub const fn at(step: u16) -> Cursor {
        Cursor {
            step,
            branch: 0,
            action: 0,
        }
    }
}

/// One operation, sent by the driver to its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Invocation {
    /// Its identity.
    pub op: OpId,
    /// The subject it is about.
    pub subject: SubjectId,
    /// The story its client follows.
    pub story: StoryId,
    /// Where in the story.
    pub cursor: Cursor,
    /// What it asks for.
    pub operation: Operation,
    /// Who asks; on the embedded service always who usually does.
    pub who: Who,
    /// When it was due.
    pub intended: Time,
    /// When it was sent.
    pub sent: Time,
    /// What an upload or import brings.
    pub content: Content,
    /// What its client does wrong, and after which share of the data, 0 to 1.
    pub client_fault: Option<(ClientFault, f64)>,
    /// At which point of it a rival is sent.
    pub rival_at: Option<Point>,
}

/// The end of an operation, as its client sees it.
///
/// Two times are measured from it. *Service time* runs from when the operation was sent, *response time* from when it was due:
///
/// ```text
/// due     A      B      C      D          one operation is due every second
/// s       0      1      2      3      4      5      6
/// A       [sent==================ok]                      the server stalls
/// B              ·················[sent==ok]             waited 2.4 s before it was sent
///
/// A       service 3.4 s    response 3.4 s
/// B       service 1.2 s    response 3.6 s
/// ```
///
/// A client that waits for A before it sends B measures 1.2 s for B, and never sees what a user who came on time went through: that is
/// *coordinated omission*. Response time counts the wait, so it tells what users feel; service time tells what the server does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Completion {
    /// What was asked.
    pub invocation: Invocation,
    /// How it ended. Its content is what was sent or read, if it ended ok.
    pub ending: Ending,
    /// Why it failed, where the target knows.
    pub failure: Option<Failure>,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was no room for the request, and nothing was done.
    NoRoom,
    /// A part of the service ended in an error.
    Error,
    /// The store has no room.
    Full,
    /// The store has not the data.
    Missing,
    /// The subject was taken away from it, as a rule by a delete.
    Lost,
    /// Its data broke off.
    BrokenOff,
}

/// What a target wants done: commands out, for whoever runs it. `W` is what it puts into the calendar.
#[derive(Clone, Debug)]
pub struct Out<W> {
    /// Wake the target then, with this.
    pub later: Vec<(Time, W)>,
    /// The data of these operations is wanted now, if it is still to come.
    pub wanted: Vec<OpId>,
    /// These operations ended, in this order; the driver has not heard of them yet.
    pub completed: VecDeque<Completion>,
    /// These operations have come to the point at which their rivals are sent, or have ended.
    pub passed: Vec<(SubjectId, Cursor)>,
    /// These subjects are deleted, by their slots.
    pub deleted: Vec<u32>,
    /// This happened, in this order.
    pub records: Vec<Record>,
    /// What a person should know of beside.
    pub notes: Vec<String>,
}

impl<W> Default for Out<W> {
    fn default() -> Self {
        Out {
            later: Vec::new(),
            wanted: Vec::new(),
            completed: VecDeque::new(),
            passed: Vec::new(),
            deleted: Vec::new(),
            records: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<W> Out<W> {
    /// Adds an event to the history.
    #[inline]
    pub fn record(&mut self, at: Time, subject: SubjectId, story: StoryId, event: Event) {
        self.records.push(Record::Subject {
            at,
            subject,
            story,
            event,
        });
    }
}
