//! The walk over the history of one subject.

use super::open::{Known, Loose, Open, Standing, brings_data, trespasses};
use super::plan::{Plans, Way, goes_on};
use super::rules::Rules;
use super::state::{Holds, SLOTS, State, States};
use super::violation::{Judgement, SubjectViolation};
use crate::history::{ClientEvent, Content, Ending, Observation, OpId, SubjectHistory};
use crate::lifecycle::{Operation, Outcome, Statuses, Verdict, Who};
use crate::operations::{Extent, OperationKind};
use crate::units::Time;

/// Judges histories, one after the other; it keeps its tables from one to the next.
pub struct Checker {
    pub(super) rules: Rules,
    pub(super) plans: Plans,
    /// In order of time; of equal times invocations first, then answers.
    order: Vec<u32>,
    /// The answer of an invocation and the invocation of an answer, by their positions in the history.
    pair: Vec<Option<u32>>,
    waiting: Vec<(OpId, u32)>,
    pub(super) contents: Vec<Content>,
    /// When the event was that is judged.
    pub(super) now: Time,
    /// Never empty.
    pub(super) states: States,
    /// Whether everything open has had its say since the last invocation.
    pub(super) closed: bool,
    pub(super) exhausted: bool,
    pub(super) slots: [Option<Open>; SLOTS],
    /// The slots in use, a bit each.
    pub(super) used: u16,
    /// Those of them whose answer tells of an instant.
    pub(super) looking: u16,
    pub(super) loose: Vec<Loose>,
    pub(super) known: Known,
    pub(super) breaks: u32,
    broken: bool,
    pub(super) violations: Vec<SubjectViolation>,
}

/// The numbers of the bits that are set.
pub(super) fn bits(mut set: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros() as usize;
        (set != 0).then(|| {
            set &= set - 1;
            bit
        })
    })
}

impl Checker {
    /// A checker by these rules.
    pub fn new(rules: Rules) -> Checker {
        Checker {
            rules,
            plans: Plans::new(&rules),
            order: Vec::new(),
            pair: Vec::new(),
            waiting: Vec::new(),
            contents: Vec::with_capacity(Holds::KNOWN),
            now: Time::ZERO,
            states: States::default(),
            closed: true,
            exhausted: false,
            slots: [None; SLOTS],
            used: 0,
            looking: 0,
            loose: Vec::new(),
            known: Known::default(),
            breaks: 0,
            broken: false,
            violations: Vec::new(),
        }
    }

    /// Judges the history of one subject.
    pub fn judge(&mut self, history: &SubjectHistory) -> Judgement {
        self.reset();
        let history = history.happened();
        let events = &history.events;
        self.order.extend(0..events.len() as u32);
        self.order
            .sort_by_key(|&index| turn(&events[index as usize]));
        self.pair.resize(events.len(), None);
        for step in 0..events.len() {
            self.pair_up(events, self.order[step]);
        }
        for step in 0..events.len() {
            self.event(events, self.order[step] as usize);
            if self.exhausted {
                break;
            }
        }
        let inconclusive = self.finish();
        self.judge_property(events);
        self.judge_sharing(events);
        let mut violations = std::mem::take(&mut self.violations);
        violations.sort_by_key(|violation| violation.at);
        let inconclusive = inconclusive.filter(|_| violations.is_empty());
        Judgement {
            verdict: Verdict::of(!violations.is_empty(), inconclusive.is_some()),
            violations,
            inconclusive,
        }
    }

    fn reset(&mut self) {
        self.order.clear();
        self.pair.clear();
        self.waiting.clear();
        self.contents.clear();
        self.states.clear();
        self.states.push(State::START);
        self.closed = true;
        self.exhausted = false;
        self.used = 0;
        self.looking = 0;
        self.loose.clear();
        self.known = Known::default();
        self.breaks = 0;
        self.broken = false;
    }

    /// Finds the invocation of an answer, and enters the data of both.
    fn pair_up(&mut self, events: &[ClientEvent], index: u32) {
        match events[index as usize].observation {
            Observation::Invoked { op, brings, .. } => {
                self.waiting.push((op, index));
                if let Some(content) = brings {
                    self.enter(content);
                }
            }
            Observation::Answered { op, ending } => {
                let Some(position) = self.waiting.iter().rposition(|waiting| waiting.0 == op)
                else {
                    return;
                };
                let (_, invoked) = self.waiting.swap_remove(position);
                self.pair[index as usize] = Some(invoked);
                self.pair[invoked as usize] = Some(index);
                if let (Observation::Invoked { operation, .. }, Some(content), Outcome::Ok) = (
                    events[invoked as usize].observation,
                    ending.content,
                    ending.outcome,
                ) && brings_data(operation)
                {
                    self.enter(content);
                }
            }
            Observation::Broken(_) | Observation::Probed(_) | Observation::Property { .. } => {}
        }
    }

