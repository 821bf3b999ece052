//! The walk over the history of one subject.

use super::breach::Inconclusive;
use super::breach::{Breach, Judgement};
use super::open::{Answer, Known, Loose, Open, Standing, brings_data, trespasses};
use super::plan::{Plans, Way, goes_on};
use super::rules::Rules;
use super::state::{Holds, SLOTS, State, States, phase};
use crate::history::{ClientEvent, Content, Observation, OpId, SubjectHistory};
use crate::lifecycle::{Operation, Outcome, Statuses, Verdict, Who};
use crate::units::Time;

/// Judges histories, one after the other; it keeps its tables from one to the next.
pub(super) struct Judge {
    pub rules: Rules,
    pub plans: Plans,
    /// In order of time; of equal times invocations first, then answers.
    order: Vec<u32>,
    /// The answer of an invocation and the invocation of an answer, by their places in the history.
    pair: Vec<u32>,
    waiting: Vec<(OpId, u32)>,
    pub contents: Vec<Content>,
    /// Never empty.
    pub states: States,
    /// Whether everything open has had its say since the last invocation.
    pub closed: bool,
    pub exhausted: bool,
    inconclusive: Option<Inconclusive>,
    pub slots: [Option<Open>; SLOTS],
    /// The slots in use, a bit each.
    pub used: u16,
    /// Those of them whose answer tells of an instant.
    pub looking: u16,
    pub loose: Vec<Loose>,
    pub known: Known,
    pub breaks: u32,
    pub broken: bool,
    pub breaches: Vec<Breach>,
}

const NO_PAIR: u32 = u32::MAX;
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

impl Judge {
    pub fn new(rules: Rules) -> Judge {
        Judge {
            rules,
            plans: Plans::new(&rules),
            order: Vec::new(),
            pair: Vec::new(),
            waiting: Vec::new(),
            contents: Vec::with_capacity(Holds::KNOWN),
            states: States::default(),
            closed: true,
            exhausted: false,
            inconclusive: None,
            slots: [None; SLOTS],
            used: 0,
            looking: 0,
            loose: Vec::new(),
            known: Known::default(),
            breaks: 0,
            broken: false,
            breaches: Vec::new(),
        }
    }

