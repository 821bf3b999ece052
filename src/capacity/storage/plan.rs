//! What a scenario says of storage before it is run.

use super::closed_form::{ClosedForm, NoClosedForm};
use crate::scenario::{Prices, Scenario, Target};
use stormglass_model::fault::{FaultId, Place};
use stormglass_model::units::Bytes;

/// What a scenario says of storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it stores in the long run.
    pub closed_form: Result<ClosedForm, NoClosedForm>,
    /// The capacity that may be full one day, with what the stock takes of it.
    pub capacity: Option<Capacity>,
    /// What the store holds besides, from the beginning to the end.
    pub stock: Bytes,
    /// The faults that take the scrubber down.
    pub scrubber_faults: Vec<FaultId>,
    /// What it is paid for with.
    pub prices: Option<Prices>,
    /// The store's slots.
    pub slots: u64,
    /// Workers of all kinds: of requests, of the scrubber and of tasks.
    pub workers: u64,
    /// Processes of the service.
    pub processes: u64,
    /// Connections to its database.
    pub connections: u64,
}

/// A capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How much there is.
    pub bytes: Bytes,
    /// Whether an upload beyond it fails.
    pub is_enforced: bool,
}

impl Plan {
    /// Of a scenario.
    pub fn of(scenario: &Scenario) -> Plan {
        let faults = scenario.faults.iter().zip(0..);
        let (slots, workers, processes, connections) = match &scenario.target {
            Target::Glance(_) => (0, 0, 0, 0),
            Target::Embedded(config) => {
                let workers = [config.workers, config.scrub_workers, config.task_workers];
                let workers = workers.iter().map(|count| u64::from(count.get())).sum();
                let processes = config.processes.get().into();
                let connections = config.registry.connections.get().into();
                (
                    config.store.slots.get().into(),
                    workers,
                    processes,
                    connections,
                )
            }
        };
        let scrubber = faults.filter(|(fault, _)| fault.place == Place::Scrubber);
        Plan {
            closed_form: ClosedForm::of(scenario),
            capacity: capacity(scenario),
            stock: scenario.stock,
            scrubber_faults: scrubber.map(|(_, id)| FaultId(id)).collect(),
            prices: scenario.prices.clone(),
            slots,
            workers,
            processes,
            connections,
        }
    }
}

/// What the forecast is for, or else what the store has.
fn capacity(scenario: &Scenario) -> Option<Capacity> {
    let Target::Embedded(config) = &scenario.target else {
        return None;
    };
    let watched = config.store.watched.map(|bytes| (bytes, false));
    let enforced = config.store.capacity.map(|bytes| (bytes, true));
    let (Bytes(left), is_enforced) = watched.or(enforced)?;
    Some(Capacity {
        bytes: Bytes(left + scenario.stock.0),
        is_enforced,
    })
}
