//! The queue that is known exactly, and the scenario that must behave like it.

use stormglass::RunResult;
use stormglass_model::config::Resource;

/// Customers a second.
pub const ARRIVALS: f64 = 2.8;
/// Customers served at once.
pub const SERVERS: u32 = 4;
/// Seconds that one takes on average.
pub const SERVICE_S: f64 = 1.0;

/// Says of `scenarios/mm-c.toml` what is said above, and how many customers come.
pub fn settings(customers: u64) -> [String; 4] {
    [
        format!("load.arrivals.rate={ARRIVALS}/s"),
        format!("service.store.slots={SERVERS}"),
        format!("service.store.put={{ exponential = {{ mean = \"{SERVICE_S}s\" }} }}"),
        format!("load.subjects={customers}"),
    ]
}

/// The mean wait of all customers of an M/M/c queue in seconds: Erlang's C formula.
pub fn mean_wait_s() -> f64 {
    let offered = ARRIVALS * SERVICE_S;
    let servers = f64::from(SERVERS);
    // `term` is aⁿ ÷ n!.
    let (mut term, mut below) = (1.0, 0.0);
    for n in 1..=SERVERS {
        below += term;
        term *= offered / f64::from(n);
    }
    let all_busy = term * servers / (servers - offered);
    let probability_of_waiting = all_busy / (below + all_busy);
    probability_of_waiting * SERVICE_S / (servers - offered)
}

/// The mean wait for a slot that a run measured, in seconds.
pub fn measured_wait_s(run: &RunResult) -> f64 {
    let slots = run.end.resources[Resource::Slots.index()];
    slots.wait_ns() as f64 / slots.grants as f64 / 1e9
}
