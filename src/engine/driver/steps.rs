//! How the driver takes one story through its steps.

use super::{Driver, DriverWake, Run, after, draw};
use crate::scenario::Model;
use std::rc::Rc;
use stormglass_model::history::{Content, Event, OpId, SubjectId};
use stormglass_model::invocation::{Cursor, Invocation, Out};
use stormglass_model::load::StoryId;
use stormglass_model::operations::{Body, DataFrom, OperationKind};
use stormglass_model::random::{Seed, unit};
use stormglass_model::script::{Act, Action, ClientFault, Point, Second, Step};
use stormglass_model::units::{Span, Time};

/// What a story asks of the target.
struct Demand<'s> {
    act: Act,
    must_be_refused: bool,
    /// What happens beside it, and at which point of it.
    beside: Option<(Point, &'s Second)>,
}

/// The branch of the rival that is sent at a point of an operation, which is the last of the two.
const RIVAL: u8 = 2;

/// How much of so much data has been sent at a point.
pub fn fraction_sent(at: Point, size: u64) -> f64 {
    let of = |bytes: u64| bytes.min(size) as f64 / size.max(1) as f64;
    match at {
        Point::Before | Point::FirstByte => 0.0,
        Point::MidBody | Point::Enters(_) => 0.5,
        Point::LastByte => of(size.saturating_sub(1)),
        Point::After(bytes) => of(bytes.0),
        Point::Answer => 1.0,
    }
}

impl Driver {
    /// Takes the story on from `cursor`, whose action was due at `intended`.
    pub(super) fn advance<W>(
        &mut self,
        now: Time,
        slot: u32,
        mut cursor: Cursor,
        mut intended: Time,
        out: &mut Out<W>,
    ) {
        let run = *self.runs.at(slot);
        let stories = Rc::clone(&self.stories);
        let story = &stories[usize::from(run.story)];
        loop {
            let step = story.steps.get(usize::from(cursor.step));
            let Some(step) = step.filter(|_| !self.ending) else {
                return self.end_story(now, slot, out);
            };
            let action = match step {
                Step::Act(action) => Some(action),
                Step::Race { first, at, second } => {
                    match self.demand(slot, &mut cursor, *first, (*at, second)) {
                        Some(demand) => {
                            return self.invoke(now, slot, cursor, demand, intended, out);
                        }
                        None => None,
                    }
                }
                Step::Run(_) => {
                    cursor = after(cursor);
                    continue;
                }
                Step::Rivals { branches, jitter } if cursor.branch == 0 => {
                    return self.race(now, slot, cursor, branches.len(), *jitter);
                }
                Step::Rivals { branches, .. } => {
                    let branch = &branches[usize::from(cursor.branch) - 1];
                    branch.get(usize::from(cursor.action))
                }
            };
            let Some(action) = action else {
                // Its branch has ended; the story goes on with the last.
                let run = self.runs.at(slot);
                run.rivals -= 1;
                if run.rivals > 0 {
                    return;
                }
                cursor = Cursor::at(cursor.step + 1);
                continue;
            };
            match action {
                Action::Wait(length) => {
                    let seed = self.draw(run.number, draw::STEP, cursor);
                    cursor = after(cursor);
                    intended = intended + length.0.draw_at(seed);
                    if intended > now {
                        let wake = DriverWake::Step { slot, cursor };
                        self.orders.later.push((intended, wake));
                        return;
                    }
                }
                Action::Do(act) | Action::Refused(act) => {
                    let demand = Demand {
                        act: *act,
                        must_be_refused: matches!(action, Action::Refused(_)),
                        beside: None,
                    };
                    return self.invoke(now, slot, cursor, demand, intended, out);
                }
            }
        }
    }

