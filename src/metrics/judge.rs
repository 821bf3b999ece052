//! Judges thresholds over what runs measured.

use super::latency::Latency;
use super::result::{PhaseRow, RunResult, Stretch, WorstWindow};
use super::threshold::{Aggregate, Threshold, ThresholdResult, ThresholdSubject};
use stormglass_model::config::Resource;
use stormglass_model::fault::FaultId;
use stormglass_model::history::{Gauges, Level};
use stormglass_model::lifecycle::Outcome;
use stormglass_model::units::Span;

/// What a threshold on a transition or an operation is judged by.
#[derive(Default)]
struct Gathered {
    latency: Latency,
    /// How many of them ended in an error.
    errors: u64,
    /// How many of them fell into the time that rates are of.
    timed: u64,
}

impl Threshold {
    /// Judges it over its phase, or over all phases but warm-up, all runs together. `position` is its place in the scenario.
    pub(crate) fn judge(&self, position: usize, runs: &[RunResult]) -> ThresholdResult {
        let window = self.worst_window(position, runs);
        let value = match self.windows {
            Some(_) => window.map(|worst| worst.value),
            None => self.over_all(runs),
        };
        ThresholdResult {
            threshold: self.clone(),
            value,
            met: value.is_some_and(|value| self.holds(value)),
            window,
        }
    }

    fn worst_window(&self, position: usize, runs: &[RunResult]) -> Option<WorstWindow> {
        let windows = runs.iter().flat_map(|run| run.windows.iter().copied());
        let mine = windows.filter(|worst| worst.threshold == position);
        mine.reduce(
            |worst, other| match self.comparison.is_worse(other.value, worst.value) {
                true => other,
                false => worst,
            },
        )
    }

    fn over_all(&self, runs: &[RunResult]) -> Option<f64> {
        match self.subject {
            ThresholdSubject::Transition(_) | ThresholdSubject::Operation(_) => {
                self.of_latencies(runs)
            }
            ThresholdSubject::Dropped => self.of_dropped(runs),
            ThresholdSubject::InFlight => self.of_level(runs, self.aggregate, |it| &it.in_flight),
            ThresholdSubject::BytesStored => {
                self.of_level(runs, self.aggregate, |it| &it.bytes_stored)
            }
            ThresholdSubject::Resource(resource) => self.of_resource(runs, resource),
            ThresholdSubject::Recovery(fault) => of_recovery(runs, fault),
        }
    }

    /// Whether what was due in the phase at this position is judged.
    fn judges(&self, run: &RunResult, phase: usize) -> bool {
        match &self.phase {
            Some(name) => run.phases[phase].name == *name,
            None => !run.is_warm_up(phase),
        }
    }

    /// Whether the phase at this position is part of the time that averages over time are of. How long settle lasts says
    /// nothing, so it counts only where it is named.
    fn averages(&self, run: &RunResult, phase: usize) -> bool {
        self.judges(run, phase) && (self.phase.is_some() || run.stretch(phase) != Stretch::Settle)
    }

    fn of_latencies(&self, runs: &[RunResult]) -> Option<f64> {
        let Gathered {
            latency,
            errors,
            timed,
        } = self.gather(runs);
        match self.aggregate {
            Aggregate::Count => return Some(latency.count() as f64),
            Aggregate::Rate => {
                let phases = runs.iter().flat_map(|run| {
                    let phases = run.phases.iter().enumerate();
                    phases.filter(|&(index, _)| self.averages(run, index))
                });
                let length: u64 = phases.map(|(_, phase)| phase.length().0).sum();
                return quotient(timed as f64 * 1e9, length as f64);
            }
            _ if latency.count() == 0 => return None,
            _ => {}
        }
        value(self.aggregate, &latency, errors)
    }

    /// The latencies it is about.
    fn gather(&self, runs: &[RunResult]) -> Gathered {
        let mut sum = Gathered::default();
        for run in runs {
            let mut add = |phase: usize, latency: &Latency| {
                sum.latency.add(latency);
                sum.timed += u64::from(self.averages(run, phase)) * latency.count();
            };
            let mine = |phase, story| {
                self.judges(run, phase) && self.story.is_none_or(|mine| mine == story)
            };
            match self.subject {
                ThresholdSubject::Transition(key) => {
                    let rows = run.transitions.iter().filter(|row| row.key == key);
                    rows.filter(|row| mine(row.phase, row.story))
                        .for_each(|row| add(row.phase, &row.latency));
                }
                ThresholdSubject::Operation(operation) => {
                    let rows = run.operations.iter();
                    // What never left this machine says nothing of the server.
                    let rows = rows
                        .filter(|row| row.operation == operation && row.outcome != Outcome::Local);
                    for row in rows.filter(|row| mine(row.phase, row.story)) {
                        add(row.phase, &row.response);
                        if is_error(row.outcome) {
                            sum.errors += row.response.count();
                        }
                    }
                }
                ThresholdSubject::Dropped
                | ThresholdSubject::InFlight
                | ThresholdSubject::BytesStored
                | ThresholdSubject::Resource(_)
                | ThresholdSubject::Recovery(_) => {}
            }
        }
        sum
    }

