//! The timeline as a picture: a row an operation, time to the right. It stands in a file of its own, and in the page.
//!
//! Time is stretched where much happens: what matters is what came before what, and a time-out of a minute must not press all else into
//! a corner. Each instant is labelled with its true time as far as there is room.

use super::happened::{Happened, OperationRow, Row, time};
use super::words::{clean, instant, title, xml};
use crate::report::diagram::svg::{self, AMBER, BLUE, GREEN, GREY, INK, RED};
use crate::report::terminal::cut;
use crate::sweep::{Cause, Variant};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stormglass_model::units::Time;

pub const WIDTH: f64 = 1240.0;
/// Where text begins; nothing stands nearer to an edge.
const LEFT: f64 = 28.0;
/// Where time begins and ends.
const PLOT: (f64, f64) = (190.0, 850.0);
/// Where answers stand.
const ANSWERS: f64 = 880.0;
/// The upper edge of the first row below a head, and without one.
const BELOW_HEAD: f64 = 132.0;
const BELOW_TIMES: f64 = 28.0;
const ROW: f64 = 46.0;
/// A line of text in a row.
const LINE: f64 = 18.0;

/// A picture without what is around it; colours are for the style sheet.
pub struct Picture {
    pub svg: String,
    pub height: f64,
    top: f64,
    /// The lower edge of the last row.
    bottom: f64,
    scale: Scale,
}

/// The picture as a file.
pub fn draw(number: usize, cause: Cause, variant: &Variant) -> String {
    let picture = Picture::of(&Happened::of(variant), BELOW_HEAD);
    head(number, cause, variant, picture.height) + &picture.svg + "</svg>\n"
}

/// The picture for a page that says elsewhere what it is of.
pub fn picture(happened: &Happened) -> Picture {
    Picture::of(happened, BELOW_TIMES)
}

impl Picture {
    fn of(happened: &Happened, top: f64) -> Picture {
        let bottom = top + happened.rows.iter().map(height).sum::<f64>();
        let mut picture = Picture {
            svg: String::new(),
            height: bottom + 44.0,
            top,
            bottom,
            scale: Scale::of(happened),
        };
        picture.bands(happened);
        picture.grid();
        picture.wrong(happened);
        let mut middles: Vec<f64> = Vec::new();
        let mut above = top;
        for row in &happened.rows {
            let middle = above + height(row) / 2.0;
            match row {
                Row::Operation(operation) => {
                    let first = operation.released_by.and_then(|row| middles.get(row));
                    picture.operation(operation, middle, first.copied());
                }
                Row::Reading { at_s, found } => picture.reading(*at_s, middle, found),
                Row::LeftOut { rows } => {
                    picture.label(LEFT, middle, "soft", &format!("… and {rows} more …"));
                }
            }
            middles.push(middle);
            above += height(row);
            picture.rule(above);
        }
        let note = "Time is stretched where much happens.";
        picture.label(LEFT, bottom + 26.0, "soft", note);
        picture
    }

    /// A line below a row.
    fn rule(&mut self, y: f64) {
        let right = WIDTH - LEFT;
        let _ = writeln!(
            self.svg,
            "<path class=\"rule\" d=\"M{LEFT},{y} H{right}\"/>"
        );
    }

    /// Where the server was broken on purpose.
    fn bands(&mut self, happened: &Happened) {
        for broken in &happened.broken {
            let from = self.scale.x(time(broken.from_s));
            let to = broken.to_s.map_or(PLOT.1, |to| self.scale.x(time(to)));
            let (width, height) = ((to - from).max(2.0), self.bottom - self.top);
            let _ = writeln!(
                self.svg,
                "<rect class=\"broken\" x=\"{from:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{height}\"/>\n\
                 <text class=\"alarm\" x=\"{:.1}\" y=\"{}\">broken</text>",
                self.top,
                from + 4.0,
                self.top + 12.0
            );
        }
    }

    /// A line at each instant, and its time where there is room.
    fn grid(&mut self) {
        let mut free = 0.0;
        for (time, x) in &self.scale.0 {
            let (top, bottom) = (self.top, self.bottom);
            let _ = writeln!(
                self.svg,
                "<path class=\"grid\" d=\"M{x:.1},{top} V{bottom}\"/>"
            );
            if *x >= free {
                let y = top - 10.0;
                let _ = writeln!(
                    self.svg,
                    "<text class=\"time\" x=\"{x:.1}\" y=\"{y}\">{}</text>",
                    instant(*time)
                );
                free = x + 50.0;
            }
        }
        self.rule(self.top);
    }

    /// The instant that cannot be true.
    fn wrong(&mut self, happened: &Happened) {
        let Some(at) = happened.wrong_s else {
            return;
        };
        let (x, top, bottom) = (self.scale.x(time(at)), self.top, self.bottom);
        let _ = writeln!(
            self.svg,
            "<path class=\"wrong\" d=\"M{x:.1},{top} V{bottom}\"/>\n\
             <text class=\"alarm\" x=\"{:.1}\" y=\"{}\" text-anchor=\"end\">cannot be true</text>",
            x - 6.0,
            bottom - 4.0
        );
    }

