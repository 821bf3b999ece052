//! Which edges an operation may take on a real Glance, and what can be reached by them.
//!
//! Legal edges come from the lifecycle's table under the `glance` profile; here is only whose they are.

use std::fmt;
use stormglass_model::lifecycle::{EDGES, Operation, Profile, SubjectStatus};

/// A step of a subject; from none when it comes into being.
pub(super) type Step = (Option<SubjectStatus>, SubjectStatus);

/// A set of statuses. Not existing yet counts as one, written `none`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Statuses(u16);

/// How many bits of [`Statuses`] mean something.
const WIDTH: usize = SubjectStatus::COUNT + 1;

const fn position(status: Option<SubjectStatus>) -> usize {
    match status {
        None => 0,
        Some(status) => status.index() + 1,
    }
}

fn at(position: usize) -> Option<SubjectStatus> {
    position
        .checked_sub(1)
        .and_then(|index| SubjectStatus::ALL.get(index).copied())
}

impl Statuses {
    pub(super) const EMPTY: Statuses = Statuses(0);
    pub(super) const EVERY: Statuses = Statuses((1 << WIDTH) - 1);
    /// What Glance answers 404 for.
    pub(super) const GONE: Statuses = Statuses::of(&[
        None,
        Some(SubjectStatus::PendingDelete),
        Some(SubjectStatus::Deleted),
    ]);

    pub(super) const fn of(statuses: &[Option<SubjectStatus>]) -> Statuses {
        let mut bits = 0;
        let mut i = 0;
        while i < statuses.len() {
            bits |= 1 << position(statuses[i]);
            i += 1;
        }
        Statuses(bits)
    }

    pub(super) const fn one(status: SubjectStatus) -> Statuses {
        Statuses(1 << position(Some(status)))
    }

    pub(super) const fn without(self, other: Statuses) -> Statuses {
        Statuses(self.0 & !other.0)
    }

    pub(super) const fn and(self, other: Statuses) -> Statuses {
        Statuses(self.0 & other.0)
    }

