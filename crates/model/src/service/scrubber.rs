//! The core of the scrubber actor: it wakes now and then and removes the data of pending deletes.

use super::queue::Queue;
use crate::config::Work;
use crate::history::{ResourceGauge, SubjectId};
use crate::load::StoryId;
use crate::units::{Span, Time};
use std::collections::VecDeque;
use std::num::NonZeroU32;

/// A subject whose delete is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When it was deleted.
    pub since: Time,
    /// Which subject.
    pub subject: SubjectId,
    /// The story its client follows.
    pub story: StoryId,
}

/// The scrubber: who is pending, who is due, and how many are being scrubbed.
#[derive(Clone, Debug)]
pub struct Scrubber {
    /// In order of their deletes, which is the order in which they come due.
    pending: VecDeque<Pending>,
    due: Queue<Pending>,
    down: bool,
    scrub_time: Span,
}

/// What the service tells the scrubber.
#[derive(Clone, Debug)]
pub enum ScrubberMessage {
    /// These subjects went into pending delete.
    Deleted(Vec<Pending>),
    /// It is time to look who is due.
    Wake(Time),
    /// One scrub that began at `since` has ended.
    Scrubbed {
        /// Now.
        at: Time,
        /// When it began.
        since: Time,
    },
    /// It goes down, or is back and goes on with who is due.
    Down {
        /// Now.
        at: Time,
        /// Whether it is down.
        down: bool,
    },
    /// How does its queue stand?
    Gauge(Time),
}

/// What the scrubber answers.
#[derive(Clone, Debug, Default)]
pub struct ScrubberReply {
    /// Scrub these now.
    pub scrub: Vec<Pending>,
    /// Its queue, if that was the question.
    pub gauge: ResourceGauge,
    /// Whether nothing is due and nothing is being scrubbed.
    pub idle: bool,
    /// Whether nothing is being scrubbed, and nothing that was found due waits for it.
    pub at_rest: bool,
}

impl Scrubber {
    /// A scrubber that scrubs so many at once, none before `scrub_time` has passed since its delete.
    pub fn new(workers: NonZeroU32, scrub_time: Span) -> Scrubber {
        Scrubber {
            pending: VecDeque::new(),
            due: Queue::new(workers),
            down: false,
            scrub_time,
        }
    }

    /// Takes a message.
    #[inline]
    pub fn apply(&mut self, message: ScrubberMessage) -> ScrubberReply {
        let mut reply = ScrubberReply::default();
        match message {
            ScrubberMessage::Deleted(subjects) => self.pending.extend(subjects),
            ScrubberMessage::Wake(at) if !self.down => self.wake(at, &mut reply.scrub),
            ScrubberMessage::Wake(_) => {}
            ScrubberMessage::Scrubbed { at, since } => {
                reply.scrub.extend(self.due.release(at, Work::Scrub, since));
            }
            ScrubberMessage::Down { at, down } => {
                self.down = down;
                self.due.pause(down);
                self.resume(at, &mut reply.scrub);
            }
            ScrubberMessage::Gauge(at) => {
                reply.gauge = self.due.gauge(at);
                reply.idle = self.due.is_idle()
                    && self
                        .pending
                        .front()
                        .is_none_or(|first| first.since + self.scrub_time > at);
            }
        }
        reply.at_rest = self.due.is_idle();
        reply
    }

    fn resume(&mut self, at: Time, scrub: &mut Vec<Pending>) {
        while let Some(subject) = self.due.grant(at) {
            scrub.push(subject);
        }
    }

    fn wake(&mut self, at: Time, scrub: &mut Vec<Pending>) {
        while let Some(&first) = self.pending.front() {
            if first.since + self.scrub_time > at {
                break;
            }
            self.pending.pop_front();
            scrub.extend(self.due.acquire(at, Work::Scrub, first));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody waits beside a free worker, not even until the scrubber would wake next.
    #[test]
    fn a_scrubber_that_is_back_goes_on_at_once() {
        let mut scrubber = Scrubber::new(NonZeroU32::MIN, Span::ZERO);
        let pending = [0, 1].map(|number| Pending {
            since: Time(0),
            subject: SubjectId { number, slot: 0 },
            story: StoryId(0),
        });
        scrubber.apply(ScrubberMessage::Deleted(pending.to_vec()));
        let begun = scrubber.apply(ScrubberMessage::Wake(Time(1))).scrub;
        assert_eq!(begun, [pending[0]]);
        let down = |at, down| ScrubberMessage::Down { at: Time(at), down };
        assert_eq!(scrubber.apply(down(2, true)).scrub, []);
        let (at, since) = (Time(3), Time(1));
        let ended = ScrubberMessage::Scrubbed { at, since };
        assert_eq!(scrubber.apply(ended).scrub, []);
        assert_eq!(scrubber.apply(down(4, false)).scrub, [pending[1]]);
        let gauge = scrubber.apply(ScrubberMessage::Gauge(Time(4))).gauge;
        assert_eq!((gauge.queue.now(), gauge.busy.now()), (0, 1));
    }
}
