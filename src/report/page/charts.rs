//! The charts of a run.

use super::chart::{Chart, Mark, Numbers, Series, Unit, X};
use super::contents::{Contents, Room};
use super::timeline::QUANTILES;
use hdrhistogram::Histogram;
use stormglass_model::config::Resource;
use stormglass_model::lifecycle::SubjectStatus;

/// The charts that have anything to show, by the section they belong to.
pub struct Charts {
    pub load: Vec<Chart>,
    pub latency: Vec<Chart>,
    pub subjects: Vec<Chart>,
    pub resources: Vec<Chart>,
}

impl Charts {
    /// Of what a folder says.
    pub fn of(contents: &Contents) -> Charts {
        let there = |charts: Vec<Chart>| {
            let charts = charts.into_iter().filter(|chart| !chart.series.is_empty());
            charts.collect()
        };
        Charts {
            load: there(vec![throughput(contents), in_flight(contents)]),
            latency: there(
                (slowest(contents).into_iter())
                    .chain(quantiles(contents))
                    .chain([percentiles(contents)])
                    .collect(),
            ),
            subjects: there(vec![statuses(contents), bytes(contents)]),
            resources: there(vec![utilisation(contents), queues(contents)]),
        }
    }

    /// The main ones, for a picture: throughput, the response times of the operation that took most time, and, where somebody asked
    /// when a capacity would be full, what is stored.
    pub fn main(self, contents: &Contents) -> Vec<Chart> {
        let take = |charts: Vec<Chart>, id: &str| charts.into_iter().find(|chart| chart.id == id);
        let has_quantiles = self.latency.iter().any(|chart| chart.id == "quantiles-1");
        let latency = if has_quantiles { "quantiles-1" } else { "p99" };
        let room = room(contents);
        let stored = room.and_then(|room| {
            let chart = take(self.subjects, "bytes")?;
            // A line far above all that is stored would leave no room for it.
            let marks = if room.share_max < NEAR {
                Vec::new()
            } else {
                chart.marks
            };
            let most = |one: &Series| one.shown(false).fold(0.0, f64::max);
            let all = chart.series.iter().map(most).fold(0.0, f64::max);
            let series = chart.series.into_iter();
            let series = series.filter(|one| most(one) >= SEEN * all).collect();
            Some(Chart {
                marks,
                series,
                ..chart
            })
        });
        let main = [
            take(self.load, "throughput"),
            take(self.latency, latency),
            stored,
        ];
        main.into_iter().flatten().collect()
    }

    /// All of them, in the order of the page.
    pub fn all(&self) -> impl Iterator<Item = &Chart> {
        let sections = [&self.load, &self.latency, &self.subjects, &self.resources];
        sections.into_iter().flatten()
    }
}

/// The least share of a capacity for which its line is in a picture.
const NEAR: f64 = 0.3;

/// The least share of the greatest for which a line of a picture is told from zero.
const SEEN: f64 = 0.01;

pub(super) fn over_time(
    id: &'static str,
    title: &str,
    unit: Unit,
    caption: &str,
    series: Vec<Series>,
) -> Chart {
    Chart {
        id: id.to_owned(),
        title: title.to_owned(),
        caption: caption.to_owned(),
        x: X::Time,
        unit,
        log: false,
        stacked: false,
        series,
        marks: Vec::new(),
        answer: None,
    }
}

/// What a band is, which depends on how many runs there were.
fn band(contents: &Contents, of_one: &str) -> String {
    match contents.run.runs.len() {
        0 | 1 => of_one.to_owned(),
        runs => format!(
            "Lines are means over {runs} runs; the bands reach from the lowest run to the highest."
        ),
    }
}

