//! Which resource is short, who waits for it, and what still grows when the load ends.

use crate::metrics::{LoadParts, PARTS, PhaseRow, RunResult};
use std::collections::BTreeMap;
use stormglass_model::config::{Resource, Work};
use stormglass_model::history::{Gauges, ResourceGauge};

/// How one resource was used in one phase of the load, over all runs.
#[derive(Clone, Debug)]
pub struct Usage<'r> {
    /// Which resource.
    pub resource: Resource,
    /// The phase's name.
    pub phase: &'r str,
    /// How many units there are. Of processors, thousandths; of a shared bandwidth, bytes a second.
    pub units: f64,
    /// Share of its units that was held, 0 to 1.
    pub utilisation: f64,
    /// How many units would be held if there were enough: what all that came in would hold, without waits for anything else.
    pub load: f64,
    /// How long those who got a unit had waited, in nanoseconds.
    pub mean_wait_ns: f64,
    /// How many waited, on average.
    pub mean_queue: f64,
    /// Whose work waited for it, the longest waits first.
    pub waiting: Vec<Work>,
    /// Whether over 1 % of the work that came in for it was not done by the end of the phase.
    backlog: bool,
}

impl Usage<'_> {
    /// The share of its units that the load asks for: beyond one, work is left over.
    pub fn share(&self) -> f64 {
        self.load / self.units
    }

    /// Whether more came in than it could ever do. Virtual users that wait for each other keep it busy, but leave no backlog.
    pub fn is_short(&self) -> bool {
        self.load >= self.units && self.backlog
    }

    /// The least number of units with which what came in could be done.
    pub fn needed(&self) -> u64 {
        self.load.floor() as u64 + 1
    }
}

/// What all resources did in one phase, summed over runs.
struct PhaseSum<'r> {
    phase: &'r str,
    flows: [ResourceGauge; Resource::COUNT],
    /// Units held and waiters, integrated over time.
    areas: [(u128, u128); Resource::COUNT],
    length_ns: u128,
    runs: f64,
}

/// The resource that is the first to be short if more comes in. None when no resource was asked for anything under load.
pub fn bottleneck(runs: &[RunResult]) -> Option<Usage<'_>> {
    ranked(runs).into_iter().next()
}

/// The resources that were asked for anything, in the order in which they will be short if more comes in: by the share of their units
/// that the load asks for, each in the phase of the load in which that is most.
///
/// Workers are held by whoever waits for a connection or a slot. The load of workers leaves these waits out, so a pool that only
/// waits for another is not taken for the one that is short.
pub fn ranked(runs: &[RunResult]) -> Vec<Usage<'_>> {
    let mut sums: BTreeMap<usize, PhaseSum> = BTreeMap::new();
    for run in runs {
        for row in run.load_rows() {
            let sum = sums.entry(row.phase).or_insert_with(|| PhaseSum {
                phase: &run.phases[row.phase].name,
                flows: Default::default(),
                areas: Default::default(),
                length_ns: 0,
                runs: 0.0,
            });
            sum.add(&row);
        }
    }
    let most_loaded = |&resource: &Resource| {
        let asked = sums.values().filter(|sum| sum.flow(resource).arrivals > 0);
        let usages = asked.map(|sum| sum.usage(resource));
        usages.max_by(|a, b| a.share().total_cmp(&b.share()))
    };
    let mut usages: Vec<Usage> = Resource::ALL.iter().filter_map(most_loaded).collect();
    // Of two that are equally loaded, the one that the other waits for comes first.
    usages.sort_by(|a, b| {
        let inner = within(a.resource).len().cmp(&within(b.resource).len());
        b.share().total_cmp(&a.share()).then(inner)
    });
    usages
}

/// What work may have to wait for while it holds this.
const fn within(resource: Resource) -> &'static [Resource] {
    match resource {
        Resource::Workers | Resource::TaskWorkers | Resource::ScrubWorkers => &[
            Resource::Connections,
            Resource::Slots,
            Resource::Bandwidth,
            Resource::Cores,
        ],
        Resource::Slots => &[Resource::Bandwidth],
        Resource::Connections | Resource::Bandwidth | Resource::Cores => &[],
    }
}

