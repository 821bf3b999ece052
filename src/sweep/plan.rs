//! What is worth trying: bases that bring a subject into each status, and what can happen to it there.

use Operation::*;
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};
use stormglass_model::script::{Act, ClientFault, Point, Script, Second, Step};

/// What a target can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// What a client can do wrong.
    pub faults: &'static [ClientFault],
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
    pub script: Script,
    pub kind: CaseKind,
}

/// How a subject comes into a status, and what can do something to it there.
pub(super) const BASES: [(&str, &str); 11] = [
    (
        "create",
        "upload abort-upload stage import add-location register-location replace-location upload-too-large upload-wrong-size",
    ),
    (
        "create upload",
        "download deactivate reactivate add-location replace-location remove-location protect",
    ),
    ("create stage", "import-staged stage"),
    (
        "create upload deactivate",
        "download-as-admin deactivate reactivate remove-location",
    ),
    (
        "create-with-location",
        "download deactivate add-location replace-location remove-location",
    ),
    (
        "create upload add-location",
        "download deactivate replace-location remove-location",
    ),
    ("create upload protect", "unprotect"),
    ("create-empty", "download deactivate"),
    ("create-without-format", "upload stage import"),
    ("create-with-wrong-format", "upload stage"),
    ("create upload delete", ""),
];

/// What may always be tried on a subject that is there.
const ALWAYS: &[Operation] = &[Delete, SetProperty, Show];

/// One of the bases, read.
pub(super) struct Base {
    pub(super) steps: Vec<Operation>,
    lively: Vec<Operation>,
}

impl Base {
    pub(super) fn all() -> impl Iterator<Item = Base> {
        let read = |text: &str| text.split(' ').filter_map(Operation::from_name).collect();
        BASES.into_iter().map(move |(steps, lively)| Base {
            steps: read(steps),
            lively: read(lively),
        })
    }

    /// Whether it is the plainest way into its status: what should be refused there need not be tried from the others.
    pub(super) fn is_plainest(&self) -> bool {
        matches!(
            self.steps[..],
            [Create] | [Create, Stage] | [Create, Upload] | [Create, Upload, Deactivate | Delete]
        )
    }
}

/// Everything worth trying, in the order in which it is.
pub fn plan(target: &Capabilities) -> Vec<Case> {
    let mut planner = Planner {
        target,
        cases: Vec::new(),
    };
    for base in Base::all().filter(|base| target.can(&base.steps)) {
        planner.singles(&base);
        planner.rivals(&base);
        planner.client_faults(&base);
        planner.unlikely(&base);
    }
    planner.births();
    planner.commands();
    let mut cases = planner.cases;
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
            faults: &[ClientFault::Close],
            operations: all.filter(|one| !one.row().only_glance).collect(),
            others: Vec::new(),
            commands: Vec::new(),
        }
    }

    fn can(&self, operations: &[Operation]) -> bool {
        operations.iter().all(|one| self.operations.contains(one))
    }

    /// What a later step of a script may do.
    fn later(&self) -> impl Iterator<Item = Operation> {
        let all = self.operations.iter().copied();
        all.filter(|operation| !operation.creates())
    }

    /// What can do something to a subject that a base has made.
    fn lively(&self, base: &Base) -> Vec<Operation> {
        let is_there = !base.steps.contains(&Delete);
        self.later()
            .filter(|one| base.lively.contains(one) || is_there && ALWAYS.contains(one))
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

/// From which operations on, and where inside each: a command takes seconds, so only what can be left half done is tried.
/// The most telling first, in case the time is too short for all.
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

/// The plan so far.
struct Planner<'t> {
    target: &'t Capabilities,
    cases: Vec<Case>,
}

impl Planner<'_> {
    /// These operations and one step more are a script by construction: bases create first, and nothing later does.
    fn add(&mut self, kind: CaseKind, before: &[Operation], step: Step) {
        let before = before.iter().map(|&one| Step::act(Act::usual(one)));
        let script = Script::new(before.chain([step]).collect());
        self.cases
            .extend(script.map(|script| Case { script, kind }));
    }

    fn race(
        &mut self,
        kind: CaseKind,
        before: &[Operation],
        first: Operation,
        at: Point,
        second: Second,
    ) {
        let first = Act::usual(first);
        self.add(kind, before, Step::Race { first, at, second });
    }

    fn singles(&mut self, base: &Base) {
        for operation in self.target.later() {
            let mut who = vec![Act::usual(operation).who];
            if base.is_plainest() && operation != DownloadAsAdmin {
                who.extend(&self.target.others);
            }
            for who in who {
                let step = Step::act(Act { operation, who });
                self.add(CaseKind::Single, &base.steps, step);
            }
        }
    }

    fn rivals(&mut self, base: &Base) {
        let lively = self.target.lively(base);
        // A look changes nothing, so it is only ever the second.
        for &first in lively.iter().filter(|&&one| one != Show) {
            let mut seconds = lively.clone();
            let new = |one: &&Operation| self.target.can(&[**one]) && !lively.contains(one);
            seconds.extend(unlocked(first).iter().filter(new));
            for second in seconds {
                for at in points(first) {
                    let second = Second::Rival(Act::usual(second));
                    self.race(CaseKind::Rivals, &base.steps, first, at, second);
                }
            }
        }
    }

    fn client_faults(&mut self, base: &Base) {
        for first in self.target.lively(base) {
            for &fault in self.target.faults {
                let inside = |point: &Point| match point {
                    Point::Before | Point::Answer | Point::After(_) | Point::Enters(_) => false,
                    Point::FirstByte => fault != ClientFault::CloseReply,
                    Point::MidBody | Point::LastByte => true,
                };
                for at in points(first).into_iter().filter(inside) {
                    let second = Second::Fault(fault);
                    self.race(CaseKind::ClientFault, &base.steps, first, at, second);
                }
            }
        }
    }

    fn commands(&mut self) {
        for &(before, first, at) in BREAKABLE {
            for command in &self.target.commands {
                if self.target.can(before) && self.target.can(&[first]) {
                    let second = Second::Command(command.clone());
                    self.race(CaseKind::Command, before, first, at, second);
                }
            }
        }
    }

    /// Sent at about the same time, either may come first, so each pair is tried in one order.
    fn unlikely(&mut self, base: &Base) {
        if !base.is_plainest() {
            return;
        }
        let lively = self.target.lively(base);
        let later: Vec<Operation> = self.target.later().collect();
        for (index, &first) in later.iter().enumerate() {
            for &second in &later[index..] {
                if !(lively.contains(&first) && lively.contains(&second)) {
                    let second = Second::Rival(Act::usual(second));
                    self.race(
                        CaseKind::Unlikely,
                        &base.steps,
                        first,
                        Point::Before,
                        second,
                    );
                }
            }
        }
    }

    /// Rivals of the create itself.
    fn births(&mut self) {
        for second in [Delete, Upload, Show, SetProperty] {
            for at in [Point::Before, Point::FirstByte] {
                if self.target.can(&[second]) {
                    let second = Second::Rival(Act::usual(second));
                    self.race(CaseKind::Rivals, &[], Create, at, second);
                }
            }
        }
    }
}