fn throughput(contents: &Contents) -> Chart {
    let timeline = &contents.timeline;
    let series = [
        timeline.rate("arrivals", "arrivals"),
        timeline.rate("completions of operations", "completions"),
        timeline
            .rate("dropped arrivals", "dropped")
            .filter(|series| !series.is_zero()),
    ];
    let caption = "Stories that arrived, operations that completed, and arrivals that were dropped since too many were in flight. ";
    let caption = format!("{caption}{}", band(contents, ""));
    over_time(
        "throughput",
        "Throughput",
        Unit::PerSecond,
        &caption,
        series.into_iter().flatten().collect(),
    )
}

fn in_flight(contents: &Contents) -> Chart {
    let series = contents.timeline.level("in flight", "in_flight");
    let caption = "Operations that were sent and not yet answered. ";
    let of_one =
        "The line is the mean of each interval; the band reaches from its least to its most.";
    let caption = format!("{caption}{}", band(contents, of_one));
    over_time(
        "in-flight",
        "Operations in flight",
        Unit::Count,
        &caption,
        series.into_iter().collect(),
    )
}

fn statuses(contents: &Contents) -> Chart {
    let gone = SubjectStatus::Deleted;
    let there = SubjectStatus::ALL.iter().filter(|status| **status != gone);
    let series = there.filter_map(|status| {
        let name = status.name();
        let series = contents.timeline.mean(name, &format!("{name}_mean"))?;
        Some(series.without_band())
    });
    let series = series.filter(|series| !series.is_zero()).collect();
    let caption = "Subjects in each status on top of each other, without those that are deleted. ";
    let caption = match contents.run.runs.len() {
        0 | 1 => caption.to_owned(),
        runs => format!("{caption}Means over {runs} runs."),
    };
    let chart = over_time(
        "statuses",
        "Subjects by status",
        Unit::Count,
        &caption,
        series,
    );
    Chart {
        stacked: true,
        ..chart
    }
}

fn bytes(contents: &Contents) -> Chart {
    let timeline = &contents.timeline;
    let by_status = SubjectStatus::ALL.iter().filter_map(|status| {
        let name = match status {
            SubjectStatus::PendingDelete => "deleted and not yet scrubbed",
            SubjectStatus::Deleted => "deleted and being removed",
            status => status.name(),
        };
        timeline.level(name, &format!("bytes_{}", status.name()))
    });
    let stored = timeline.level("stored", "bytes_stored");
    let series: Vec<Series> = (stored.into_iter().chain(by_status))
        .filter(|series| !series.is_zero())
        .collect();
    let caption =
        "What the store holds, and in which statuses the subjects are that it belongs to. ";
    let of_one = "Bands reach from the least to the most of each interval.";
    let caption = format!("{caption}{}", band(contents, of_one));
    let chart = over_time("bytes", "Bytes in the store", Unit::Bytes, &caption, series);
    Chart {
        marks: capacity(contents).into_iter().collect(),
        ..chart
    }
}

fn room(contents: &Contents) -> Option<Room> {
    contents.run.storage.as_ref()?.room()
}

/// The capacity as a line across the chart, unless what is stored is so little of it that nothing else would be seen.
fn capacity(contents: &Contents) -> Option<Mark> {
    let room = room(contents).filter(|room| room.share_max >= LEAST_SHARE)?;
    Some(Mark {
        name: room.name.to_owned(),
        value: room.bytes,
    })
}

/// The least share of a capacity for which its line is drawn.
const LEAST_SHARE: f64 = 0.05;

fn utilisation(contents: &Contents) -> Chart {
    let series = by_resource(|name, column| {
        contents
            .timeline
            .mean(name, &format!("utilisation_{column}"))
    });
    let caption = format!(
        "The share of its units that a resource had in use. {}",
        band(contents, "")
    );
    over_time(
        "utilisation",
        "Utilisation of resources",
        Unit::Share,
        &caption,
        series,
    )
}

