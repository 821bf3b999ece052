//! The page of a run under way: the charts of a finished one that can be drawn while it goes on, and what is added to them.
//!
//! A page begins empty. Each [`Point`] is of the interval between two looks at the run, and names it.

use super::chart::{Chart, Instants, Numbers, Series, Unit};
use super::charts::over_time;
use super::contents::Stretch;
use super::layout;
use super::sections::figures_of;
use super::timeline::Heat;
use crate::metrics::{Figures, Tally};
use crate::report::number::{percent, rate, thousands};
use crate::scenario::{Clock, Model, Scenario, Target};
use maud::{Markup, html};
use serde::Serialize;
use std::collections::BTreeMap;
use stormglass_glance::shown::without_credentials;
use stormglass_model::config::Resource;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::units::{Bytes, Span, Time};

/// So many points are kept and drawn: what came before is in the report.
pub const POINTS: usize = 600;

/// What is known of a run before it begins, and what its page consists of.
pub struct LivePage {
    name: String,
    /// What it runs against and by which clock.
    what: String,
    runs: u32,
    operations: Vec<Operation>,
    phases: Vec<Stretch>,
    faults: Vec<Stretch>,
    drawn: Vec<Drawn>,
    embedded: bool,
}

/// A chart, and what an interval adds to each of its lines.
struct Drawn {
    section: &'static str,
    chart: Chart,
    values: Values,
}

type Values = Box<dyn Fn(&Interval<'_>) -> Vec<f64> + Send>;

/// What happened between two looks.
struct Interval<'t> {
    before: &'t Tally,
    now: &'t Tally,
    /// How long it was, by the run's own clock; over all runs.
    seconds: f64,
}

impl Interval<'_> {
    /// How often a second something was counted.
    fn rate(&self, count: impl Fn(&Tally) -> u64) -> f64 {
        count(self.now).saturating_sub(count(self.before)) as f64 / self.seconds
    }

    /// A quantile of the response times of those that were answered, in seconds; NaN where none was.
    fn quantile(&self, operation: Operation, quantile: f64) -> f64 {
        let [now, before] = [self.now, self.before].map(|it| &it.operations[operation.index()]);
        let found = now.spread_since(before).quantile(quantile);
        found.map_or(f64::NAN, Span::as_secs_f64)
    }
}

/// What the script draws.
#[derive(Serialize)]
struct Data<'c> {
    time: Instants<'c>,
    phases: &'c [Stretch],
    faults: &'c [Stretch],
    charts: Vec<&'c Chart>,
    heat: &'c Heat,
    live: Live,
}

#[derive(Serialize)]
struct Live {
    most: usize,
}

/// One interval of a run, for all charts.
#[derive(Serialize)]
pub struct Point {
    /// In seconds by the run's own clock.
    from: f64,
    to: f64,
    /// The values of each chart's lines, in the order of the charts.
    charts: Vec<Numbers>,
    /// What is written into the places of these names.
    texts: BTreeMap<String, String>,
    stopping: bool,
}

impl LivePage {
    /// Of a run that has not begun.
    pub fn new(scenario: &Scenario) -> LivePage {
        let runs = scenario.replications.get();
        let embedded = matches!(scenario.target, Target::Embedded(_));
        let mut page = LivePage {
            name: scenario.name.clone(),
            what: what(scenario),
            runs,
            operations: scenario.operations().into_iter().collect(),
            phases: Vec::new(),
            faults: Vec::new(),
            drawn: Vec::new(),
            embedded,
        };
        // The time of several runs is summed, so that no phase of theirs has a place in it.
        if runs == 1 {
            let end = scenario.load.duration.map(|length| Time::ZERO + length);
            (page.phases, page.faults) = (phases(scenario, end), faults(scenario, end));
        }
        page.drawn = page.charts(scenario);
        page
    }

    /// Its bytes.
    pub fn page(&self) -> Vec<u8> {
        let data = Data {
            time: Instants(&[]),
            phases: &self.phases,
            faults: &self.faults,
            charts: self.drawn.iter().map(|drawn| &drawn.chart).collect(),
            heat: &Heat::default(),
            live: Live { most: POINTS },
        };
        layout::live_document(&format!("{}: under way", self.name), &self.body(), &data)
    }

