//! What is worth trying: bases that bring a subject into each status, and what can happen to it there.

mod lists;

pub(super) use lists::BASES;
use lists::{
    ALWAYS, APART, BESIDE_VARIANTS, BREAKABLE, COPIES, CROWDS, ONLY_WRITTEN, REVOKED, SEQUENCES,
    SHARING, VARIANTS, points, unlocked,
};

use Operation::*;
use std::collections::BTreeMap;
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::named;
use stormglass_model::script::{Act, Action, ClientFault, Point, Script, Second, Step};

/// What a target can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// What a client can do wrong.
    pub faults: Vec<ClientFault>,
    /// The operations that can be performed.
    pub operations: Vec<Operation>,
    /// Who may try what usually somebody else does.
    pub others: Vec<Who>,
    /// The commands that may be run; none where they are not allowed.
    pub commands: Vec<String>,
}

named! {
    /// A family of scripts: each has its share of the time of a sweep.
    Family {
        /// One operation after the other.
        Single = "single operations",
        /// Two operations that can both do something.
        Rivals = "rivals",
        /// Three operations at a time.
        Crowd = "three rivals",
        /// A client that does something wrong.
        ClientFault = "client faults",
        /// Something is done to the server.
        Command = "commands",
        /// Two operations of which one should be refused.
        Unlikely = "unlikely pairs",
    }
}

impl Family {
    /// Its share of the time, against those of the others.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Family::Single | Family::Crowd | Family::ClientFault => 2,
            Family::Rivals => 5,
            Family::Command => 3,
            Family::Unlikely => 1,
        }
    }
}

/// One script of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub script: Script,
    pub family: Family,
}

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
    planner.sequences();
    planner.crowds();
    planner.commands();
    for base in Base::all().filter(|base| target.can(&base.steps)) {
        planner.singles(&base);
        planner.rivals(&base);
        planner.variants(&base);
        planner.client_faults(&base);
        planner.unlikely(&base);
    }
    planner.births();
    let mut cases = planner.cases;
    let mut seen = std::collections::BTreeSet::new();
    cases.retain(|case| seen.insert(case.script.clone()));
    spread(cases)
}

/// Brings each family into an order of which every beginning is a fair part of the whole: each operation with each that happens
/// beside it at one point first, then at another; each alone by somebody first, then by somebody else. Which comes first differs
/// from one to the next.
fn spread(cases: Vec<Case>) -> Vec<Case> {
    let mut known = BTreeMap::new();
    let mut groups: Vec<Vec<Case>> = Vec::new();
    for case in cases {
        let group = known.entry(matter(&case.script));
        let group = *group.or_insert(groups.len());
        groups.resize(groups.len().max(group + 1), Vec::new());
        groups[group].push(case);
    }
    let mut dealt = Vec::new();
    for (number, mut alike) in groups.into_iter().enumerate() {
        let first = number % alike.len();
        alike.rotate_left(first);
        dealt.extend((0..).zip(alike));
    }
    dealt.sort_by_key(|(turn, case): &(usize, Case)| (case.family, *turn));
    dealt.into_iter().map(|(_, case)| case).collect()
}

/// What a script does, whatever the point and whoever does it where nothing races.
pub(super) fn matter(script: &Script) -> String {
    let steps = script.steps().iter().map(|step| match step {
        Step::Race { first, second, .. } => format!("[{first} {second}]"),
        Step::Act(Action::Do(act)) => act.operation.to_string(),
        step => step.to_string(),
    });
    steps.collect::<Vec<_>>().join(" ")
}

impl Capabilities {
    /// Of the embedded service.
    pub fn embedded() -> Capabilities {
        let all = Operation::ALL.iter().copied();
        Capabilities {
            faults: vec![ClientFault::Close],
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
        all.filter(|operation| !operation.creates() && !ONLY_WRITTEN.contains(operation))
    }

    /// The same without other ways to ask for something.
    pub(super) fn plain(&self) -> impl Iterator<Item = Operation> {
        let is_variant = |one: Operation| VARIANTS.iter().any(|&(variant, _)| variant == one);
        self.later().filter(move |&one| !is_variant(one))
    }

    /// What can do something to a subject that a base has made.
    fn lively(&self, base: &Base) -> Vec<Operation> {
        let is_there = !base.steps.contains(&Delete);
        self.later()
            .filter(|one| base.lively.contains(one) || is_there && ALWAYS.contains(one))
            .collect()
    }
}

/// The plan so far.
struct Planner<'t> {
    target: &'t Capabilities,
    cases: Vec<Case>,
}

