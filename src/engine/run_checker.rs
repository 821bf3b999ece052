//! Who says whether a run is right: the online checker, which the embedded service tells everything, or the concurrent checker,
//! which knows what the clients of a real server saw.

use rustc_hash::FxHashMap;
use stormglass_glance::GlanceTarget;
use stormglass_model::checker::Violation;
use stormglass_model::checker::concurrent::{self, Proven, SubjectViolation};
use stormglass_model::checker::online::{self, Judgement};
use stormglass_model::config::ServiceConfig;
use stormglass_model::history::{Event, Observation, OpId, SubjectHistory};
use stormglass_model::lifecycle::{Invariant, Operation, SubjectStatus, Verdict};
use stormglass_model::load::StoryId;
use stormglass_model::units::Time;

/// Who says whether the run is right.
pub enum RunChecker {
    /// From the order of commits.
    Online(Box<online::Checker>),
    /// From the history of each subject, once it has ended.
    Clients(Box<ClientChecker>),
}

impl RunChecker {
    /// Of a run on the embedded service.
    pub fn embedded(config: &ServiceConfig) -> RunChecker {
        RunChecker::Online(Box::new(online::Checker::new(online::Rules {
            profile: config.rules.profile(),
            scrub_time: config.scrub_time,
            scrub_interval: config.scrub_interval,
            scrub_read: config.scrub_read,
        })))
    }

    /// Of a run on a real server.
    pub fn glance(target: &GlanceTarget) -> RunChecker {
        let rules = concurrent::Rules {
            one_identity: target.has_one_identity(),
            ..concurrent::Rules::glance(Some(target.delayed_delete))
        };
        RunChecker::Clients(Box::new(ClientChecker {
            checker: concurrent::Checker::new(rules),
            due: FxHashMap::default(),
            violations: Vec::new(),
            counts: [0; Invariant::COUNT],
            inconclusive: 0,
            because: None,
        }))
    }

    /// How many violations there were so far.
    pub(super) fn violation_total(&self) -> u64 {
        match self {
            RunChecker::Online(checker) => checker.violation_total(),
            RunChecker::Clients(checker) => checker.counts.iter().sum(),
        }
    }

    /// The run is over, with so many operations still open.
    pub(super) fn finish(&mut self, at: Time, in_flight: u64) -> Judgement {
        match self {
            RunChecker::Online(checker) => checker.finish(at),
            RunChecker::Clients(checker) => checker.finish(in_flight),
        }
    }
}

/// Violations that are kept in full.
const KEPT: usize = 1_000;

/// Judges the subjects of a real server one by one, and keeps no more of them than that.
pub struct ClientChecker {
    checker: concurrent::Checker,
    /// What the latencies of each open subject's transitions count from.
    due: FxHashMap<u64, Vec<Due>>,
    violations: Vec<Violation>,
    counts: [u64; Invariant::COUNT],
    /// Subjects of which nothing can be said for certain, and why that is so of the first.
    inconclusive: u64,
    because: Option<String>,
}

/// What the latency of a transition counts from that an operation proves.
#[derive(Clone, Copy, Debug)]
struct Due {
    op: OpId,
    story: StoryId,
    intended: Time,
    /// Nobody saw the subject enter `saving`: it was no earlier than this.
    sent: Time,
}

/// A transition of a real server, dated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dated {
    pub proven: Proven,
    pub story: StoryId,
    /// The instant from which its latency counts.
    pub due: Time,
}

impl ClientChecker {
    /// Remembers since when an operation, or a look of the target's own, was due.
    pub(super) fn note(&mut self, subject: u64, story: StoryId, event: &Event) {
        let all = self.due.entry(subject).or_default();
        let (op, intended, sent) = match *event {
            Event::Completed {
                op, intended, sent, ..
            } => (op, intended, sent),
            Event::Looked { sent, due, .. } => (Event::look(sent), due, due),
            _ => return,
        };
        all.push(Due {
            op,
            story,
            intended,
            sent,
        });
    }

    /// The subjects that have not ended, in order.
    pub(super) fn open(&self) -> Vec<u64> {
        let mut open: Vec<u64> = self.due.keys().copied().collect();
        open.sort_unstable();
        open
    }

    /// Judges a subject that has ended, and gives the transitions that its history proves.
    pub(super) fn ended(&mut self, history: &SubjectHistory) -> Vec<Dated> {
        let judgement = self.checker.judge(history);
        for violation in judgement.violations {
            self.violated(history, violation);
        }
        if let Some(why) = judgement.inconclusive {
            self.inconclusive += 1;
            self.because
                .get_or_insert_with(|| format!("subject {}: {why}", history.subject));
        }
        let due = self.due.remove(&history.subject).unwrap_or_default();
        let dated = self.checker.proven(history).into_iter();
        dated
            .filter_map(|proven| {
                // What did it may never have ended; then it counts from what proves it.
                let due_of = |op| due.iter().find(|due| due.op == op);
                let due = due_of(proven.cause).or_else(|| due_of(proven.op))?;
                Some(Dated {
                    proven,
                    story: due.story,
                    due: match proven.from {
                        Some(SubjectStatus::Saving) => due.sent,
                        _ => due.intended,
                    },
                })
            })
            .collect()
    }

    fn violated(&mut self, history: &SubjectHistory, violation: SubjectViolation) {
        self.counts[violation.invariant.index()] += 1;
        if self.violations.len() < KEPT {
            self.violations.push(Violation {
                at: violation.at,
                subject: Some(history.subject),
                invariant: violation.invariant,
                from: "",
                to: "",
                operation: answered_at(history, violation.at),
                detail: violation.sentence,
            });
        }
    }

    fn finish(&mut self, in_flight: u64) -> Judgement {
        let open = (in_flight > 0).then(|| match in_flight {
            1 => "1 operation was still open".to_owned(),
            _ => format!("{in_flight} operations were still open"),
        });
        let inconclusive = self.because.take().map(|because| match self.inconclusive {
            1 => format!("inconclusive: {because}"),
            many => format!("inconclusive: {many} subjects; {because}"),
        });
        let unknown_because = open.or(inconclusive);
        self.violations.sort_by_key(|violation| violation.at);
        Judgement {
            verdict: Verdict::of(!self.violations.is_empty(), unknown_because.is_some()),
            unknown_because,
            violations: std::mem::take(&mut self.violations),
            counts: self.counts,
        }
    }
}

/// The operation that was answered then; none where a probe was read.
fn answered_at(history: &SubjectHistory, at: Time) -> Option<Operation> {
    let events = || history.events.iter();
    let answered = events().find_map(|event| match event.observation {
        Observation::Answered { op, .. } if event.at == at => Some(op),
        _ => None,
    })?;
    events().find_map(|event| match event.observation {
        Observation::Invoked { op, operation, .. } if op == answered => Some(operation),
        _ => None,
    })
}