    /// What happened between two looks; none where the run's clock has not moved.
    pub fn point(&self, before: &Tally, now: &Tally, stopping: bool, share: f64) -> Option<Point> {
        let [from, to] = [before, now].map(|it| Span(it.figures.time_ns).as_secs_f64());
        let interval = Interval {
            before,
            now,
            seconds: to - from,
        };
        (to > from).then(|| Point {
            from,
            to,
            charts: (self.drawn.iter())
                .map(|drawn| Numbers((drawn.values)(&interval)))
                .collect(),
            texts: self.texts(&interval, share),
            stopping,
        })
    }

    fn charts(&self, scenario: &Scenario) -> Vec<Drawn> {
        let open = !matches!(scenario.load.model, Model::Closed { .. });
        let mut drawn = vec![load(open), answers(), in_flight()];
        for (id, share, title) in [
            ("p50", 0.5, "Median of response times"),
            ("p99", 0.99, "99th percentile of response times"),
        ] {
            drawn.push(quantiles(id, share, title, self.operations.clone()));
        }
        drawn.push(statuses());
        if self.embedded {
            drawn.extend([bytes(), queues()]);
        }
        drawn
    }

    fn body(&self) -> Markup {
        let begins = layout::Head {
            name: self.name.clone(),
            tone: ("live", "●"),
            sentence: "beginning".to_owned(),
            what: self.what.clone(),
        };
        let head = html! {
            (layout::head(&begins, &[]))
            p.control {
                button type="button" id="stop" { "Stop the run" }
                span.hint id="stop-hint" { "What was measured until then is kept, as after Ctrl-C." }
            }
            p.unseen role="status" id="said" {}
        };
        let of = |section: &str| {
            let drawn = self.drawn.iter().filter(|drawn| drawn.section == section);
            figures_of(&drawn.map(|drawn| drawn.chart.clone()).collect::<Vec<_>>())
        };
        let parts = [
            ("now", "Now", self.figures()),
            ("load", "Load", of("load")),
            (
                "latency",
                "Latency",
                html! { (self.operations_table()) (of("latency")) },
            ),
            ("subjects", "Subjects and bytes", of("subjects")),
            ("resources", "Resources", of("resources")),
        ];
        layout::body(&head, env!("CARGO_PKG_VERSION"), &parts)
    }

    /// Single figures, each in a box of its own.
    fn figures(&self) -> Markup {
        let bytes = self.embedded.then_some(("stored", "stored"));
        let runs = (self.runs > 1).then_some(("runs", "runs ended"));
        let boxes = FIGURES.into_iter().chain(bytes).chain(runs);
        html! {
            dl.tiles { @for (name, title) in boxes { div { dt { (title) } dd data-live=(name) { "–" } } } }
        }
    }