    /// A bar with who does what on its left and the answer on its right; a rival hangs on the operation that released it.
    fn operation(&mut self, row: &OperationRow, middle: f64, first: Option<f64>) {
        let class = match row.outcome.as_str() {
            "ok" => "ok",
            "refused" => "refused",
            "fail" => "fail",
            _ => "unknown",
        };
        let from = self.scale.x(time(row.from_s));
        let to = row.to_s.map_or(PLOT.1, |to| self.scale.x(time(to)));
        if let Some(y) = first {
            let _ = writeln!(
                self.svg,
                "<path class=\"rival\" d=\"M{from:.1},{y} V{middle}\"/><circle class=\"mark\" cx=\"{from:.1}\" cy=\"{y}\" r=\"4.5\"/>"
            );
        }
        let (width, top) = ((to - from).max(4.0), middle - 10.0);
        let open = if row.to_s.is_none() { " open" } else { "" };
        let shape =
            format!("x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"20\" rx=\"5\"");
        let _ = writeln!(
            self.svg,
            "<rect class=\"ground\" {shape}/><rect class=\"{class}{open}\" {shape}/>"
        );
        self.label(LEFT, middle - 8.0, "strong", &row.operation);
        self.label(LEFT, middle + 9.0, "soft", &format!("by {}", row.who));
        if row.note.is_empty() {
            self.label(ANSWERS, middle, "", &row.answer);
        } else {
            self.label(ANSWERS, middle - 8.0, "", &row.answer);
            self.label(ANSWERS, middle + 9.0, "soft", &row.note);
        }
    }

    /// A probe reading.
    fn reading(&mut self, at_s: f64, middle: f64, found: &[String]) {
        self.label(LEFT, middle, "strong", "probe reading");
        let x = self.scale.x(time(at_s)) - 8.0;
        let _ = writeln!(
            self.svg,
            "<path class=\"mark\" d=\"M{x:.1},{middle} l8,-8 l8,8 l-8,8 z\"/>"
        );
        let first = middle - LINE * (found.len() as f64 - 1.0) / 2.0;
        for (index, part) in found.iter().enumerate() {
            self.label(ANSWERS, first + LINE * index as f64, "", part);
        }
    }

    /// A line of text around a height, cut where the picture ends.
    fn label(&mut self, x: f64, middle: f64, class: &str, text: &str) {
        let text = xml(&cut(&clean(text), 46));
        let _ = writeln!(
            self.svg,
            "<text class=\"{class}\" x=\"{x}\" y=\"{}\">{text}</text>",
            middle + 4.5
        );
    }
}

fn height(row: &Row) -> f64 {
    match row {
        Row::Operation(_) | Row::LeftOut { .. } => ROW,
        Row::Reading { found, .. } => ROW.max(LINE * found.len() as f64 + 16.0),
    }
}

/// Instants and their places.
struct Scale(Vec<(Time, f64)>);

impl Scale {
    /// Of what is shown; the rest takes no room.
    fn of(happened: &Happened) -> Scale {
        let mut times: BTreeSet<Time> = BTreeSet::new();
        for broken in &happened.broken {
            times.extend(
                [Some(broken.from_s), broken.to_s]
                    .into_iter()
                    .flatten()
                    .map(time),
            );
        }
        for row in &happened.rows {
            match row {
                Row::Operation(row) => {
                    times.extend([Some(row.from_s), row.to_s].into_iter().flatten().map(time));
                }
                Row::Reading { at_s, .. } => times.extend([time(*at_s)]),
                Row::LeftOut { .. } => {}
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
    svg::head(height, &title, &style())
        + &format!(
            "<text class=\"title\" x=\"28\" y=\"38\">{title}</text>\n\
             <text x=\"28\" y=\"62\">{sentence}</text>\n\
             <text x=\"28\" y=\"84\" class=\"soft\" font-family=\"DejaVu Sans Mono, Menlo, monospace\">{script}</text>\n"
        )
}

/// What the classes look like on white; in a page its own style sheet says so.
fn style() -> String {
    let outcomes: String = [
        ("ok", GREEN),
        ("refused", BLUE),
        ("fail", RED),
        ("unknown", AMBER),
    ]
    .map(|(class, colour)| {
        format!(
            ".{class} {{ fill: {colour}; fill-opacity: 0.16; stroke: {colour}; stroke-width: 1.6 }} "
        )
    })
    .concat();
    format!(
        "<style>\n\
         text {{ font-size: 13px; fill: {INK} }} text.title {{ font-size: 18px; font-weight: 600 }}\n\
         text.strong {{ font-size: 14px; font-weight: 600 }} text.soft {{ fill: {GREY}; font-size: 12px }}\n\
         text.time {{ fill: {GREY}; font-size: 11px; text-anchor: middle }} text.alarm {{ fill: {RED}; font-size: 11px }}\n\
         .rule {{ stroke: {GREY}; stroke-opacity: 0.18 }} .grid {{ stroke: {GREY}; stroke-opacity: 0.25; stroke-dasharray: 1 4 }}\n\
         .rival {{ stroke: {INK}; stroke-dasharray: 4 3; stroke-width: 1.4 }} .mark {{ fill: {INK} }} .ground {{ fill: #fff }}\n\
         {outcomes}.open {{ stroke-dasharray: 5 4 }}\n\
         .broken {{ fill: {RED}; fill-opacity: 0.07 }} .wrong {{ stroke: {RED}; stroke-width: 1.6; stroke-dasharray: 6 3 }}\n</style>\n"
    )
}
