//! The pure core of a subject on a real server: which statuses it may be in, and whether what the server says can be true.
//!
//! A status read is a moment in the past, and whatever is open may act at any time, so answers are judged by reachability and never
//! by adjacency. An operation takes its effect at some instant between its invocation and its completion; one that was never
//! answered may take it at any time afterwards. The sets kept here are never too small, so a correct server raises no alarm.

use super::moves::{Delayed, Operations, Path, Statuses, reach, shortest};
use stormglass_glance::Answer;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};

mod claims;
mod contents;

use claims::{Claim, before, claim, classify};
use contents::Contents;

/// What the server said cannot be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant it breaks.
    pub invariant: Invariant,
    /// One line for the report.
    pub detail: String,
}

impl Violation {
    fn new(invariant: Invariant, detail: impl Into<String>) -> Violation {
        Violation {
            invariant,
            detail: detail.into(),
        }
    }
}

/// What one completion told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The transitions that it proved, in order: those of the only shortest explanation. Each is reported once, and not at
    /// all when there were several.
    pub transitions: Vec<(Option<SubjectStatus>, SubjectStatus)>,
    /// The first thing about it that cannot be true.
    pub violation: Option<Violation>,
}

/// An open operation or status read of a [`Tracker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u32);

#[derive(Clone, Debug)]
struct Open {
    ticket: Ticket,
    /// None for a status read.
    operation: Option<Operation>,
    /// Every status the subject may have been in since the invocation.
    during: Statuses,
    /// The other operations that may have acted since the invocation.
    rivals: Operations,
}

/// The last status that was known for certain to have been.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    status: Option<SubjectStatus>,
    /// The operations that may have acted after it.
    since: Operations,
    /// Tickets below it were given before.
    ticket: Ticket,
}

/// One subject's history, as far as it matters for what may come.
#[derive(Clone, Debug)]
pub struct Tracker {
    delayed: Delayed,
    may: Statuses,
    open: Vec<Open>,
    /// Operations that were never answered, or whose work goes on after the answer.
    lingering: Operations,
    anchor: Option<Anchor>,
    contents: Contents,
    delete_acknowledged: bool,
    staged: bool,
    located: bool,
    next: u32,
}

impl Tracker {
    /// A subject that does not exist yet. `delayed_delete` is how the server is set; none when that is not known.
    pub fn new(delayed_delete: Option<bool>) -> Tracker {
        Tracker {
            delayed: delayed_delete,
            may: Statuses::of(&[None]),
            open: Vec::new(),
            lingering: Operations::default(),
            anchor: Some(Anchor {
                status: None,
                since: Operations::default(),
                ticket: Ticket(0),
            }),
            contents: Contents::default(),
            delete_acknowledged: false,
            staged: false,
            located: false,
            next: 0,
        }
    }

    /// An operation is about to be sent.
    pub fn invoked(&mut self, operation: Operation) -> Ticket {
        self.begin(Some(operation))
    }

    /// The status is about to be read.
    pub fn showing(&mut self) -> Ticket {
        self.begin(None)
    }

    /// The statuses the subject may be in now; [`Seen::Gone`] stands for not being there.
    pub fn may_be(&self, seen: Seen) -> bool {
        !self.may.and(shown(seen)).is_empty()
    }

    /// An operation or status read ended. A ticket given back twice tells nothing.
    pub fn completed(&mut self, ticket: Ticket, answer: &Answer) -> Findings {
        let mut findings = Findings::default();
        let Some(at) = self.open.iter().position(|open| open.ticket == ticket) else {
            return findings;
        };
        let ended = self.open.swap_remove(at);
        self.linger(&ended, answer.outcome);

        findings.violation = self.check_before(&ended, answer.outcome);
        let outcome = claim(ended.operation, answer.outcome);
        let observed = Claim {
            statuses: answer.observed.map_or(Statuses::EVERY, shown),
            own: None,
        };
        // An effect explains more than a look at the record; a look says more than a refusal.
        let claims = match answer.outcome {
            Outcome::Ok => [outcome, observed],
            Outcome::Refused | Outcome::Fail | Outcome::Unknown => [observed, outcome],
        };
        for claim in &claims {
            self.learn(&ended, claim, &mut findings);
        }
        if ended.operation == Some(Operation::Delete) && answer.outcome == Outcome::Ok {
            self.delete_acknowledged = true;
        }
        if ended.operation == Some(Operation::Stage) && answer.outcome == Outcome::Ok {
            self.staged = true;
        }
        let about_data = self.check_data(&ended, answer);
        findings.violation = findings.violation.or(about_data);
        self.advance();
        findings
    }

    /// Judges what is seen at the end of settle, everything answered and healed: a subject in the middle of something is stuck.
    pub fn stuck(&self, seen: Seen) -> Option<Violation> {
        let Seen::Status(status) = seen else {
            return None;
        };
        let unfinished = match status {
            SubjectStatus::Saving | SubjectStatus::Importing => true,
            SubjectStatus::Uploading => !self.staged, // staged data waits for whoever imports it
            _ => false,
        };
        (unfinished && self.open.is_empty()).then(|| {
            let detail = format!("{status} at the end, with no operation open");
            Violation::new(Invariant::Progress, detail)
        })
    }