    pub(super) const fn or(self, other: Statuses) -> Statuses {
        Statuses(self.0 | other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn contains(self, status: Option<SubjectStatus>) -> bool {
        self.0 & (1 << position(status)) != 0
    }

    /// Whether nothing outside `other` is in it.
    pub(super) const fn within(self, other: Statuses) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Option<SubjectStatus>> {
        (0..WIDTH)
            .filter(move |&bit| self.0 & (1 << bit) != 0)
            .map(at)
    }

    /// The one member of a set of one.
    pub(super) fn only(self) -> Option<Option<SubjectStatus>> {
        (self.0.count_ones() == 1).then(|| at(self.0.trailing_zeros() as usize))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .iter()
            .map(|status| status.map_or("none", SubjectStatus::name))
            .collect();
        f.pad(&names.join(" or "))
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Operations(u32);

impl Operations {
    pub(super) fn add(&mut self, operation: Operation) {
        self.0 |= 1 << operation.index();
    }

    pub(super) fn or(self, other: Operations) -> Operations {
        Operations(self.0 | other.0)
    }

    pub(super) fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation.index()) != 0
    }

    fn iter(self) -> impl Iterator<Item = Operation> {
        let all = Operation::ALL.iter().copied();
        all.filter(move |&operation| self.contains(operation))
    }
}

impl From<Operation> for Operations {
    fn from(operation: Operation) -> Operations {
        Operations(1 << operation.index())
    }
}

/// How the server deletes: at once, delayed, or in a way that is not known.
pub(super) type Delayed = Option<bool>;

/// Whether `operation` may take the step.
pub(super) fn may_take(operation: Operation, (from, to): Step, delayed: Delayed) -> bool {
    use SubjectStatus::{
        Active, Deactivated, Deleted, Importing, PendingDelete, Queued, Saving, Uploading,
    };
    let other = |operation| may_take(operation, (from, to), delayed);
    match operation {
        Operation::Create => (from, to) == (None, Queued),
        // What Glance's API needs two requests for.
        Operation::CreateEmpty => other(Operation::Create) || other(Operation::Upload),
        Operation::CreateWithLocation => other(Operation::Create) || other(Operation::AddLocation),
        Operation::AddLocation => (from, to) == (Some(Queued), Active),
        Operation::Upload => other(Operation::AbortUpload) || (from, to) == (Some(Saving), Active),
        Operation::AbortUpload => {
            matches!((from, to), (Some(Queued), Saving) | (Some(Saving), Queued))
        }
        Operation::Deactivate => (from, to) == (Some(Active), Deactivated),
        Operation::Reactivate => (from, to) == (Some(Deactivated), Active),
        Operation::Delete => match (from, to) {
            (Some(Active), PendingDelete) => delayed != Some(false),
            (Some(Active), Deleted) => delayed != Some(true),
            (Some(PendingDelete), _) => false, // the scrubber's
            (Some(_), Deleted) => true,
            _ => false,
        },
        Operation::Import => matches!(
            (from, to),
            (Some(Queued), Uploading | Importing)
                | (Some(Uploading), Importing | Queued)
                | (Some(Importing), Active | Queued)
        ),
        Operation::CreateWithoutFormat | Operation::CreateWithWrongFormat => {
            other(Operation::Create)
        }
        Operation::UploadWrongSize | Operation::UploadTooLarge => other(Operation::AbortUpload),
        Operation::ReplaceLocation => other(Operation::AddLocation),
        Operation::Stage => matches!(
            (from, to),
            (Some(Queued), Uploading) | (Some(Uploading), Queued)
        ),
        Operation::ImportStaged => matches!(
            (from, to),
            (Some(Uploading), Importing | Queued) | (Some(Importing), Active | Queued)
        ),
        Operation::RegisterLocation => matches!(
            (from, to),
            (Some(Queued), Active | Importing) | (Some(Importing), Active | Queued)
        ),
        Operation::RemoveLocation
        | Operation::Show
        | Operation::SetProperty
        | Operation::Protect
        | Operation::Unprotect
        | Operation::Download
        | Operation::Export
        | Operation::Clone
        | Operation::DownloadAsAdmin => false,
    }
}

/// The legal steps open to `operations` and to the server's own scrubber.
fn steps(operations: Operations, delayed: Delayed) -> impl Iterator<Item = Step> {
    let legal = EDGES
        .iter()
        .filter(|edge| edge.allowed_by(Profile::Glance))
        .map(|edge| (edge.from, edge.to));
    legal.filter(move |&step| {
        step == (Some(SubjectStatus::PendingDelete), SubjectStatus::Deleted)
            || operations
                .iter()
                .any(|operation| may_take(operation, step, delayed))
    })
}

/// Where a subject in one of `from` may be by now.
pub(super) fn reach(from: Statuses, operations: Operations, delayed: Delayed) -> Statuses {
    let mut reached = from;
    loop {
        let before = reached;
        for (from, to) in steps(operations, delayed) {
            if reached.contains(from) {
                reached = reached.or(Statuses::one(to));
            }
        }
        if reached == before {
            return reached;
        }
    }
}

/// How a subject can have come from one status into one of `goal`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// In no way.
    None,
    /// In exactly one shortest way; empty when it was there already.
    One(Vec<Step>),
    /// In several that are equally short.
    Several,
}

/// The shortest path by steps open to `operations`. With `last`, the final step must be one of that operation's own.
pub(super) fn shortest(
    from: Option<SubjectStatus>,
    goal: Statuses,
    operations: Operations,
    last: Option<Operation>,
    delayed: Delayed,
) -> Path {
    if goal.contains(from) {
        return Path::One(Vec::new());
    }
    // Breadth first: every shortest path of each length in turn, a handful at most.
    let mut paths: Vec<Vec<Step>> = vec![Vec::new()];
    for _ in 0..WIDTH {
        let mut longer = Vec::new();
        for path in &paths {
            let here = path.last().map_or(from, |&(_, to)| Some(to));
            let onward = steps(operations, delayed).filter(|step| step.0 == here);
            for step in onward.filter(|step| path.iter().all(|earlier| earlier.0 != Some(step.1))) {
                longer.push(path.iter().copied().chain([step]).collect::<Vec<Step>>());
            }
        }
        let arrives = |path: &&Vec<Step>| {
            path.last().is_some_and(|&step| {
                goal.contains(Some(step.1))
                    && last.is_none_or(|operation| may_take(operation, step, delayed))
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

#[cfg(test)]
mod tests {
    use super::*;
    use SubjectStatus::*;

    #[test]
    fn every_edge_of_the_profile_is_somebodys() {
        // The only legal edge that no operation of a run takes is an operator's restore.
        let mut everything = Operations::default();
        Operation::ALL
            .iter()
            .for_each(|&operation| everything.add(operation));
        for edge in EDGES.iter().filter(|edge| edge.allowed_by(Profile::Glance)) {
            let step = (edge.from, edge.to);
            let taken = steps(everything, None).any(|taken| taken == step);
            assert_eq!(taken, step != (Some(PendingDelete), Active), "{step:?}");
        }
    }

    #[test]
    fn an_upload_reaches_active_and_an_aborted_one_does_not() {
        let from = Statuses::one(Queued);
        let reached = reach(from, Operation::Upload.into(), None);
        assert_eq!(
            reached,
            Statuses::of(&[Some(Queued), Some(Saving), Some(Active)])
        );
        let reached = reach(from, Operation::AbortUpload.into(), None);
        assert_eq!(reached, Statuses::of(&[Some(Queued), Some(Saving)]));
    }

    #[test]
    fn the_one_shortest_path_is_found() {
        let active = Statuses::one(Active);
        let path = shortest(Some(Queued), active, Operation::Upload.into(), None, None);
        assert_eq!(
            path,
            Path::One(vec![(Some(Queued), Saving), (Some(Saving), Active)])
        );

        let both = Operations::from(Operation::Upload).or(Operation::AddLocation.into());
        let path = shortest(Some(Queued), active, both, Some(Operation::Upload), None);
        assert_eq!(
            path,
            Path::One(vec![(Some(Queued), Saving), (Some(Saving), Active)])
        );

        let delete = Operation::Delete.into();
        assert_eq!(
            shortest(Some(Active), Statuses::GONE, delete, None, None),
            Path::Several
        );
        assert_eq!(
            shortest(Some(Active), Statuses::GONE, delete, None, Some(true)),
            Path::One(vec![(Some(Active), PendingDelete)])
        );
        assert_eq!(
            shortest(Some(Deleted), active, both, None, None),
            Path::None
        );
    }
}