    /// Enters data into the table, while it has room.
    pub(super) fn enter(&mut self, content: Content) -> Holds {
        if self.contents.len() < Holds::KNOWN && !self.contents.contains(&content) {
            self.contents.push(content);
        }
        self.position(content).unwrap_or(Holds::ANYTHING)
    }

    /// Data that was read.
    pub(super) fn found(&self, content: Content) -> Holds {
        match self.position(content) {
            Some(holds) => holds,
            None if self.contents.len() < Holds::KNOWN => Holds::STRANGE,
            None => Holds::ANYTHING, // the table was too small to know
        }
    }

    fn position(&self, content: Content) -> Option<Holds> {
        let position = self.contents.iter().position(|&known| known == content)?;
        Some(Holds(position as u8 + 1))
    }

    fn event(&mut self, events: &[ClientEvent], index: usize) {
        let ClientEvent { at, observation } = events[index];
        let other = self.pair[index].map(|other| events[other as usize].observation);
        self.now = at;
        if !matches!(
            observation,
            Observation::Broken(_) | Observation::Property { .. }
        ) {
            self.known.last_look = None;
        }
        match observation {
            Observation::Invoked {
                op,
                operation,
                who,
                brings,
                spoiled,
            } => {
                let (standing, ending) = match other {
                    Some(Observation::Answered { ending, .. }) => (Standing::Waits, ending),
                    _ => (Standing::Unknown, Ending::UNKNOWN),
                };
                let open = self.open(op, operation, (who, spoiled), brings, &ending);
                self.invoke(Open { standing, ..open });
            }
            Observation::Answered { op, ending } if other.is_some() => self.answered(op, &ending),
            Observation::Answered { .. } => {}
            Observation::Broken(broken) => {
                self.broken = broken;
                self.breaks += u32::from(broken);
            }
            Observation::Probed(reading) => self.probed(&reading),
            Observation::Property { .. } => {} // judged apart
        }
    }

    /// What is known of an operation from its beginning and its end.
    fn open(
        &self,
        id: OpId,
        operation: Operation,
        (who, spoiled): (Who, bool),
        brings: Option<Content>,
        ending: &Ending,
    ) -> Open {
        let way = match trespasses(operation, who) {
            true => Way::Never,
            false => self.way(spoiled, ending),
        };
        let sent = match ending.outcome {
            Outcome::Ok if brings_data(operation) => ending.content.or(brings),
            _ => brings,
        };
        Open {
            id,
            operation,
            who,
            spoiled,
            sent: self.now,
            given_up: false,
            way,
            plan: self.plans.of(operation, way),
            brings: sent
                .and_then(|content| self.position(content))
                .unwrap_or(Holds::ANYTHING),
            sent_all: sent.is_some(),
            claim: self.claim(operation, who, ending),
            standing: Standing::Waits,
            alone: self.at_rest(),
            breaks: self.breaks,
            broken: self.broken,
            protected: self.protects(operation),
        }
    }

    fn protects(&self, operation: Operation) -> bool {
        let undoes = |slot: usize| {
            self.slots[slot].is_some_and(|open| open.operation == Operation::Unprotect)
        };
        match operation {
            Operation::Protect => !self.known.unprotecting && !bits(self.used).any(undoes),
            _ => self.known.protected,
        }
    }

    /// How much is known of the end of an operation.
    fn way(&self, spoiled: bool, ending: &Ending) -> Way {
        match ending.outcome {
            Outcome::Ok => Way::Ok,
            Outcome::Refused => Way::Refused,
            Outcome::Local => Way::Never,
            Outcome::Unknown => Way::Maybe,
            Outcome::Fail if !self.rules.real() => match ending.http_status {
                Some(Ending::NO_ROOM) => Way::Never,
                _ => Way::Fail,
            },
            Outcome::Fail => match ending.http_status {
                Some(status) if status < 500 && !spoiled => Way::Fail,
                _ => Way::Maybe,
            },
        }
    }

