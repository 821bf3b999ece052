//! Which transitions the history of a subject proves, and by which answer.
//!
//! Nobody outside sees a commit. An answer proves how a subject came from the last status that was certain to where the answer
//! says it was, if what was open since can have brought it there in only one shortest way. Each transition is told once, and not
//! at all where there were several ways.

use super::open::trespasses;
use super::plan::{Plans, Way, goes_on};
use super::rules::Rules;
use super::state::{Place, shown};
use crate::history::{ClientEvent, Observation, OpId, SubjectHistory};
use crate::lifecycle::{Operation, Outcome, Statuses, SubjectStatus, Who};
use crate::units::Time;

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

impl Proven {
    /// Whether it is the end of an upload.
    pub fn leaves_saving(&self) -> bool {
        self.from == Some(SubjectStatus::Saving)
    }
}

/// The transitions that a history proves, in the order of the answers that prove them.
pub(super) fn proven(history: &SubjectHistory, plans: &Plans, rules: &Rules) -> Vec<Proven> {
    let mut walk = Walk {
        plans,
        rules: *rules,
        open: Vec::new(),
        lingering: Operations::default(),
        at_work: Vec::new(),
        anchor: Some(Anchor {
            place: Place::NOWHERE,
            since: Operations::default(),
            order: 0,
        }),
        order: 0,
        proven: Vec::new(),
    };
    history.events.iter().for_each(|event| walk.event(event));
    walk.proven
}

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Operations(u64);

impl Operations {
    fn add(&mut self, operation: Operation) {
        self.0 |= 1 << operation.index();
    }

    fn or(self, other: Operations) -> Operations {
        Operations(self.0 | other.0)
    }

    fn iter(self) -> impl Iterator<Item = Operation> {
        let all = Operation::ALL.iter().copied();
        all.filter(move |operation| self.0 & 1 << operation.index() != 0)
    }
}

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

/// The last place that the subject was certain to have been at.
#[derive(Clone, Copy)]
struct Anchor {
    place: Place,
    /// The operations that may have acted after it.
    since: Operations,
    /// How many had been sent before.
    order: u32,
}

/// How a subject can have come from one place to another.
enum Path {
    /// In no way.
    None,
    /// In exactly one shortest way; empty when it was there already.
    One(Vec<(Place, Place)>),
    /// In several that are equally short.
    Several,
}