fn queues(contents: &Contents) -> Chart {
    let series =
        by_resource(|name, column| contents.timeline.level(name, &format!("queue_{column}")));
    let series: Vec<Series> = series
        .into_iter()
        .filter(|series| !series.is_zero())
        .collect();
    let of_one = "Lines are means; bands reach from the least to the most of each interval.";
    let caption =
        "How many waited for each resource; those for which nobody ever waited are left out. ";
    let caption = format!("{caption}{}", band(contents, of_one));
    over_time(
        "queues",
        "Queues of resources",
        Unit::Count,
        &caption,
        series,
    )
}

fn by_resource(of: impl Fn(&str, &str) -> Option<Series>) -> Vec<Series> {
    let resources = Resource::ALL.iter().map(|resource| resource.name());
    resources
        .filter_map(|name| of(name, &name.replace('.', "_")))
        .collect()
}

/// Operations of which each quantile is drawn: those that took the most time together.
const DRAWN: usize = 3;

/// The 99th percentile of every operation over time.
fn slowest(contents: &Contents) -> Option<Chart> {
    let timeline = &contents.timeline;
    let mut operations = timeline.operations();
    operations.sort_unstable();
    let series = operations.into_iter();
    let series = series.filter_map(|operation| timeline.quantile(operation, operation, "p99_us"));
    let caption = "Of the operations that completed in each interval, from when they were due to their answers. ";
    let caption = format!("{caption}{}", band(contents, ""));
    let series: Vec<Series> = series.map(Series::without_band).collect();
    let chart = over_time(
        "p99",
        "99th percentile of response times",
        Unit::Seconds,
        &caption,
        series,
    );
    Some(Chart { log: true, ..chart })
}

/// The quantiles over time of the operations that took most of it.
fn quantiles(contents: &Contents) -> impl Iterator<Item = Chart> {
    const IDS: [&str; DRAWN] = ["quantiles-1", "quantiles-2", "quantiles-3"];
    let operations = contents.timeline.operations().into_iter();
    operations.zip(IDS).map(|(operation, id)| {
        let series = QUANTILES.iter().filter_map(|(name, column)| {
            contents.timeline.quantile(name, operation, column)
        });
        let caption = "Quantiles of the operations that completed in each interval; quantiles.csv has those of every operation. ";
        let caption = format!("{caption}{}", band(contents, ""));
        let title = format!("Response time of {operation}");
        let chart = over_time(id, &title, Unit::Seconds, &caption, series.collect());
        Chart { log: true, ..chart }
    })
}

/// Response times by percentile, to as many nines as there were values.
fn percentiles(contents: &Contents) -> Chart {
    let of_operations = contents.latencies.iter().filter_map(|(tag, histogram)| {
        let operation = tag.strip_suffix(":response")?;
        (!histogram.is_empty()).then_some((operation, histogram))
    });
    let operations: Vec<(&str, &Histogram<u64>)> = of_operations.collect();
    let most = operations
        .iter()
        .map(|(_, histogram)| histogram.len())
        .max();
    let at = nines(most.unwrap_or(0));
    let series = operations.iter().map(|(operation, histogram)| {
        let value = |&x: &f64| match x <= histogram.len() as f64 {
            true => histogram.value_at_quantile(1.0 - 1.0 / x) as f64 / 1e9,
            false => f64::NAN,
        };
        Series::new(operation, at.iter().map(value).collect(), None)
    });
    Chart {
        id: "percentiles".to_owned(),
        title: "Response time by percentile".to_owned(),
        caption: "From when an operation was due to its answer, whatever its outcome, over all runs without warm-up. \
                  Each line ends where there are no more values to tell."
            .to_owned(),
        series: series.collect(),
        x: X::Percentile(Numbers(at)),
        unit: Unit::Seconds,
        log: true,
        stacked: false,
        marks: Vec::new(),
        answer: None,
    }
}

/// Twelve points to each nine, up to one value in `count`.
fn nines(count: u64) -> Vec<f64> {
    let last = (count.max(1) as f64).log10();
    let steps = (last * 12.0).floor() as u32;
    let points = (0..=steps).map(|step| 10_f64.powf(f64::from(step) / 12.0));
    points.collect()
}
