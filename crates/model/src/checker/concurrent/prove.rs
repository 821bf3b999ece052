//! Which transitions the history of a subject proves, and by which answer.
//!
//! Nobody outside sees a commit. An answer proves how a subject came from the last status that was certain to where the answer
//! says it was, if what was open since can have brought it there in only one shortest way. Each transition is listed once, and not
//! at all where there were several ways.

use super::checker::Checker;
use super::open::trespasses;
use super::plan::{Way, goes_on};
use super::state::shown;
use crate::history::{ClientEvent, Ending, Observation, OpId, SubjectHistory};
use crate::lifecycle::{Operation, Outcome, Statuses, SubjectStatus, Who};
use crate::units::Time;
use std::collections::BTreeSet;

/// A transition that an answer proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// When the answer came: the transition was no later.
    pub at: Time,
    /// The operation that was answered.
    pub op: OpId,
    /// The operation that did it; the one that was answered where several can have.
    pub cause: OpId,
    /// The status before; none when the subject came into being.
    pub from: Option<SubjectStatus>,
    /// The status after.
    pub to: SubjectStatus,
}

impl Checker {
    /// The transitions that a history proves, in the order of the answers that prove them.
    pub fn proven(&self, history: &SubjectHistory) -> Vec<Proven> {
        let mut walk = Walk {
            checker: self,
            open: Vec::new(),
            lingering: Vec::new(),
            anchor: Some(Anchor {
                status: None,
                since: Operations::default(),
                order: 0,
            }),
            order: 0,
            proven: Vec::new(),
        };
        let history = history.happened();
        history.events.iter().for_each(|event| walk.event(event));
        walk.proven
    }
}

type Operations = BTreeSet<Operation>;

/// An operation that has not been answered.
struct Open {
    op: OpId,
    operation: Operation,
    who: Who,
    /// How many were sent before it.
    order: u32,
    /// The others that may have acted since it was sent.
    rivals: Operations,
}

/// The last status that the subject was certain to have been in.
#[derive(Clone)]
struct Anchor {
    status: Option<SubjectStatus>,
    /// The operations that may have acted after it.
    since: Operations,
    /// How many had been sent before.
    order: u32,
}

/// The status before, none when the subject comes into being, and the one after.
type Transition = (Option<SubjectStatus>, SubjectStatus);

struct Walk<'a> {
    checker: &'a Checker,
    open: Vec<Open>,
    /// Operations that were never answered, or whose work goes on after the answer.
    lingering: Vec<(OpId, Operation)>,
    anchor: Option<Anchor>,
    order: u32,
    proven: Vec<Proven>,
}

