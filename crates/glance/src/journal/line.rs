//! One line of a journal.

use super::undo::Undo;
use crate::answer::{ImageId, RunId};
use std::fmt;

/// The first line of a journal of this version.
pub(super) const TITLE: &str = "stormglass journal 2";

/// The first line of a journal of the version before, which knows no commands.
pub(super) const TITLE_1: &str = "stormglass journal 1";

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Run(RunId, String),
    Numbers(RunId, u64),
    Image(RunId, ImageId),
    Left(RunId, Vec<ImageId>),
    Done(RunId),
    Did(u64, Undo),
    Undone(u64),
}

impl Line {
    /// That so many images of a run are left; or none.
    pub fn ending(run: RunId, left: Vec<ImageId>) -> Line {
        match left.is_empty() {
            true => Line::Done(run),
            false => Line::Left(run, left),
        }
    }

    /// Reads a line without its end; none if it makes no sense.
    pub fn parse(line: &str) -> Option<Line> {
        let (word, rest) = line.split_once(' ')?;
        let (of, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let run = RunId::parse(of);
        Some(match word {
            "run" => Line::Run(run?, rest.to_owned()),
            "numbers" => Line::Numbers(run?, number(rest)?),
            "image" => Line::Image(run?, ImageId::parse(rest)?),
            // Which they were is not asked: images that were gone once may be back, so all are looked at again.
            "left" => Line::Left(run?, Vec::new()),
            "done" => Line::Done(run?),
            "did" => Line::Did(number(of)?, Undo::parse(rest)?),
            "undone" => Line::Undone(number(of)?),
            _ => return None,
        })
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

impl fmt::Display for Line {
    /// With its end. An error is a path that is no UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Run(run, server) => writeln!(f, "run {run} {server}"),
            Line::Numbers(run, numbers) => writeln!(f, "numbers {run} {numbers}"),
            Line::Image(run, image) => writeln!(f, "image {run} {image}"),
            Line::Left(run, left) => {
                write!(f, "left {run}")?;
                left.iter().try_for_each(|image| write!(f, " {image}"))?;
                writeln!(f)
            }
            Line::Done(run) => writeln!(f, "done {run}"),
            Line::Did(number, undo) => {
                let json = undo.to_json().map_err(|_| fmt::Error)?;
                writeln!(f, "did {number} {json}")
            }
            Line::Undone(number) => writeln!(f, "undone {number}"),
        }
    }
}
