//! Operations on their way: sent, given their data, noticed, ended, answered.

use super::{Ask, Asked, Due, Finish, Living, Pending, TaskOrder, Twin};
use crate::answer::{Answer, Result, request_id};
use crate::catalog::{Import, Task, TaskType};
use crate::history::outcome;
use serde_json::{Value, json};
use stormglass_model::history::{Content, Ending, Event, OpId, Record, Seen, SubjectId};
use stormglass_model::invocation::{Completion, Cursor, Invocation};
use stormglass_model::lifecycle::{Operation, Outcome, TaskStatus};
use stormglass_model::load::StoryId;
use stormglass_model::service::Intake;
use stormglass_model::target::Target;
use stormglass_model::units::Time;
use tokio::sync::oneshot;

impl Twin {
    /// Sends the service an operation; `finish` happens when it has ended, and gives the answer.
    pub fn ask(
        &mut self,
        ask: Ask,
        finish: impl FnOnce(&mut Twin, &Completion) -> Result + 'static,
    ) -> Asked {
        self.ask_with(ask, None, Box::new(finish))
    }

    /// The same for an operation that a task does. It is answered 202 once there is a task.
    pub fn ask_task(
        &mut self,
        ask: Ask,
        task: TaskOrder,
        finish: impl FnOnce(&mut Twin, &Completion) -> Result + 'static,
    ) -> Asked {
        self.ask_with(ask, Some(task), Box::new(finish))
    }

    fn ask_with(&mut self, ask: Ask, task: Option<TaskOrder>, finish: Finish) -> Asked {
        self.run_due();
        let now = self.clock.now();
        let op = OpId(self.ops);
        self.ops += 1;
        let (answer, answered) = oneshot::channel();
        let (want, wanted) = oneshot::channel();
        let pending = Pending {
            ask,
            finish,
            answer: Some(answer),
            wanted: ask.in_parts.then_some(want),
            task,
            refusal: None,
        };
        self.pending.insert(op, pending);
        let brings = (ask.content != Content::default() && !ask.in_parts).then_some(ask.content);
        self.history
            .invoked(now, ask.subject.number, op, ask.operation, ask.who, brings);
        let invocation = Invocation {
            op,
            subject: ask.subject,
            story: StoryId(0),
            cursor: Cursor::default(),
            operation: ask.operation,
            who: ask.who,
            intended: now,
            sent: now,
            content: ask.content,
            client_fault: None,
            rival_at: None,
        };
        // What was due has been done since whoever asks looked: the image may be gone, and its place another's.
        let Some(living) = self.living_of(ask.subject) else {
            self.complete(now, &too_late(invocation));
            return Asked {
                answer: answered,
                wanted,
                intake: None,
                op,
            };
        };
        living.open += 1;
        let intake = match ask.in_parts {
            true => Some(self.service.invoke_in_parts(now, invocation, &mut self.out)),
            false => {
                self.service.invoke(now, invocation, &mut self.out);
                None
            }
        };
        self.settle(now);
        Asked {
            answer: answered,
            wanted,
            intake,
            op,
        }
    }

    /// The data of an operation has come; or has not, and why.
    pub fn took_in(&mut self, op: OpId, intake: Intake, taken: Result<Content>) {
        self.run_due();
        let now = self.clock.now();
        let content = match taken {
            Ok(content) => Some(content),
            Err(refusal) => {
                if let Some(pending) = self.pending.get_mut(&op) {
                    pending.refusal = Some(refusal);
                }
                None
            }
        };
        self.service.took_in(now, intake, content, &mut self.out);
        self.settle(now);
    }

    /// What is known of a subject, unless it is gone and its place another's.
    fn living_of(&mut self, subject: SubjectId) -> Option<&mut Living> {
        let living = self.living.get_mut(&subject.slot)?;
        (living.subject == subject).then_some(living)
    }

    /// Takes over what the service has put out.
    pub(super) fn settle(&mut self, now: Time) {
        for (at, wake) in std::mem::take(&mut self.out.later) {
            self.enter(at, Due::Service(wake));
        }
        for record in std::mem::take(&mut self.out.records) {
            if let Record::Subject {
                event:
                    Event::TaskMoved {
                        op, to, has_result, ..
                    },
                ..
            } = record
            {
                self.task_moved(now, op, to, has_result);
            }
        }
        for op in std::mem::take(&mut self.out.wanted) {
            let wanted = self.pending.get_mut(&op).and_then(|it| it.wanted.take());
            let _ = wanted.map(|wanted| wanted.send(()));
        }
        let mut touched = std::mem::take(&mut self.out.deleted);
        for slot in &touched {
            if let Some(living) = self.living.get_mut(slot) {
                living.over = true;
            }
        }
        while let Some(completion) = self.out.completed.pop_front() {
            touched.push(completion.invocation.subject.slot);
            self.complete(now, &completion);
        }
        touched.into_iter().for_each(|slot| self.forget(now, slot));
    }

