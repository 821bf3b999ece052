//! The tables of a folder of results, as figures a run.

use super::document::{Document, Run, Stretch};
use super::figure::{Figure, Measured, Quantity};
use crate::metrics::ALL;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The values of each figure, by the number of the run.
pub type Values = BTreeMap<Figure, BTreeMap<u32, f64>>;

/// A quantile of fewer values than this is their greatest.
const FEWEST_FOR_P99: u64 = 100;

#[derive(Deserialize)]
struct Transition {
    run: u32,
    phase: String,
    story: String,
    kind: String,
    from: String,
    to: String,
    #[serde(flatten)]
    latency: Latency,
}

#[derive(Deserialize)]
struct Operation {
    run: u32,
    phase: String,
    story: String,
    operation: String,
    outcome: String,
    #[serde(flatten)]
    latency: Latency,
}

#[derive(Deserialize)]
struct Latency {
    count: u64,
    mean_us: f64,
    p50_us: f64,
    p99_us: f64,
}

#[derive(Deserialize)]
struct Resource {
    run: u32,
    phase: String,
    resource: String,
    mean_wait_us: Option<f64>,
    mean_hold_us: Option<f64>,
    mean_queue: Option<f64>,
    utilisation: Option<f64>,
}

#[derive(Deserialize)]
struct Level {
    run: u32,
    phase: String,
    level: String,
    mean: Option<f64>,
    max: f64,
}

/// The rows of a table, or what is wrong with it.
fn rows<R: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<R>, String> {
    whole(bytes)?;
    let mut reader = csv::Reader::from_reader(bytes);
    let rows: Result<Vec<R>, csv::Error> = reader.deserialize().collect();
    rows.map_err(|error| {
        let line = error.position().map(csv::Position::line);
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        match error.kind() {
            csv::ErrorKind::UnequalLengths { .. } => {
                format!("{line}it has more or fewer columns than the first")
            }
            csv::ErrorKind::Deserialize { err, .. } => format!("{line}{}", err.kind()),
            _ => error.to_string(),
        }
    })
}

/// That a table does not end in the middle of a line.
pub fn whole(bytes: &[u8]) -> Result<(), String> {
    match bytes.ends_with(b"\n") {
        true => Ok(()),
        false => Err("it was cut short".to_owned()),
    }
}

/// The run of this number, and where its phase lies.
pub fn place<'d>(
    document: &'d Document,
    number: u32,
    phase: &str,
) -> Result<(&'d Run, Stretch), String> {
    let run = document.runs.iter().find(|run| run.run == number);
    let run = run.ok_or_else(|| format!("run.json knows no run {number}"))?;
    let stretch = run.stretch(phase);
    let stretch = stretch.ok_or_else(|| format!("run.json knows no phase `{phase}`"))?;
    Ok((run, stretch))
}

/// `transitions.csv`: what was due in the warm-up is left out.
pub fn transitions(document: &Document, bytes: &[u8], values: &mut Values) -> Result<(), String> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    let mut together = 0;
    for row in rows::<Transition>(bytes)? {
        if row.story == ALL {
            together += if row.phase == ALL {
                row.latency.count
            } else {
                0
            };
            continue;
        }
        let (_, stretch) = place(document, row.run, &row.phase)?;
        *counts.entry(row.run).or_default() += row.latency.count;
        if stretch == Stretch::WarmUp {
            continue;
        }
        let from = match row.from.as_str() {
            "" => "(none)",
            from => from,
        };
        let kind = if row.kind == "task" { "task " } else { "" };
        let of = Figure {
            measured: Measured::Transition(format!("{kind}{from} → {}", row.to)),
            quantity: Quantity::Mean,
            phase: row.phase,
            story: Some(row.story),
        };
        add_latency(values, &of, row.run, &row.latency);
    }
    let complete = |run: &Run| counts.get(&run.run).copied().unwrap_or(0) == run.transitions;
    let merged = document.merged(|it| it.transition.is_some());
    match document.runs.iter().all(complete) && together == merged {
        true => Ok(()),
        false => Err("it has not all rows that run.json counts".to_owned()),
    }
}

/// How operations of one kind ended in a phase of a run.
#[derive(Default)]
struct Ended {
    all: u64,
    errors: u64,
}

