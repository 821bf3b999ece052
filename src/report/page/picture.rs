//! `report.svg`: the verdict and the two main charts of a run or a search as one picture, for a chat or a ticket.
//!
//! It is drawn here and not by a browser, on white, and needs nothing but itself.

use super::chart::Chart;
use super::charts::Charts;
use super::contents::{self, Contents, PageError};
use super::frontier::{Frontier, is_of_two_keys};
use super::layout::Head;
use super::plot::{self, Frame, Times, shown};
use super::search::Search;
use super::sections;
use crate::report::findings::{clean, xml};
use crate::report::folder::PICTURE_MARK;
use crate::report::terminal::cut;
use std::fmt::Write as _;
use std::path::Path;

/// The file's name in a folder of results.
pub const PICTURE: &str = "report.svg";

const WIDTH: f64 = 800.0;
/// The left edge of text and of the axes, and the right edge of both.
const LEFT: f64 = 24.0;
const AXIS: f64 = 78.0;
const RIGHT: f64 = 780.0;
/// The height of a chart's axes, and of what is written around them.
const PLOT: f64 = 170.0;
const AROUND: f64 = 94.0;
/// Characters of the verdict in a line, and its lines at most.
const VERDICT: (usize, usize) = (88, 3);
const FONT: &str =
    "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, DejaVu Sans, sans-serif";

/// The picture of a folder of results; none of a sweep, whose findings have their own, or of a comparison.
pub fn picture(folder: &Path) -> Result<Option<Vec<u8>>, PageError> {
    let has = |file: &str| folder.join(file).exists();
    let svg = match () {
        () if has(contents::RUN) => of_run(&Contents::read(folder)?),
        () if has(contents::SEARCH) && is_of_two_keys(folder)? => {
            let frontier = Frontier::read(folder)?;
            draw(&frontier.head(), &[&frontier.chart()], &NO_TIMES)
        }
        () if has(contents::SEARCH) => {
            let search = Search::read(folder)?;
            let charts = search.main_charts();
            draw(
                &search.head(),
                &charts.iter().collect::<Vec<_>>(),
                &NO_TIMES,
            )
        }
        () => return Ok(None),
    };
    Ok(Some(svg.into_bytes()))
}

/// No chart of a search is over time.
const NO_TIMES: Times = Times {
    grid: &[],
    phases: &[],
    faults: &[],
};

fn of_run(contents: &Contents) -> String {
    let charts = Charts::of(contents);
    let first = contents.run.runs.first();
    let times = Times {
        grid: contents.timeline.grid(),
        phases: first.map_or(&[], |run| &run.phases),
        faults: first.map_or(&[], |run| &run.faults),
    };
    let main = charts.main(contents);
    draw(
        &sections::head(contents),
        &main.iter().collect::<Vec<_>>(),
        &times,
    )
}

fn draw(head: &Head, charts: &[&Chart], times: &Times) -> String {
    let verdict = lines(&format!("{} {}", head.tone.1, clean(&head.sentence)));
    let box_height = 18.0 * verdict.len() as f64 + 16.0;
    let first = 50.0 + box_height + 30.0;
    let height = first + (PLOT + AROUND) * charts.len() as f64 + 12.0;
    let mut svg = begin(head, height);
    let (ground, ink) = match head.tone.0 {
        "good" => ("#e6f6ea", "#116329"),
        "bad" => ("#fdecee", "#a40e26"),
        _ => ("#fff4dd", "#7a4b00"),
    };
    let _ = writeln!(
        svg,
        "<text class=\"name\" x=\"{LEFT}\" y=\"34\">{}</text>\n\
         <rect x=\"{LEFT}\" y=\"48\" width=\"{:.0}\" height=\"{box_height}\" rx=\"8\" fill=\"{ground}\"/>",
        shown(&head.name, 56),
        RIGHT - LEFT
    );
    for (at, line) in verdict.iter().enumerate() {
        let y = 69.0 + 18.0 * at as f64;
        let line = xml(line);
        let _ = writeln!(
            svg,
            "<text class=\"verdict\" x=\"{:.0}\" y=\"{y}\" fill=\"{ink}\">{line}</text>",
            LEFT + 12.0
        );
    }
    let y = 48.0 + box_height + 20.0;
    let _ = writeln!(
        svg,
        "<text class=\"soft\" x=\"{LEFT}\" y=\"{y}\">{}</text>",
        shown(&head.what, 120)
    );
    for (at, chart) in charts.iter().enumerate() {
        let frame = Frame {
            left: AXIS,
            top: first + 48.0 + (PLOT + AROUND) * at as f64,
            width: RIGHT - AXIS,
            height: PLOT,
        };
        plot::draw(&mut svg, chart, &frame, times);
    }
    svg.push_str("</svg>\n");
    svg
}

