//! The timeline as a picture: a row an operation, time to the right.
//!
//! Time is stretched where much happens: what matters is what came before what, and a time-out of a minute must not press all else into
//! a corner. Each instant is labelled with its true time as far as there is room.

use super::timeline::{Bar, Moment, Timeline, What};
use super::words::{clean, instant, reading, title, xml};
use crate::report::diagram::svg::{self, AMBER, BLUE, GREEN, GREY, INK, RED};
use crate::report::terminal::cut;
use crate::sweep::{Cause, Variant};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stormglass_model::history::ProbeReading;
use stormglass_model::lifecycle::Outcome;
use stormglass_model::units::Time;

const WIDTH: f64 = 1240.0;
/// Where text begins; nothing stands nearer to an edge.
const LEFT: f64 = 28.0;
/// Where time begins and ends.
const PLOT: (f64, f64) = (190.0, 850.0);
/// Where answers stand.
const ANSWERS: f64 = 880.0;
/// The upper edge of the first row.
const TOP: f64 = 132.0;
const ROW: f64 = 46.0;
/// A line of text in a row.
const LINE: f64 = 18.0;
/// The most rows; of longer histories the beginning and the end are shown.
const ROWS: usize = 40;

/// A row of the picture.
enum DrawnRow<'a> {
    Operation(usize, &'a Bar),
    Probe(Time, ProbeReading),
    More(usize),
}

impl DrawnRow<'_> {
    fn height(&self) -> f64 {
        match self {
            DrawnRow::Operation(..) | DrawnRow::More(_) => ROW,
            DrawnRow::Probe(_, found) => ROW.max(LINE * reading(found).len() as f64 + 16.0),
        }
    }
}

/// The picture.
pub fn draw(number: usize, cause: Cause, variant: &Variant) -> String {
    let timeline = &Timeline::of(variant);
    let rows = rows(timeline);
    let scale = Scale::of(timeline, &rows);
    let bottom = TOP + rows.iter().map(DrawnRow::height).sum::<f64>();
    let mut svg = head(number, cause, variant, bottom + 44.0);
    bands(&mut svg, timeline, &scale, bottom);
    grid(&mut svg, &scale, bottom);
    wrong(&mut svg, timeline, &scale, bottom);
    let mut middles = Vec::new();
    let mut top = TOP;
    for row in &rows {
        let middle = top + row.height() / 2.0;
        match row {
            DrawnRow::Operation(index, bar) => {
                let first = middles.iter().find(|(i, _)| Some(*i) == bar.rival_of);
                operation(&mut svg, bar, &scale, middle, first.map(|&(_, y)| y));
                middles.push((*index, middle));
            }
            DrawnRow::Probe(at, found) => probe(&mut svg, scale.x(*at), middle, found),
            DrawnRow::More(rows) => {
                let more = format!("… and {rows} more …");
                label(&mut svg, LEFT, middle, "soft", &more);
            }
        }
        top += row.height();
        rule(&mut svg, top);
    }
    let note = "Time is stretched where much happens.";
    label(&mut svg, LEFT, bottom + 26.0, "soft", note);
    svg.push_str("</svg>\n");
    svg
}

fn rows(timeline: &Timeline) -> Vec<DrawnRow<'_>> {
    let row = |moment: &Moment| match moment.what {
        What::Began(index) => Some(DrawnRow::Operation(index, &timeline.bars[index])),
        What::Probed(found) => Some(DrawnRow::Probe(moment.at, found)),
        What::Ended(_) | What::Broken(_) => None,
    };
    let mut rows: Vec<DrawnRow<'_>> = timeline.moments.iter().filter_map(row).collect();
    let over = rows.len().saturating_sub(ROWS);
    if over > 0 {
        rows.splice(ROWS / 2..ROWS / 2 + over + 1, [DrawnRow::More(over + 1)]);
    }
    rows
}

/// A line below a row.
fn rule(svg: &mut String, y: f64) {
    let right = WIDTH - LEFT;
    let _ = writeln!(svg, "<path class=\"rule\" d=\"M{LEFT},{y} H{right}\"/>");
}