    pub fn judge(&mut self, history: &SubjectHistory) -> Judgement {
        self.reset();
        let events = &history.events;
        let sorted = events.is_sorted_by_key(turn);
        if !sorted {
            self.order.extend(0..events.len() as u32);
            self.order
                .sort_by_key(|&index| turn(&events[index as usize]));
        }
        let at = |judge: &Judge, step: usize| match sorted {
            true => step,
            false => judge.order[step] as usize,
        };
        self.pair.resize(events.len(), NO_PAIR);
        for step in 0..events.len() {
            let index = at(self, step);
            self.pair_up(events, index);
        }
        for step in 0..events.len() {
            let index = at(self, step);
            self.event(events, index);
            if self.exhausted {
                break;
            }
        }
        self.inconclusive = self.finish();
        let breaches = std::mem::take(&mut self.breaches);
        let inconclusive = self.inconclusive.filter(|_| breaches.is_empty());
        Judgement {
            verdict: match (breaches.is_empty(), inconclusive) {
                (false, _) => Verdict::Invalid,
                (true, Some(_)) => Verdict::Unknown,
                (true, None) => Verdict::Valid,
            },
            breaches,
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
    fn pair_up(&mut self, events: &[ClientEvent], index: usize) {
        match events[index].observation {
            Observation::Invoked { op, brings, .. } => {
                self.waiting.push((op, index as u32));
                brings.into_iter().for_each(|content| self.enter(content));
            }
            Observation::Answered {
                op,
                outcome,
                content,
                ..
            } => {
                let Some(place) = self.waiting.iter().rposition(|waiting| waiting.0 == op) else {
                    return;
                };
                let (_, invoked) = self.waiting.swap_remove(place);
                self.pair[index] = invoked;
                self.pair[invoked as usize] = index as u32;
                if let (Observation::Invoked { operation, .. }, Some(content), Outcome::Ok) =
                    (events[invoked as usize].observation, content, outcome)
                    && brings_data(operation)
                {
                    self.enter(content);
                }
            }
            Observation::Broken(_) | Observation::Probed(_) => {}
        }
    }

    /// Enters data that was found.
    pub(super) fn entered(&mut self, content: Content) -> Holds {
        self.enter(content);
        self.brought(Some(content))
    }

    fn enter(&mut self, content: Content) {
        if self.contents.len() < Holds::KNOWN && !self.contents.contains(&content) {
            self.contents.push(content);
        }
    }

    /// Data that an operation brings.
    fn brought(&self, content: Option<Content>) -> Holds {
        content
            .and_then(|content| self.position(content))
            .unwrap_or(Holds::ANYTHING)
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
        let other = self.pair[index];
        if !matches!(observation, Observation::Broken(_)) {
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
                let foreseen = match events.get(other as usize).map(|event| event.observation) {
                    Some(Observation::Answered {
                        outcome,
                        seen,
                        content,
                        http_status,
                        ..
                    }) => Answer {
                        outcome,
                        seen,
                        content,
                        http_status,
                    },
                    _ => Answer {
                        outcome: Outcome::Unknown,
                        seen: None,
                        content: None,
                        http_status: None,
                    },
                };
                let standing = match other {
                    NO_PAIR => Standing::Unknown,
                    _ => Standing::Waits,
                };
                let open = self.open(op, operation, (who, spoiled), brings, &foreseen);
                self.invoke(Open { standing, ..open });
            }
            Observation::Answered {
                op,
                outcome,
                seen,
                content,
                http_status,
            } if other != NO_PAIR => {
                let answer = Answer {
                    outcome,
                    seen,
                    content,
                    http_status,
                };
                self.answered(at, op, &answer);
            }
            Observation::Answered { .. } => {}
            Observation::Broken(broken) => {
                self.broken = broken;
                self.breaks += u32::from(broken);
            }
            Observation::Probed(reading) => self.probed(at, &reading),
        }
    }

    /// What is known of an operation from its beginning and its end.
    fn open(
        &self,
        id: OpId,
        operation: Operation,
        (who, spoiled): (Who, bool),
        brings: Option<Content>,
        answer: &Answer,
    ) -> Open {
        let may_act = !trespasses(operation, who);
        let way = self.way(spoiled, answer);
        let way = if may_act { way } else { Way::Never };
        let sent = match answer.outcome {
            Outcome::Ok if brings_data(operation) => answer.content.or(brings),
            _ => brings,
        };
        let claim = self.claim(operation, who, answer);
        Open {
            id,
            operation,
            who,
            spoiled,
            way,
            plan: self.plans.of(operation, way),
            brings: self.brought(sent),
            sent_all: sent.is_some(),
            looks: claim.is_some(),
            places: claim.map_or(Statuses::EVERY, |claim| claim.places),
            data: claim.and_then(|claim| claim.data),
            lenient: claim.is_some_and(|claim| claim.lenient),
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
    fn way(&self, spoiled: bool, answer: &Answer) -> Way {
        match answer.outcome {
            Outcome::Ok => Way::Ok,
            Outcome::Refused => Way::Refused,
            Outcome::Unknown => Way::Maybe,
            Outcome::Fail if !self.rules.real() => Way::Fail,
            Outcome::Fail => {
                let told = answer.http_status.is_some_and(|status| status < 500);
                match told && !spoiled {
                    true => Way::Fail,
                    false => Way::Maybe,
                }
            }
        }
    }

    fn invoke(&mut self, open: Open) {
        let unanswered = open.way == Way::Maybe;
        if open.operation == Operation::Unprotect {
            self.known.protected = false;
            self.known.unprotecting |= unanswered || self.used.count_ones() as usize >= SLOTS;
            for other in self.slots.iter_mut().flatten() {
                other.protected = false;
            }
        }
        self.known.may_be_protected |=
            open.operation == Operation::Protect && !matches!(open.way, Way::Refused | Way::Never);
        let takes_no_step = self.plans.steps(open.plan).is_empty();
        self.known.unsettled |= unanswered && takes_no_step && open.operation != Operation::Show;
        self.known.tasks_ended &= !goes_on(&self.rules, open.operation);
        self.known.trespassed |= trespasses(open.operation, open.who);
        self.known.staging_unknown |= unanswered && open.operation == Operation::Stage;
        self.known.moved |=
            matches!(open.way, Way::Ok | Way::Maybe) && self.moves_data(open.operation);
        if open.standing == Standing::Unknown && takes_no_step {
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
        if open.looks {
            self.looking |= 1 << free;
            for index in 0..self.states.len() {
                self.states[index] = self.look(self.states[index]);
            }
        }
        self.closed = false;
        if open.standing == Standing::Unknown {
            self.follow_few();
        }
    }

    /// Whether it may make the subject read from another place.
    pub(super) fn moves_data(&self, operation: Operation) -> bool {
        match operation {
            Operation::ReplaceLocation | Operation::RemoveLocation => true,
            Operation::AddLocation | Operation::RegisterLocation => self.rules.real(),
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

    /// Whether the state is one that the answer of the operation can be true of.
    #[inline]
    pub(super) fn ends(&self, slot: usize, open: &Open, state: State) -> bool {
        (!open.looks || state.looked(slot)) && ends_in(slot, open, state)
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
    pub(super) fn lingers(&self, open: &Open, answer: &Answer, faulty: bool) -> Option<Standing> {
        if self.plans.steps(open.plan).is_empty() {
            return None;
        }
        match answer.outcome {
            Outcome::Ok => goes_on(&self.rules, open.operation).then_some(Standing::Accepted),
            Outcome::Refused => None,
            Outcome::Unknown => Some(Standing::Unknown),
            Outcome::Fail if !self.rules.real() => None,
            Outcome::Fail if answer.http_status.is_none() || open.spoiled => {
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
        Observation::Invoked { .. } => 1,
        Observation::Answered { .. } => 2,
        Observation::Probed(_) => 3,
        Observation::Broken(false) => 4,
    };
    (event.at, turn)
}

#[inline]
pub(super) fn ends_in(slot: usize, open: &Open, state: State) -> bool {
    let now = state.phase(slot);
    let holds = matches!(now, phase::HOLDING | phase::FURTHER);
    let lost = holds && open.plan.may_lose && !state.place().is_in(Statuses::BUSY);
    open.plan.ends_in & 1 << now != 0 || lost
}
