//! The timeline as a picture: a row an operation, time to the right.
//!
//! Time is stretched where much happens: what matters is what came before what, and a time-out of a minute must not press all else into
//! a corner. Each instant is labelled with its true time as far as there is room.

use super::timeline::{Bar, Timeline, What};
use super::words::{books, clean, cut, instant, xml};
use crate::report::diagram::svg::{AMBER, BLUE, FONT, GREEN, GREY, INK, RED};
use crate::sweep::Finding;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stormglass_model::history::ProbeReading;
use stormglass_model::lifecycle::Outcome;
use stormglass_model::units::Time;

const WIDTH: f64 = 1240.0;
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
enum Row<'a> {
    Operation(usize, &'a Bar),
    ProbeReading(Time, ProbeReading),
    More(usize),
}

impl Row<'_> {
    fn height(&self) -> f64 {
        match self {
            Row::Operation(..) | Row::More(_) => ROW,
            Row::ProbeReading(_, found) => ROW.max(LINE * books(found).len() as f64 + 16.0),
        }
    }
}

/// The picture, on a white ground so that it reads on a dark page too.
pub fn draw(number: usize, finding: &Finding, timeline: &Timeline) -> String {
    let rows = rows(timeline);
    let scale = Scale::of(timeline, &rows);
    let bottom = TOP + rows.iter().map(Row::height).sum::<f64>();
    let mut svg = head(number, finding, bottom + 44.0);
    bands(&mut svg, timeline, &scale, bottom);
    grid(&mut svg, &scale, bottom);
    let mut middles = Vec::new();
    let mut top = TOP;
    for row in &rows {
        let middle = top + row.height() / 2.0;
        match row {
            Row::Operation(index, bar) => {
                let first = middles.iter().find(|(i, _)| Some(*i) == bar.rival_of);
                operation(&mut svg, bar, &scale, middle, first.map(|&(_, y)| y));
                middles.push((*index, middle));
            }
            Row::ProbeReading(at, found) => probe(&mut svg, scale.x(*at), middle, found),
            Row::More(rows) => label(
                &mut svg,
                28.0,
                middle,
                "soft",
                &format!("… and {rows} more …"),
            ),
        }
        top += row.height();
        let _ = writeln!(
            svg,
            "<path class=\"rule\" d=\"M28,{top} H{}\"/>",
            WIDTH - 28.0
        );
    }
    let end = bottom + 26.0;
    label(
        &mut svg,
        28.0,
        end,
        "soft",
        "Time is stretched where much happens.",
    );
    svg.push_str("</svg>\n");
    svg
}

fn rows(timeline: &Timeline) -> Vec<Row<'_>> {
    let row = |moment: &super::timeline::Moment| match moment.what {
        What::Began(index) => Some(Row::Operation(index, &timeline.bars[index])),
        What::Probed(found) => Some(Row::ProbeReading(moment.at, found)),
        What::Ended(_) | What::Broken(_) => None,
    };
    let mut rows: Vec<Row<'_>> = timeline.moments.iter().filter_map(row).collect();
    let over = rows.len().saturating_sub(ROWS);
    if over > 0 {
        rows.splice(ROWS / 2..ROWS / 2 + over + 1, [Row::More(over + 1)]);
    }
    rows
}

/// Instants and their places.
struct Scale(Vec<(Time, f64)>);

