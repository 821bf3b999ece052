//! The machine, other programs and other people's files: nothing of theirs is harmed, and nothing of ours is lost.

mod bounds;
mod files;
mod readers;
mod signals;
mod whole;