impl<'r> PhaseSum<'r> {
    fn add(&mut self, row: &PhaseRow) {
        let length = row.end.at.since(row.before.at);
        self.length_ns += u128::from(length.0);
        self.runs += 1.0;
        for index in 0..Resource::COUNT {
            let (before, end) = (&row.before.resources[index], &row.end.resources[index]);
            self.flows[index].add(&end.since(before));
            self.areas[index].0 += end.busy.area() - before.busy.area();
            self.areas[index].1 += end.queue.area() - before.queue.area();
        }
    }

    fn flow(&self, resource: Resource) -> &ResourceGauge {
        &self.flows[resource.index()]
    }

    fn usage(&self, resource: Resource) -> Usage<'r> {
        let flow = self.flow(resource);
        let (held, waited) = self.areas[resource.index()];
        let units = flow.units as f64 / self.runs;
        let length = self.length_ns as f64;
        let mut waiting: Vec<Work> = Work::ALL.to_vec();
        let waits = |work: &Work| flow.work[work.index()].wait_ns;
        // Who waits for a hundredth of the time says nothing of who is short.
        waiting.retain(|work| waits(work) * 100 > flow.wait_ns());
        waiting.sort_by_key(|work| std::cmp::Reverse(waits(work)));
        let backlog = Work::ALL.iter().any(|work| {
            let workers = self.flow(work.workers());
            flow.work[work.index()].hold_ns > 0
                && workers.arrivals.saturating_sub(workers.releases) * 100 > workers.arrivals
        });
        Usage {
            backlog,
            resource,
            phase: self.phase,
            units,
            utilisation: held as f64 / (length * units),
            load: self.load_ns(resource) / length,
            mean_wait_ns: flow.wait_ns() as f64 / flow.grants.max(1) as f64,
            mean_queue: waited as f64 / length,
            waiting,
        }
    }

    /// For how long all that came in would hold its units. Each piece of work is taken to need what those needed that ended.
    fn load_ns(&self, resource: Resource) -> f64 {
        let load_of = |work: &Work| {
            let workers = self.flow(work.workers());
            let own = self.flow(resource).work[work.index()];
            let waits: u128 = (within(resource).iter())
                .map(|inner| self.flow(*inner).work[work.index()].wait_ns)
                .sum();
            let needed = own.hold_ns.saturating_sub(waits) as f64;
            let each = self.flow(resource).each as f64;
            needed * each * workers.arrivals as f64 / workers.releases.max(1) as f64
        };
        Work::ALL.iter().map(load_of).sum()
    }
}

/// Something that still grew when the load ended.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The level's name.
    pub level: String,
    /// By how much it grew in a second, on average over the second half of the load and over the runs.
    pub per_second: f64,
    /// Whether it is counted in bytes.
    pub is_bytes: bool,
}

/// Levels that grew from each sixth of the load to the next, and at its end at no less than half of their pace: what is shown of them
/// depends on when the load ended. Only levels that have no end of their own are looked at.
pub fn growing(runs: &[RunResult]) -> Vec<Growth> {
    let names = Gauges::level_names();
    let endless = |name: &str| {
        name.starts_with("queue_")
            || ["in_flight", "bytes_stored", "bytes_pending_delete"].contains(&name)
    };
    let levels = names.iter().enumerate().filter(|(_, name)| endless(name));
    let Some(LoadParts { means, part_s }) = part_means(runs) else {
        return Vec::new();
    };
    let count = runs.len() as f64;
    levels
        .filter_map(|(index, name)| {
            let means = means[index];
            let steps: Vec<f64> = means.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (first, last) = (means[0], means[PARTS - 1]);
            let pace = (last - first) / steps.len() as f64;
            let grows = steps.iter().all(|step| *step > 0.0)
                && last - first > 0.2 * last
                && steps[PARTS - 2] >= 0.5 * pace;
            grows.then(|| Growth {
                level: name.clone(),
                per_second: (last - means[PARTS / 2])
                    / (PARTS - 1 - PARTS / 2) as f64
                    / part_s
                    / count,
                is_bytes: name.starts_with("bytes_"),
            })
        })
        .collect()
}

/// The means of each level over equal parts of the load, added up over runs; none where a timeline is too coarse for that.
fn part_means(runs: &[RunResult]) -> Option<LoadParts> {
    let mut sum: Option<LoadParts> = None;
    for run in runs {
        let parts = run.load_parts()?;
        match &mut sum {
            None => sum = Some(parts),
            Some(sum) => sum.add(&parts),
        }
    }
    sum.filter(|sum| sum.part_s > 0.0)
}
