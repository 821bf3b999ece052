//! A chart as SVG, for a picture that no script draws.

use super::axis;
use super::chart::{Chart, Series, X};
use super::contents::Stretch;
use crate::report::findings::{clean, xml};
use crate::report::number::compact;
use crate::report::terminal::cut;
use std::fmt::Write as _;

/// What is at the instants of charts over time.
pub struct Times<'c> {
    pub grid: &'c [f64],
    pub phases: &'c [Stretch],
    pub faults: &'c [Stretch],
}

/// Where a chart is drawn: its axes, without what is written around them.
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// The colours of lines, as in the page on white.
const COLOURS: [&str; 10] = [
    "#2563eb", "#d97706", "#15803d", "#b91c1c", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f",
    "#64748b", "#854d0e",
];

/// Pixels that one point of a line stands for at least.
const STEP: f64 = 2.0;

/// The width of a character of small text, about.
const CHARACTER: f64 = 6.6;
/// The same of titles.
const LETTER: f64 = 8.8;

/// Draws a chart with its title, its legend and its axes.
pub fn draw(svg: &mut String, chart: &Chart, frame: &Frame, times: &Times) {
    let drawn = Drawn::of(chart, frame, times);
    drawn.heading(svg);
    drawn.faults(svg);
    drawn.answer(svg);
    drawn.axes(svg);
    drawn.phases(svg);
    for (at, series) in chart.series.iter().enumerate() {
        drawn.line(svg, series, COLOURS[at % COLOURS.len()]);
    }
    drawn.marks(svg);
}

/// A chart with its scales.
struct Drawn<'c> {
    chart: &'c Chart,
    frame: &'c Frame,
    times: &'c Times<'c>,
    at: &'c [f64],
    x: (f64, f64),
    y: (f64, f64),
    /// Whether bands are drawn: more than two hide each other.
    has_bands: bool,
}

