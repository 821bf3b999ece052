//! Histories written down in a few words.

use stormglass_model::checker::concurrent::{Inconclusive, Judgement, Rules, Symptom, judge};
use stormglass_model::history::{
    ClientEvent, Content, Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, Seen,
    SubjectHistory,
};
use stormglass_model::lifecycle::SubjectStatus::{Deleted, PendingDelete};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Verdict, Who};
use stormglass_model::units::Time;

/// What the first upload sends.
pub const DATA: Content = Content {
    size: 4_096,
    checksum: 9,
};
/// What another one sends.
pub const OTHER: Content = Content {
    size: 77,
    checksum: 5,
};

/// A history in the making. Every call is one tick later than the one before.
#[derive(Clone, Default)]
pub struct Written {
    pub history: SubjectHistory,
    now: u64,
    next: u64,
}

impl Written {
    pub fn new() -> Written {
        Written::default()
    }

    pub fn tell(&mut self, observation: Observation) -> &mut Written {
        self.now += 1;
        self.history.events.push(ClientEvent {
            at: Time(self.now),
            observation,
        });
        self
    }

    /// What comes is later than this.
    pub fn wait_until(&mut self, now: u64) {
        self.now = now;
    }

    /// An operation is sent.
    pub fn call(&mut self, operation: Operation) -> OpId {
        self.call_as(operation, Who::Member)
    }

    pub fn call_as(&mut self, operation: Operation, who: Who) -> OpId {
        let brings = match operation {
            Operation::Upload
            | Operation::UploadChunked
            | Operation::Stage
            | Operation::Import
            | Operation::ImportSlow => Some(DATA),
            _ => None,
        };
        self.call_with(operation, who, brings, false)
    }

    pub fn call_with(
        &mut self,
        operation: Operation,
        who: Who,
        brings: Option<Content>,
        spoiled: bool,
    ) -> OpId {
        let op = OpId(self.next);
        self.next += 1;
        self.tell(Observation::Invoked {
            op,
            operation,
            who,
            brings,
            spoiled,
        });
        op
    }

    /// It is answered.
    pub fn answer(&mut self, op: OpId, outcome: Outcome) -> &mut Written {
        let http_status = match outcome {
            Outcome::Ok => Some(200),
            Outcome::Refused => Some(409),
            Outcome::Fail => Some(410),
            Outcome::Unknown | Outcome::Local => None,
        };
        self.reply(op, outcome, None, None, http_status)
    }

    pub fn reply(
        &mut self,
        op: OpId,
        outcome: Outcome,
        seen: Option<Seen>,
        content: Option<Content>,
        http_status: Option<u16>,
    ) -> &mut Written {
        self.tell(Observation::Answered {
            op,
            ending: Ending {
                outcome,
                seen,
                content,
                http_status,
            },
        })
    }

    /// An operation that is sent and done.
    pub fn done(&mut self, operation: Operation) -> &mut Written {
        let op = self.call(operation);
        self.answer(op, Outcome::Ok)
    }

    pub fn refused(&mut self, operation: Operation) -> &mut Written {
        let op = self.call(operation);
        self.answer(op, Outcome::Refused)
    }

    /// A look that shows this.
    pub fn shows(&mut self, status: SubjectStatus) -> &mut Written {
        let op = self.call(Operation::Show);
        self.saw(op, status)
    }

    pub fn saw(&mut self, op: OpId, status: SubjectStatus) -> &mut Written {
        self.reply(op, Outcome::Ok, Some(Seen::Status(status)), None, Some(200))
    }

    /// A look that finds nothing.
    pub fn gone(&mut self) -> &mut Written {
        let op = self.call(Operation::Show);
        self.reply(op, Outcome::Ok, Some(Seen::Gone), None, Some(404))
    }

    pub fn reads(&mut self, content: Content) -> &mut Written {
        let op = self.call(Operation::Download);
        self.reply(op, Outcome::Ok, None, Some(content), Some(200))
    }

    pub fn probe(&mut self, reading: ProbeReading) -> &mut Written {
        self.tell(Observation::Probed(reading))
    }

    pub fn judged(&self, rules: &Rules) -> Judgement {
        judge(&self.history, rules)
    }

    #[track_caller]
    pub fn holds(&self, rules: &Rules) {
        let judgement = self.judged(rules);
        assert_eq!(judgement.verdict, Verdict::Valid, "{judgement:#?}\n{self}");
    }

    /// It cannot be said, for this reason.
    #[track_caller]
    pub fn is_inconclusive(&self, rules: &Rules, why: Inconclusive) {
        let judgement = self.judged(rules);
        assert_eq!(
            judgement.verdict,
            Verdict::Unknown,
            "{judgement:#?}\n{self}"
        );
        assert_eq!(judgement.inconclusive, Some(why));
    }

    /// Exactly these symptoms, in this order.
    #[track_caller]
    pub fn breaks(&self, rules: &Rules, symptoms: &[Symptom]) {
        let judgement = self.judged(rules);
        let found: Vec<Symptom> = judgement.violations.iter().map(|b| b.symptom).collect();
        assert_eq!(found, symptoms, "{judgement:#?}\n{self}");
    }
}

pub fn created() -> Written {
    let mut written = Written::new();
    written.done(Operation::Create);
    written
}

pub fn uploaded() -> Written {
    let mut written = created();
    written.done(Operation::Upload);
    written
}

pub fn row(status: SubjectStatus, content: Option<Content>) -> Row {
    let stored = status.keeps_data() && status != PendingDelete;
    Row::Present(PresentRow {
        status,
        deleted: matches!(status, PendingDelete | Deleted),
        content,
        locations: u32::from(stored),
        in_store: stored,
    })
}

pub fn reading(row: Row, bytes: Option<u64>) -> ProbeReading {
    ProbeReading {
        row: Some(row),
        data: Some(Held {
            bytes,
            ..Held::default()
        }),
        tasks_open: Some(0),
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for event in &self.history.events {
            writeln!(f, "{:>4} {:?}", event.at.0, event.observation)?;
        }
        Ok(())
    }
}
