//! One piece of work of the service, and the resource that it visits.

use super::subject::Change;
use crate::config::Work;
use crate::history::{Content, OpId, Seen, SubjectId};
use crate::invocation::{Cursor, Failure, Invocation};
use crate::lifecycle::{Operation, Outcome, Who};
use crate::load::StoryId;
use crate::units::{Span, Time};

/// Place of a piece of work in the service's table.
pub(crate) type Handle = u32;

/// What the service puts into the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// A piece of work has held its resource long enough, or tries again.
    Op(u32),
    /// The scrubber looks who is due.
    Scrubber,
    /// A connection has been idle for as long as it is kept.
    KeepAlive {
        /// The slot of its client's subject.
        slot: u32,
        /// The how manieth connection of the slot it is.
        number: u32,
    },
    /// The scrubber has read what is pending.
    ScrubberHasRead,
    /// A transfer of the store ends, if nobody else has come since.
    Bandwidth,
    /// Somebody's processor time ends, if nobody else has come since.
    Cores,
}

/// What a piece of work does next, or is doing: one visit to one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// It has a worker and looks at its request.
    Accept,
    /// A commit of the registry: one connection.
    Commit(Change),
    /// A look at records of the registry: one connection.
    Look(Change),
    /// The registration of a task: one connection.
    CreateTask,
    /// It has a task worker, and its task begins.
    BeginTask,
    /// A write into the store: one slot.
    Put,
    /// A read from the store: one slot.
    Get,
    /// A removal from the store: one slot.
    Remove,
}

/// Where a piece of work stands in its visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It has not asked for the visit's resource yet, or waits for it in order.
    Waiting,
    /// It holds the resource.
    Holding,
    /// It holds the resource, and its bytes go over the store's shared bandwidth.
    Moving,
    /// It has given the resource back, and the processors are at work for it.
    Computing,
    /// It holds the resource, and the visit will end in an error.
    Failing,
    /// It holds nothing and waits to try again.
    Retrying,
}

/// Where the data of a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// It came with the invocation, or has come.
    Here,
    /// It is on its way.
    Coming,
    /// It is on its way, and all else of the write is done.
    Awaited,
}

/// A write whose data is on its way: see [`Service::invoke_in_parts`](super::Service::invoke_in_parts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intake {
    pub(crate) handle: Handle,
    pub(crate) op: OpId,
}

/// A piece of work.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) work: Work,
    pub(crate) invocation: Invocation,
    pub(crate) visit: Visit,
    pub(crate) hold: Hold,
    /// How it ends if nothing else goes wrong.
    pub(crate) outcome: Outcome,
    /// Why it fails, if it does.
    pub(crate) failure: Option<Failure>,
    pub(crate) body: Body,
    /// What a read saw.
    pub(crate) seen: Content,
    /// What a look at the record showed.
    pub(crate) shown: Option<Seen>,
    /// Bytes that this work has put into the store and would have to remove, or is to remove.
    pub(crate) bytes: u64,
    /// Since when it has held its worker, whichever kind of worker that is.
    pub(crate) worker_since: Time,
    pub(crate) visit_since: Time,
    /// The process that it runs in.
    pub(crate) process: u32,
    /// The processor time of its request that is still to come, once the unbroken part is over.
    pub(crate) rest: Span,
    /// When its task entered the status it is in.
    pub(crate) task_entered: Time,
    pub(crate) task_slot: u32,
}

impl Default for Op {
    fn default() -> Self {
        let nobody = SubjectId { number: 0, slot: 0 };
        Op::new(Work::Scrub, unasked(nobody, StoryId(0), Time::ZERO))
    }
}

/// What stands for the invocation of the scrubber's work, which no client sent.
pub(crate) fn unasked(subject: SubjectId, story: StoryId, now: Time) -> Invocation {
    Invocation {
        op: OpId(u64::MAX),
        subject,
        story,
        cursor: Cursor::default(),
        operation: Operation::Delete,
        who: Who::Member,
        intended: now,
        sent: now,
        content: Content::default(),
        client_fault: None,
        rival_at: None,
    }
}

impl Op {
    #[inline]
    pub(crate) fn new(work: Work, invocation: Invocation) -> Op {
        Op {
            work,
            invocation,
            visit: Visit::Accept,
            hold: Hold::Waiting,
            outcome: Outcome::Ok,
            failure: None,
            body: Body::Here,
            seen: Content::default(),
            shown: None,
            bytes: 0,
            worker_since: Time::ZERO,
            visit_since: Time::ZERO,
            process: 0,
            rest: Span::ZERO,
            task_entered: Time::ZERO,
            task_slot: 0,
        }
    }
}