fn begin(head: &Head, height: f64) -> String {
    let (name, sentence) = (shown(&head.name, 200), shown(&head.sentence, 400));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" font-family=\"{FONT}\">\n\
         {PICTURE_MARK}{}</metadata>\n<title>{name}</title>\n<desc>{sentence}</desc>\n\
         <style>\n\
         text {{ font-size: 12px; fill: #1b2733 }} text.name {{ font-size: 22px; font-weight: 700 }}\n\
         text.verdict {{ font-size: 15px; font-weight: 600 }} text.title {{ font-size: 15px; font-weight: 600 }}\n\
         text.soft {{ fill: #52606d }} text.alarm {{ fill: #a40e26 }} text.good {{ fill: #116329 }}\n\
         .grid {{ stroke: #e6ebf0 }} .phase {{ stroke: #52606d; stroke-opacity: .6; stroke-dasharray: 4 4 }}\n\
         .line {{ fill: none; stroke-width: 1.75; stroke-linejoin: round }} .fault {{ fill: #d1242f; fill-opacity: .12 }}\n\
         .answer {{ fill: #116329; fill-opacity: .2 }} .mark {{ stroke: #a40e26; stroke-width: 1.5; stroke-dasharray: 7 4 }}\n\
         </style>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A sentence in lines; what does not fit is cut.
fn lines(sentence: &str) -> Vec<String> {
    let (columns, most) = VERDICT;
    let mut lines = vec![String::new()];
    for word in sentence.split_whitespace() {
        let length = |text: &str| text.chars().count();
        match lines.last_mut() {
            Some(last) if length(last) + length(word) < columns => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        lines
            .iter_mut()
            .skip(most - 1)
            .for_each(|last| last.push('…'));
    }
    lines.iter().map(|line| cut(line, columns + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Band, Mark, Numbers, Series, Unit, X};
    use super::super::contents::Stretch;
    use super::*;

    fn chart(x: X, series: Vec<Series>) -> Chart {
        Chart {
            id: "any".to_owned(),
            title: "Response time of <upload>".to_owned(),
            caption: String::new(),
            x,
            unit: Unit::Seconds,
            log: false,
            stacked: false,
            series,
            marks: Vec::new(),
            answer: None,
        }
    }

    fn head(name: &str, sentence: &str) -> Head {
        Head {
            name: name.to_owned(),
            tone: ("good", "✓"),
            sentence: sentence.to_owned(),
            what: "seed 42".to_owned(),
        }
    }

    fn stretch(name: &str, from: f64, to: f64) -> Stretch {
        let name = name.to_owned();
        Stretch { name, from, to }
    }

    /// A chart over time with a gap, phases and a fault, and one over values with a band, a bound and an answer.
    fn known() -> String {
        let grid = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
        let times = Times {
            grid: &grid,
            phases: &[stretch("load", 0.0, 45.0), stretch("settle", 45.0, 60.0)],
            faults: &[stretch("slow-store", 20.0, 40.0)],
        };
        let gap = vec![1.0, 2.0, f64::NAN, 4.0, 3.0, 0.5];
        let over_time = Chart {
            log: true,
            ..chart(
                X::Time,
                vec![
                    Series::new("p50", gap, None),
                    Series::new("p99", vec![8.0; 6], None),
                ],
            )
        };
        let value = X::Value {
            name: "load.users".to_owned(),
            unit: Unit::Count,
            at: Numbers(vec![1.0, 2.0, 4.0]),
        };
        let band = Band {
            low: Numbers(vec![0.5, 1.0, 3.0]),
            high: Numbers(vec![1.5, 2.0, 9.0]),
        };
        let over_values = Chart {
            marks: vec![Mark {
                name: "p(99) < 4s".to_owned(),
                value: 4.0,
            }],
            answer: Some([2.0, 2.5]),
            ..chart(
                value,
                vec![Series::new("p99", vec![1.0, 1.5, 6.0], Some(band))],
            )
        };
        draw(
            &head("A & B", "valid: no violation"),
            &[&over_time, &over_values],
            &times,
        )
    }

    #[test]
    fn a_picture_of_known_data() {
        let known = known().replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!("picture", known);
    }

    #[test]
    fn a_long_sentence_is_cut_and_no_line_leaves_the_picture() {
        let lines = lines(&"a long sentence about what was found ".repeat(20));
        assert_eq!(lines.len(), 3);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 90),
            "{lines:?}"
        );
        assert!(lines[2].ends_with('…'), "{lines:?}");
        assert_eq!(super::lines("valid: all"), ["valid: all"]);
    }

    /// As many points as a week of seconds has: a picture stays small, and no peak is lost.
    #[test]
    fn points_that_fall_together_are_drawn_once() {
        let grid: Vec<f64> = (1..=600_000).map(f64::from).collect();
        let mut values = vec![1.0; grid.len()];
        values[300_000] = 7.0;
        let times = Times {
            grid: &grid,
            ..NO_TIMES
        };
        let one = chart(X::Time, vec![Series::new("p50", values, None)]);
        let svg = draw(&head("x", "y"), &[&one], &times);
        assert!(svg.len() < 40_000, "{} bytes", svg.len());
        let line = svg
            .lines()
            .find(|line| line.contains("class=\"line\""))
            .unwrap();
        let (_, path) = line.split_once("d=\"M").unwrap();
        let points = path.split('"').next().unwrap().split('L');
        let y = points.map(|point| point.split_once(',').unwrap().1.parse().unwrap());
        let highest = y.fold(f64::INFINITY, f64::min);
        // The axis begins 28 below the title, and ends 8 % above the peak.
        let title = svg.split_once("class=\"title\"").unwrap().1;
        let title = title
            .split_once("y=\"")
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap();
        let expected = title.parse::<f64>().unwrap() + 28.0 + PLOT * (1.0 - 1.0 / 1.08);
        assert!(
            (highest - expected).abs() < 0.11,
            "{highest}, and not {expected}"
        );
    }
}
