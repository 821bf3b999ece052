//! The page of a search over two keys: what one may be traded for in the other.

use super::chart::{Band, Chart, Numbers, Series, X};
use super::contents::{Files, PageError, SEARCH};
use super::layout::{self, Head, table};
use super::search::{Point, Used, counted, service};
use super::sections::{figures_of, quantity};
use crate::capacity::{Range, Unit};
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::Path;

/// Whether a `search.json` is of two keys.
#[derive(Deserialize)]
struct Kind {
    across: Option<IgnoredAny>,
}

impl Kind {
    fn is_of_two_keys(&self) -> bool {
        self.across.is_some()
    }
}

/// Whether the search of a folder is over two keys.
pub fn is_of_two_keys(folder: &Path) -> Result<bool, PageError> {
    let kind: Kind = Files(folder).json(SEARCH)?;
    Ok(kind.is_of_two_keys())
}

/// What the page needs of `search.json`.
#[derive(Debug, Deserialize)]
pub struct Frontier {
    version: String,
    pub scenario: String,
    seed: u64,
    target: String,
    #[serde(default)]
    target_url: Option<String>,
    repeat: String,
    pub key: String,
    from: f64,
    to: f64,
    unit: String,
    across: Key,
    demands: Vec<String>,
    answer: String,
    sentence: String,
    confidence: f64,
    frontier: Vec<Answer>,
}

/// The key that was held.
#[derive(Debug, Deserialize)]
struct Key {
    key: String,
    unit: String,
}

/// What was found at a value of it.
#[derive(Debug, Deserialize)]
struct Answer {
    at: f64,
    answer: String,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    direction: Option<String>,
    gives_way: Option<String>,
    bottleneck: Option<Used>,
    next: Option<Used>,
    points: Vec<Point>,
}

impl Answer {
    /// Whether the demands hold with the searched key at a value, as far as what was looked at says: they hold beyond a value at
    /// which they do, and not before one at which they do not, seen from the side on which they hold.
    fn holds_at(&self, value: f64) -> Option<bool> {
        let below = match (self.answer.as_str(), self.direction.as_deref()) {
            ("everywhere", _) => return Some(true),
            ("nowhere", _) => return Some(false),
            (_, Some("at most")) => true,
            (_, Some("at least")) => false,
            _ => return None,
        };
        let decided = self.points.iter().filter_map(|point| {
            let holds = point.holds?;
            let tells = match holds == below {
                true => value <= point.value,
                false => value >= point.value,
            };
            tells.then_some(holds)
        });
        decided.reduce(|a, b| a && b)
    }
}

/// Values of the searched key that the map has.
const ROWS: u32 = 12;

impl Frontier {
    /// Reads the folder of a search over two keys.
    pub fn read(folder: &Path) -> Result<Frontier, PageError> {
        Files(folder).json(SEARCH)
    }

    /// The answers over the values of the key that was held.
    pub fn chart(&self) -> Chart {
        let (unit, scale) = counted(&self.unit);
        let (x_unit, x_scale) = counted(&self.across.unit);
        let of = |part: fn(&Answer) -> Option<f64>| {
            let values = self.frontier.iter().map(part);
            values
                .map(|it| it.map_or(f64::NAN, |it| it / scale))
                .collect()
        };
        let band = Band {
            low: Numbers(of(|answer| answer.low)),
            high: Numbers(of(|answer| answer.high)),
        };
        let side = match self.is_load() {
            true => "On the line and below it the demands hold",
            false => "On the line and above it the demands hold",
        };
        let caption = format!(
            "{side}. The band is the {:.0} % interval. Values of {} without an answer have no point.",
            self.confidence * 100.0,
            self.across.key
        );
        Chart {
            id: "frontier-line".to_owned(),
            title: format!("{} over {}", self.key, self.across.key),
            caption,
            x: X::Value {
                name: self.across.key.clone(),
                unit: x_unit,
                at: Numbers(self.frontier.iter().map(|it| it.at / x_scale).collect()),
            },
            unit,
            log: false,
            stacked: false,
            series: vec![Series::new(
                &self.key,
                of(|answer| answer.value),
                Some(band),
            )],
            marks: Vec::new(),
            answer: None,
        }
    }

    /// Whether less of the searched key is what the demands want.
    fn is_load(&self) -> bool {
        let mut directions = self
            .frontier
            .iter()
            .filter_map(|it| it.direction.as_deref());
        directions.next() == Some("at most")
    }