/// `operations.csv`: response times of what was acknowledged, error rates, and throughput.
pub fn operations(document: &Document, bytes: &[u8], values: &mut Values) -> Result<(), String> {
    let mut ended: BTreeMap<(Figure, u32), Ended> = BTreeMap::new();
    let mut completed: BTreeMap<(u32, String), u64> = BTreeMap::new();
    let (mut count, mut together) = (0, 0);
    for row in rows::<Operation>(bytes)? {
        if row.story == ALL {
            together += if row.phase == ALL {
                row.latency.count
            } else {
                0
            };
            continue;
        }
        let (_, stretch) = place(document, row.run, &row.phase)?;
        count += row.latency.count;
        if stretch == Stretch::WarmUp || row.outcome == "local" {
            continue;
        }
        let of = Figure {
            measured: Measured::Operation(row.operation),
            quantity: Quantity::ErrorRate,
            phase: row.phase.clone(),
            story: Some(row.story),
        };
        if row.outcome == "ok" {
            add_latency(values, &of, row.run, &row.latency);
        }
        if stretch == Stretch::Load {
            *completed.entry((row.run, row.phase)).or_default() += row.latency.count;
        }
        let ended = ended.entry((of, row.run)).or_default();
        ended.all += row.latency.count;
        ended.errors += match row.outcome.as_str() {
            "fail" | "unknown" => row.latency.count,
            _ => 0,
        };
    }
    if count != document.operations || together != document.merged(|it| it.operation.is_some()) {
        return Err("it has not all rows that run.json counts".to_owned());
    }
    for ((of, run), ended) in ended.into_iter().filter(|(_, ended)| ended.all > 0) {
        let share = ended.errors as f64 / ended.all as f64;
        values.entry(of).or_default().insert(run, share);
    }
    for ((number, phase), count) in completed {
        let (run, _) = place(document, number, &phase)?;
        let length_s = run.length_s(&phase).filter(|length_s| *length_s > 0.0);
        if let Some(length_s) = length_s {
            let of = Figure::of(Measured::Throughput, Quantity::Rate, &phase);
            (values.entry(of).or_default()).insert(number, count as f64 / length_s);
        }
    }
    Ok(())
}

fn add_latency(values: &mut Values, of: &Figure, run: u32, latency: &Latency) {
    let p99 = (latency.count >= FEWEST_FOR_P99).then_some(latency.p99_us);
    let numbers = [
        (Quantity::Mean, Some(latency.mean_us)),
        (Quantity::Median, Some(latency.p50_us)),
        (Quantity::P99, p99),
    ];
    for (quantity, us) in numbers {
        add(values, of, quantity, run, us.map(|us| us * 1e3));
    }
}

fn add(values: &mut Values, of: &Figure, quantity: Quantity, run: u32, value: Option<f64>) {
    if let Some(value) = value {
        let figure = Figure {
            quantity,
            ..of.clone()
        };
        values.entry(figure).or_default().insert(run, value);
    }
}

/// `resources.csv`, while there was load.
pub fn resources(document: &Document, bytes: &[u8], values: &mut Values) -> Result<(), String> {
    let mut seen = Seen::new();
    for row in rows::<Resource>(bytes)? {
        *seen.entry((row.run, row.phase.clone())).or_default() += 1;
        if place(document, row.run, &row.phase)?.1 != Stretch::Load {
            continue;
        }
        let of = Figure {
            measured: Measured::Resource(row.resource),
            quantity: Quantity::Mean,
            phase: row.phase,
            story: None,
        };
        let ns = |us: Option<f64>| us.map(|us| us * 1e3);
        let numbers = [
            (Quantity::Utilisation, row.utilisation),
            (Quantity::MeanQueue, row.mean_queue),
            (Quantity::Wait, ns(row.mean_wait_us)),
            (Quantity::Hold, ns(row.mean_hold_us)),
        ];
        for (quantity, value) in numbers {
            add(values, &of, quantity, row.run, value);
        }
    }
    // A real server does not show its queues.
    match seen.is_empty() && document.target != "embedded" {
        true => Ok(()),
        false => complete(document, &seen),
    }
}

/// How many rows each phase of a run has.
type Seen = BTreeMap<(u32, String), usize>;

/// That every phase of every run that took any time has as many rows as the others.
fn complete(document: &Document, seen: &Seen) -> Result<(), String> {
    let most = seen.values().max();
    for run in &document.runs {
        for phase in run.phases.iter().filter(|it| it.to_s > it.from_s) {
            if seen.get(&(run.run, phase.name.clone())) != most || most.is_none() {
                return Err(format!("rows of run {} are missing", run.run));
            }
        }
    }
    Ok(())
}

/// `levels.csv`: bytes, and operations in flight, while there was load. What is in which status follows from these.
pub fn levels(document: &Document, bytes: &[u8], values: &mut Values) -> Result<(), String> {
    let mut seen = Seen::new();
    for row in rows::<Level>(bytes)? {
        let (_, stretch) = place(document, row.run, &row.phase)?;
        *seen.entry((row.run, row.phase.clone())).or_default() += 1;
        let is_bytes = ["bytes_stored", "bytes_pending_delete"].contains(&row.level.as_str());
        if stretch != Stretch::Load || !is_bytes && row.level != "in_flight" {
            continue;
        }
        let of = Figure {
            measured: Measured::Level(row.level),
            quantity: Quantity::Mean,
            phase: row.phase,
            story: None,
        };
        add(values, &of, Quantity::Mean, row.run, row.mean);
        let max = is_bytes.then_some(row.max);
        add(values, &of, Quantity::Max, row.run, max);
    }
    complete(document, &seen)
}