impl Drawn<'_> {
    fn of<'c>(chart: &'c Chart, frame: &'c Frame, times: &'c Times) -> Drawn<'c> {
        let at: &[f64] = match &chart.x {
            X::Time => times.grid,
            X::Percentile(at) | X::Value { at, .. } => &at.0,
        };
        let (least, most) = ends(at.iter().copied()).unwrap_or((0.0, 1.0));
        let x = match &chart.x {
            X::Time => (0.0, most.max(f64::MIN_POSITIVE)),
            X::Percentile(_) | X::Value { .. } if least < most => {
                let margin = 0.04 * (most - least);
                (least - margin, most + margin)
            }
            X::Percentile(_) | X::Value { .. } => (least - 1.0, least + 1.0),
        };
        let bands = chart.series.iter().filter(|it| it.band().is_some());
        let has_bands = bands.count() <= 2;
        let values = chart.series.iter().flat_map(|it| it.shown(has_bands));
        let values = values.chain(chart.marks.iter().map(|mark| mark.value));
        let y = match chart.log {
            true => ends(values.filter(|value| *value > 0.0))
                .map_or((0.1, 1.0), |(least, most)| {
                    (axis::rung(least, false), axis::rung(most, true))
                }),
            false => (
                0.0,
                ends(values).map_or(1.0, |(_, most)| most * 1.08).max(1e-12),
            ),
        };
        Drawn {
            chart,
            frame,
            times,
            at,
            x,
            y,
            has_bands,
        }
    }

    fn x(&self, value: f64) -> f64 {
        let share = ((value - self.x.0) / (self.x.1 - self.x.0)).clamp(0.0, 1.0);
        self.frame.left + self.frame.width * share
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.y;
        let share = match self.chart.log {
            true => (value.max(low) / low).ln() / (high / low).ln(),
            false => (value - low) / (high - low),
        };
        self.frame.top + self.frame.height * (1.0 - share.clamp(0.0, 1.0))
    }

    fn bottom(&self) -> f64 {
        self.frame.top + self.frame.height
    }

    /// What the chart is, and which colour is which line.
    fn heading(&self, svg: &mut String) {
        let (left, y) = (self.frame.left - 54.0, self.frame.top - 28.0);
        let title = shown(&self.chart.title, 60);
        let _ = writeln!(
            svg,
            "<text class=\"title\" x=\"{left:.1}\" y=\"{y:.1}\">{title}</text>"
        );
        // From the right, so that names never run out of the picture. An only line is what the title says.
        let mut right = self.frame.left + self.frame.width;
        let series = self.chart.series.iter().enumerate();
        let series = series.filter(|_| self.chart.series.len() > 1);
        let lines = series.map(|(at, series)| {
            let colour = format!("fill=\"{}\"", COLOURS[at % COLOURS.len()]);
            (series.name(), colour, 4.0)
        });
        let is_timed = matches!(self.chart.x, X::Time) && !self.times.faults.is_empty();
        let fault = is_timed.then(|| ("a fault is open", "class=\"fault\"".to_owned(), 10.0));
        let entries: Vec<(&str, String, f64)> = lines.chain(fault).collect();
        let title_end = left + LETTER * self.chart.title.chars().count() as f64;
        let mut y = y;
        for (name, style, thick) in entries.iter().rev() {
            let name = cut(name, 28);
            let mut begin = right - CHARACTER * name.chars().count() as f64;
            // What has no room beside the title goes above it.
            if begin - 32.0 < title_end {
                let width = right - begin;
                y -= 15.0;
                begin = self.frame.left + self.frame.width - width;
            }
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"14\" height=\"{thick}\" rx=\"2\" {style}/>\
                 <text x=\"{begin:.1}\" y=\"{y:.1}\">{}</text>",
                begin - 19.0,
                y - 4.0 - thick / 2.0,
                shown(&name, 28)
            );
            right = begin - 32.0;
        }
    }

    fn axes(&self, svg: &mut String) {
        let (left, right) = (self.frame.left, self.frame.left + self.frame.width);
        for value in self.rungs() {
            let y = self.y(value);
            let text = axis::written(self.chart.unit, value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{left:.1},{y:.1} H{right:.1}\"/>\
                 <text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                left - 7.0,
                y + 4.0
            );
        }
        let y = self.bottom() + 17.0;
        for value in self.columns() {
            let text = match &self.chart.x {
                X::Time => axis::instant(value),
                X::Percentile(_) => compact(value),
                X::Value { unit, .. } => axis::written(*unit, value),
            };
            let _ = writeln!(
                svg,
                "<text class=\"soft\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>",
                self.x(value)
            );
        }
        if let X::Value { name, .. } = &self.chart.x {
            let name = shown(name, 60);
            let middle = (left + right) / 2.0;
            let y = self.bottom() + 34.0;
            let _ = writeln!(
                svg,
                "<text class=\"soft\" x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{name}</text>"
            );
        }
    }

    /// Where lines cross the values' axis.
    fn rungs(&self) -> Vec<f64> {
        let (low, high) = self.y;
        match self.chart.log {
            true => axis::powers(low, high),
            false => axis::levels(self.chart.unit, low, high),
        }
    }

    fn columns(&self) -> Vec<f64> {
        let (low, high) = self.x;
        match &self.chart.x {
            X::Time => axis::instants(high),
            X::Percentile(_) | X::Value { .. } => {
                let least = self.at.first().copied().unwrap_or(low);
                let few = self.at.len() <= 8 && self.at.iter().all(|at| at.fract() == 0.0);
                let columns = if few {
                    self.at.to_vec()
                } else {
                    axis::steps(low, high, 7)
                };
                columns
                    .into_iter()
                    .filter(|at| *at >= least.min(low))
                    .collect()
            }
        }
    }

    /// Phases are named above the chart.
    fn phases(&self, svg: &mut String) {
        if !matches!(self.chart.x, X::Time) {
            return;
        }
        let mut free = 0.0;
        for phase in self.times.phases {
            let (from, to) = (self.x(phase.from), self.x(phase.to));
            let _ = writeln!(
                svg,
                "<path class=\"phase\" d=\"M{from:.1},{:.1} V{:.1}\"/>",
                self.frame.top - 14.0,
                self.bottom()
            );
            self.named(
                svg,
                "soft",
                (from.max(free) + 3.0, to),
                self.frame.top - 5.0,
                &phase.name,
            );
            free = to;
        }
    }

    /// Stretches in which a fault was open are shaded.
    fn faults(&self, svg: &mut String) {
        if !matches!(self.chart.x, X::Time) {
            return;
        }
        let (top, height) = (self.frame.top, self.frame.height);
        for fault in self.times.faults {
            let (from, to) = (self.x(fault.from), self.x(fault.to));
            let width = (to - from).max(1.0);
            let _ = writeln!(
                svg,
                "<rect class=\"fault\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
        let mut free = 0.0;
        for fault in self.times.faults {
            let (from, to) = (self.x(fault.from), self.x(fault.to));
            if from >= free && self.named(svg, "alarm", (from + 3.0, to), top + 13.0, &fault.name) {
                free = to;
            }
        }
    }

    /// A name, if there is room for all of it.
    fn named(
        &self,
        svg: &mut String,
        class: &str,
        (from, to): (f64, f64),
        y: f64,
        name: &str,
    ) -> bool {
        let fits = CHARACTER * name.chars().count() as f64 <= to - from;
        if fits {
            let name = shown(name, 80);
            let _ = writeln!(
                svg,
                "<text class=\"{class}\" x=\"{from:.1}\" y=\"{y:.1}\">{name}</text>"
            );
        }
        fits
    }

    /// Where the answer of a search lies.
    fn answer(&self, svg: &mut String) {
        let Some([from, to]) = self.chart.answer else {
            return;
        };
        let (from, to) = (self.x(from), self.x(to));
        let (middle, width) = ((from + to) / 2.0, (to - from).max(4.0));
        let _ = writeln!(
            svg,
            "<rect class=\"answer\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>\
             <text class=\"good\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">answer</text>",
            middle - width / 2.0,
            self.frame.top,
            self.frame.height,
            self.frame.top - 5.0
        );
    }

    /// Bounds across the chart, named at the end from which the lines are farther.
    fn marks(&self, svg: &mut String) {
        let (left, right) = (self.frame.left, self.frame.left + self.frame.width);
        for mark in &self.chart.marks {
            let y = self.y(mark.value);
            let (x, anchor) = match self.is_nearer_first(y) {
                true => (right - 4.0, " text-anchor=\"end\""),
                false => (left + 4.0, ""),
            };
            let _ = writeln!(
                svg,
                "<path class=\"mark\" d=\"M{left:.1},{y:.1} H{right:.1}\"/>\
                 <text class=\"alarm\" x=\"{x:.1}\" y=\"{:.1}\"{anchor}>{}</text>",
                y - 5.0,
                shown(&mark.name, 70)
            );
        }
    }

    /// Whether the first line begins nearer to a height than it ends.
    fn is_nearer_first(&self, y: f64) -> bool {
        let line = self.chart.series.first().map_or(&[][..], Series::values);
        let mut there = line.iter().filter(|value| value.is_finite());
        let off = |value: &f64| (self.y(*value) - y).abs();
        match (there.next(), there.next_back()) {
            (Some(first), Some(last)) => off(first) < off(last),
            _ => false,
        }
    }

    fn line(&self, svg: &mut String, series: &Series, colour: &str) {
        if let Some(band) = series.band().filter(|_| self.has_bands) {
            // A logarithmic axis has no zero: the band reaches to its foot.
            let foot = |low: &f64| if *low <= 0.0 { self.y.0 } else { *low };
            let low: Vec<f64> = band.low.0.iter().map(foot).collect();
            let low = self.points(&low);
            let high = self.points(&band.high.0);
            for (low, high) in low.iter().zip(&high) {
                let back: Vec<(f64, f64)> = low.iter().rev().copied().collect();
                let around = path(&[&high[..], &back].concat());
                let _ = writeln!(
                    svg,
                    "<path d=\"{around}Z\" fill=\"{colour}\" fill-opacity=\"0.18\"/>"
                );
            }
        }
        let timed = matches!(self.chart.x, X::Time);
        for stretch in self.points(series.values()) {
            let line = path(&stretch);
            let _ = writeln!(
                svg,
                "<path class=\"line\" d=\"{line}\" stroke=\"{colour}\"/>"
            );
            if !series.is_reckoned() && (!timed || stretch.len() < 3) {
                for (x, y) in stretch {
                    let _ = writeln!(
                        svg,
                        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
                    );
                }
            }
        }
    }

    /// The places of values, in stretches without gaps. Of those that fall together, the least and the greatest are kept.
    fn points(&self, values: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let drawn = |value: f64| value.is_finite() && (!self.chart.log || value > 0.0);
        let mut stretches: Vec<Vec<(f64, f64)>> = Vec::new();
        let pairs: Vec<(f64, f64)> = self
            .at
            .iter()
            .copied()
            .zip(values.iter().copied())
            .collect();
        for stretch in pairs
            .split(|(_, value)| !drawn(*value))
            .filter(|it| !it.is_empty())
        {
            let column = |&(at, _): &(f64, f64)| (self.x(at) / STEP).floor() as i64;
            let columns = stretch.chunk_by(|a, b| column(a) == column(b));
            let kept = columns.flat_map(|together| {
                let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
                let ends = [
                    together.iter().min_by(by_value),
                    together.iter().max_by(by_value),
                ];
                let mut ends: Vec<(f64, f64)> = ends.into_iter().flatten().copied().collect();
                ends.sort_by(|a, b| a.0.total_cmp(&b.0));
                ends.dedup();
                ends
            });
            stretches.push(
                kept.map(|(at, value)| (self.x(at), self.y(value)))
                    .collect(),
            );
        }
        stretches
    }
}

/// The least and the greatest that are numbers.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let numbers = values.filter(|value| value.is_finite());
    numbers.fold(None, |ends, value| match ends {
        None => Some((value, value)),
        Some((least, most)) => Some((value.min(least), value.max(most))),
    })
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let command = if at == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{x:.1},{y:.1}");
    }
    path
}

/// Foreign text, cut and escaped.
pub fn shown(text: &str, most: usize) -> String {
    xml(&cut(&clean(text), most))
}
