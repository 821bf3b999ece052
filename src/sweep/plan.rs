//! What is worth trying: bases that bring a subject into each status, and what can happen to it there.

use Operation::*;
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};
use stormglass_model::script::{Act, ClientFault, Point, Script, Second, Step};

/// What a target can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Whether it is a real Glance.
    pub glance: bool,
    /// The operations that can be performed.
    pub operations: Vec<Operation>,
    /// Who there is beside member and admin.
    pub others: Vec<Who>,
    /// The commands that may be run; none where they are not allowed.
    pub commands: Vec<String>,
}

/// Which part of the sweep a script belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseKind {
    /// One operation after the other.
    Single,
    /// Two operations that can both do something.
    Rivals,
    /// A client that does something wrong.
    ClientFault,
    /// Something is done to the server.
    Command,
    /// Two operations of which the first should be refused.
    Unlikely,
}

/// One script of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The script.
    pub script: Script,
    /// Its part.
    pub kind: CaseKind,
}

/// How a subject comes into a status: the steps, and what then can do something.
struct Base {
    steps: &'static [Operation],
    lively: &'static [Operation],
}

impl Base {
    /// Whether it is the plainest way into its status: what should be refused there need not be tried from the others.
    fn is_plainest(&self) -> bool {
        matches!(
            self.steps,
            [Create] | [Create, Stage] | [Create, Upload] | [Create, Upload, Deactivate | Delete]
        )
    }
}

/// What may always be tried on a subject that is there.
const ALWAYS: &[Operation] = &[Delete, SetProperty, Show];

const BASES: &[Base] = &[
    Base {
        steps: &[Create],
        lively: &[
            Upload,
            AbortUpload,
            Stage,
            Import,
            AddLocation,
            RegisterLocation,
            ReplaceLocation,
            UploadTooLarge,
            UploadWrongSize,
        ],
    },
    Base {
        steps: &[Create, Upload],
        lively: &[
            Download,
            Deactivate,
            Reactivate,
            AddLocation,
            ReplaceLocation,
            RemoveLocation,
            Protect,
        ],
    },
    Base {
        steps: &[Create, Stage],
        lively: &[ImportStaged, Stage],
    },
    Base {
        steps: &[Create, Upload, Deactivate],
        lively: &[DownloadAsAdmin, Deactivate, Reactivate, RemoveLocation],
    },
    Base {
        steps: &[CreateWithLocation],
        lively: &[
            Download,
            Deactivate,
            AddLocation,
            ReplaceLocation,
            RemoveLocation,
        ],
    },
    Base {
        steps: &[Create, Upload, AddLocation],
        lively: &[Download, Deactivate, ReplaceLocation, RemoveLocation],
    },
    Base {
        steps: &[Create, Upload, Protect],
        lively: &[Unprotect],
    },
    Base {
        steps: &[CreateEmpty],
        lively: &[Download, Deactivate],
    },
    Base {
        steps: &[CreateWithoutFormat],
        lively: &[Upload, Stage, Import],
    },
    Base {
        steps: &[CreateWithWrongFormat],
        lively: &[Upload, Stage],
    },
    Base {
        steps: &[Create, Upload, Delete],
        lively: &[],
    },
];

/// Everything worth trying, in the order in which it is.
pub fn plan(target: &Capabilities) -> Vec<Case> {
    let mut cases = Vec::new();
    for base in BASES.iter().filter(|base| target.can(base.steps)) {
        singles(target, base, &mut cases);
        rivals(target, base, &mut cases);
        client_faults(target, base, &mut cases);
        unlikely(target, base, &mut cases);
    }
    births(target, &mut cases);
    commands(target, &mut cases);
    cases.sort_by_key(|case| case.kind);
    let mut seen = std::collections::BTreeSet::new();
    cases.retain(|case| seen.insert(case.script.clone()));
    cases
}

impl Capabilities {
    /// Of the embedded service.
    pub fn embedded() -> Capabilities {
        let all = Operation::ALL.iter().copied();
        Capabilities {
            glance: false,
            operations: all.filter(|one| !one.row().only_glance).collect(),
            others: Vec::new(),
            commands: Vec::new(),
        }
    }

