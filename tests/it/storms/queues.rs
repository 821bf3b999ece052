//! Little's law at every queue of every shipped scenario: what a queue holds on average is what arrives
//! times how long it stays.

use super::shipped::{STORMS, Storm};
use crate::report::file;
use crate::report::sample::origin;
use std::collections::BTreeMap;
use stormglass::{RunResult, StormResult};
use stormglass_model::config::Resource;
use stormglass_model::history::Gauges;
use stormglass_model::lifecycle::SubjectStatus;

type Row = BTreeMap<String, String>;

fn rows(result: &StormResult, name: &str) -> Vec<Row> {
    let csv = file(&origin(), result, name);
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    reader.deserialize().map(Result::unwrap).collect()
}

/// A number of a row; zero where the cell is empty.
fn number(row: &Row, column: &str) -> f64 {
    match row[column].as_str() {
        "" => 0.0,
        text => text.parse().unwrap(),
    }
}

/// Over a whole run that ends at rest nobody is still waiting or still served, so the law is exact, to the
/// nanosecond: the area under the queue's length is the sum of all waits, that under the units held the
/// sum of all holds.
#[test]
fn over_a_whole_run_it_is_exact() {
    for Storm { name, result, .. } in STORMS.iter() {
        for run in &result.runs {
            for (&resource, end) in Resource::ALL.iter().zip(&run.end.resources) {
                let place = format!("{resource} of {name}");
                assert_eq!(
                    (end.queue.now(), end.busy.now()),
                    (0, 0),
                    "{place} is not at rest"
                );
                assert_eq!((end.arrivals, end.arrivals), (end.grants, end.releases));
                assert_eq!(end.queue.area(), end.wait_ns(), "{place}: waits");
                assert_eq!(end.busy.area(), end.hold_ns(), "{place}: holds");
                assert_eq!(end.queue.area(), summed(run, resource), "{place}: phases");
            }
        }
    }
}

fn summed(run: &RunResult, resource: Resource) -> u128 {
    let queue = |gauges: &Gauges| gauges.resources[resource.index()].queue.area();
    let rows = run.phase_rows();
    rows.iter()
        .map(|row| queue(&row.end) - queue(row.before))
        .sum()
}

/// By phase, read off the CSV as a user would: queue = arrivals × wait, units held = arrivals × hold.
///
/// It cannot be exact there. Whoever is under way when a phase begins or ends spends time in two phases,
/// arrives in one, and is counted with his whole wait or hold where that ends. There are no more of those
/// than operations in flight at both ends (`timeline.csv`) and scrubs, and none of them waits longer than
/// the longest operation or transition took (`operations.csv`, `transitions.csv`); each can be missing in
/// the area, and again in the number of arrivals.
#[test]
fn by_phase_it_can_be_read_off_the_files() {
    let mut sharp = 0;
    for storm in STORMS.iter() {
        for row in rows(&storm.result, "resources.csv") {
            sharp += usize::from(holds(storm, &row));
        }
    }
    assert!(sharp >= 15, "only {sharp} rows say anything sharply");
}

/// Whether the row says it sharply: the bound is within a twentieth of what is measured.
fn holds(Storm { name, result, .. }: &Storm, row: &Row) -> bool {
    let run = result.runs[row["run"].parse::<usize>().unwrap() - 1].clone();
    let index = run
        .phases
        .iter()
        .position(|phase| phase.name == row["phase"]);
    let phase = &run.phases[index.unwrap()];
    let length = phase.length().as_secs_f64();
    let resource = Resource::from_name(&row["resource"]).unwrap();
    let units = run.end.resources[resource.index()].units as f64;
    let arrivals = number(row, "arrivals");

    let under_way = people(result, &run, phase.from.as_secs_f64())
        + people(result, &run, phase.to.as_secs_f64());
    let cut = 2.0 * under_way * longest_s(result);

    let mut sharp = false;
    for (share, most, each_us) in [
        (number(row, "mean_queue"), 1.0, "mean_wait_us"),
        (number(row, "utilisation"), units, "mean_hold_us"),
    ] {
        let area = share * most * length;
        let sum = arrivals * number(row, each_us) / 1e6;
        // The share has six decimals, the mean three.
        let bound = cut + 1e-6 * most * length + 1e-9 * arrivals;
        assert!(
            (area - sum).abs() <= bound,
            "{name}, {row:?}: area {area} s, sum {sum} s, bound {bound} s"
        );
        sharp |= bound < sum / 20.0;
    }
    sharp
}

/// How many may wait for something or hold it at an instant between phases.
fn people(result: &StormResult, run: &RunResult, at_s: f64) -> f64 {
    let timeline = rows(result, "timeline.csv");
    let number_of_run = run.run.to_string();
    let row = timeline
        .iter()
        .filter(|row| row["run"] == number_of_run)
        .find(|row| (number(row, "t_s") - at_s).abs() < 1e-9);
    let Some(row) = row else {
        return 0.0; // The beginning, when nobody is there.
    };
    let scrubs = number(row, "queue_scrub_workers")
        + run.end.resources[Resource::ScrubWorkers.index()].units as f64;
    let pending = number(row, SubjectStatus::PendingDelete.name());
    number(row, "in_flight") + scrubs.min(pending)
}

fn longest_s(result: &StormResult) -> f64 {
    let operations = rows(result, "operations.csv");
    let transitions = rows(result, "transitions.csv");
    let all = operations.iter().chain(&transitions);
    all.map(|row| number(row, "max_us") / 1e6)
        .fold(0.0, f64::max)
}