struct Walk<'a> {
    plans: &'a Plans,
    rules: Rules,
    open: Vec<Open>,
    /// Operations that were never answered, or whose work goes on after the answer.
    lingering: Operations,
    /// The same, one by one.
    at_work: Vec<(OpId, Operation)>,
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
            Observation::Answered {
                op, outcome, seen, ..
            } => {
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
            Observation::Broken(_) | Observation::Probed(_) => {}
        }
    }

    fn invoked(&mut self, op: OpId, operation: Operation, who: Who) {
        let mut rivals = self.lingering;
        for open in &mut self.open {
            rivals.add(open.operation);
            open.rivals.add(operation);
        }
        if let Some(anchor) = &mut self.anchor {
            anchor.since.add(operation);
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

    /// Remembers work that may go on after the end of the operation.
    fn linger(&mut self, ended: &Open, outcome: Outcome) {
        let operation = ended.operation;
        let goes_on = match outcome {
            Outcome::Ok => goes_on(&self.rules, operation),
            // Its client may be gone, and the server may not even have begun.
            Outcome::Fail => operation.sends_data(),
            Outcome::Unknown => true,
            Outcome::Refused => false,
        };
        if goes_on {
            self.lingering.add(operation);
            self.at_work.push((ended.op, operation));
        }
    }

    /// Where an operation leaves the subject that was done; none where its answer does not tell.
    fn leads_to(&self, operation: Operation) -> Option<Statuses> {
        if goes_on(&self.rules, operation) {
            return None;
        }
        let steps = self.plans.steps(self.plans.of(operation, Way::Ok));
        let last = steps.iter().filter(|step| step.from != step.to);
        last.filter(|step| {
            // A create of several requests passes its first status on the way.
            steps
                .iter()
                .all(|next| next.from != step.to || next.to == step.to)
        })
        .map(|step| Statuses::only(step.to.status()))
        .reduce(Statuses::or)
    }

    /// Everything that may act now.
    fn acting(&self) -> Operations {
        let mut acting = self.lingering;
        self.open.iter().for_each(|open| acting.add(open.operation));
        acting
    }

    /// The subject was in `goal` at some instant of the operation. With `own`, the last step there must have been its own.
    fn prove(&mut self, at: Time, ended: &Open, goal: Statuses, own: Option<Operation>) {
        let since = ended.rivals.or(self.acting());
        let anchored = |place, order| Anchor {
            place,
            since,
            order,
        };
        let Some(anchor) = self.anchor else {
            self.anchor = sole(goal).map(|place| anchored(place, self.order));
            return;
        };
        if ended.order < anchor.order && !anchor.place.is_in(goal) {
            let mut able = ended.rivals;
            able.add(ended.operation);
            if anchor.place.is_in(self.reach(goal, able)) {
                return; // it may just as well have been before the anchor
            }
        }
        match self.shortest(anchor, goal, own) {
            Path::None => {}
            Path::Several => {
                self.anchor = sole(goal).map(|place| anchored(place, self.order));
            }
            Path::One(steps) => {
                let told: Vec<Proven> = (steps.iter())
                    .filter_map(|(from, to)| {
                        Some(Proven {
                            at,
                            op: ended.op,
                            cause: self.cause((*from, *to), ended),
                            from: from.status(),
                            to: to.status()?,
                        })
                    })
                    .collect();
                self.proven.extend(told);
                if let Some(&(_, to)) = steps.last() {
                    self.anchor = Some(anchored(to, self.order));
                }
            }
        }
    }

    /// The operation that took a step: the one that was answered, unless only another can have.
    fn cause(&self, step: (Place, Place), ended: &Open) -> OpId {
        let takes = |operation| self.changes(operation).any(|change| change == step);
        let open = self.open.iter().map(|open| (open.op, open.operation));
        let others = open.chain(self.at_work.iter().copied());
        let mut able = others.filter(|(_, operation)| takes(*operation));
        match (takes(ended.operation), able.next(), able.next()) {
            (false, Some((other, _)), None) => other,
            _ => ended.op,
        }
    }

    /// The changes of status that are open to an operation.
    fn changes(&self, operation: Operation) -> impl Iterator<Item = (Place, Place)> {
        let steps = self.plans.steps(self.plans.of(operation, Way::Maybe));
        let changes = steps.iter().map(|step| (step.from, step.to));
        changes.filter(|(from, to)| from != to)
    }

    /// Those open to any of them, and to the server's own scrubber.
    fn all_changes(&self, operations: Operations) -> Vec<(Place, Place)> {
        let scrub = [SubjectStatus::PendingDelete, SubjectStatus::Deleted];
        let [pending, deleted] = scrub.map(|status| Place::of(Some(status)));
        let mut changes = vec![(pending, deleted)];
        for change in operations.iter().flat_map(|one| self.changes(one)) {
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        changes
    }

    /// Where a subject in one of `from` may be by now.
    fn reach(&self, from: Statuses, operations: Operations) -> Statuses {
        let changes = self.all_changes(operations);
        let mut reached = from;
        loop {
            let before = reached;
            for &(from, to) in &changes {
                if from.is_in(reached) {
                    reached = reached.or(Statuses::only(to.status()));
                }
            }
            if reached == before {
                return reached;
            }
        }
    }

    fn shortest(&self, anchor: Anchor, goal: Statuses, own: Option<Operation>) -> Path {
        if anchor.place.is_in(goal) {
            return Path::One(Vec::new());
        }
        let changes = self.all_changes(anchor.since);
        // Breadth first: every shortest path of each length in turn, a handful at most.
        let mut paths: Vec<Vec<(Place, Place)>> = vec![Vec::new()];
        for _ in 0..=SubjectStatus::COUNT {
            let mut longer = Vec::new();
            for path in &paths {
                let here = path.last().map_or(anchor.place, |&(_, to)| to);
                let onward = changes.iter().filter(|(from, _)| *from == here);
                for &change in onward.filter(|(_, to)| path.iter().all(|(from, _)| from != to)) {
                    longer.push([path.as_slice(), &[change]].concat());
                }
            }
            let arrives = |path: &&Vec<(Place, Place)>| {
                path.last().is_some_and(|change| {
                    let its = own.is_none_or(|own| self.changes(own).any(|one| one == *change));
                    change.1.is_in(goal) && its
                })
            };
            let mut arrived = longer.iter().filter(arrives);
            match (arrived.next(), arrived.next()) {
                (Some(path), None) => return Path::One(path.clone()),
                (Some(_), Some(_)) => return Path::Several,
                (None, _) => paths = longer,
            }
        }
        Path::None
    }
}

/// The one place of a set of one.
fn sole(set: Statuses) -> Option<Place> {
    let alone = set.bits().count_ones() == 1;
    alone.then(|| Place::of(set.iter().next()))
}
