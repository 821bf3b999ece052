//! The machine, other programs and other people's files: nothing of theirs is harmed, and nothing of ours is lost.

mod answers;
mod bounds;
mod files;
mod lines;
mod local;
mod readers;
mod signals;
mod waits;
mod whole;