    fn can(&self, operations: &[Operation]) -> bool {
        operations.iter().all(|one| self.operations.contains(one))
    }

    fn knows(&self, fault: ClientFault) -> bool {
        self.glance || fault == ClientFault::Close
    }

    /// What a later step of a script may do.
    fn later(&self) -> impl Iterator<Item = Operation> {
        let all = self.operations.iter().copied();
        all.filter(|operation| !operation.creates())
    }

    /// What can do something to a subject that a base has made.
    fn lively(&self, base: &Base) -> Vec<Operation> {
        let (lively, is_there) = (base.lively, !base.steps.contains(&Delete));
        self.later()
            .filter(|one| lively.contains(one) || is_there && ALWAYS.contains(one))
            .collect()
    }
}

/// What an operation makes possible that was not before.
fn unlocked(first: Operation) -> &'static [Operation] {
    match first {
        Upload | AddLocation | Import | ImportStaged | RegisterLocation | ReplaceLocation => &[
            Download,
            Deactivate,
            AddLocation,
            ReplaceLocation,
            RemoveLocation,
            Upload,
        ],
        AbortUpload | UploadTooLarge | UploadWrongSize => &[Upload, Stage],
        Stage => &[ImportStaged, Upload],
        Deactivate => &[Reactivate, DownloadAsAdmin],
        Reactivate => &[Deactivate, Download],
        Protect => &[Unprotect],
        _ => &[],
    }
}

/// The points of an operation at which something can happen.
fn points(first: Operation) -> Vec<Point> {
    let mut points = vec![Point::Before, Point::FirstByte];
    if first.sends_data() || first.reads() {
        points.extend([Point::MidBody, Point::LastByte]);
    }
    match first {
        Upload => points.push(Point::Enters(SubjectStatus::Saving)),
        Stage => points.push(Point::Enters(SubjectStatus::Uploading)),
        Import | ImportStaged => points.push(Point::Enters(SubjectStatus::Importing)),
        _ => {}
    }
    points.push(Point::Answer);
    points
}

fn steps_of(operations: &[Operation]) -> Vec<Step> {
    let steps = operations.iter();
    steps.map(|&one| Step::act(Act::usual(one))).collect()
}

/// A script of these operations and one step more, which is one by construction: bases create first, and nothing later does.
fn case(before: &[Operation], step: Step, kind: CaseKind) -> Option<Case> {
    let mut steps = steps_of(before);
    steps.push(step);
    let script = Script::new(steps).ok()?;
    Some(Case { script, kind })
}

fn singles(target: &Capabilities, base: &Base, cases: &mut Vec<Case>) {
    for operation in target.later() {
        let usual = Act::usual(operation);
        let others = target.others.iter().filter(|_| base.is_plainest());
        let others = others.filter(|_| operation != DownloadAsAdmin);
        let acts = others.map(|&who| Act { operation, who });
        for act in std::iter::once(usual).chain(acts) {
            cases.extend(case(base.steps, Step::act(act), CaseKind::Single));
        }
    }
}

fn rivals(target: &Capabilities, base: &Base, cases: &mut Vec<Case>) {
    let lively = target.lively(base);
    // A look changes nothing, so it is only ever the second.
    for &first in lively.iter().filter(|&&one| one != Show) {
        let after = unlocked(first).iter().copied();
        let after = after.filter(|one| target.operations.contains(one) && !lively.contains(one));
        for second in lively.iter().copied().chain(after) {
            for at in points(first) {
                let step = race(first, at, Second::Rival(Act::usual(second)));
                cases.extend(case(base.steps, step, CaseKind::Rivals));
            }
        }
    }
}

fn race(first: Operation, at: Point, second: Second) -> Step {
    let first = Act::usual(first);
    Step::Race { first, at, second }
}