    fn begin(&mut self, operation: Option<Operation>) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        let mut rivals = self.lingering;
        for open in &mut self.open {
            if let Some(other) = open.operation {
                rivals.add(other);
            }
            if let Some(operation) = operation {
                open.rivals.add(operation);
            }
        }
        if let (Some(anchor), Some(operation)) = (&mut self.anchor, operation) {
            anchor.since.add(operation);
        }
        if matches!(
            operation,
            Some(
                Operation::CreateWithLocation
                    | Operation::AddLocation
                    | Operation::ReplaceLocation
                    | Operation::RegisterLocation
            )
        ) {
            self.located = true;
        }
        self.open.push(Open {
            ticket,
            operation,
            during: Statuses::EMPTY,
            rivals,
        });
        self.advance();
        ticket
    }

    /// Everything that may act now.
    fn actors(&self) -> Operations {
        let mut actors = self.lingering;
        for operation in self.open.iter().filter_map(|open| open.operation) {
            actors.add(operation);
        }
        actors
    }

    /// Lets everything open act.
    fn advance(&mut self) {
        self.may = reach(self.may, self.actors(), self.delayed);
        for open in &mut self.open {
            open.during = open.during.or(self.may);
        }
    }

    /// Remembers work that may go on after the end of the operation.
    fn linger(&mut self, ended: &Open, outcome: Outcome) {
        let Some(operation) = ended.operation else {
            return;
        };
        let goes_on = match operation {
            // The client is gone; the server may not even have begun.
            Operation::AbortUpload => matches!(outcome, Outcome::Fail | Outcome::Unknown),
            // Accepted means begun.
            Operation::Import | Operation::ImportStaged | Operation::RegisterLocation => {
                matches!(outcome, Outcome::Ok | Outcome::Unknown)
            }
            _ => outcome == Outcome::Unknown,
        };
        if goes_on {
            self.lingering.add(operation);
        }
    }

    /// Whether the subject can have been in a status that the acknowledged operation starts from.
    fn check_before(&self, ended: &Open, outcome: Outcome) -> Option<Violation> {
        let operation = ended.operation.filter(|_| outcome == Outcome::Ok)?;
        if operation == Operation::AbortUpload {
            let detail = "an upload was acknowledged before all of its data was sent";
            return Some(Violation::new(Invariant::Acknowledged, detail));
        }
        let allowed = before(operation);
        if !ended.during.and(allowed).is_empty() {
            return None;
        }
        let invariant = if ended.during.within(Statuses::GONE) {
            Invariant::Terminal
        } else if operation == Operation::Upload {
            Invariant::OneUpload
        } else {
            Invariant::Edge
        };
        let detail = format!(
            "{operation} answered ok, but the subject was {}",
            ended.during
        );
        Some(Violation::new(invariant, detail))
    }

    /// Narrows the set by a claim about some instant since the invocation.
    fn learn(&mut self, ended: &Open, claim: &Claim, findings: &mut Findings) {
        if claim.statuses == Statuses::EVERY {
            return;
        }
        let others = ended.rivals.or(self.actors());
        let hit = ended.during.and(claim.statuses);
        if hit.is_empty() {
            let violation = classify(self, ended, claim);
            findings.violation.get_or_insert(violation);
            // Believe the server from here on, so that one fault is reported once.
            self.may = reach(claim.statuses, others, self.delayed);
            self.anchor = claim
                .statuses
                .only()
                .map(|status| self.anchored(status, others));
            return;
        }
        self.prove(ended, claim.own, hit, others, findings);
        let now = self.may.and(reach(hit, others, self.delayed));
        if now.is_empty() {
            let detail = format!("{hit} cannot have become {}", self.may);
            findings
                .violation
                .get_or_insert(Violation::new(Invariant::Edge, detail));
            return;
        }
        self.may = now;
    }

    fn anchored(&self, status: Option<SubjectStatus>, since: Operations) -> Anchor {
        Anchor {
            status,
            since,
            ticket: Ticket(self.next),
        }
    }

    /// Explains how the subject came from the last certain status into one of `hit`.
    fn prove(
        &mut self,
        ended: &Open,
        own: Option<Operation>,
        hit: Statuses,
        others: Operations,
        findings: &mut Findings,
    ) {
        let Some(anchor) = self.anchor else {
            self.anchor = hit.only().map(|status| self.anchored(status, others));
            return;
        };
        if ended.ticket.0 < anchor.ticket.0 && !hit.contains(anchor.status) {
            let mut able = ended.rivals;
            ended.operation.into_iter().for_each(|own| able.add(own));
            if reach(hit, able, self.delayed).contains(anchor.status) {
                return; // it may just as well have been before the anchor
            }
        }
        match shortest(anchor.status, hit, anchor.since, own, self.delayed) {
            Path::None => {}
            Path::Several => {
                self.anchor = hit.only().map(|status| self.anchored(status, others));
            }
            Path::One(steps) => {
                let Some(&(_, to)) = steps.last() else {
                    return;
                };
                findings.transitions.extend(steps);
                self.anchor = Some(self.anchored(Some(to), others));
            }
        }
    }

    fn check_data(&mut self, ended: &Open, answer: &Answer) -> Option<Violation> {
        let uploading = |operations: Operations| {
            [
                Operation::Upload,
                Operation::CreateEmpty,
                Operation::Import,
                Operation::ImportStaged,
            ]
            .into_iter()
            .any(|operation| operations.contains(operation))
        };
        let sure = !self.located && !uploading(ended.rivals) && !uploading(self.actors());
        self.contents
            .check(ended.operation, answer.outcome, answer.content, sure)
    }
}

fn shown(seen: Seen) -> Statuses {
    match seen {
        Seen::Status(status) => Statuses::one(status),
        Seen::Gone => Statuses::GONE,
    }
}

#[cfg(test)]
mod tests;