    /// What page and picture begin with.
    pub fn head(&self) -> Head {
        let tone = match self.answer.as_str() {
            "frontier" if self.frontier.iter().any(|it| it.value.is_some()) => ("good", "✓"),
            "failed" => ("bad", "✗"),
            _ => ("doubtful", "!"),
        };
        let service = service(&self.target, self.target_url.as_deref());
        let what = format!(
            "search over {} and {} · seed {} · {service}",
            self.across.key, self.key, self.seed
        );
        Head {
            name: self.scenario.clone(),
            tone,
            sentence: self.sentence.clone(),
            what,
        }
    }

    /// The body of the page.
    pub fn body(&self, charts: &[Chart]) -> Markup {
        let sections = [
            ("frontier", "The trade-off", figures_of(charts)),
            ("answers", "The answers", self.answers()),
            ("map", "Where the demands hold", self.map()),
            (
                "origin",
                "Where this comes from",
                html! { dl {
                    dt { "Demands" } dd { (self.demands.join("; ")) }
                    dt { "To repeat it" } dd { code { (self.repeat) } }
                } },
            ),
        ];
        layout::body(&layout::head(&self.head(), &[]), &self.version, &sections)
    }

    fn answers(&self) -> Markup {
        let head = [
            self.across.key.as_str(),
            self.key.as_str(),
            "interval",
            "first to give way",
            "busiest there",
            "next",
        ];
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let rows = self.frontier.iter().map(|it| {
            let one = |value: f64| quantity(value, &self.unit);
            let answer = match (it.value, it.answer.as_str()) {
                (Some(value), _) => one(value),
                (None, "everywhere") => "any".to_owned(),
                (None, "nowhere") => "none".to_owned(),
                (None, _) => "not known".to_owned(),
            };
            let interval = it.low.zip(it.high);
            vec![
                quantity(it.at, &self.across.unit),
                answer,
                or_dash(interval.map(|(low, high)| format!("{} – {}", one(low), one(high)))),
                or_dash(it.gives_way.clone()),
                or_dash(it.bottleneck.as_ref().map(Used::shown)),
                or_dash(it.next.as_ref().map(Used::shown)),
            ]
        });
        table("The answer at each value that was held", &head, rows)
    }

    /// Rows are values of the searched key, columns those of the other.
    fn map(&self) -> Markup {
        let title = format!("{} down, {} across", self.key, self.across.key);
        html! {
            p.hint { "✓ holds, ✗ does not, ? lies between two values that were looked at. More than what was run is told: what \
                      holds at a value holds with less load or more of a resource, and the other way round." }
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table.grid aria-label=(title) {
                    thead { tr {
                        th scope="col" { (self.key) }
                        @for it in &self.frontier { th scope="col" { (quantity(it.at, &self.across.unit)) } }
                    } }
                    tbody {
                        @for value in self.levels() {
                            tr {
                                th scope="row" { (quantity(value, &self.unit)) }
                                @for it in &self.frontier {
                                    @match it.holds_at(value) {
                                        Some(true) => td.good { "✓" },
                                        Some(false) => td.bad { "✗" },
                                        None => td.doubtful { "?" },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Values of the searched key over its range, the greatest first.
    fn levels(&self) -> Vec<f64> {
        let points = self.frontier.iter().flat_map(|it| &it.points);
        let is_whole = points
            .map(|point| point.value)
            .all(|value| value.fract() == 0.0);
        let range = Range {
            key: self.key.clone(),
            from: self.from,
            to: self.to,
            unit: if is_whole { Unit::Whole } else { Unit::Number },
        };
        let mut levels = range.spread(ROWS);
        levels.reverse();
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_holds_somewhere_holds_beyond_it() {
        let point = |value: f64, holds: &str| {
            format!(
                r#"{{"value":{value},"runs":2,"holds":{holds},"overloaded":false,"figures":[],"completions_per_s":null,"resources":[]}}"#
            )
        };
        let of = |direction: &str, points: [String; 3]| {
            answer(&format!(
                r#"{{"at":1,"answer":"found","value":8,"low":8,"high":8,"direction":"{direction}","gives_way":null,
                    "bottleneck":null,"next":null,"points":[{}]}}"#,
                points.join(",")
            ))
        };
        let slots = of(
            "at least",
            [point(4.0, "false"), point(6.0, "null"), point(8.0, "true")],
        );
        let load = of(
            "at most",
            [point(4.0, "true"), point(6.0, "null"), point(8.0, "false")],
        );
        for (value, enough) in [
            (1.0, Some(false)),
            (4.0, Some(false)),
            (5.0, None),
            (7.9, None),
            (8.0, Some(true)),
            (64.0, Some(true)),
        ] {
            assert_eq!(slots.holds_at(value), enough, "{value}");
            assert_eq!(load.holds_at(value), enough.map(|it| !it), "{value}");
        }
    }
}
