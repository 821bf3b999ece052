//! Each invariant once kept and once broken, in histories short enough to read.

mod answers;
mod defects;
mod edges;
mod glance;
mod queues;
mod sums;

use Operation::*;
use stormglass_model::checker::online::{Checker, Judgement, Rules};
use stormglass_model::history::{
    Audit, Content, Event, Gauges, Level, OpId, Record, ResourceGauge, Seen, SubjectId,
};
use stormglass_model::lifecycle::Outcome::{self, *};
use stormglass_model::lifecycle::SubjectStatus::{self, *};
use stormglass_model::lifecycle::TaskStatus;
use stormglass_model::lifecycle::{Invariant, Operation, Profile, Verdict};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

const SIZE: u64 = 10;
const DATA: Content = Content {
    size: SIZE,
    checksum: 7,
};
const OTHER: Content = Content {
    size: SIZE,
    checksum: 8,
};
const SCRUB: Span = Span(100);
const SUBJECT: SubjectId = SubjectId { number: 5, slot: 3 };

fn rules(profile: Profile) -> Rules {
    Rules {
        profile,
        scrub_time: SCRUB,
        scrub_interval: Span::from_secs(300),
        scrub_read: Span::ZERO,
    }
}

/// A history of one subject under construction; the clock ticks with every record.
struct Script {
    checker: Checker,
    now: u64,
    subject: SubjectId,
}

impl Script {
    fn new(profile: Profile) -> Script {
        Script {
            checker: Checker::new(rules(profile)),
            now: 0,
            subject: SUBJECT,
        }
    }

    fn event(mut self, event: Event) -> Script {
        self.now += 1;
        self.checker.record(&Record::Subject {
            at: Time(self.now),
            subject: self.subject,
            story: StoryId(0),
            event,
        });
        self
    }

    fn wait(mut self, span: Span) -> Script {
        self.now += span.0;
        self
    }

    fn sent(self, op: u64, operation: Operation) -> Script {
        self.invoked(op, operation, false)
    }

    fn invoked(self, op: u64, operation: Operation, must_be_refused: bool) -> Script {
        let intended = Time(self.now);
        self.event(Event::Invoked {
            op: OpId(op),
            operation,
            must_be_refused,
            intended,
        })
    }

    fn answered(
        self,
        op: u64,
        operation: Operation,
        outcome: Outcome,
        content: Option<Content>,
    ) -> Script {
        self.event(Event::Completed {
            op: OpId(op),
            operation,
            outcome,
            intended: Time::ZERO,
            sent: Time::ZERO,
            content,
            seen: None,
            http_status: None,
        })
    }

    fn done(self, op: u64, operation: Operation) -> Script {
        self.answered(op, operation, Ok, None)
    }

    fn moved(self, from: SubjectStatus, to: SubjectStatus, op: u64) -> Script {
        self.moves(Some(from), to, Some(op))
    }

    fn moves(self, from: Option<SubjectStatus>, to: SubjectStatus, op: Option<u64>) -> Script {
        let (op, due) = (op.map(OpId), Time::ZERO);
        self.event(Event::Moved { from, to, op, due })
    }

    fn stored(self, op: u64, bytes: u64) -> Script {
        let op = OpId(op);
        self.event(Event::Stored { op, bytes })
    }

    fn removed(self, bytes: u64) -> Script {
        self.event(Event::Removed { bytes })
    }

    fn task(self, from: Option<TaskStatus>, to: TaskStatus, op: u64) -> Script {
        let ends = (to == TaskStatus::Success, to == TaskStatus::Failure);
        self.task_with(from, to, op, ends)
    }

    fn task_with(
        self,
        from: Option<TaskStatus>,
        to: TaskStatus,
        op: u64,
        (has_result, has_message): (bool, bool),
    ) -> Script {
        self.event(Event::TaskMoved {
            op: OpId(op),
            from,
            to,
            has_result,
            has_message,
            due: Time::ZERO,
        })
    }

    fn gauges(mut self, counts: &[(SubjectStatus, u64)], bytes_stored: u64) -> Script {
        let mut gauges = Gauges {
            at: Time(self.now),
            bytes_stored: Level::constant(bytes_stored),
            ..Gauges::default()
        };
        for (status, count) in counts {
            gauges.subjects[status.index()] = Level::constant(*count);
        }
        self.checker.gauges(&gauges);
        self
    }

    fn audit(
        mut self,
        status: Option<SubjectStatus>,
        content: Option<Content>,
        bytes: u64,
    ) -> Script {
        self.checker.audit(&Audit {
            subject: self.subject,
            status,
            content,
            bytes,
        });
        self
    }

    fn judged(mut self) -> Judgement {
        self.checker.finish(Time(self.now + 1))
    }

    #[track_caller]
    fn keeps(self) {
        let judgement = self.judged();
        assert_eq!(
            judgement.verdict,
            Verdict::Valid,
            "{:#?}",
            judgement.violations
        );
    }

    /// Exactly these breaches, in this order, and nothing that follows from them.
    #[track_caller]
    fn breaks(self, expected: &[Invariant]) {
        let judgement = self.judged();
        let found: Vec<_> = (judgement.violations.iter())
            .map(|violation| violation.invariant)
            .collect();
        assert_eq!(found, expected, "{:#?}", judgement.violations);
        assert_eq!(judgement.verdict, Verdict::Invalid);
    }
}

fn created(profile: Profile) -> Script {
    Script::new(profile)
        .sent(0, Create)
        .moves(None, Queued, Some(0))
        .done(0, Create)
}

fn located() -> Script {
    Script::new(Profile::V2)
        .sent(0, CreateWithLocation)
        .moves(None, Queued, Some(0))
        .moved(Queued, Active, 0)
        .done(0, CreateWithLocation)
}

/// An upload is in flight, with its bytes.
fn saving(profile: Profile) -> Script {
    created(profile)
        .sent(1, Upload)
        .moved(Queued, Saving, 1)
        .stored(1, SIZE)
}

fn uploaded() -> Script {
    saving(Profile::V2)
        .moved(Saving, Active, 1)
        .answered(1, Upload, Ok, Some(DATA))
}

fn deactivated() -> Script {
    uploaded()
        .sent(2, Deactivate)
        .moved(Active, Deactivated, 2)
        .done(2, Deactivate)
}

fn deleted() -> Script {
    uploaded()
        .sent(2, Delete)
        .moved(Active, Deleted, 2)
        .removed(SIZE)
        .done(2, Delete)
}

fn pending() -> Script {
    uploaded()
        .sent(2, Delete)
        .moved(Active, PendingDelete, 2)
        .done(2, Delete)
}

/// An import whose task is being run, before its data comes in.
fn importing() -> Script {
    created(Profile::V2)
        .sent(1, Import)
        .task(None, TaskStatus::Pending, 1)
        .task(Some(TaskStatus::Pending), TaskStatus::Processing, 1)
        .moved(Queued, Saving, 1)
        .stored(1, SIZE)
}

const PROCESSING: Option<TaskStatus> = Some(TaskStatus::Processing);
