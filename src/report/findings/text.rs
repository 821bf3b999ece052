//! The timeline as text until what cannot be true was seen: time runs down, each operation is a line in a lane, and what it was
//! answered stands at its end.

use super::timeline::{Bar, Timeline, What};
use super::words::{instant, reading};
use crate::report::number::counted;
use crate::report::terminal::cut;
use crate::sweep::Variant;

/// The most columns.
const WIDTH: usize = 100;
/// The most lines; of longer histories the beginning and the end are shown.
const LINES: usize = 50;
/// Operations side by side, at most; more of them share the last lane.
const LANES: usize = 8;

/// The drawing, each line with its line feed.
pub fn draw(variant: &Variant) -> String {
    let timeline = Timeline::of(variant);
    let mut lanes = Lanes::default();
    // When, the lanes then, and what happened.
    let mut rows: Vec<(String, String, String)> = Vec::new();
    let shown = timeline.wrong.map_or(timeline.moments.len(), |at| at + 1);
    for (index, moment) in timeline.moments[..shown].iter().enumerate() {
        let (lane, mut words) = match moment.what {
            What::Began(index) => {
                let bar = &timeline.bars[index];
                let note = match bar.note.as_str() {
                    "" => String::new(),
                    note => format!(" ({note})"),
                };
                let words = format!("{} by {}{note}", bar.act.operation, bar.act.who);
                (lanes.open(index), words)
            }
            What::Ended(index) => {
                let bar = &timeline.bars[index];
                let words = format!("{}: {}", bar.act.operation, bar.answers());
                (lanes.close(index), words)
            }
            What::Broken(true) => (lanes.row('╳'), "the server is broken on purpose".to_owned()),
            What::Broken(false) => (lanes.row('○'), "the server is healed".to_owned()),
            What::Probed(found) => (lanes.row('◆'), reading(&found).join("\n")),
        };
        if timeline.wrong == Some(index) {
            words.push_str("  ✗ this cannot be true");
        }
        rows.push((instant(moment.at), lane, words));
    }
    let last = timeline.moments[..shown].last().map(|moment| moment.at);
    let sent = |bar: &&Bar| last.is_some_and(|last| bar.from <= last);
    for bar in timeline
        .bars
        .iter()
        .filter(|bar| bar.to.is_none())
        .filter(sent)
    {
        let words = format!("{} was never answered", bar.act.operation);
        rows.push((String::new(), lanes.row('·'), words));
    }
    let later = (timeline.moments.len() - shown) as u64;
    if later > 0 {
        let words = format!("… and {}, in the drawing", counted(later, "more moment"));
        rows.push((String::new(), String::new(), words));
    }
    let width = 2 * lanes.most.max(1) - 1;
    let mut lines = Vec::new();
    for (at, lane, words) in rows {
        let mut margin = format!("{at:>8}  {lane:<width$}  ");
        for words in words.lines() {
            lines.push(format!("{margin}{words}"));
            margin = " ".repeat(12 + width);
        }
    }
    let cut_out = lines.len().saturating_sub(LINES);
    if cut_out > 0 {
        let more = format!("{:>8}  … {} more lines …", "", cut_out + 1);
        lines.splice(LINES / 2..LINES / 2 + cut_out + 1, [more]);
    }
    lines.iter().fold(String::new(), |text, line| {
        text + &cut(line.trim_end(), WIDTH) + "\n"
    })
}

/// Which operation is drawn where; an operation takes the first lane that is free.
#[derive(Default)]
struct Lanes {
    held: [Option<usize>; LANES],
    most: usize,
}

impl Lanes {
    fn open(&mut self, bar: usize) -> String {
        let free = self.held.iter().position(Option::is_none);
        let lane = free.unwrap_or(LANES - 1);
        self.held[lane] = Some(bar);
        self.most = self.most.max(lane + 1);
        self.drawn(Some((lane, '┬')))
    }

    fn close(&mut self, bar: usize) -> String {
        let Some(lane) = self.held.iter().position(|held| *held == Some(bar)) else {
            return self.drawn(None);
        };
        let row = self.drawn(Some((lane, '┴')));
        self.held[lane] = None;
        row
    }

    /// A row on which no operation begins or ends: a mark, if a lane is free for it.
    fn row(&self, mark: char) -> String {
        let mut held = self.held[..self.most.max(1)].iter();
        let free = held.position(Option::is_none);
        self.drawn(free.map(|lane| (lane, mark)))
    }

    fn drawn(&self, mark: Option<(usize, char)>) -> String {
        let mut row = String::new();
        for (lane, held) in self.held.iter().enumerate() {
            row.push(match (mark, held) {
                (Some((at, mark)), _) if at == lane => mark,
                (_, Some(_)) => '│',
                (_, None) => ' ',
            });
            row.push(' ');
        }
        row.trim_end().to_owned()
    }
}