/// Instants and their places.
struct Scale(Vec<(Time, f64)>);

impl Scale {
    /// Of what is shown; the rest takes no room.
    fn of(timeline: &Timeline, rows: &[DrawnRow<'_>]) -> Scale {
        let mut times = BTreeSet::new();
        for moment in &timeline.moments {
            if matches!(moment.what, What::Broken(_)) {
                times.insert(moment.at);
            }
        }
        for row in rows {
            match row {
                DrawnRow::Operation(_, bar) => times.extend([bar.from].into_iter().chain(bar.to)),
                DrawnRow::Probe(at, _) => _ = times.insert(*at),
                DrawnRow::More(_) => {}
            }
        }
        let times: Vec<Time> = times.into_iter().collect();
        // A gap counts by its logarithm, and a little for being one.
        let gap = |pair: &[Time]| 0.7 + (pair[1].since(pair[0]).as_secs_f64() * 1e3).ln_1p();
        let gaps: Vec<f64> = times.windows(2).map(gap).collect();
        let whole: f64 = gaps.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut so_far = 0.0;
        let place = |(index, time)| {
            let x = PLOT.0 + 14.0 + (PLOT.1 - PLOT.0 - 28.0) * so_far / whole;
            so_far += gaps.get(index).copied().unwrap_or(0.0);
            (time, x)
        };
        Scale(times.into_iter().enumerate().map(place).collect())
    }

    fn x(&self, at: Time) -> f64 {
        let index = self.0.partition_point(|&(time, _)| time < at);
        let place = self.0.get(index).or(self.0.last());
        place.map_or(PLOT.0, |&(_, x)| x)
    }
}

fn head(number: usize, cause: Cause, variant: &Variant, height: f64) -> String {
    let title = format!("{number}. {}", title(cause));
    let sentence = clean(&variant.sentence);
    let (title, sentence) = (xml(&cut(&title, 110)), xml(&cut(&sentence, 165)));
    let script = xml(&cut(&clean(&variant.shortest().script.to_string()), 140));
    let style = format!(
        "<style>\n\
         text {{ font-size: 13px; fill: {INK} }} text.strong {{ font-size: 14px; font-weight: 600 }}\n\
         text.soft {{ fill: {GREY}; font-size: 12px }} text.time {{ fill: {GREY}; font-size: 11px; text-anchor: middle }}\n\
         path.rule {{ stroke: {GREY}; stroke-opacity: 0.18 }} path.grid {{ stroke: {GREY}; stroke-opacity: 0.25; stroke-dasharray: 1 4 }}\n\
         path.rival {{ stroke: {INK}; stroke-dasharray: 4 3; stroke-width: 1.4 }}\n</style>\n"
    );
    svg::head(height, &title, &style)
        + &format!(
            "<text x=\"28\" y=\"38\" style=\"font-size: 18px; font-weight: 600\">{title}</text>\n\
             <text x=\"28\" y=\"62\">{sentence}</text>\n\
             <text x=\"28\" y=\"84\" class=\"soft\" font-family=\"DejaVu Sans Mono, Menlo, monospace\">{script}</text>\n"
        )
}

/// Where the server was broken on purpose.
fn bands(svg: &mut String, timeline: &Timeline, scale: &Scale, bottom: f64) {
    let changes = timeline
        .moments
        .iter()
        .filter_map(|moment| match moment.what {
            What::Broken(broken) => Some((broken, scale.x(moment.at))),
            What::Began(_) | What::Ended(_) | What::Probed(_) => None,
        });
    let mut since = None;
    for (broken, x) in changes.chain([(false, PLOT.1)]) {
        if broken {
            since.get_or_insert(x);
        } else if let Some(from) = since.take() {
            band(svg, from, x, bottom);
        }
    }
}

fn band(svg: &mut String, from: f64, to: f64, bottom: f64) {
    let (width, height) = ((to - from).max(2.0), bottom - TOP);
    let _ = writeln!(
        svg,
        "<rect x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{RED}\" fill-opacity=\"0.07\"/>\n\
         <text x=\"{:.1}\" y=\"{}\" style=\"fill: {RED}; font-size: 11px\">broken</text>",
        from + 4.0,
        TOP + 12.0
    );
}

/// A line at each instant, and its time where there is room.
fn grid(svg: &mut String, scale: &Scale, bottom: f64) {
    let mut free = 0.0;
    for (time, x) in &scale.0 {
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{x:.1},{TOP} V{bottom}\"/>");
        if *x >= free {
            let y = TOP - 10.0;
            let _ = writeln!(
                svg,
                "<text class=\"time\" x=\"{x:.1}\" y=\"{y}\">{}</text>",
                instant(*time)
            );
            free = x + 50.0;
        }
    }
    rule(svg, TOP);
}