impl Walk<'_> {
    fn event(&mut self, event: &ClientEvent) {
        match event.observation {
            Observation::Invoked {
                op, operation, who, ..
            } => {
                // What one may not do who asks changes nothing, and to another project nothing is there.
                if !trespasses(operation, who) {
                    self.invoked(op, operation, who);
                }
            }
            Observation::Answered { op, ending } => {
                let Ending { outcome, seen, .. } = ending;
                let Some(at) = self.open.iter().position(|open| open.op == op) else {
                    return;
                };
                let ended = self.open.swap_remove(at);
                self.linger(&ended, outcome);
                let read = outcome == Outcome::Ok && ended.operation.reads();
                let read = (read && ended.who != Who::Admin)
                    .then_some(Statuses::of(&[SubjectStatus::Active]));
                let seen = seen.map(shown).or(read);
                let done = (outcome == Outcome::Ok).then(|| self.leads_to(ended.operation));
                // Its own effect explains more than what it showed of the record.
                if let Some(goal) = done.flatten() {
                    self.prove(event.at, &ended, goal, Some(ended.operation));
                }
                if let Some(goal) = seen {
                    self.prove(event.at, &ended, goal, None);
                }
            }
            Observation::Broken(_) | Observation::Probed(_) | Observation::Property { .. } => {}
        }
    }

    fn invoked(&mut self, op: OpId, operation: Operation, who: Who) {
        let rivals = self.at_work().map(|(_, other)| other).collect();
        for open in &mut self.open {
            open.rivals.insert(operation);
        }
        if let Some(anchor) = &mut self.anchor {
            anchor.since.insert(operation);
        }
        self.open.push(Open {
            op,
            operation,
            who,
            order: self.order,
            rivals,
        });
        self.order += 1;
    }

    /// Everything that may act now.
    fn at_work(&self) -> impl Iterator<Item = (OpId, Operation)> {
        let open = self.open.iter().map(|open| (open.op, open.operation));
        open.chain(self.lingering.iter().copied())
    }

    /// Remembers work that may go on after the end of the operation.
    fn linger(&mut self, ended: &Open, outcome: Outcome) {
        let operation = ended.operation;
        let goes_on = match outcome {
            Outcome::Ok => goes_on(&self.checker.rules, operation),
            // Its client may be gone, and the server may not even have begun.
            Outcome::Fail => operation.sends_data(),
            Outcome::Unknown => true,
            Outcome::Refused | Outcome::Local => false,
        };
        if goes_on {
            self.lingering.push((ended.op, operation));
        }
    }

    /// Where an operation leaves the subject that was done; none where its answer does not tell.
    fn leads_to(&self, operation: Operation) -> Option<Statuses> {
        if goes_on(&self.checker.rules, operation) {
            return None;
        }
        let changes = self.transitions(operation, Way::Ok);
        // A create of several requests passes its first status on the way.
        let is_last = |to| changes.iter().all(|(from, _)| *from != Some(to));
        let last = changes.iter().map(|(_, to)| *to).filter(|&to| is_last(to));
        let last = last.collect::<Statuses>();
        (!last.is_empty()).then_some(last)
    }

    /// The subject was in `goal` at some instant of the operation. With `own`, the last step there must have been its own.
    fn prove(&mut self, at: Time, ended: &Open, goal: Statuses, own: Option<Operation>) {
        // Everything that may act now, or may have acted since it was sent.
        let mut since = ended.rivals.clone();
        since.extend(self.at_work().map(|(_, operation)| operation));
        let order = self.order;
        let anchored = |status| Anchor {
            status,
            since,
            order,
        };
        let Some(anchor) = &self.anchor else {
            self.anchor = sole(goal).map(anchored);
            return;
        };
        if ended.order < anchor.order && !is_in(anchor.status, goal) {
            let mut able = ended.rivals.clone();
            able.insert(ended.operation);
            if is_in(anchor.status, self.reach(goal, &able)) {
                return; // it may just as well have been before the anchor
            }
        }
        match self.shortest(anchor, goal, own).as_slice() {
            [] => {}
            [path] => {
                for &(from, to) in path {
                    self.proven.push(Proven {
                        at,
                        op: ended.op,
                        cause: self.cause((from, to), ended),
                        from,
                        to,
                    });
                }
                if let Some(&(_, to)) = path.last() {
                    self.anchor = Some(anchored(Some(to)));
                }
            }
            _ => self.anchor = sole(goal).map(anchored),
        }
    }

    /// The operation that took a step: the one that was answered, unless only another can have.
    fn cause(&self, step: Transition, ended: &Open) -> OpId {
        let takes = |operation| self.transitions(operation, Way::Maybe).contains(&step);
        let mut able = (self.at_work()).filter(|(_, operation)| takes(*operation));
        match (takes(ended.operation), able.next(), able.next()) {
            (false, Some((other, _)), None) => other,
            _ => ended.op,
        }
    }

    /// The changes of status that are open to an operation which ended this way.
    fn transitions(&self, operation: Operation, way: Way) -> Vec<Transition> {
        let plans = &self.checker.plans;
        let changes = plans.changes(plans.of(operation, way)).iter();
        let moves = changes.filter(|change| change.from != Some(change.to));
        moves.map(|change| (change.from, change.to)).collect()
    }

    /// Those open to any of them, and to the server's own scrubber.
    fn all_transitions(&self, operations: &Operations) -> Vec<Transition> {
        let mut all = vec![(Some(SubjectStatus::PendingDelete), SubjectStatus::Deleted)];
        for &operation in operations {
            for transition in self.transitions(operation, Way::Maybe) {
                if !all.contains(&transition) {
                    all.push(transition);
                }
            }
        }
        all
    }

    /// Where a subject in one of `from` may be by now.
    fn reach(&self, from: Statuses, operations: &Operations) -> Statuses {
        let transitions = self.all_transitions(operations);
        let mut reached = from;
        loop {
            let onward = transitions.iter().filter(|(from, _)| is_in(*from, reached));
            let more = reached.or(onward.map(|&(_, to)| to).collect());
            if more == reached {
                return reached;
            }
            reached = more;
        }
    }

    /// The shortest ways in which a subject can have come from the anchor to one of `goal`, which are several if equally short. The
    /// way has no transition if it was there already.
    fn shortest(
        &self,
        anchor: &Anchor,
        goal: Statuses,
        own: Option<Operation>,
    ) -> Vec<Vec<Transition>> {
        if is_in(anchor.status, goal) {
            return vec![Vec::new()];
        }
        let transitions = self.all_transitions(&anchor.since);
        let own = own.map(|own| self.transitions(own, Way::Maybe));
        let arrives = |path: &&Vec<Transition>| {
            path.last().is_some_and(|last| {
                goal.contains(last.1) && own.as_ref().is_none_or(|own| own.contains(last))
            })
        };
        // Breadth first: every shortest path of each length in turn, a handful at most.
        let mut paths: Vec<Vec<Transition>> = vec![Vec::new()];
        for _ in 0..=SubjectStatus::COUNT {
            let mut longer = Vec::new();
            for path in &paths {
                let here = path.last().map_or(anchor.status, |&(_, to)| Some(to));
                let onward = transitions.iter().filter(|(from, _)| *from == here);
                let is_new = |to| path.iter().all(|(from, _)| *from != Some(to));
                for &next in onward.filter(|(_, to)| is_new(*to)) {
                    longer.push([path.as_slice(), &[next]].concat());
                }
            }
            let arrived: Vec<_> = longer.iter().filter(arrives).cloned().collect();
            if !arrived.is_empty() {
                return arrived;
            }
            paths = longer;
        }
        Vec::new()
    }
}

fn is_in(status: Option<SubjectStatus>, set: Statuses) -> bool {
    set.or(Statuses::only(status)) == set
}

/// The one status of a set of one, which may be that of not being there.
fn sole(set: Statuses) -> Option<Option<SubjectStatus>> {
    let alone = set.bits().count_ones() == 1;
    alone.then(|| set.iter().next())
}
