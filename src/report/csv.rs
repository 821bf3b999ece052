//! The CSV files: a header, units in the column names, one fact a row, no total rows.

use super::number::{mean_micros, micros, ratio, seconds};
use super::origin::Origin;
use super::totals::{intervals, rows};
use crate::metrics::{Latency, StormResult};
use csv::Writer;
use std::io;
use stormglass_model::config::Resource;
use stormglass_model::history::ResourceGauge;
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Span;

const LATENCY_COLUMNS: &str =
    "count,rate_per_s,min_us,mean_us,p50_us,p90_us,p95_us,p99_us,p999_us,max_us";

/// `transitions.csv`: latencies from the due instant of a transition's cause to its commit, a row for
/// each run, phase, story and transition. `from` is empty for creation.
pub fn transitions(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = format!("run,phase,story,kind,from,to,{LATENCY_COLUMNS}");
    let records = rows(&result.runs, |run| &run.transitions).map(|(run, row)| {
        let (from, to) = row.key.names();
        let kind = if row.key.is_task() { "task" } else { "subject" };
        let mut record = vec![
            run.run.to_string(),
            run.phases[row.phase].name.clone(),
            result.stories[usize::from(row.story.0)].clone(),
            kind.to_owned(),
            from.to_owned(),
            to.to_owned(),
        ];
        record.extend(latency_columns(
            &row.latency,
            run.phases[row.phase].length(),
        ));
        record
    });
    table(&header, records)
}

/// `operations.csv`: response times (from the intended time) and service times (from the send), a row for
/// each run, phase, story, operation and outcome.
pub fn operations(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = format!(
        "run,phase,story,operation,outcome,{LATENCY_COLUMNS},service_p50_us,service_p99_us"
    );
    let records = rows(&result.runs, |run| &run.operations).map(|(run, row)| {
        let mut record = vec![
            run.run.to_string(),
            run.phases[row.phase].name.clone(),
            result.stories[usize::from(row.story.0)].clone(),
            row.operation.name().to_owned(),
            row.outcome.name().to_owned(),
        ];
        record.extend(latency_columns(
            &row.response,
            run.phases[row.phase].length(),
        ));
        record.extend([0.50, 0.99].map(|q| micros(row.service.quantile(q).0)));
        record
    });
    table(&header, records)
}

/// `timeline.csv`: a row for each run and interval. `t_s` is the interval's end; arrivals, completions
/// (of operations) and dropped are of the interval, utilisation is its mean, all else is its end.
pub fn timeline(result: &StormResult) -> io::Result<Vec<u8>> {
    let statuses = SubjectStatus::ALL.map(SubjectStatus::name).join(",");
    let queues = Resource::ALL.map(|resource| {
        let name = resource.name().replace('.', "_");
        format!("queue_{name},utilisation_{name}")
    });
    let header = format!(
        "run,t_s,phase,arrivals,completions,in_flight,dropped,{statuses},bytes_stored,bytes_pending_delete,{}",
        queues.join(",")
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
            now.in_flight.to_string(),
            (now.dropped - earlier.dropped).to_string(),
        ];
        record.extend(now.subjects.map(|count| count.to_string()));
        record.push(now.bytes_stored.to_string());
        record.push(now.bytes_pending_delete.to_string());
        for (queue, earlier) in now.resources.iter().zip(&earlier.resources) {
            let flow = queue.since(earlier);
            record.extend([queue_length(&flow), utilisation(&flow, length)]);
        }
        record
    });
    table(&header, records)
}

/// `resources.csv`: a row for each run, phase and queue; Little's law can be read off it.
pub fn resources(result: &StormResult) -> io::Result<Vec<u8>> {
    let header = "run,phase,resource,arrivals,mean_wait_us,mean_hold_us,mean_queue,utilisation";
    let mean = |sum_ns: u128, count: u64| match count {
        0 => String::new(),
        count => mean_micros(sum_ns as f64 / count as f64),
    };
    let records = rows(&result.runs, |run| &run.resources).map(|(run, row)| {
        let length = run.phases[row.phase].length();
        [
            run.run.to_string(),
            run.phases[row.phase].name.clone(),
            row.resource.name().to_owned(),
            row.flow.arrivals.to_string(),
            mean(row.flow.wait_ns, row.flow.grants),
            mean(row.flow.hold_ns, row.flow.releases),
            ratio(row.flow.queue_ns as f64, length.0 as f64),
            utilisation(&row.flow, length),
        ]
    });
    table(header, records)
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
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn latency_columns(latency: &Latency, length: Span) -> [String; 10] {
    let quantile = |q| micros(latency.quantile(q).0);
    [
        latency.count().to_string(),
        ratio(latency.count() as f64, length.as_secs_f64()),
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

/// Empty where there is no such queue: a real server does not show its own.
fn queue_length(flow: &ResourceGauge) -> String {
    match flow.units {
        0 => String::new(),
        _ => flow.queue.to_string(),
    }
}

/// Share of the units held over `length`, 0 to 1; empty where there is no such queue.
fn utilisation(flow: &ResourceGauge, length: Span) -> String {
    ratio(flow.busy_ns as f64, flow.units as f64 * length.0 as f64)
}
