//! The page of a search: the answer, the figure of each demand over the values, and every value that was looked at.

use super::chart::{Band, Chart, Mark, Numbers, Series, Unit, X};
use super::contents::{Files, PageError, SEARCH};
use super::layout::{self, Head, table};
use super::sections::{figures_of, quantity};
use crate::report::number::{compact, percent, rate, thousands};
use maud::{Markup, html};
use serde::Deserialize;
use std::path::Path;

/// What the page needs of `search.json`.
#[derive(Debug, Deserialize)]
pub struct Search {
    version: String,
    pub scenario: String,
    seed: u64,
    target: String,
    #[serde(default)]
    target_url: Option<String>,
    repeat: String,
    pub key: String,
    unit: String,
    demands: Vec<String>,
    answer: String,
    #[serde(default)]
    gives_way: Option<String>,
    sentence: String,
    low: Option<f64>,
    high: Option<f64>,
    confidence: f64,
    points: Vec<Point>,
    /// An earlier version did not say.
    #[serde(default)]
    scalability: Scalability,
    /// What the scalability law was fitted to, by concurrency.
    #[serde(skip)]
    observed: Vec<Observed>,
}

/// The scalability law; nothing where there is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scalability {
    lambda_per_s: Option<Mean>,
    sigma: Option<Mean>,
    kappa: Option<Mean>,
    peak: Option<Peak>,
}

/// A row of `usl.csv`.
#[derive(Debug, Deserialize)]
struct Observed {
    concurrency: f64,
    completions_per_s: f64,
}

#[derive(Debug, Deserialize)]
struct Mean {
    mean: f64,
    low: f64,
    high: f64,
}

#[derive(Debug, Deserialize)]
struct Peak {
    concurrency: Mean,
    completions_per_s: Mean,
}

/// A value that was looked at.
#[derive(Debug, Deserialize)]
pub struct Point {
    pub value: f64,
    runs: u64,
    pub holds: Option<bool>,
    overloaded: bool,
    figures: Vec<Figure>,
    completions_per_s: Option<f64>,
    resources: Vec<Used>,
}

/// What a demand is about, at a value.
#[derive(Debug, Deserialize)]
struct Figure {
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    bound: f64,
    /// An earlier version did not say.
    #[serde(default)]
    unit: String,
}

/// A resource, the busiest first.
#[derive(Debug, Deserialize)]
pub struct Used {
    resource: String,
    utilisation: f64,
}

impl Used {
    /// Its name, and how much of it is used.
    pub fn shown(&self) -> String {
        format!("{} {}", self.resource, percent(self.utilisation))
    }
}

/// Points through which a law is drawn.
const CURVE: u32 = 48;

impl Search {
    /// Reads the folder of a search.
    pub fn read(folder: &Path) -> Result<Search, PageError> {
        let mut search: Search = Files(folder).json(SEARCH)?;
        search.points.sort_by(|a, b| a.value.total_cmp(&b.value));
        search.observed = Files(folder).optional_rows("usl.csv")?;
        Ok(search)
    }

    /// A chart for each demand, and the throughput.
    pub fn charts(&self) -> Vec<Chart> {
        let demands = self.demands.iter().enumerate();
        let demands = demands.filter_map(|(at, demand)| self.figure(at, demand));
        let throughput = [self.throughput()].into_iter();
        demands.chain(throughput.chain(self.scaling())).collect()
    }

    /// The two that a picture has room for: the demand that gives way, and the throughput.
    pub fn main_charts(&self) -> Vec<Chart> {
        let gives_way = (self.demands.iter()).position(|it| Some(it) == self.gives_way.as_ref());
        let at = gives_way.unwrap_or(0);
        let demand = self.demands.get(at).and_then(|it| self.figure(at, it));
        let demand = demand.map(|chart| Chart {
            log: chart.dwarfs_its_bound(),
            ..chart
        });
        demand.into_iter().chain([self.throughput()]).collect()
    }