    /// The phases for which `counts` holds, of every run.
    fn rows<'r>(
        &self,
        runs: &'r [RunResult],
        counts: impl Fn(&Threshold, &RunResult, usize) -> bool,
    ) -> Vec<PhaseRow<'r>> {
        let rows = runs.iter().flat_map(|run| {
            let rows = run.phase_rows().into_iter();
            rows.filter(|row| counts(self, run, row.phase))
                .collect::<Vec<_>>()
        });
        rows.collect()
    }

    /// How many arrivals were dropped, or their share of those that were due.
    fn of_dropped(&self, runs: &[RunResult]) -> Option<f64> {
        let (mut dropped, mut due) = (0, 0);
        for row in self.rows(runs, Threshold::judges) {
            let lost = row.end.dropped - row.before.dropped;
            dropped += lost;
            due += row.end.arrivals - row.before.arrivals + lost;
        }
        match self.aggregate {
            Aggregate::Count => Some(dropped as f64),
            _ => quotient(dropped as f64, due as f64),
        }
    }

    /// The most that there was of a level, or its mean over time.
    fn of_level(
        &self,
        runs: &[RunResult],
        aggregate: Aggregate,
        level: impl Fn(&Gauges) -> &Level,
    ) -> Option<f64> {
        match aggregate {
            Aggregate::Max => {
                let rows = self.rows(runs, Threshold::judges);
                let most = rows.iter().map(|row| level(&row.end).max()).max();
                most.map(|most| most as f64)
            }
            _ => {
                let rows = self.rows(runs, Threshold::averages);
                let area = |row: &PhaseRow| level(&row.end).area() - level(row.before).area();
                let length: u64 = rows.iter().map(length).sum();
                quotient(rows.iter().map(area).sum::<u128>() as f64, length as f64)
            }
        }
    }

    fn of_resource(&self, runs: &[RunResult], resource: Resource) -> Option<f64> {
        let index = resource.index();
        match self.aggregate {
            Aggregate::MeanQueue => {
                self.of_level(runs, Aggregate::Mean, |it| &it.resources[index].queue)
            }
            Aggregate::MaxQueue => {
                self.of_level(runs, Aggregate::Max, |it| &it.resources[index].queue)
            }
            Aggregate::Wait => {
                let (mut wait_ns, mut grants) = (0, 0);
                for row in self.rows(runs, Threshold::judges) {
                    let flow = row.end.resources[index].since(&row.before.resources[index]);
                    wait_ns += flow.wait_ns();
                    grants += flow.grants;
                }
                quotient(wait_ns as f64, grants as f64)
            }
            _ => {
                let (mut held, mut there) = (0, 0);
                for row in self.rows(runs, Threshold::averages) {
                    let (before, end) = (&row.before.resources[index], &row.end.resources[index]);
                    held += end.busy.area() - before.busy.area();
                    there += u128::from(end.units) * u128::from(length(&row));
                }
                quotient(held as f64, there as f64)
            }
        }
    }
}

/// The longest recovery of all runs, in nanoseconds; none where one did not recover.
fn of_recovery(runs: &[RunResult], fault: FaultId) -> Option<f64> {
    let times: Option<Vec<Span>> = runs.iter().map(|run| run.recovery(fault)).collect();
    times?.into_iter().max().map(|longest| longest.0 as f64)
}

/// Such a number of some latencies, of which there are any.
pub(super) fn value(aggregate: Aggregate, latency: &Latency, errors: u64) -> Option<f64> {
    match aggregate {
        Aggregate::Percentile(p) => Some(latency.quantile(p / 100.0).0 as f64),
        Aggregate::Mean => Some(latency.mean_ns()),
        Aggregate::Min => Some(latency.min().0 as f64),
        Aggregate::Max => Some(latency.max().0 as f64),
        Aggregate::ErrorRate => Some(errors as f64 / latency.count() as f64),
        Aggregate::Count => Some(latency.count() as f64),
        Aggregate::Rate
        | Aggregate::Utilisation
        | Aggregate::MeanQueue
        | Aggregate::MaxQueue
        | Aggregate::Wait
        | Aggregate::Time => None,
    }
}

/// Whether an operation that ended so counts in the error rate.
pub(super) fn is_error(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Fail | Outcome::Unknown)
}

/// In nanoseconds.
fn length(row: &PhaseRow) -> u64 {
    row.end.at.since(row.before.at).0
}

fn quotient(sum: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| sum / of)
}
