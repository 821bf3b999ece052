//! The scrubber as a queue: what comes in, what it can do, and how long it takes to catch up.

use super::by_run::ByRun;
use crate::metrics::{FaultTurn, RunResult, TimelineRow};
use stormglass_model::config::{Resource, Work};
use stormglass_model::fault::FaultId;
use stormglass_model::units::{Span, Time};

/// The scrubber over the load without warm-up.
#[derive(Clone, Debug)]
pub struct ScrubberQueue {
    /// Subjects that came due a second.
    pub inflow: ByRun,
    /// Subjects a second that it could do if it never had nothing to do.
    pub service: ByRun,
    /// The first as a share of the second, ρ: from one on it never catches up.
    pub utilisation: ByRun,
    /// How long it was until one that was due was begun, on average, in seconds.
    pub wait_s: ByRun,
    /// When it was down, and when it had caught up.
    pub outages: Vec<Outage>,
}

/// A time for which the scrubber was down, in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// The run, from one.
    pub run: u32,
    /// Which fault.
    pub fault: FaultId,
    /// When it went down.
    pub from: Time,
    /// When it was back.
    pub to: Time,
    /// How long after that nobody who was due waited any more, to an interval of the timeline; none by the end of the run.
    pub drained: Option<Span>,
}

impl ScrubberQueue {
    /// Of the runs of a storm; `scrubber_faults` are the faults that take it down. None where nothing came due in some run.
    pub(super) fn of(runs: &[RunResult], scrubber_faults: &[FaultId]) -> Option<ScrubberQueue> {
        let flows: Option<Vec<Flow>> = runs.iter().map(Flow::of).collect();
        let flows = flows?;
        let by_run = |of: fn(&Flow) -> f64| ByRun::new(flows.iter().map(of).collect());
        let outages = runs.iter().flat_map(|run| outages(run, scrubber_faults));
        Some(ScrubberQueue {
            inflow: by_run(|flow| flow.inflow)?,
            service: by_run(|flow| flow.service)?,
            utilisation: by_run(|flow| flow.inflow / flow.service)?,
            wait_s: by_run(|flow| flow.wait_s)?,
            outages: outages.collect(),
        })
    }

    /// How long it takes to catch up after an outage, for each second of that: ρ ÷ (1 − ρ), since what came in meanwhile is done
    /// by what is left beside that which goes on coming in. None where it never does.
    pub fn drain_per_second(&self) -> Option<f64> {
        drain(self.utilisation.mean())
    }
}

fn drain(utilisation: f64) -> Option<f64> {
    (utilisation < 1.0).then(|| utilisation / (1.0 - utilisation))
}

/// What went through in one run.
struct Flow {
    inflow: f64,
    service: f64,
    wait_s: f64,
}

impl Flow {
    fn of(run: &RunResult) -> Option<Flow> {
        let index = Resource::ScrubWorkers.index();
        let (mut arrivals, mut grants, mut releases) = (0, 0, 0);
        let (mut hold_ns, mut wait_ns, mut length_s, mut units) = (0, 0, 0.0, 0);
        for row in run.load_rows() {
            let gauge = row.end.resources[index];
            let flow = gauge.since(&row.before.resources[index]);
            let work = flow.work[Work::Scrub.index()];
            arrivals += flow.arrivals;
            grants += flow.grants;
            releases += flow.releases;
            hold_ns += work.hold_ns;
            wait_ns += work.wait_ns;
            length_s += row.end.at.since(row.before.at).as_secs_f64();
            units = gauge.units;
        }
        let hold_s = hold_ns as f64 / releases as f64 / 1e9;
        // One that is done at once can be done without end.
        (arrivals > 0 && hold_s > 0.0).then(|| Flow {
            inflow: arrivals as f64 / length_s,
            service: units as f64 / hold_s,
            wait_s: wait_ns as f64 / grants.max(1) as f64 / 1e9,
        })
    }
}

fn outages(run: &RunResult, scrubber_faults: &[FaultId]) -> Vec<Outage> {
    let mut outages = Vec::new();
    let down = |turn: &&FaultTurn| scrubber_faults.contains(&turn.fault);
    for opened in run.faults.iter().filter(down).filter(|turn| turn.open) {
        let later = &mut run.faults.iter().filter(down);
        let healed =
            later.find(|turn| turn.fault == opened.fault && turn.at >= opened.at && !turn.open);
        if let Some(healed) = healed {
            outages.push(Outage {
                run: run.run,
                fault: opened.fault,
                from: opened.at,
                to: healed.at,
                drained: drained(run, healed.at),
            });
        }
    }
    outages
}

/// The end of the first interval after an instant, and after what was held up came in, in which there was a time without a queue.
fn drained(run: &RunResult, healed: Time) -> Option<Span> {
    let queue = |row: &TimelineRow| row.gauges.resources[Resource::ScrubWorkers.index()].queue;
    let after = run
        .timeline
        .windows(2)
        .filter(|pair| pair[0].gauges.at >= healed);
    let mut queued = after.skip_while(|pair| queue(&pair[1]).max() == 0);
    let empty = queued.find(|pair| queue(&pair[1]).min() == 0)?;
    Some(empty[1].gauges.at.since(healed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Down for an hour at a load of three quarters: three hours to catch up.
    #[test]
    fn what_came_meanwhile_is_done_beside_what_comes() {
        assert_eq!(drain(0.75), Some(3.0));
        assert_eq!(drain(0.0), Some(0.0));
        assert_eq!(drain(1.0), None);
        assert_eq!(drain(1.5), None);
    }
}
