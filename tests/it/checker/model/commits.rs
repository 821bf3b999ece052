//! The service's side of the model: what each commit does.

use super::*;

impl World {
    pub(super) fn commit(&mut self, process: &mut Process, todo: Todo) {
        let image = process.image;
        match todo {
            Todo::Create => self.create(process),
            Todo::TaskBegins => self.task_begins(process),
            Todo::Begin => self.begin(process),
            Todo::Write => self.write(process),
            Todo::Decide => self.decide(process),
            Todo::FailureEdge => {
                // A delete may have come first; then nothing is left to put back.
                if self.images[image].status == Some(Saving) {
                    let to = match self.rules.profile {
                        Profile::V1 => Killed,
                        _ => Queued,
                    };
                    self.set(process, to);
                }
            }
            Todo::RemoveWritten => {
                let bytes = std::mem::take(&mut process.written);
                self.remove(image, bytes);
            }
            Todo::RemoveKept => {
                let bytes = std::mem::take(&mut self.images[image].kept);
                self.remove(image, bytes);
            }
            Todo::Task(from, to) => self.task(process, Some(from), to),
            Todo::Act => self.act(process),
            Todo::Scrubbed => self.set(process, Deleted),
            Todo::Done(outcome, content) => {
                // Now and then the answer is lost on its way.
                let (outcome, content) = match self.one_in(12) {
                    true => (Unknown, None),
                    false => (outcome, content),
                };
                if let Some(op) = process.op {
                    self.completed(image, op, outcome, content);
                    let creates = matches!(op.1, Create | CreateWithLocation | CreateEmpty);
                    self.images[image].created |= creates && self.images[image].status.is_some();
                }
            }
        }
    }

    fn set(&mut self, process: &Process, to: SubjectStatus) {
        let image = &mut self.images[process.image];
        let from = image.status.replace(to);
        if matches!(to, PendingDelete | Deleted) && from != Some(PendingDelete) {
            image.deleted_at = self.now;
        }
        let event = Event::Moved {
            from,
            to,
            op: process.op.map(|(op, ..)| op),
            due: self.now,
        };
        self.emit(process.image, event);
    }

    fn task(&mut self, process: &Process, from: Option<TaskStatus>, to: TaskStatus) {
        let Some((op, ..)) = process.op else { return };
        let event = Event::TaskMoved {
            op,
            from,
            to,
            has_result: to == TaskStatus::Success,
            has_message: to == TaskStatus::Failure,
            due: self.now,
        };
        self.emit(process.image, event);
    }

    fn remove(&mut self, image: usize, bytes: u64) {
        if bytes > 0 {
            self.images[image].held -= bytes;
            self.emit(image, Event::Removed { bytes });
        }
    }

    fn create(&mut self, process: &mut Process) {
        if self.one_in(10) {
            process.todo.push_back(Todo::Done(Fail, None));
            return;
        }
        self.set(process, Queued);
        let operation = process.op.map(|(_, operation, _)| operation);
        if operation != Some(Create) {
            self.set(process, Active);
        }
        let image = &mut self.images[process.image];
        match operation {
            Some(CreateWithLocation) => image.locations = 1,
            Some(CreateEmpty) => {
                image.content.size = 0;
                image.has_own_data = true;
            }
            _ => {}
        }
        process.todo.push_back(Todo::Done(Outcome::Ok, None));
    }

    fn task_begins(&mut self, process: &mut Process) {
        if !self.allows(process.image, Import) {
            process.todo.push_back(Todo::Done(Refused, None));
            return;
        }
        self.task(process, None, TaskStatus::Pending);
        let processing = Todo::Task(TaskStatus::Pending, TaskStatus::Processing);
        process.todo.extend([processing, Todo::Begin]);
    }

    fn begin(&mut self, process: &mut Process) {
        if self.one_in(12) {
            self.fail(process, &[]);
        } else if self.images[process.image].status == Some(Queued) {
            self.set(process, Saving);
            process.todo.push_back(Todo::Write);
        } else if process
            .op
            .is_some_and(|(_, operation, _)| operation == Import)
        {
            self.fail(process, &[]);
        } else {
            process.todo.push_back(Todo::Done(Refused, None));
        }
    }

    /// `first`, then a task's failure if there is one, then the answer.
    fn fail(&mut self, process: &mut Process, first: &[Todo]) {
        process.todo.extend(first);
        if process
            .op
            .is_some_and(|(_, operation, _)| operation == Import)
        {
            let failure = Todo::Task(TaskStatus::Processing, TaskStatus::Failure);
            process.todo.push_back(failure);
        }
        process.todo.push_back(Todo::Done(Fail, None));
    }

    fn write(&mut self, process: &mut Process) {
        let image = process.image;
        if self.one_in(8) {
            self.fail(process, &[Todo::FailureEdge]);
            return;
        }
        let bytes = self.images[image].content.size;
        if let Some((op, ..)) = process.op
            && bytes > 0
        {
            process.written = bytes;
            self.images[image].held += bytes;
            self.emit(image, Event::Stored { op, bytes });
        }
        process.todo.push_back(Todo::Decide);
    }

    fn decide(&mut self, process: &mut Process) {
        let operation = process.op.map(|(_, operation, _)| operation);
        if self.images[process.image].status != Some(Saving) {
            self.fail(process, &[Todo::RemoveWritten]);
        } else if operation == Some(AbortUpload) || self.one_in(4) {
            match self.one_in(2) {
                true => self.fail(process, &[Todo::FailureEdge, Todo::RemoveWritten]),
                false => self.fail(process, &[Todo::RemoveWritten, Todo::FailureEdge]),
            }
        } else {
            self.set(process, Active);
            let image = &mut self.images[process.image];
            image.kept = std::mem::take(&mut process.written);
            image.has_own_data = true;
            let content = image.content;
            if operation == Some(Import) {
                let success = Todo::Task(TaskStatus::Processing, TaskStatus::Success);
                process.todo.push_back(success);
            }
            process
                .todo
                .push_back(Todo::Done(Outcome::Ok, Some(content)));
        }
    }

    /// Operations that are one commit, and what a delete has to remove after it.
    fn act(&mut self, process: &mut Process) {
        let Some((_, operation, _)) = process.op else {
            return;
        };
        let image = process.image;
        if self.one_in(15) {
            process.todo.push_back(Todo::Done(Fail, None));
            return;
        }
        if !self.allows(image, operation) {
            process.todo.push_back(Todo::Done(Refused, None));
            return;
        }
        let status = self.images[image].status;
        let mut content = None;
        match operation {
            AddLocation => {
                self.images[image].locations += 1;
                if status == Some(Queued) {
                    self.set(process, Active);
                }
            }
            RemoveLocation => self.images[image].locations -= 1,
            Deactivate => self.set(process, Deactivated),
            Reactivate => self.set(process, Active),
            Delete if status == Some(Active) && self.delayed => self.set(process, PendingDelete),
            Delete => {
                self.set(process, Deleted);
                process.todo.push_back(Todo::RemoveKept);
            }
            _ => content = Some(self.images[image].content),
        }
        process.todo.push_back(Todo::Done(Outcome::Ok, content));
    }
}