    fn figure(&self, at: usize, demand: &str) -> Option<Chart> {
        let unit = &self
            .points
            .iter()
            .find_map(|point| point.figures.get(at))?
            .unit;
        let (unit, scale) = counted(unit);
        let of = |part: fn(&Figure) -> Option<f64>| {
            let figures = self
                .points
                .iter()
                .map(|point| point.figures.get(at).and_then(part));
            figures
                .map(|figure| figure.map_or(f64::NAN, |figure| figure / scale))
                .collect()
        };
        // A single run has no interval.
        let band = Band {
            low: Numbers(of(|figure| figure.low.or(figure.mean))),
            high: Numbers(of(|figure| figure.high.or(figure.mean))),
        };
        let bound = self
            .points
            .iter()
            .find_map(|point| point.figures.get(at))?
            .bound;
        let mark = Mark {
            name: demand.to_owned(),
            value: bound / scale,
        };
        let caption = format!(
            "The mean over runs; the band is its {:.0} % interval. Values at which work was left over have no point. \
             Shaded across: where the answer lies.",
            self.confidence * 100.0
        );
        Some(Chart {
            marks: vec![mark],
            ..self.chart(
                &format!("demand-{at}"),
                demand,
                &caption,
                unit,
                Series::new(demand, of(|figure| figure.mean), Some(band)),
            )
        })
    }

    fn throughput(&self) -> Chart {
        let values = self
            .points
            .iter()
            .map(|point| point.completions_per_s.unwrap_or(f64::NAN));
        let series = Series::new("completions", values.collect(), None);
        self.chart(
            "throughput",
            "Throughput",
            "Operations that completed, mean over runs.",
            Unit::PerSecond,
            series,
        )
    }

    /// Throughput over concurrency as it was measured, and as the scalability law has it; none where there is no law.
    fn scaling(&self) -> Option<Chart> {
        let law = &self.scalability;
        let (lambda, sigma, kappa) = (
            law.lambda_per_s.as_ref()?,
            law.sigma.as_ref()?,
            law.kappa.as_ref()?,
        );
        let most = self.observed.iter().map(|it| it.concurrency);
        let most = most.chain(law.peak.iter().map(|it| it.concurrency.mean));
        let most = most.reduce(f64::max)?;
        let between = (1..=CURVE).map(|n| most * f64::from(n) / f64::from(CURVE));
        let mut at: Vec<f64> = self.observed.iter().map(|it| it.concurrency).collect();
        at.extend(between);
        at.sort_by(f64::total_cmp);
        at.dedup();
        let measured = at.iter().map(|at| {
            let mut observed = self.observed.iter();
            let observed = observed.find(|it| it.concurrency == *at);
            observed.map_or(f64::NAN, |it| it.completions_per_s)
        });
        let fitted = at.iter().map(|n| {
            let slower = 1.0 + sigma.mean * (n - 1.0) + kappa.mean * n * (n - 1.0);
            lambda.mean * n / slower
        });
        let within = |it: &Mean, of: fn(f64) -> String| {
            format!("{} ({} – {})", of(it.mean), of(it.low), of(it.high))
        };
        let peak = law.peak.as_ref().map_or_else(
            || match kappa.low > 0.0 {
                true => "Throughput levels off: no fall is seen.".to_owned(),
                false => "There is no finite peak.".to_owned(),
            },
            |peak| {
                format!(
                    "The most, {}, is done with {} in flight.",
                    within(&peak.completions_per_s, rate),
                    within(&peak.concurrency, compact)
                )
            },
        );
        let caption = format!(
            "Operations that completed over those in flight, means over runs, and the universal scalability law through them: \
             one alone does {}; contention is {}, coherence {}. {peak} In brackets: {:.0} % intervals.",
            within(lambda, rate),
            within(sigma, percent),
            within(kappa, percent),
            self.confidence * 100.0
        );
        let series = vec![
            Series::new("measured", measured.collect(), None),
            Series::reckoned("scalability law", fitted.collect()),
        ];
        Some(Chart {
            id: "scaling".to_owned(),
            title: "How throughput scales".to_owned(),
            caption,
            x: X::Value {
                name: "operations in flight".to_owned(),
                unit: Unit::Count,
                at: Numbers(at),
            },
            unit: Unit::PerSecond,
            log: false,
            stacked: false,
            series,
            marks: Vec::new(),
            answer: None,
        })
    }