fn client_faults(target: &Capabilities, base: &Base, cases: &mut Vec<Case>) {
    for first in target.lively(base) {
        for &fault in ClientFault::ALL
            .iter()
            .filter(|&&fault| target.knows(fault))
        {
            let inside = |point: &Point| match point {
                Point::Before | Point::Answer | Point::After(_) | Point::Enters(_) => false,
                Point::FirstByte => fault != ClientFault::CloseReply,
                Point::MidBody | Point::LastByte => true,
            };
            for at in points(first).into_iter().filter(inside) {
                let step = race(first, at, Second::Fault(fault));
                cases.extend(case(base.steps, step, CaseKind::ClientFault));
            }
        }
    }
}

/// From which operations on, and where inside each: a command takes seconds, so only what can be left half done is tried.
const BREAKABLE: &[(&[Operation], Operation, Point)] = &[
    (&[Create], Upload, Point::MidBody),
    (&[Create], Stage, Point::MidBody),
    (&[Create, Stage], ImportStaged, Point::Answer),
    (&[Create, Upload], Delete, Point::Before),
    (&[Create], Upload, Point::Before),
    (&[Create], Import, Point::Answer),
    (&[Create, Upload], Delete, Point::FirstByte),
    (&[Create, Upload], Download, Point::MidBody),
];

fn commands(target: &Capabilities, cases: &mut Vec<Case>) {
    // The most telling first, in case the time is too short for all.
    for &(before, first, at) in BREAKABLE {
        for command in &target.commands {
            if target.can(before) && target.can(&[first]) {
                let step = race(first, at, Second::Command(command.clone()));
                cases.extend(case(before, step, CaseKind::Command));
            }
        }
    }
}

/// Sent at about the same time, either may come first, so each pair is tried in one order.
fn unlikely(target: &Capabilities, base: &Base, cases: &mut Vec<Case>) {
    if !base.is_plainest() {
        return;
    }
    let lively = target.lively(base);
    let later: Vec<Operation> = target.later().collect();
    for (index, &first) in later.iter().enumerate() {
        for &second in &later[index..] {
            if !(lively.contains(&first) && lively.contains(&second)) {
                let step = race(first, Point::Before, Second::Rival(Act::usual(second)));
                cases.extend(case(base.steps, step, CaseKind::Unlikely));
            }
        }
    }
}

/// Rivals of the create itself.
fn births(target: &Capabilities, cases: &mut Vec<Case>) {
    for second in [Delete, Upload, Show, SetProperty] {
        for at in [Point::Before, Point::FirstByte] {
            if target.can(&[second]) {
                let step = race(Create, at, Second::Rival(Act::usual(second)));
                cases.extend(case(&[], step, CaseKind::Rivals));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance() -> Capabilities {
        Capabilities {
            glance: true,
            operations: Operation::ALL.to_vec(),
            others: vec![Who::Reader, Who::OtherProject],
            commands: vec!["kill-api".to_owned()],
        }
    }

    #[test]
    fn it_holds_what_is_known_to_go_wrong() {
        let cases = plan(&glance());
        for text in [
            "create [upload last-byte delete]",
            "create upload [deactivate before deactivate]",
            "create [upload mid-body !kill-api]",
            "create [upload mid-body !half-close]",
            "create stage [import-staged enters-importing delete]",
            "create upload delete:stranger",
        ] {
            let script: Script = text.parse().unwrap();
            assert!(cases.iter().any(|case| case.script == script), "{text}");
        }
    }

    #[test]
    fn every_pair_is_tried_in_every_status() {
        let cases = plan(&glance());
        let later = || Operation::ALL.iter().filter(|one| !one.creates());
        for base in BASES.iter().filter(|base| base.is_plainest()) {
            for &one in later() {
                for &other in later() {
                    let is_pair = |case: &Case| match case.script.steps() {
                        [
                            before @ ..,
                            Step::Race {
                                first,
                                second: Second::Rival(rival),
                                ..
                            },
                        ] => {
                            let pair = (first.operation, rival.operation);
                            before == steps_of(base.steps)
                                && (pair == (one, other) || pair == (other, one))
                        }
                        _ => false,
                    };
                    let looks = (one, other) == (Show, Show); // two looks change nothing
                    assert!(
                        looks || cases.iter().any(is_pair),
                        "{:?} {one} {other}",
                        base.steps
                    );
                }
            }
        }
    }
}
