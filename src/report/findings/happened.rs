//! What happened to the image of a finding, as files tell it: `timeline` of `sweep.json`, from which both drawings are made.

use super::timeline::{Bar, Moment, Timeline, What};
use super::words::{clean, reading};
use crate::sweep::Variant;
use serde::{Deserialize, Serialize};
use stormglass_model::units::Time;

/// The most rows; of longer histories the beginning and the end are kept.
const ROWS: usize = 40;

/// A history in rows. Instants are seconds since it began.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Happened {
    pub rows: Vec<Row>,
    /// When the server was broken on purpose.
    pub broken: Vec<Broken>,
    /// When something was seen that cannot be true.
    pub wrong_s: Option<f64>,
}

/// A row, in order of time.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Row {
    Operation(OperationRow),
    /// What a probe found in the database and the store.
    Reading {
        at_s: f64,
        found: Vec<String>,
    },
    /// So many rows are not here.
    LeftOut {
        rows: usize,
    },
}

/// An operation from when it was sent to when it was answered.
#[derive(Debug, Deserialize, Serialize)]
pub struct OperationRow {
    pub operation: String,
    pub who: String,
    pub from_s: f64,
    /// None: it was never answered.
    pub to_s: Option<f64>,
    pub outcome: String,
    pub answer: String,
    /// What the script has happen here; empty where nothing does.
    pub note: String,
    /// The row of the operation at a point of which it was released.
    pub released_by: Option<usize>,
}

/// A stretch in which the server was broken on purpose.
#[derive(Debug, Deserialize, Serialize)]
pub struct Broken {
    pub from_s: f64,
    /// None: it was never healed.
    pub to_s: Option<f64>,
}

/// An instant of a file.
pub fn time(seconds: f64) -> Time {
    Time((seconds * 1e9).round() as u64) // what is negative or no number is zero
}

fn seconds(at: Time) -> f64 {
    at.since(Time::ZERO).as_secs_f64()
}

impl Happened {
    /// What the example of a variant shows.
    pub fn of(variant: &Variant) -> Happened {
        let timeline = Timeline::of(variant);
        let wrong = timeline.wrong.map(|index| timeline.moments[index].at);
        Happened {
            rows: rows(&timeline),
            broken: broken(&timeline.moments),
            wrong_s: wrong.map(seconds),
        }
    }
}

fn rows(timeline: &Timeline) -> Vec<Row> {
    let shown = |moment: &&Moment| matches!(moment.what, What::Began(_) | What::Probed(_));
    let mut shown: Vec<Option<&Moment>> = timeline.moments.iter().filter(shown).map(Some).collect();
    let over = shown.len().saturating_sub(ROWS);
    let left_out = if over > 0 { over + 1 } else { 0 };
    if left_out > 0 {
        shown.splice(ROWS / 2..ROWS / 2 + left_out, [None]);
    }
    let of_bar = |bar: usize| {
        let is = |moment: &Option<&Moment>| {
            moment.is_some_and(|it| matches!(it.what, What::Began(index) if index == bar))
        };
        shown.iter().position(is)
    };
    let row = |moment: &Option<&Moment>| match moment {
        None => Row::LeftOut { rows: left_out },
        Some(moment) => match moment.what {
            What::Began(index) => {
                let bar = &timeline.bars[index];
                Row::Operation(operation(bar, bar.rival_of.and_then(of_bar)))
            }
            What::Probed(found) => Row::Reading {
                at_s: seconds(moment.at),
                found: reading(&found),
            },
            What::Ended(_) | What::Broken(_) => Row::LeftOut { rows: 0 }, // passed over above
        },
    };
    shown.iter().map(row).collect()
}

fn operation(bar: &Bar, released_by: Option<usize>) -> OperationRow {
    OperationRow {
        operation: bar.act.operation.name().to_owned(),
        who: bar.act.who.to_string(),
        from_s: seconds(bar.from),
        to_s: bar.to.map(seconds),
        outcome: bar.outcome.name().to_owned(),
        answer: clean(&bar.answers()),
        note: bar.note.clone(),
        released_by,
    }
}

fn broken(moments: &[Moment]) -> Vec<Broken> {
    let mut stretches: Vec<Broken> = Vec::new();
    for moment in moments {
        let What::Broken(broken) = moment.what else {
            continue;
        };
        let at = seconds(moment.at);
        match stretches.last_mut().filter(|last| last.to_s.is_none()) {
            None if broken => stretches.push(Broken {
                from_s: at,
                to_s: None,
            }),
            Some(last) if !broken => last.to_s = Some(at),
            Some(_) | None => {}
        }
    }
    stretches
}