    fn chart(&self, id: &str, title: &str, caption: &str, unit: Unit, series: Series) -> Chart {
        let (x_unit, x_scale) = counted(&self.unit);
        Chart {
            id: id.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            x: X::Value {
                name: self.key.clone(),
                unit: x_unit,
                at: Numbers(
                    self.points
                        .iter()
                        .map(|point| point.value / x_scale)
                        .collect(),
                ),
            },
            unit,
            log: false,
            stacked: false,
            series: vec![series],
            marks: Vec::new(),
            answer: self
                .low
                .zip(self.high)
                .map(|(low, high)| [low / x_scale, high / x_scale]),
        }
    }

    /// What page and picture begin with.
    pub fn head(&self) -> Head {
        let tone = match self.answer.as_str() {
            "found" | "everywhere" => ("good", "✓"),
            "nowhere" | "failed" => ("bad", "✗"),
            _ => ("doubtful", "!"),
        };
        let service = service(&self.target, self.target_url.as_deref());
        let what = format!("search over {} · seed {} · {service}", self.key, self.seed);
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
            ("curve", "The demands over the values", figures_of(charts)),
            ("points", "Every value that was looked at", self.table()),
            (
                "origin",
                "Where this comes from",
                html! { dl { dt { "To repeat it" } dd { code { (self.repeat) } } } },
            ),
        ];
        layout::body(&layout::head(&self.head(), &[]), &self.version, &sections)
    }

    fn table(&self) -> Markup {
        let mut head = vec![self.key.as_str(), "runs", "holds"];
        head.extend(self.demands.iter().map(String::as_str));
        head.extend(["completions", "busiest"]);
        let rows = self.points.iter().map(|point| {
            let holds = match point.holds {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            let mut row = vec![
                quantity(point.value, &self.unit),
                thousands(point.runs),
                holds.to_owned(),
            ];
            row.extend(point.figures.iter().map(|figure| shown(point, figure)));
            row.push(point.completions_per_s.map_or_else(|| "–".to_owned(), rate));
            let busiest = point.resources.first();
            row.push(busiest.map_or_else(|| "–".to_owned(), Used::shown));
            row
        });
        table("Values, and what was measured at each", &head, rows)
    }
}

/// A figure with its interval, or why there is none.
fn shown(point: &Point, figure: &Figure) -> String {
    let one = |value: f64| quantity(value, &figure.unit);
    match (figure.mean, figure.low, figure.high) {
        _ if point.overloaded => "work left over".to_owned(),
        (None, ..) => "never happened".to_owned(),
        (Some(mean), Some(low), Some(high)) => {
            format!("{} ({} – {})", one(mean), one(low.max(0.0)), one(high))
        }
        (Some(mean), ..) => one(mean),
    }
}

/// What the units of `search.json` are on a chart, and by what numbers are divided for it.
pub fn counted(unit: &str) -> (Unit, f64) {
    match unit {
        "ns" => (Unit::Seconds, 1e9),
        "bytes" => (Unit::Bytes, 1.0),
        "bytes_per_s" => (Unit::BytesPerSecond, 1.0),
        "per_s" => (Unit::PerSecond, 1.0),
        "share" => (Unit::Share, 1.0),
        _ => (Unit::Count, 1.0),
    }
}

/// Where a search was made.
pub(super) fn service(target: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => format!("{target} at {url}"),
        None => "embedded service".to_owned(),
    }
}