    fn task_moved(&mut self, now: Time, op: OpId, to: TaskStatus, has_result: bool) {
        let unix = self.clock.unix();
        let Some(pending) = self.pending.get_mut(&op) else {
            return;
        };
        let Some(order) = &pending.task else {
            return;
        };
        let id = order.id;
        if to == TaskStatus::Pending {
            let task = Task {
                id,
                kind: order.kind,
                status: to,
                image: Some(pending.ask.image),
                owner: order.requester.project.clone(),
                user: order.requester.user.clone(),
                request: request_id(order.request),
                input: order.input.clone(),
                result: Value::Null,
                message: String::new(),
                created: unix,
                updated: unix,
                number: op.0,
            };
            let imported = (task.kind == TaskType::Import)
                .then_some(task.image)
                .flatten();
            if let Some(image) = imported.and_then(|id| self.catalog.image_mut(id)) {
                image.import = Some(Import::Running);
            }
            self.catalog.add_task(task);
            self.accepted(now, op);
        } else if let Some(task) = self.catalog.task_mut(id) {
            let image = task.image.map(|id| id.to_string());
            task.status = to;
            task.updated = unix;
            if has_result {
                task.result = json!({ "image_id": image });
            }
        }
    }

    /// The task is there: whoever asked for it need not wait for more.
    fn accepted(&mut self, now: Time, op: OpId) {
        let Some(pending) = self.pending.get_mut(&op) else {
            return;
        };
        let subject = pending.ask.subject.number;
        let answer = pending.answer.take();
        let ending = Ending {
            outcome: Outcome::Ok,
            seen: None,
            content: None,
            http_status: Some(202),
        };
        self.history.answered(now, subject, op, ending);
        let _ = answer.map(|answer| answer.send(Ok(Answer::empty(202))));
    }

    fn complete(&mut self, now: Time, completion: &Completion) {
        let op = completion.invocation.op;
        let Some(pending) = self.pending.remove(&op) else {
            return;
        };
        let Pending {
            ask,
            finish,
            answer,
            task,
            refusal,
            ..
        } = pending;
        if let Some(living) = self.living_of(ask.subject) {
            living.open = living.open.saturating_sub(1);
        }
        let finished = finish(self, completion);
        let result = match refusal {
            Some(refusal) if finished.is_err() => Err(refusal),
            _ => finished,
        };
        if let (Some(order), Err(refusal)) = (task, &result)
            && let Some(task) = self.catalog.task_mut(order.id)
            && task.status == TaskStatus::Failure
        {
            task.message.clone_from(&refusal.text);
        }
        // Whoever is not there any more hears nothing.
        if let Some(answer) = answer {
            let status = match &result {
                Ok(answer) => answer.status,
                Err(refusal) => refusal.status,
            };
            let ending = self.ending(&ask, completion, status);
            self.history.answered(now, ask.subject.number, op, ending);
            let _ = answer.send(result);
        }
    }

    fn ending(&mut self, ask: &Ask, completion: &Completion, status: u16) -> Ending {
        let outcome = outcome(ask.operation, status);
        let shows = matches!(ask.operation, Operation::Show | Operation::SetProperty);
        let seen = match status {
            404 => Some(Seen::Gone),
            200 | 201 if shows => self.status(ask.subject).map(Seen::Status),
            _ => None,
        };
        Ending {
            outcome,
            seen,
            content: completion.ending.content.filter(|_| outcome == Outcome::Ok),
            http_status: Some(status),
        }
    }
}

/// The end of an operation on an image that was gone before it was sent: nothing was done.
fn too_late(invocation: Invocation) -> Completion {
    let ending = Ending {
        outcome: Outcome::Refused,
        seen: None,
        content: None,
        http_status: None,
    };
    Completion {
        invocation,
        ending,
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ImageId;
    use crate::config::Config;
    use std::thread::sleep;
    use std::time::Duration;
    use stormglass_model::lifecycle::{SubjectStatus, Who};
    use stormglass_model::random::Distribution;

    fn ask(image: ImageId, subject: SubjectId, operation: Operation) -> Ask {
        Ask {
            image,
            subject,
            operation,
            who: Who::Member,
            content: Content::default(),
            in_parts: false,
        }
    }

    fn finish_all(twin: &mut Twin) {
        while twin.open_operations() > 0 {
            sleep(Duration::from_millis(1));
            twin.run_due();
        }
    }

    /// What is due is done before an operation is sent; it may take the image away that was looked at a moment ago.
    #[test]
    fn who_comes_too_late_does_not_touch_the_next_in_the_same_place() {
        let mut config = Config::default();
        config.service.registry.commit = Distribution::constant(2_000_000);
        let mut twin = Twin::new(config).unwrap();
        let gone = twin.fresh_id();
        let first = twin.new_subject(gone);
        drop(twin.ask(ask(gone, first, Operation::Create), |_, _| {
            Ok(Answer::empty(201))
        }));
        finish_all(&mut twin);
        drop(twin.ask(ask(gone, first, Operation::Delete), |_, _| {
            Ok(Answer::empty(204))
        }));
        sleep(Duration::from_millis(10));
        let mut late = twin.ask(ask(gone, first, Operation::SetProperty), |_, done| {
            assert_eq!(done.ending.outcome, Outcome::Refused);
            Ok(Answer::empty(200))
        });
        let next = twin.fresh_id();
        let second = twin.new_subject(next);
        assert_eq!(first.slot, second.slot);
        drop(twin.ask(ask(next, second, Operation::Create), |_, _| {
            Ok(Answer::empty(201))
        }));
        finish_all(&mut twin);
        assert!(late.answer.try_recv().is_ok());
        assert_eq!(twin.status(second), Some(SubjectStatus::Queued));
    }
}