    fn invoke(&mut self, open: Open) {
        let unanswered = open.way == Way::Maybe;
        // Neither tells or does anything that has to do with what the subject is in the middle of.
        let bystander = matches!(open.operation, Operation::Show | Operation::List);
        if !bystander {
            self.known.busy = None;
        }
        if open.operation == Operation::Unprotect {
            self.known.protected = false;
            self.known.unprotecting |= unanswered || self.used.count_ones() as usize >= SLOTS;
            for other in self.slots.iter_mut().flatten() {
                other.protected = false;
            }
        }
        self.known.may_be_protected |=
            open.operation == Operation::Protect && !matches!(open.way, Way::Refused | Way::Never);
        self.known.may_be_shared |=
            open.operation == Operation::Share && !matches!(open.way, Way::Refused | Way::Never);
        self.known.may_be_copied |= open.operation == Operation::CopyImage
            && !matches!(open.way, Way::Refused | Way::Never);
        let changes_nothing = self.plans.changes(open.plan).is_empty();
        self.known.unsettled |= unanswered && changes_nothing && !bystander;
        self.known.tasks_ended &= !goes_on(&self.rules, open.operation);
        self.known.trespassed |= trespasses(open.operation, open.who);
        self.known.staging_unknown |= unanswered && open.operation == Operation::Stage;
        if matches!(open.way, Way::Ok | Way::Maybe) && self.moves_data(open.operation) {
            self.data_moves();
        }
        if open.standing == Standing::Unknown && changes_nothing {
            return;
        }
        let free = (!self.used).trailing_zeros() as usize;
        if free >= SLOTS {
            self.loosen(self.plans.of(open.operation, Way::Maybe), open.brings);
            return;
        }
        for slot in bits(self.used) {
            if let Some(other) = &mut self.slots[slot] {
                other.alone = false;
            }
        }
        self.slots[free] = Some(open);
        self.used |= 1 << free;
        if open.claim.is_some() {
            self.looking |= 1 << free;
        }
        let deletes = self.plans.deletes(open.plan);
        if open.claim.is_some() || deletes {
            self.look_again();
        }
        self.closed = false;
        if open.standing == Standing::Unknown {
            if deletes {
                self.known.deleting = Some(open.sent);
            }
            self.follow_few();
        }
    }

    /// From here on the data may be read from another place, also by what is open.
    pub(super) fn data_moves(&mut self) {
        self.known.moved = true;
        self.look_again();
        self.states.tidy();
        self.closed = false;
    }

    fn look_again(&mut self) {
        for index in 0..self.states.len() {
            self.states[index] = self.look(self.states[index]);
        }
    }

    /// Whether it may make the subject read from another place.
    pub(super) fn moves_data(&self, operation: Operation) -> bool {
        match operation.kind() {
            OperationKind::ReplaceLocation | OperationKind::RemoveLocation => true,
            OperationKind::AddLocation(_) | OperationKind::RegisterLocation(_) => self.rules.real(),
            _ => false,
        }
    }

    /// Forgets an operation.
    pub(super) fn close(&mut self, slot: usize) {
        self.used &= !(1 << slot);
        self.looking &= !(1 << slot);
        self.slots[slot] = None;
        for state in self.states.iter_mut() {
            *state = state.without(slot);
        }
        self.states.tidy();
    }

    /// Whether nobody waits for an answer.
    pub(super) fn at_rest(&self) -> bool {
        self.standing(Standing::Waits).next().is_none()
    }

    pub(super) fn standing(&self, standing: Standing) -> impl Iterator<Item = &Open> {
        bits(self.used)
            .filter_map(|slot| self.slots[slot].as_ref())
            .filter(move |open| open.standing == standing)
    }

    /// Whether an answered operation may act later all the same, and why.
    pub(super) fn lingers(&self, open: &Open, ending: &Ending, faulty: bool) -> Option<Standing> {
        if self.plans.changes(open.plan).is_empty() {
            return None;
        }
        match ending.outcome {
            Outcome::Ok => goes_on(&self.rules, open.operation).then_some(Standing::Accepted),
            Outcome::Refused | Outcome::Local => None,
            Outcome::Unknown => Some(Standing::Unknown),
            Outcome::Fail if !self.rules.real() => None,
            Outcome::Fail if ending.http_status.is_none() || open.spoiled => {
                Some(Standing::Unknown)
            }
            // An answer that says why it failed comes when all is cleaned up, unless something was broken meanwhile.
            Outcome::Fail if matches!(open.way, Way::Fail) && !faulty => None,
            Outcome::Fail => open.operation.sends_data().then_some(Standing::Failed),
        }
    }
}

/// Of equal times everything sent comes before anything answered, and what was read at rest comes last.
fn turn(event: &ClientEvent) -> (Time, u8) {
    let turn = match event.observation {
        Observation::Broken(true) => 0,
        Observation::Invoked { .. } | Observation::Property { .. } => 1,
        Observation::Answered { .. } => 2,
        Observation::Probed(_) => 3,
        Observation::Broken(false) => 4,
    };
    (event.at, turn)
}

/// Whether the state is one that the answer of the operation can be true of.
#[inline]
pub(super) fn ends(slot: usize, open: &Open, state: State) -> bool {
    (open.claim.is_none() || state.looked(slot)) && ends_in(slot, open, state)
}

#[inline]
pub(super) fn ends_in(slot: usize, open: &Open, state: State) -> bool {
    let extent = state.extent(slot);
    let holds = matches!(extent, Extent::Holding | Extent::Further);
    let lost = holds && open.plan.may_lose && !state.is_in(Statuses::BUSY);
    open.plan.ends_in & 1 << extent as u8 != 0 || lost
}
