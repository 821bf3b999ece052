//! The CSV files: a header, units in the column names, one fact a row. Rows of all stories or phases together say so, and come last.

use super::number::{mean_micros, micros, ratio, seconds};
use super::origin::Origin;
use super::totals::{self, intervals, merged, phases, rows};
use crate::metrics::{ALL, Latency, RunResult, StormResult, TransitionKey};
use csv::Writer;
use std::{io, iter, slice};
use stormglass_glance::shown::printable;
use stormglass_model::config::Resource;
use stormglass_model::history::{Gauges, ResourceGauge};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::units::Span;

const LATENCY_COLUMNS: &str =
    "count,rate_per_s,min_us,mean_us,p50_us,p90_us,p95_us,p99_us,p999_us,max_us";

/// `transitions.csv`: latencies from the due instant of a transition's cause to its commit, a row for
/// each run, phase, story and transition; then rows for all stories of a phase, and for all phases but the warm-up. `from` is empty
/// for creation.
pub fn transitions(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = format!("run,phase,story,kind,from,to,{LATENCY_COLUMNS}");
    let rows = rows(&result.runs, |run| &run.transitions).map(|(run, row)| {
        let place = place(run, row.phase, &result.stories[usize::from(row.story.0)]);
        let per_second = per_second(&row.latency, run.phases[row.phase].length());
        transition(place, row.key, &row.latency, per_second)
    });
    let of_phases = result.runs.iter().flat_map(|run| {
        let rows = run.transitions.iter();
        let rows = rows.map(|row| ((row.phase, row.key), [&row.latency]));
        merged(rows).into_iter().map(|((phase, key), [latency])| {
            let per_second = per_second(&latency, run.phases[phase].length());
            transition(place(run, phase, ALL), key, &latency, per_second)
        })
    });
    let without_warm_up = totals::warms_up(&result.runs);
    let of_runs = result.runs.iter().flat_map(|run| {
        let totals = totals::transitions_of(slice::from_ref(run), without_warm_up).into_iter();
        totals.map(|total| {
            let per_second = optional(total.per_second);
            transition(whole(run), total.key, &total.latency, per_second)
        })
    });
    table(&header, rows.chain(of_phases).chain(of_runs))
}

/// `operations.csv`: response times (from the intended time) and service times (from the send), a row for
/// each run, phase, story, operation and outcome; then rows for all stories and phases as in `transitions.csv`.
pub fn operations(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = format!(
        "run,phase,story,operation,outcome,{LATENCY_COLUMNS},service_p50_us,service_p99_us"
    );
    let rows = rows(&result.runs, |run| &run.operations).map(|(run, row)| {
        let place = place(run, row.phase, &result.stories[usize::from(row.story.0)]);
        let per_second = per_second(&row.response, run.phases[row.phase].length());
        let latencies = [&row.response, &row.service];
        operation(place, (row.operation, row.outcome), latencies, per_second)
    });
    let of_phases = result.runs.iter().flat_map(|run| {
        let rows = run.operations.iter().map(|row| {
            let key = (row.phase, row.operation, row.outcome);
            (key, [&row.response, &row.service])
        });
        let merged = merged(rows).into_iter();
        merged.map(|((phase, name, outcome), [response, service])| {
            let per_second = per_second(&response, run.phases[phase].length());
            let place = place(run, phase, ALL);
            operation(place, (name, outcome), [&response, &service], per_second)
        })
    });
    let of_runs = result.runs.iter().flat_map(|run| {
        let totals = totals::operations(slice::from_ref(run)).into_iter();
        totals.map(|total| {
            let per_second = optional(total.per_second);
            let key = (total.operation, total.outcome);
            let latencies = [&total.response, &total.service];
            operation(whole(run), key, latencies, per_second)
        })
    });
    table(&header, rows.chain(of_phases).chain(of_runs))
}

