//! Work is conserved: whoever came is waiting, served or gone, and nobody waits beside a free unit.

use super::{Checker, Violation};
use crate::config::Resource;
use crate::history::{Gauges, ResourceGauge};
use crate::lifecycle::Invariant;

impl Checker {
    /// The queues of the service, as it shows them itself.
    pub(super) fn queues(&mut self, gauges: &Gauges) {
        let at = gauges.at;
        for (&resource, gauge) in Resource::ALL.iter().zip(&gauges.resources) {
            let noted = &mut self.queues_blamed[resource.index()];
            let Some((invariant, what)) = broken(resource, gauge).filter(|_| !*noted) else {
                continue;
            };
            *noted = true;
            let violation = Violation::of(invariant, at, None);
            self.violations
                .add(violation, format_args!("at {at} {resource}: {what}"));
        }
    }
}

/// What is wrong with a queue, if anything is, and which invariant that breaks.
fn broken(resource: Resource, gauge: &ResourceGauge) -> Option<(Invariant, String)> {
    if resource.is_shared() {
        return broken_share(gauge);
    }
    let (waiting, busy, units) = (gauge.queue.now(), gauge.busy.now(), gauge.units);
    let ResourceGauge {
        arrivals,
        grants,
        releases,
        ..
    } = *gauge;
    if arrivals != grants + waiting || grants != releases + busy || busy > units {
        let detail = format!(
            "of {arrivals} that came {waiting} wait, {busy} hold one of {units} units and {releases} are gone"
        );
        return Some((Invariant::Conservation, detail));
    }
    let idle = waiting > 0 && busy < units && !gauge.paused;
    idle.then(|| {
        let detail = format!("{waiting} wait although only {busy} of {units} units are held");
        (Invariant::Progress, detail)
    })
}

/// What is wrong with a resource that all who use it share: everybody is there or gone, and no more is in use than there is. How much
/// each has of it, only the service knows.
fn broken_share(gauge: &ResourceGauge) -> Option<(Invariant, String)> {
    let (slowed, busy, units) = (gauge.queue.now(), gauge.busy.now(), gauge.units);
    let ResourceGauge {
        each,
        arrivals,
        releases,
        ..
    } = *gauge;
    let there = arrivals.checked_sub(releases);
    let counted = there == Some(slowed + busy.checked_div(each).unwrap_or(0));
    (!counted || busy > units).then(|| {
        let detail = format!(
            "{arrivals} came and {releases} are gone; {busy} of {units} units are in use, {each} by each at full speed, and {slowed} more are slowed"
        );
        (Invariant::Conservation, detail)
    })
}
