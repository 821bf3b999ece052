//! What one run says of how far off its own figures are.
//!
//! Levels, utilisation and throughput are series of the timeline's intervals: batch means. Latencies are not independent either;
//! how far they are from it is read off the mean response times of the intervals, and their quantiles have the error of so many
//! fewer values.

use super::document::{Document, Stretch};
use super::figure::{Figure, Measured, Quantity};
use super::tables::{place, whole};
use crate::metrics::empty_histogram;
use crate::statistics::{Mean, batch_means, quantile};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use csv::StringRecord;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use std::collections::BTreeMap;

/// The figures of one run with their errors.
pub type Within = BTreeMap<Figure, Mean>;

/// A series of values with their weights, of one phase.
type Series = Vec<(f64, f64)>;

/// `timeline.csv` of a single run: the series of each column, by phase.
pub fn timeline(document: &Document, bytes: &[u8]) -> Result<Within, String> {
    whole(bytes)?;
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let mut series: BTreeMap<Figure, Series> = BTreeMap::new();
    let mut before_s = 0.0;
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let number = |name: &str| number(&record, column(name));
        let phase = column("phase").and_then(|at| record.get(at));
        let (Some(run), Some(now_s), Some(phase)) = (number("run"), number("t_s"), phase) else {
            return Err("an interval has no run, time or phase".to_owned());
        };
        let length_s = now_s - std::mem::replace(&mut before_s, now_s);
        if place(document, run as u32, phase)?.1 != Stretch::Load || length_s <= 0.0 {
            continue;
        }
        let completions = number("completions").unwrap_or(0.0);
        let mut add = |figure, value: Option<f64>, weight| {
            if let Some(value) = value.filter(|_| weight > 0.0) {
                series.entry(figure).or_default().push((value, weight));
            }
        };
        let of = |measured, quantity| Figure::of(measured, quantity, phase);
        let rate = Some(completions / length_s);
        add(of(Measured::Throughput, Quantity::Rate), rate, length_s);
        let response = number("mean_response_us").map(|us| us * 1e3);
        add(
            of(Measured::Throughput, Quantity::Mean),
            response,
            completions,
        );
        for level in ["in_flight", "bytes_stored", "bytes_pending_delete"] {
            let mean = number(&format!("{level}_mean"));
            let level = Measured::Level(level.to_owned());
            add(of(level, Quantity::Mean), mean, length_s);
        }
        for resource in stormglass_model::config::Resource::ALL {
            let column = resource.name().replace('.', "_");
            let resource = || Measured::Resource(resource.name().to_owned());
            let used = number(&format!("utilisation_{column}"));
            add(of(resource(), Quantity::Utilisation), used, length_s);
            let queue = number(&format!("queue_{column}_mean"));
            add(of(resource(), Quantity::MeanQueue), queue, length_s);
        }
    }
    let phases = document.runs.iter().flat_map(|run| &run.phases);
    if phases.map(|phase| phase.to_s).any(|end_s| end_s > before_s) {
        return Err("it ends before the run did".to_owned());
    }
    let means = series.into_iter();
    Ok(means
        .filter_map(|(figure, series)| Some((figure, batch_means(&series)?)))
        .collect())
}

fn number(record: &StringRecord, column: Option<usize>) -> Option<f64> {
    record.get(column?)?.parse().ok()
}

/// `latencies.hlog` of a single run: mean, median and 99th percentile of each transition, and of each operation whatever its
/// outcome, over all stories. `within` is what the timeline says.
pub fn latencies(document: &Document, log: &[u8], within: &mut Within) -> Result<(), String> {
    let mut responses: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut histograms = Vec::new();
    for entry in IntervalLogIterator::new(log) {
        let LogEntry::Interval(interval) = entry.map_err(|_| "it is no log of histograms")? else {
            continue;
        };
        let tag = interval.tag().map(|tag| tag.as_str()).unwrap_or_default();
        let Some(measured) = measured(tag) else {
            continue;
        };
        let bytes = STANDARD.decode(interval.encoded_histogram());
        let bytes = bytes.map_err(|error| error.to_string())?;
        let histogram: Histogram<u64> = (Deserializer::new().deserialize(&mut &bytes[..]))
            .map_err(|_| "it holds no histogram".to_owned())?;
        let at_s = interval.start_timestamp().as_secs_f64();
        let Some(phase) = phase_at(document, at_s) else {
            continue;
        };
        if let Measured::Operation(_) = measured {
            let sum = (responses.entry(phase.to_owned())).or_insert_with(empty_histogram);
            sum.add(&histogram).map_err(|error| error.to_string())?;
        }
        histograms.push((measured, phase.to_owned(), histogram));
    }
    for (measured, phase, histogram) in histograms {
        let response = within.get(&Figure::of(Measured::Throughput, Quantity::Mean, &phase));
        let (Some(mean), Some(all)) = (response, responses.get(&phase)) else {
            continue;
        };
        // How many values of the run say as much as one that is independent of all others.
        let independent = all.stdev().powi(2) / all.len() as f64;
        let inefficiency = (mean.variance / independent).max(1.0);
        let worth = histogram.len() as f64 / inefficiency;
        for (quantity, mean) in numbers(&histogram, worth) {
            within.insert(Figure::of(measured.clone(), quantity, &phase), mean);
        }
    }
    // It was only a means.
    within.retain(|figure, _| {
        figure.measured != Measured::Throughput || figure.quantity == Quantity::Rate
    });
    Ok(())
}

/// What a tag stands for; none for service times.
fn measured(tag: &str) -> Option<Measured> {
    match (tag.split_once("->"), tag.strip_suffix(":response")) {
        (Some((from, to)), _) => {
            let (kind, from) = match from.strip_prefix("task:") {
                Some(from) => ("task ", from),
                None => ("", from),
            };
            let from = if from.is_empty() { "(none)" } else { from };
            Some(Measured::Transition(format!("{kind}{from} → {to}")))
        }
        (None, Some(operation)) => Some(Measured::Operation(operation.to_owned())),
        (None, None) => None,
    }
}

/// The phase of the load that began then; the log writes milliseconds.
fn phase_at(document: &Document, at_s: f64) -> Option<&str> {
    let run = document.runs.first()?;
    let phases = run.phases.iter().filter(|it| it.to_s > it.from_s);
    let nearest = phases.min_by(|a, b| (a.from_s - at_s).abs().total_cmp(&(b.from_s - at_s).abs()));
    let name = &nearest?.name;
    (run.stretch(name) == Some(Stretch::Load)).then_some(name)
}

/// The numbers of a histogram, if its values are worth so many independent ones.
fn numbers(histogram: &Histogram<u64>, worth: f64) -> Vec<(Quantity, Mean)> {
    let freedom = worth - 1.0;
    if freedom < 2.0 {
        return Vec::new();
    }
    let mean = Mean {
        value: histogram.mean(),
        variance: histogram.stdev().powi(2) / worth,
        freedom,
    };
    let value = |share: f64| histogram.value_at_quantile(share) as f64;
    let of = |at: f64| {
        let error = quantile::error(at, worth, value)?;
        Some(Mean {
            value: value(at),
            variance: error * error,
            freedom,
        })
    };
    let quantiles = [(Quantity::Median, of(0.5)), (Quantity::P99, of(0.99))];
    let quantiles = quantiles
        .into_iter()
        .filter_map(|(quantity, mean)| Some((quantity, mean?)));
    [(Quantity::Mean, mean)]
        .into_iter()
        .chain(quantiles)
        .collect()
}