/// `tenants.csv`: the operations of each tenant, a row for each run, phase, tenant, operation and outcome.
pub fn tenants(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = format!(
        "run,phase,tenant,operation,outcome,{LATENCY_COLUMNS},service_p50_us,service_p99_us"
    );
    let records = result.runs.iter().flat_map(|run| {
        let rows = run.operations.iter().filter_map(|row| {
            let tenant = result.tenants[usize::from(row.story.0)].as_deref()?;
            let key = (row.phase, tenant, row.operation, row.outcome);
            Some((key, [&row.response, &row.service]))
        });
        let merged = merged(rows).into_iter();
        merged.map(|((phase, tenant, name, outcome), [response, service])| {
            let per_second = per_second(&response, run.phases[phase].length());
            let place = place(run, phase, tenant);
            operation(place, (name, outcome), [&response, &service], per_second)
        })
    });
    table(&header, records)
}

/// The run, the phase and the story or tenant that a row is of.
type Place = [String; 3];

fn place(run: &RunResult, phase: usize, of: &str) -> Place {
    let phase = run.phases[phase].name.clone();
    [run.run.to_string(), phase, of.to_owned()]
}

fn whole(run: &RunResult) -> Place {
    [run.run.to_string(), ALL.to_owned(), ALL.to_owned()]
}

fn transition(
    place: Place,
    key: TransitionKey,
    latency: &Latency,
    per_second: String,
) -> Vec<String> {
    let (from, to) = key.names();
    let kind = if key.is_task() { "task" } else { "subject" };
    let mut record = Vec::from(place);
    record.extend([kind, from, to].map(str::to_owned));
    record.extend(latency_columns(latency, per_second));
    record
}

fn operation(
    place: Place,
    (operation, outcome): (Operation, Outcome),
    [response, service]: [&Latency; 2],
    per_second: String,
) -> Vec<String> {
    let mut record = Vec::from(place);
    record.extend([operation.name(), outcome.name()].map(str::to_owned));
    record.extend(latency_columns(response, per_second));
    record.extend([0.50, 0.99].map(|q| micros(service.quantile(q).0)));
    record
}

/// How many a second there were in so long a time; empty where it took none.
fn per_second(latency: &Latency, length: Span) -> String {
    ratio(latency.count() as f64, length.as_secs_f64())
}

fn optional(per_second: Option<f64>) -> String {
    per_second.map_or_else(String::new, |it| ratio(it, 1.0))
}

/// `timeline.csv`: a row for each run and interval. `t_s` is the interval's end; arrivals, completions
/// (of operations) and dropped are of the interval, utilisation is its mean. A level has four columns: how it stood at the
/// interval's end, and its least, mean and most within the interval. The last column is the mean response time of the operations
/// that were completed.
pub fn timeline(result: &StormResult) -> io::Result<Vec<u8>> {
    let statuses = SubjectStatus::ALL.map(SubjectStatus::name).join(",");
    let queues = Resource::ALL.map(|resource| {
        let name = resource.name().replace('.', "_");
        format!("queue_{name},utilisation_{name}")
    });
    let names = Gauges::level_names();
    let within = names
        .iter()
        .map(|name| format!("{name}_min,{name}_mean,{name}_max"));
    let header = format!(
        "run,t_s,phase,arrivals,completions,in_flight,dropped,{statuses},bytes_stored,bytes_pending_delete,{},{},mean_response_us",
        queues.join(","),
        within.collect::<Vec<_>>().join(","),
    );
    let records = intervals(&result.runs).map(|(run, before, row)| {
        let (earlier, now) = (&before.gauges, &row.gauges);
        let length = now.at.since(earlier.at);
        let mut record = vec![
            run.run.to_string(),
            seconds(now.at.0),
            run.phases[row.phase].name.clone(),
            (now.arrivals - earlier.arrivals).to_string(),
            (row.completions - before.completions).to_string(),
            now.in_flight.now().to_string(),
            (now.dropped - earlier.dropped).to_string(),
        ];
        record.extend(now.by_status().map(|count| count.to_string()));
        record.push(now.bytes_stored.now().to_string());
        record.push(now.bytes_of(SubjectStatus::PendingDelete).now().to_string());
        for (queue, earlier) in now.resources.iter().zip(&earlier.resources) {
            record.extend([queue_length(queue), utilisation(queue, earlier, length)]);
        }
        record.extend(level_columns(earlier, now).into_iter().flatten());
        record.push(mean(
            row.response_ns - before.response_ns,
            row.completions - before.completions,
        ));
        record
    });
    table(&header, records)
}