    /// What is asked for at this place of a race at a point: its operation, or the rival; none when that has ended.
    fn demand<'s>(
        &mut self,
        slot: u32,
        cursor: &mut Cursor,
        first: Act,
        beside: (Point, &'s Second),
    ) -> Option<Demand<'s>> {
        let (act, beside) = match beside.1 {
            Second::Rival(rival) if cursor.branch == RIVAL => (*rival, None),
            Second::Rival(_) => {
                if cursor.branch == 0 {
                    self.runs.at(slot).rivals = RIVAL;
                    cursor.branch = 1;
                }
                (first, Some(beside))
            }
            // Commands the scenario's reader has refused.
            Second::Fault(_) | Second::Command(_) => (first, Some(beside)),
        };
        (cursor.action == 0).then_some(Demand {
            act,
            must_be_refused: false,
            beside,
        })
    }

    /// An operation has come to the point at which its rival is sent, or has ended.
    pub fn passed<W>(&mut self, now: Time, subject: SubjectId, cursor: Cursor, out: &mut Out<W>) {
        let slot = subject.slot;
        if self.subject_in(slot) == Some(subject) && !self.runs.at(slot).ended {
            let rival = Cursor {
                branch: RIVAL,
                ..Cursor::at(cursor.step)
            };
            self.advance(now, slot, rival, now, out);
        }
    }

    fn race(&mut self, now: Time, slot: u32, cursor: Cursor, rivals: usize, jitter: Span) {
        let run = self.runs.at(slot);
        run.rivals = rivals as u8;
        let number = run.number;
        for branch in 1..=rivals as u8 {
            let cursor = Cursor {
                branch,
                ..Cursor::at(cursor.step)
            };
            let offset = unit(&mut self.draw(number, draw::JITTER, cursor).rng()) * jitter.0 as f64;
            let at = now + Span(offset as u64);
            let wake = DriverWake::Step { slot, cursor };
            self.orders.later.push((at, wake));
        }
    }

    fn invoke<W>(
        &mut self,
        now: Time,
        slot: u32,
        cursor: Cursor,
        demand: Demand<'_>,
        intended: Time,
        out: &mut Out<W>,
    ) {
        let Demand {
            act: Act { operation, who },
            must_be_refused,
            beside,
        } = demand;
        let op = OpId(self.next_op);
        self.next_op += u64::from(self.share.of);
        self.counts.in_flight.add(now, 1);
        let run = self.runs.at(slot);
        run.open += 1;
        let Run { number, story, .. } = *run;
        let subject = SubjectId { number, slot };
        let event = Event::Invoked {
            op,
            operation,
            must_be_refused,
            intended,
        };
        out.record(now, subject, StoryId(story), event);
        let (content, client_fault) = match operation.row() {
            row if row.kind == OperationKind::Upload(Body::Aborted) => {
                let share = unit(&mut self.draw(number, draw::CLOSE, cursor).rng());
                // Part-way: never before the first byte, never after the last.
                let abort = (ClientFault::Close, 0.05 + 0.9 * share);
                (self.content(number, story, op), Some(abort))
            }
            row if row.data != DataFrom::Nowhere => (self.content(number, story, op), None),
            _ => (Content::default(), None),
        };
        let (mut client_fault, mut rival_at) = (client_fault, None);
        match beside {
            Some((at, Second::Fault(fault))) if client_fault.is_none() => {
                let size = self.content(number, story, op).size;
                client_fault = Some((*fault, fraction_sent(at, size)));
            }
            Some((at, Second::Rival(_))) => rival_at = Some(at),
            Some((_, Second::Fault(_) | Second::Command(_))) | None => {}
        }
        self.orders.invoke.push(Invocation {
            op,
            subject,
            story: StoryId(story),
            cursor,
            operation,
            who,
            intended,
            sent: now,
            content,
            client_fault,
            rival_at,
        });
    }

    /// A client tries again what failed, if it may: not what it has itself broken off, nor beside a rival.
    pub(super) fn tries_again(&mut self, now: Time, failed: &Invocation) -> bool {
        let Invocation {
            subject, cursor, ..
        } = *failed;
        let Run {
            retries,
            ended,
            number,
            ..
        } = *self.runs.at(subject.slot);
        let may = !self.ending && !ended && cursor.branch == 0 && failed.client_fault.is_none();
        let Some(policy) = self.load.retries.filter(|it| may && retries < it.most) else {
            return false;
        };
        let chance = draw::RETRY | u64::from(retries) << 32;
        let chance = unit(&mut self.draw(number, chance, cursor).rng());
        self.runs.at(subject.slot).retries += 1;
        let at = now + policy.pause(retries, chance);
        let wake = DriverWake::Step {
            slot: subject.slot,
            cursor,
        };
        self.orders.later.push((at, wake));
        true
    }

    /// What an operation brings in: the subject's size, and bytes of its own.
    fn content(&self, number: u64, story: u16, op: OpId) -> Content {
        let seed = self.seed.numbered(number);
        let size = &self.stories[usize::from(story)].size;
        let size = size.draw_at(seed.numbered(draw::SIZE));
        Content {
            size: size.0,
            checksum: seed.numbered(op.0).0,
        }
    }

    fn draw(&self, number: u64, what: u64, cursor: Cursor) -> Seed {
        let place =
            u64::from(cursor.step) << 16 | u64::from(cursor.branch) << 8 | u64::from(cursor.action);
        self.seed.numbered(number).numbered(what | place)
    }

    /// A story is over; a virtual user thinks and starts the next one.
    pub(super) fn end_story<W>(&mut self, now: Time, slot: u32, out: &mut Out<W>) {
        let run = self.runs.at(slot);
        if run.ended {
            return;
        }
        run.ended = true;
        let number = run.number;
        self.stories_open -= 1;
        self.forget_if_gone(now, slot, out);
        if let Model::Closed { think, .. } = &self.load.model
            && self.may_start()
        {
            let seed = self.seed.numbered(number).numbered(draw::THINK);
            let think = think.draw_at(seed);
            self.orders.later.push((now + think, DriverWake::User));
        }
    }

    /// A deleted subject with no open operation is dropped and stays counted.
    pub(super) fn forget_if_gone<W>(&mut self, now: Time, slot: u32, out: &mut Out<W>) {
        let run = self.runs.at(slot);
        if run.gone && run.ended && run.open == 0 && run.taken {
            run.taken = false;
            let subject = SubjectId {
                number: run.number,
                slot,
            };
            out.record(now, subject, StoryId(run.story), Event::Forgotten);
            self.slots.give_back(slot);
            self.orders.forget.push(slot);
        }
    }
}