impl Planner<'_> {
    /// These operations and one step more are a script by construction: bases create first, and nothing later does.
    fn add(&mut self, family: Family, before: &[Operation], step: Step) {
        let before = before.iter().map(|&one| Step::act(Act::usual(one)));
        let script = Script::new(before.chain([step]).collect());
        self.cases
            .extend(script.map(|script| Case { script, family }));
    }

    fn race(
        &mut self,
        family: Family,
        before: &[Operation],
        first: Operation,
        at: Point,
        second: Second,
    ) {
        let first = Act::usual(first);
        self.add(family, before, Step::Race { first, at, second });
    }

    fn singles(&mut self, base: &Base) {
        let plain = self.target.plain();
        let anybodys: Vec<Operation> = plain.filter(|one| *one != DownloadAsAdmin).collect();
        for operation in self.target.later() {
            let usual = Act::usual(operation).who;
            let others = self.target.others.iter().filter(|&&who| {
                base.is_plainest() && who != usual && anybodys.contains(&operation)
            });
            for &who in [usual].iter().chain(others) {
                let step = Step::act(Act { operation, who });
                self.add(Family::Single, &base.steps, step);
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
                    self.race(Family::Rivals, &base.steps, first, at, second);
                }
            }
        }
    }

    fn variants(&mut self, base: &Base) {
        let lively = self.target.lively(base);
        let of_lively = |(_, plain): &&(Operation, Operation)| lively.contains(plain);
        for &(first, _) in VARIANTS.iter().filter(of_lively) {
            for second in BESIDE_VARIANTS {
                for at in points(first) {
                    if self.target.can(&[first, second]) {
                        let second = Second::Rival(Act::usual(second));
                        self.race(Family::Rivals, &base.steps, first, at, second);
                    }
                }
            }
        }
    }

    fn client_faults(&mut self, base: &Base) {
        let lively = self.target.lively(base);
        let chunked = lively.contains(&Upload) && self.target.can(&[UploadChunked]);
        for first in lively.into_iter().chain(chunked.then_some(UploadChunked)) {
            for &fault in &self.target.faults {
                let revokes = fault == ClientFault::Revoke;
                if revokes && !(base.is_plainest() && REVOKED.contains(&first)) {
                    continue;
                }
                let inside = |point: &Point| match point {
                    // What a task does after the answer, it does under a token that is good for nothing.
                    Point::Answer => revokes && first.row().by_task,
                    Point::Before | Point::After(_) | Point::Enters(_) => false,
                    Point::FirstByte => fault != ClientFault::CloseReply,
                    Point::MidBody | Point::LastByte => true,
                };
                for at in points(first).into_iter().filter(inside) {
                    let second = Second::Fault(fault);
                    self.race(Family::ClientFault, &base.steps, first, at, second);
                }
            }
        }
    }

    /// A script that is written here, if the target can do what it says.
    fn written(&mut self, family: Family, text: &str) {
        let can = |act: Act| {
            let is_usual = act == Act::usual(act.operation);
            self.target.can(&[act.operation]) && (is_usual || self.target.others.contains(&act.who))
        };
        let known = |script: &Script| script.acts().all(can);
        let script = text.parse::<Script>().ok().filter(known);
        self.cases
            .extend(script.map(|script| Case { script, family }));
    }

    fn commands(&mut self) {
        // Each place once, with one command after the other, before any place a second time.
        let all = &self.target.commands;
        for turn in 0..all.len() {
            for (place, text) in BREAKABLE.iter().enumerate() {
                let command = format!("!{}", all[(place + turn) % all.len()]);
                self.written(Family::Command, &text.replace('!', &command));
            }
        }
    }

    fn sequences(&mut self) {
        for text in SEQUENCES {
            self.written(Family::Single, text);
        }
        for text in SHARING.iter().chain(&COPIES) {
            let races = text.contains(['[', '{']);
            let family = if races {
                Family::Rivals
            } else {
                Family::Single
            };
            self.written(family, text);
        }
    }

    fn crowds(&mut self) {
        for text in CROWDS {
            for apart in APART {
                self.written(Family::Crowd, &format!("{text}~{}", apart.exact()));
            }
        }
    }

    /// Sent at about the same time, either may come first, so each pair is tried in one order.
    fn unlikely(&mut self, base: &Base) {
        if !base.is_plainest() {
            return;
        }
        let lively = self.target.lively(base);
        let later: Vec<Operation> = self.target.plain().collect();
        for (index, &first) in later.iter().enumerate() {
            for &second in &later[index..] {
                if !(lively.contains(&first) && lively.contains(&second)) {
                    let second = Second::Rival(Act::usual(second));
                    self.race(Family::Unlikely, &base.steps, first, Point::Before, second);
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
                    self.race(Family::Rivals, &[], Create, at, second);
                }
            }
        }
    }
}
