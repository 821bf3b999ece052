//! The journal of a run: which images it may have created, and what its commands have done, on disk before the first of
//! them is asked for.
//!
//! Lines of text that are only ever added, so that a crash leaves at most half a last line, which was never acted upon:
//!
//! ```text
//! stormglass journal 2
//! run RUN SERVER       a run begins
//! numbers RUN N        every image of the run with a number below N may exist
//! image RUN ID         so may this one, which has no number near those
//! left RUN ID…         all others are gone
//! done RUN             all are gone
//! did N {…}            a command may have been done: its name, its image, and how to take it back
//! undone N             it was taken back
//! ```
//!
//! Version 1 had neither `did` nor `undone`, and is still read.
//!
//! A line is flushed to the disk, so that it outlives the machine as well as the process. That costs a fraction of a millisecond
//! to ten, up to as much as a create itself, and is therefore done once for 256 images: their numbers are reserved ahead of
//! their use. What is reserved and never used costs a cleanup one look each.

mod book;
mod contents;
mod error;
mod file;
mod line;
mod reopened;
mod undo;

pub use book::Journal;
pub use contents::JournalRun;
pub use error::JournalError;
pub use reopened::{Reopened, read};
pub use undo::{Undo, UndoText};
