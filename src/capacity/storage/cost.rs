//! What a plan costs.

use super::by_run::ByRun;
use super::plan::Plan;

/// Hours of a month: 365 days of 24 hours, a twelfth of them.
pub const MONTH_H: f64 = 730.0;
const TIB: f64 = (1_u64 << 40) as f64;

/// What a plan costs in a month, in the currency of its prices.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// All of it.
    pub month: ByRun,
    /// For what is stored on average, with the stock.
    pub stored: ByRun,
    /// For the store's slots.
    pub slots: f64,
    /// For the workers: those of requests, of the scrubber and of tasks; with the processes they are in, and the connections they use.
    pub workers: f64,
}

/// What it costs to store so many bytes on average; none where the scenario has no prices.
pub(super) fn cost(bytes: &ByRun, plan: &Plan) -> Option<Cost> {
    let prices = plan.prices.as_ref()?;
    let stored: Vec<f64> = (bytes.values().iter())
        .map(|bytes| (bytes + plan.stock.0 as f64) / TIB * prices.tib_month)
        .collect();
    let slots = plan.slots as f64 * prices.slot_month;
    let workers = plan.workers as f64 * prices.worker_hour
        + plan.processes as f64 * prices.process_hour
        + plan.connections as f64 * prices.connection_hour;
    let workers = workers * MONTH_H;
    let month = stored.iter().map(|stored| stored + slots + workers);
    Some(Cost {
        month: ByRun::new(month.collect())?,
        stored: ByRun::new(stored)?,
        slots,
        workers,
    })
}

#[cfg(test)]
mod tests {
    use super::super::closed_form::NoClosedForm;
    use super::*;
    use crate::scenario::Prices;
    use stormglass_model::units::Bytes;

    #[test]
    fn what_is_stored_and_what_is_there_is_paid_for() {
        let plan = Plan {
            closed_form: Err(NoClosedForm::Users),
            capacity: None,
            stock: Bytes(0),
            scrubber_faults: Vec::new(),
            prices: Some(Prices {
                currency: "EUR".to_owned(),
                tib_month: 20.0,
                slot_month: 5.0,
                worker_hour: 0.01,
                process_hour: 0.1,
                connection_hour: 0.02,
            }),
            slots: 8,
            workers: 72,
            processes: 2,
            connections: 10,
        };
        let bytes = ByRun::new(vec![2.0 * TIB, 3.0 * TIB]).unwrap();
        let cost = cost(&bytes, &plan).unwrap();
        assert_eq!(cost.stored.values(), [40.0, 60.0]);
        assert_eq!(cost.slots, 40.0);
        // 0.72 of workers, 0.2 of processes and 0.2 of connections, an hour.
        let workers = 1.12 * 730.0;
        assert!((cost.workers - workers).abs() < 1e-9, "{}", cost.workers);
        assert!((cost.month.mean() - (50.0 + 40.0 + workers)).abs() < 1e-9);
        assert_eq!(
            super::cost(
                &bytes,
                &Plan {
                    prices: None,
                    ..plan
                }
            ),
            None
        );
    }
}
