//! A subject's actor on a real server: what its own clients were shown of it last. What the server did is judged elsewhere, from
//! the whole history.

use stormglass_glance::Answer;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};

/// An image, as far as this run has been shown it; at first it has not been created yet.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The largest size that was ever sent to it, in bytes.
    size: u64,
    /// What the last answer showed, or says that it has done; none before the first.
    shown: Option<Seen>,
    /// Whether its create was acknowledged; until then not to be there proves nothing.
    exists: bool,
}

/// What an image's actor is told.
#[derive(Debug)]
pub enum ImageMessage {
    /// An operation is about to be sent, with so many bytes.
    Sending(Operation, u64),
    /// An operation, or without one a look of our own, was answered.
    Answered(Option<Operation>, Box<Answer>),
}

/// How an image stands.
#[derive(Clone, Copy, Debug)]
pub struct ImageReply {
    /// How many bytes the next operation has: what it sends, or for a read the most that there can be.
    pub size: u64,
    /// What was shown last.
    pub shown: Option<Seen>,
    /// Whether it was there once, and is no more.
    pub gone: bool,
}

impl Image {
    /// Takes a message.
    pub fn apply(&mut self, message: ImageMessage) -> ImageReply {
        let mut size = self.size;
        match message {
            ImageMessage::Sending(operation, bytes) => {
                self.size = self.size.max(bytes);
                size = match operation.reads() {
                    true => self.size,
                    false => bytes,
                };
            }
            ImageMessage::Answered(operation, answer) => self.answered(operation, &answer),
        }
        ImageReply {
            size,
            shown: self.shown,
            gone: self.exists && self.shown == Some(Seen::Gone),
        }
    }

    fn answered(&mut self, operation: Option<Operation>, answer: &Answer) {
        let done = operation.filter(|_| answer.outcome == Outcome::Ok);
        self.exists |= done.is_some_and(Operation::creates);
        let shown = answer.observed.or_else(|| leads_to(done?));
        self.shown = shown.or(self.shown);
    }
}

/// What an acknowledged operation makes of the image; none where that is not known from its answer.
fn leads_to(operation: Operation) -> Option<Seen> {
    let row = operation.row();
    let told = row.kind.may_succeed() && !row.by_task;
    match row.goal().filter(|_| told)? {
        SubjectStatus::PendingDelete | SubjectStatus::Deleted => Some(Seen::Gone),
        status => Some(Seen::Status(status)),
    }
}