/// `quantiles.csv`: the response times of the operations that completed in an interval of the timeline, whatever their outcomes; a
/// row for each run, interval and operation. `t_s` is the interval's end. Quantiles are within 1.6 %, the rest is exact.
pub fn quantiles(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = "run,t_s,phase,operation,count,p50_us,p90_us,p99_us,p999_us,max_us";
    let records = intervals(&result.runs).flat_map(|(run, _, row)| {
        row.responses.iter().map(move |(operation, response)| {
            let mut record = vec![
                run.run.to_string(),
                seconds(row.gauges.at.0),
                run.phases[row.phase].name.clone(),
                operation.name().to_owned(),
                response.count().to_string(),
            ];
            let quantiles = [0.50, 0.90, 0.99, 0.999].map(|q| response.quantile(q));
            record.extend(quantiles.map(|value| micros(value.0)));
            record.push(micros(response.max().0));
            record
        })
    });
    table(header, records)
}

/// `heatmap.csv`: how many operations of any kind completed in an interval of the timeline after at least `from_us` and less than
/// `to_us`; a row for each run, interval and band that has any.
pub fn heatmap(result: &StormResult) -> io::Result<Vec<u8>> {
    let records = intervals(&result.runs).flat_map(|(run, _, row)| {
        let mut all = Latency::default();
        (row.responses.iter()).for_each(|(_, response)| all.add(response));
        let record = |(from, to, count): (Span, Span, u64)| {
            [
                run.run.to_string(),
                seconds(row.gauges.at.0),
                micros(from.0),
                micros(to.0),
                count.to_string(),
            ]
        };
        all.bands().into_iter().map(record).collect::<Vec<_>>()
    });
    table("run,t_s,from_us,to_us,count", records)
}

/// `levels.csv`: a row for each run, phase and level, with its least, mean and most within the phase and its end.
pub fn levels(result: &StormResult) -> io::Result<Vec<u8>> {
    let names = Gauges::level_names();
    let records = phases(&result.runs).flat_map(|(run, row)| {
        let columns = level_columns(row.before, &row.end);
        let ends: Vec<String> = (row.end.levels())
            .map(|level| level.now().to_string())
            .collect();
        let levels = names.iter().zip(columns).zip(ends);
        let levels = levels.filter(|((_, [min, ..]), _)| !min.is_empty());
        let phase = run.phases[row.phase].name.clone();
        let record = |((name, [min, mean, max]), end): ((&String, [String; 3]), String)| {
            [
                run.run.to_string(),
                phase.clone(),
                name.clone(),
                min,
                mean,
                max,
                end,
            ]
        };
        levels.map(record).collect::<Vec<_>>()
    });
    table("run,phase,level,min,mean,max,end", records)
}

/// `resources.csv`: a row for each run, phase and queue; Little's law can be read off it.
pub fn resources(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = "run,phase,resource,arrivals,mean_wait_us,mean_hold_us,mean_queue,utilisation";
    let rows = phases(&result.runs).flat_map(|(run, row)| {
        let length = row.end.at.since(row.before.at);
        Resource::ALL.map(|resource| {
            let index = resource.index();
            let (before, end) = (&row.before.resources[index], &row.end.resources[index]);
            let flow = end.since(before);
            let record = [
                run.run.to_string(),
                run.phases[row.phase].name.clone(),
                resource.name().to_owned(),
                flow.arrivals.to_string(),
                mean(flow.wait_ns(), flow.grants),
                mean(flow.hold_ns(), flow.releases),
                ratio(
                    (end.queue.area() - before.queue.area()) as f64,
                    length.0 as f64,
                ),
                utilisation(end, before, length),
            ];
            (end.units > 0).then_some(record)
        })
    });
    table(header, rows.flatten())
}