impl Scale {
    /// Of what is shown; the rest takes no room.
    fn of(timeline: &Timeline, rows: &[Row<'_>]) -> Scale {
        let faults = timeline
            .moments
            .iter()
            .filter_map(|moment| match moment.what {
                What::Broken(_) => Some(moment.at),
                What::Began(_) | What::Ended(_) | What::Probed(_) => None,
            });
        let shown = rows.iter().flat_map(|row| match row {
            Row::Operation(_, bar) => [Some(bar.from), bar.to],
            Row::ProbeReading(at, _) => [Some(*at), None],
            Row::More(_) => [None, None],
        });
        let times: BTreeSet<Time> = faults.chain(shown.flatten()).collect();
        let times: Vec<Time> = times.into_iter().collect();
        // A gap counts by its logarithm, and a little for being one.
        let gap = |pair: &[Time]| 0.7 + (pair[1].since(pair[0]).as_secs_f64() * 1e3).ln_1p();
        let gaps: Vec<f64> = times.windows(2).map(gap).collect();
        let whole: f64 = gaps.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut so_far = 0.0;
        let mut places = Vec::with_capacity(times.len());
        for (index, &time) in times.iter().enumerate() {
            places.push((
                time,
                PLOT.0 + 14.0 + (PLOT.1 - PLOT.0 - 28.0) * so_far / whole,
            ));
            so_far += gaps.get(index).copied().unwrap_or(0.0);
        }
        Scale(places)
    }

    fn x(&self, at: Time) -> f64 {
        let index = self.0.partition_point(|&(time, _)| time < at);
        self.0
            .get(index)
            .or(self.0.last())
            .map_or(PLOT.0, |&(_, x)| x)
    }
}

fn head(number: usize, finding: &Finding, height: f64) -> String {
    let title = format!("{number}. {}", clean(&finding.key.name()));
    let sentence = clean(&finding.sentence);
    let (title, sentence) = (xml(&cut(&title, 110)), xml(&cut(&sentence, 165)));
    let script = xml(&cut(&clean(&finding.script.to_string()), 140));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"{FONT}\">\n<title>{title}</title>\n<style>\n\
         text {{ font-size: 13px; fill: {INK} }} text.strong {{ font-size: 14px; font-weight: 600 }}\n\
         text.soft {{ fill: {GREY}; font-size: 12px }} text.time {{ fill: {GREY}; font-size: 11px; text-anchor: middle }}\n\
         path.rule {{ stroke: {GREY}; stroke-opacity: 0.18 }} path.grid {{ stroke: {GREY}; stroke-opacity: 0.25; stroke-dasharray: 1 4 }}\n\
         path.rival {{ stroke: {INK}; stroke-dasharray: 4 3; stroke-width: 1.4 }}\n</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"12\" fill=\"#fff\"/>\n\
         <text x=\"28\" y=\"38\" style=\"font-size: 18px; font-weight: 600\">{title}</text>\n\
         <text x=\"28\" y=\"62\">{sentence}</text>\n\
         <text x=\"28\" y=\"84\" class=\"soft\" font-family=\"DejaVu Sans Mono, Menlo, monospace\">{script}</text>\n"
    )
}

/// Where the server was broken on purpose.
fn bands(svg: &mut String, timeline: &Timeline, scale: &Scale, bottom: f64) {
    let mut since = None;
    let mut band = |from: f64, to: f64| {
        let (width, height) = ((to - from).max(2.0), bottom - TOP);
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{RED}\" fill-opacity=\"0.07\"/>\n\
             <text x=\"{:.1}\" y=\"{}\" style=\"fill: {RED}; font-size: 11px\">broken</text>",
            from + 4.0,
            TOP + 12.0
        );
    };
    for moment in &timeline.moments {
        match (moment.what, since) {
            (What::Broken(true), None) => since = Some(scale.x(moment.at)),
            (What::Broken(false), Some(from)) => {
                band(from, scale.x(moment.at));
                since = None;
            }
            _ => {}
        }
    }
    if let Some(from) = since {
        band(from, PLOT.1);
    }
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
    let _ = writeln!(
        svg,
        "<path class=\"rule\" d=\"M28,{TOP} H{}\"/>",
        WIDTH - 28.0
    );
}

/// A bar with who does what on its left and the answer on its right; a rival hangs on the operation that released it.
fn operation(svg: &mut String, bar: &Bar, scale: &Scale, middle: f64, first: Option<f64>) {
    let colour = match bar.outcome {
        Outcome::Ok => GREEN,
        Outcome::Refused => BLUE,
        Outcome::Fail => RED,
        Outcome::Unknown => AMBER,
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
    let dashed = if bar.to.is_none() {
        " stroke-dasharray=\"5 4\""
    } else {
        ""
    };
    let shape = format!("x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" rx=\"5\"");
    let _ = writeln!(
        svg,
        "<rect {shape} fill=\"#fff\"/><rect {shape} fill=\"{colour}\" fill-opacity=\"0.16\" stroke=\"{colour}\" stroke-width=\"1.6\"{dashed}/>"
    );
    label(svg, 28.0, middle - 8.0, "strong", bar.act.operation.name());
    label(
        svg,
        28.0,
        middle + 9.0,
        "soft",
        &format!("by {}", bar.act.who),
    );
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
    label(svg, 28.0, middle, "strong", "probe reading");
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1},{middle} l8,-8 l8,8 l-8,8 z\" fill=\"{INK}\"/>",
        x - 8.0
    );
    let parts = books(found);
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
