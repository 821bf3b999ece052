//! A subject's actor on a real server: what it is told, what it answers, and who carries that.

use super::tracker::{Findings, Ticket, Tracker};
use stormglass_glance::Answer;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, SubjectStatus};

/// What a subject's actor is told.
#[derive(Debug)]
pub enum TrackerMessage {
    /// An operation is about to be sent, or, without one, the status about to be read.
    Sending(Option<Operation>),
    /// That was answered.
    Answered(Ticket, Box<Answer>),
    /// The run is over, and this is what was seen.
    Ended(Seen),
    /// Which status is it in?
    Ask,
}

/// What a subject's actor answers.
#[derive(Debug, Default)]
pub struct TrackerReply {
    /// The ticket of what is about to be sent.
    pub ticket: Option<Ticket>,
    /// What the answer told.
    pub findings: Findings,
    /// The first status, in the order of the specification, that it may be in.
    pub status: Option<SubjectStatus>,
    /// Whether it can only be gone.
    pub gone: bool,
}

impl Tracker {
    /// Takes a message.
    pub fn apply(&mut self, message: TrackerMessage) -> TrackerReply {
        let mut reply = TrackerReply::default();
        match message {
            TrackerMessage::Sending(Some(operation)) => {
                reply.ticket = Some(self.invoked(operation))
            }
            TrackerMessage::Sending(None) => reply.ticket = Some(self.showing()),
            TrackerMessage::Answered(ticket, answer) => {
                reply.findings = self.completed(ticket, &answer);
            }
            TrackerMessage::Ended(seen) => reply.findings.violation = self.stuck(seen),
            TrackerMessage::Ask => {}
        }
        reply.status = SubjectStatus::ALL
            .iter()
            .copied()
            .find(|status| self.may_be(Seen::Status(*status)));
        reply.gone = self.is_gone();
        reply
    }

    fn is_gone(&self) -> bool {
        let there = SubjectStatus::ALL.iter().copied().any(|status| {
            !matches!(
                status,
                SubjectStatus::Deleted | SubjectStatus::PendingDelete
            ) && self.may_be(Seen::Status(status))
        });
        !there && self.may_be(Seen::Gone)
    }
}

/// The actors that hold what is known of each subject. Every call is one message and its answer.
pub trait Trackers {
    /// Spawns the actor of the subject in `slot`.
    fn spawn(&mut self, slot: u32, tracker: Tracker);
    /// Sends a message to the actor in `slot`; none when there is none.
    fn tell(&mut self, slot: u32, message: TrackerMessage) -> Option<TrackerReply>;
    /// Stops the actor in `slot`.
    fn stop(&mut self, slot: u32);
    /// How many messages went through a mailbox so far.
    fn messages(&self) -> u64;
}