    fn operations_table(&self) -> Markup {
        let title = "Operations of the last interval, and outcomes since the beginning";
        html! {
            p.caption { "Operations " span data-live="interval" { "of the first interval" } "; outcomes since the beginning" }
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table aria-label=(title) {
                    thead { tr { @for name in COLUMNS { th scope="col" { (name) } } } }
                    tbody {
                        @for operation in &self.operations {
                            tr {
                                th scope="row" { (operation.name()) }
                                @for column in &COLUMNS[1..] { td data-live=(format!("{operation} {column}")) { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn texts(&self, interval: &Interval<'_>, share: f64) -> BTreeMap<String, String> {
        let figures = &interval.now.figures;
        let time = |seconds: f64| brief(Span::from_secs_f64(seconds));
        let [from, to] =
            [interval.before, interval.now].map(|it| time(it.figures.time_ns as f64 / 1e9));
        let waiting = figures.due - figures.started - figures.dropped;
        let stored: u64 = figures.bytes.iter().sum();
        let mut texts: BTreeMap<String, String> = [
            ("interval", format!("from {from} to {to}")),
            ("time", to),
            ("done", percent((share * 1e3).floor() / 1e3)),
            ("in flight", thousands(figures.in_flight)),
            ("started", thousands(figures.started)),
            ("waiting", thousands(waiting)),
            ("late", thousands(figures.late)),
            ("dropped", thousands(figures.dropped)),
            ("violations", thousands(figures.violations)),
            ("faults", thousands(figures.faults_open)),
            ("stored", Bytes(stored).to_string()),
            (
                "runs",
                format!("{} of {}", thousands(interval.now.runs_ended), self.runs),
            ),
        ]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
        for &operation in &self.operations {
            let cells = cells(interval, operation);
            texts.extend(
                COLUMNS[1..]
                    .iter()
                    .zip(cells)
                    .map(|(column, text)| (format!("{operation} {column}"), text)),
            );
        }
        texts
    }
}

/// Single figures, by the names of their places.
const FIGURES: [(&str, &str); 9] = [
    ("time", "covered"),
    ("done", "done"),
    ("in flight", "operations in flight"),
    ("started", "stories begun"),
    ("waiting", "due and not begun"),
    ("late", "begun late"),
    ("dropped", "dropped"),
    ("faults", "faults open"),
    ("violations", "violations"),
];

const COLUMNS: [&str; 9] = [
    "operation",
    "sent",
    "answered",
    "p50",
    "p99",
    "ok",
    "refused",
    "failed",
    "unknown",
];

/// What the table says of one operation, by [`COLUMNS`].
fn cells(interval: &Interval<'_>, operation: Operation) -> [String; 8] {
    let at = operation.index();
    let count =
        |tally: &Tally, outcome: Outcome| tally.operations[at].responses[outcome.index()].count();
    let all = |tally: &Tally| {
        Outcome::ALL
            .iter()
            .map(|&outcome| count(tally, outcome))
            .sum()
    };
    let quantile = |share| match interval.quantile(operation, share) {
        seconds if seconds.is_nan() => "–".to_owned(),
        seconds => brief(Span::from_secs_f64(seconds)),
    };
    let now = |outcome| thousands(count(interval.now, outcome));
    [
        rate(interval.rate(|tally| tally.operations[at].begun)),
        rate(interval.rate(all)),
        quantile(0.5),
        quantile(0.99),
        now(Outcome::Ok),
        now(Outcome::Refused),
        now(Outcome::Fail),
        now(Outcome::Unknown),
    ]
}

/// A span to three digits.
fn brief(span: Span) -> String {
    let unit = 10_u64.pow((span.0.max(1).ilog10()).saturating_sub(2));
    Span(span.0.saturating_add(unit / 2) / unit * unit).to_string()
}

fn what(scenario: &Scenario) -> String {
    let service = match &scenario.target {
        Target::Embedded(config) => {
            format!("embedded service, {} rules", config.rules.profile().name())
        }
        Target::Glance(target) => {
            let url = target.url.as_deref().map(without_credentials);
            format!("glance at {}", url.unwrap_or_default())
        }
    };
    let clock = match scenario.clock {
        Clock::Virtual => "simulated time: the clock of this page is the simulation's",
        Clock::Real => "real time",
    };
    let runs = match scenario.replications.get() {
        1 => String::new(),
        runs => format!(
            " · {runs} runs: counts and times are sums over them, levels are of those under way, rates are means"
        ),
    };
    format!("seed {} · {service} · {clock}{runs}", scenario.seed.0)
}

fn phases(scenario: &Scenario, end: Option<Time>) -> Vec<Stretch> {
    let later = scenario.phases.iter().skip(1).map(|phase| Some(phase.from));
    let ends = later.chain([end]);
    let load = scenario.phases.iter().zip(ends).map(|(phase, to)| Stretch {
        name: phase.name.clone(),
        from: phase.from.as_secs_f64(),
        to: to.map_or(f64::MAX, Time::as_secs_f64),
    });
    let settle = end.map(|end| Stretch {
        name: "settle".to_owned(),
        from: end.as_secs_f64(),
        to: f64::MAX,
    });
    load.chain(settle).collect()
}

fn faults(scenario: &Scenario, end: Option<Time>) -> Vec<Stretch> {
    let stretch = |fault: &stormglass_model::fault::Fault| Stretch {
        name: fault.name.clone(),
        from: fault.from.as_secs_f64(),
        to: fault.to.or(end).map_or(f64::MAX, Time::as_secs_f64),
    };
    scenario.faults.iter().map(stretch).collect()
}

fn lines(names: impl IntoIterator<Item = &'static str>) -> Vec<Series> {
    let line = |name| Series::new(name, Vec::new(), None);
    names.into_iter().map(line).collect()
}

/// What was due, what began, and what was late.
fn load(open: bool) -> Drawn {
    type Count = fn(&Figures) -> u64;
    let all: [(&str, Count); 4] = [
        ("due", |it| it.due),
        ("begun", |it| it.started),
        ("late", |it| it.late),
        ("dropped", |it| it.dropped),
    ];
    // Users have no schedule to be late for.
    let counts: Vec<(&str, Count)> = all
        .into_iter()
        .filter(|(name, _)| open || *name == "begun")
        .collect();
    let caption = match open {
        true => {
            "Stories that were due, that began, of these how many more than ten milliseconds late, and that were dropped since too many were open. \
                 Where fewer begin than are due, the generator is behind."
        }
        false => "Stories that began. Users start the next when theirs has ended, so none is late.",
    };
    let series = lines(counts.iter().map(|(name, _)| *name));
    Drawn {
        section: "load",
        chart: over_time(
            "offered",
            "Stories: due, begun and late",
            Unit::PerSecond,
            caption,
            series,
        ),
        values: Box::new(move |it| {
            let rate = |(_, count): &(&str, Count)| it.rate(|tally| count(&tally.figures));
            counts.iter().map(rate).collect()
        }),
    }
}

fn answers() -> Drawn {
    const OUTCOMES: [Outcome; 5] = [
        Outcome::Ok,
        Outcome::Refused,
        Outcome::Fail,
        Outcome::Unknown,
        Outcome::Local,
    ];
    let caption = "Operations that were sent, and those that ended, by how.";
    let names = ["sent"].into_iter().chain(OUTCOMES.map(Outcome::name));
    let count = |tally: &Tally, outcome: Outcome| -> u64 {
        let operations = tally.operations.iter();
        operations
            .map(|it| it.responses[outcome.index()].count())
            .sum()
    };
    Drawn {
        section: "load",
        chart: over_time(
            "answers",
            "Operations: sent and ended",
            Unit::PerSecond,
            caption,
            lines(names),
        ),
        values: Box::new(move |it| {
            let sent = it.rate(|tally| tally.operations.iter().map(|it| it.begun).sum());
            let ended = OUTCOMES.map(|outcome| it.rate(|tally| count(tally, outcome)));
            [sent].into_iter().chain(ended).collect()
        }),
    }
}

fn in_flight() -> Drawn {
    let caption = "Operations that were sent and not yet answered, at the end of each interval.";
    Drawn {
        section: "load",
        chart: over_time(
            "in-flight",
            "Operations in flight",
            Unit::Count,
            caption,
            lines(["in flight"]),
        ),
        values: Box::new(|it| vec![it.now.figures.in_flight as f64]),
    }
}

fn quantiles(id: &'static str, share: f64, title: &str, operations: Vec<Operation>) -> Drawn {
    let caption =
        "Of the operations that ended in each interval, from when they were due to their answers.";
    let series = lines(operations.iter().map(|operation| operation.name()));
    let chart = over_time(id, title, Unit::Seconds, caption, series);
    Drawn {
        section: "latency",
        chart: Chart { log: true, ..chart },
        values: Box::new(move |it| {
            let operations = operations.iter();
            operations
                .map(|&operation| it.quantile(operation, share))
                .collect()
        }),
    }
}

/// The statuses in which subjects are there.
fn there() -> impl Iterator<Item = SubjectStatus> {
    let all = SubjectStatus::ALL.iter().copied();
    all.filter(|status| *status != SubjectStatus::Deleted)
}

fn statuses() -> Drawn {
    let caption = "Subjects in each status on top of each other, at the end of each interval, without those that are deleted.";
    let series = lines(there().map(SubjectStatus::name));
    let chart = over_time(
        "statuses",
        "Subjects by status",
        Unit::Count,
        caption,
        series,
    );
    Drawn {
        section: "subjects",
        chart: Chart {
            stacked: true,
            ..chart
        },
        values: Box::new(|it| {
            let count = |status: SubjectStatus| it.now.figures.subjects[status.index()] as f64;
            there().map(count).collect()
        }),
    }
}

fn bytes() -> Drawn {
    let caption = "What the store holds at the end of each interval.";
    Drawn {
        section: "subjects",
        chart: over_time(
            "bytes",
            "Bytes in the store",
            Unit::Bytes,
            caption,
            lines(["stored"]),
        ),
        values: Box::new(|it| vec![it.now.figures.bytes.iter().sum::<u64>() as f64]),
    }
}

fn queues() -> Drawn {
    let caption = "How many wait for a unit of each resource, at the end of each interval.";
    let series = lines(Resource::ALL.iter().map(|resource| resource.name()));
    Drawn {
        section: "resources",
        chart: over_time("queues", "Queues", Unit::Count, caption, series),
        values: Box::new(|it| {
            it.now
                .figures
                .queues
                .iter()
                .map(|queue| queue.waiting as f64)
                .collect()
        }),
    }
}