/// The instant that cannot be true.
fn wrong(svg: &mut String, timeline: &Timeline, scale: &Scale, bottom: f64) {
    let Some(moment) = timeline.wrong.map(|index| timeline.moments[index]) else {
        return;
    };
    let x = scale.x(moment.at);
    let _ = writeln!(
        svg,
        "<path d=\"M{x:.1},{TOP} V{bottom}\" stroke=\"{RED}\" stroke-width=\"1.6\" stroke-dasharray=\"6 3\"/>\n\
         <text x=\"{:.1}\" y=\"{}\" style=\"fill: {RED}; font-size: 11px\">cannot be true</text>",
        x - 70.0,
        bottom - 4.0
    );
}

/// A bar with who does what on its left and the answer on its right; a rival hangs on the operation that released it.
fn operation(svg: &mut String, bar: &Bar, scale: &Scale, middle: f64, first: Option<f64>) {
    let colour = match bar.outcome {
        Outcome::Ok => GREEN,
        Outcome::Refused => BLUE,
        Outcome::Fail => RED,
        Outcome::Unknown | Outcome::Local => AMBER,
    };
    let from = scale.x(bar.from);
    let to = bar.to.map_or(PLOT.1, |to| scale.x(to));
    if let Some(y) = first {
        let _ = writeln!(
            svg,
            "<path class=\"rival\" d=\"M{from:.1},{y} V{middle}\"/><circle cx=\"{from:.1}\" cy=\"{y}\" r=\"4.5\" fill=\"{INK}\"/>"
        );
    }
    let (width, top) = ((to - from).max(4.0), middle - 10.0);
    let dashed = match bar.to {
        None => " stroke-dasharray=\"5 4\"",
        Some(_) => "",
    };
    let shape = format!("x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" rx=\"5\"");
    let _ = writeln!(
        svg,
        "<rect {shape} fill=\"#fff\"/><rect {shape} fill=\"{colour}\" fill-opacity=\"0.16\" stroke=\"{colour}\" stroke-width=\"1.6\"{dashed}/>"
    );
    let who = format!("by {}", bar.act.who);
    label(svg, LEFT, middle - 8.0, "strong", bar.act.operation.name());
    label(svg, LEFT, middle + 9.0, "soft", &who);
    let answer = clean(&bar.answers());
    if bar.note.is_empty() {
        label(svg, ANSWERS, middle, "", &answer);
    } else {
        label(svg, ANSWERS, middle - 8.0, "", &answer);
        label(svg, ANSWERS, middle + 9.0, "soft", &bar.note);
    }
}

/// A probe reading.
fn probe(svg: &mut String, x: f64, middle: f64, found: &ProbeReading) {
    label(svg, LEFT, middle, "strong", "probe reading");
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1},{middle} l8,-8 l8,8 l-8,8 z\" fill=\"{INK}\"/>",
        x - 8.0
    );
    let parts = reading(found);
    let first = middle - LINE * (parts.len() as f64 - 1.0) / 2.0;
    for (index, part) in parts.iter().enumerate() {
        label(svg, ANSWERS, first + LINE * index as f64, "", part);
    }
}

/// A line of text around a height, cut where the picture ends.
fn label(svg: &mut String, x: f64, middle: f64, class: &str, text: &str) {
    let text = xml(&cut(text, 46));
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x}\" y=\"{}\">{text}</text>",
        middle + 4.5
    );
}