/// `violations.csv`: a row for each violation kept in full. `subject` is empty when it concerns the whole;
/// `repeat` is the command that brings the run about again.
pub fn violations(origin: &Origin, result: &StormResult) -> io::Result<Vec<u8>> {
    let header = "run,t_s,subject,invariant,from,to,operation,detail,repeat";
    let records = rows(&result.runs, |run| &run.violations).map(|(run, violation)| {
        let subject = violation.subject.map(|number| number.to_string());
        let operation = violation.operation.map(|operation| operation.name());
        [
            run.run.to_string(),
            seconds(violation.at.0),
            subject.unwrap_or_default(),
            violation.invariant.name().to_owned(),
            violation.from.to_owned(),
            violation.to.to_owned(),
            operation.unwrap_or_default().to_owned(),
            violation.detail.clone(),
            origin.repeat_run(run.seed),
        ]
    });
    table(header, records)
}

/// The names of the columns with commas between them, and the records.
pub(super) fn table<R: IntoIterator<Item = String>>(
    header: &str,
    records: impl Iterator<Item = R>,
) -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header.split(','))?;
    for record in records {
        writer.write_record(record.into_iter().map(cell))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

/// A text as one cell: what cannot be seen is shown, and no spreadsheet takes it for a formula.
fn cell(text: String) -> String {
    let text = printable(&text).replace('\n', " ");
    let is_formula = text.trim_start().starts_with(FORMULA);
    match is_formula && !text.parse().is_ok_and(f64::is_finite) {
        true => format!("'{text}"),
        false => text,
    }
}

/// What a formula begins with; the last four are those of East Asian keyboards.
const FORMULA: [char; 8] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

fn latency_columns(latency: &Latency, per_second: String) -> [String; 10] {
    let quantile = |q| micros(latency.quantile(q).0);
    [
        latency.count().to_string(),
        per_second,
        micros(latency.min().0),
        mean_micros(latency.mean_ns()),
        quantile(0.50),
        quantile(0.90),
        quantile(0.95),
        quantile(0.99),
        quantile(0.999),
        micros(latency.max().0),
    ]
}

/// The least, the mean and the most of each level since `earlier`; empty for a queue that there is not, and a mean over no time.
fn level_columns(earlier: &Gauges, now: &Gauges) -> Vec<[String; 3]> {
    let length = now.at.since(earlier.at).0 as f64;
    let queues = (now.resources.iter()).flat_map(|resource| [resource.units > 0; 2]);
    let there = iter::repeat_n(true, now.levels().count() - 2 * Resource::COUNT).chain(queues);
    let levels = now.levels().zip(earlier.levels()).zip(there);
    levels
        .map(|((level, earlier), there)| match there {
            false => Default::default(),
            true => {
                let mean = ratio((level.area() - earlier.area()) as f64, length);
                [level.min().to_string(), mean, level.max().to_string()]
            }
        })
        .collect()
}

/// The mean of so many times in microseconds; empty where there are none.
fn mean(sum_ns: u128, count: u64) -> String {
    match count {
        0 => String::new(),
        count => mean_micros(sum_ns as f64 / count as f64),
    }
}

/// Empty where there is no such queue: a real server does not show its own.
fn queue_length(queue: &ResourceGauge) -> String {
    match queue.units {
        0 => String::new(),
        _ => queue.queue.now().to_string(),
    }
}

/// Share of the units held over `length`, 0 to 1; empty where there is no such queue.
fn utilisation(now: &ResourceGauge, earlier: &ResourceGauge, length: Span) -> String {
    let held = now.busy.area() - earlier.busy.area();
    ratio(held as f64, now.units as f64 * length.0 as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay() {
        for (text, expected) in [
            ("-5", "-5"),
            ("+1.5e3", "+1.5e3"),
            ("", ""),
            ("a=b", "a=b"),
            ("=1+1", "'=1+1"),
            ("-1+1", "'-1+1"),
            ("+cmd|x", "'+cmd|x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-inf", "'-inf"),
            ("-", "'-"),
            ("\t=1", "' =1"),
            ("\r\n=1", "'  =1"),
            ("\u{202e}=1", "·=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
        ] {
            assert_eq!(cell(text.to_owned()), expected, "{text:?}");
        }
    }
}
