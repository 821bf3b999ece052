//! Which changes of the table of operations an operation may make, by how it ended.

use super::rules::Rules;
use crate::lifecycle::{Operation, Statuses, SubjectStatus};
use crate::operations::{Change, Extent, OperationKind, change};
use Extent::{Done, Failed, Holding, Waiting};
use SubjectStatus::{Importing, Queued};

/// How much is known of an operation's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It was done.
    Ok,
    /// It was refused.
    Refused,
    /// It failed.
    Fail,
    /// It may have been done, or fail, or nothing of it.
    Maybe,
    /// Its client may do nothing at all.
    Never,
}

const WAYS: [Way; 5] = [Way::Ok, Way::Refused, Way::Fail, Way::Maybe, Way::Never];

/// A set of extents, a bit each.
type Extents = u8;
pub(super) const ANY_EXTENT: Extents = Extents::MAX;

/// What an operation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where its changes begin and end in [`Plans::changes`].
    changes: (u16, u16),
    /// How far it may have come when it ends.
    pub ends_in: Extents,
    /// Whether it may also end while it holds the subject, if that was taken away from it.
    pub may_lose: bool,
}

/// The plans of every operation under some rules.
#[derive(Clone, Debug)]
pub(super) struct Plans {
    changes: Vec<Change>,
    plans: Vec<[Plan; WAYS.len()]>,
    granted: Vec<Option<Statuses>>,
}

impl Plans {
    pub(super) fn new(rules: &Rules) -> Plans {
        let mut changes = Vec::new();
        let mut plan = |operation, way| {
            let begin = changes.len() as u16;
            let (possible, ends_in) = possible(rules, operation, way);
            changes.extend(possible);
            Plan {
                changes: (begin, changes.len() as u16),
                ends_in,
                may_lose: ends_in != ANY_EXTENT && way != Way::Ok,
            }
        };
        let plans = Operation::ALL.iter();
        let plans = plans.map(|&operation| WAYS.map(|way| plan(operation, way)));
        let plans = plans.collect();
        let granted = Operation::ALL.iter().map(|operation| {
            let granted = operation.row().granted(rules.profile);
            (!granted.is_empty() && granted != Statuses::EVERY).then_some(granted)
        });
        Plans {
            granted: granted.collect(),
            changes,
            plans,
        }
    }

    #[inline]
    pub(super) fn of(&self, operation: Operation, way: Way) -> Plan {
        self.plans[operation.index()][way as usize]
    }

    /// Where an operation is granted; none if its status alone does not decide that.
    pub(super) fn granted(&self, operation: Operation) -> Option<Statuses> {
        self.granted[operation.index()]
    }

    /// Where an operation may be acknowledged, if the changes that it then has made do not tell.
    pub(super) fn acknowledged(&self, operation: Operation) -> Option<Statuses> {
        let plan = self.of(operation, Way::Ok);
        let mut changes = self.changes(plan).iter();
        let tells = plan.ends_in != ANY_EXTENT && changes.all(|change| !change.looked);
        self.granted(operation).filter(|_| !tells)
    }

    /// Whether it may delete the subject.
    pub(super) fn deletes(&self, plan: Plan) -> bool {
        let mut changes = self.changes(plan).iter();
        changes.any(|change| Statuses::GONE.contains(change.to))
    }

    #[inline]
    pub(super) fn changes(&self, plan: Plan) -> &[Change] {
        &self.changes[usize::from(plan.changes.0)..usize::from(plan.changes.1)]
    }
}

/// What an operation that ended this way may have changed, and how far it may have come then.
fn possible(rules: &Rules, operation: Operation, way: Way) -> (Vec<Change>, Extents) {
    let real = rules.real();
    let (row, kind) = (operation.row(), operation.kind());
    let mut changes: Vec<Change> = row.changes(rules.profile, rules.delayed_delete).collect();
    let in_parts = real && kind.creates();
    let holds =
        operation.sends_data() || in_parts || (matches!(kind, OperationKind::Import(_)) && !real);
    let nothing = match way {
        Way::Ok | Way::Maybe => false,
        Way::Refused => !holds || !real,
        Way::Fail => !holds,
        Way::Never => true,
    };
    let unsaid = goes_on(rules, operation) || changes.is_empty() && !operation.sends_data();
    let any = nothing || way == Way::Maybe || way == Way::Ok && unsaid;
    let over = if way == Way::Ok { Failed } else { Done };
    // A task may fail after its data is in.
    let keeps = any || way == Way::Fail && matches!(kind, OperationKind::Import(_));
    changes.retain(|change| !nothing && (keeps || change.next != over));
    let failed = match way {
        // How it ends makes no difference then, and fewer states are fewer states.
        _ if any => Done,
        // A real server may find a reason to refuse in the middle, and then takes back what it has begun.
        Way::Refused if !in_parts => Waiting,
        _ => Failed,
    };
    for change in changes.iter_mut().filter(|change| change.next == Failed) {
        change.next = failed;
    }
    let ends: &[Extent] = match way {
        _ if any => &[],
        Way::Ok => &[Done],
        // Its first part may be done. What a later one has begun is taken back before the answer.
        _ if in_parts => &[Waiting, Holding, Failed],
        Way::Refused => &[Waiting],
        _ if keeps => &[Waiting, Failed, Done],
        _ => &[Waiting, Failed],
    };
    if kind == OperationKind::Stage {
        if way == Way::Fail {
            // What it had staged may have been taken up, and be staged again by a rival.
            changes.extend([Importing, Queued].map(|at| change(Holding, at, at, Failed)));
        }
        // Done, it leaves the subject in the status that it holds while it is at work.
        let parted = if way == Way::Ok { Holding } else { Done };
        changes.retain(|change| change.extent != Waiting || change.next != parted);
    }
    let ends_in = ends.iter().fold(0, |set, &extent| set | 1 << extent as u8);
    (changes, if any { ANY_EXTENT } else { ends_in })
}

/// Whether an operation goes on by itself after it was answered with success.
pub(super) fn goes_on(rules: &Rules, operation: Operation) -> bool {
    rules.real() && operation.row().by_task
}
