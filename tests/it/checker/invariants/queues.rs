//! `conservation` and `progress` of work: whoever came is waiting, served or gone, and nobody waits beside a free unit.

use super::*;
use stormglass_model::config::Resource;

/// A queue of two units at which so many wait, hold a unit, and are gone.
fn queue(waiting: u64, busy: u64, gone: u64) -> ResourceGauge {
    ResourceGauge {
        units: 2,
        queue: Level::constant(waiting),
        busy: Level::constant(busy),
        arrivals: waiting + busy + gone,
        grants: busy + gone,
        releases: gone,
        ..ResourceGauge::default()
    }
}

fn shown(queues: &[ResourceGauge]) -> Script {
    let mut script = Script::new(Profile::V2);
    for queue in queues {
        let mut gauges = Gauges::default();
        gauges.resources[Resource::Slots.index()] = *queue;
        script.checker.gauges(&gauges);
    }
    script
}

#[test]
fn nobody_waits_beside_a_free_unit() {
    shown(&[queue(0, 1, 4), queue(5, 2, 9)]).keeps();
    shown(&[queue(1, 1, 3)]).breaks(&[Invariant::Progress]);
    // The same cause is told once.
    shown(&[queue(1, 1, 3), queue(7, 0, 9)]).breaks(&[Invariant::Progress]);
    let paused = ResourceGauge {
        paused: true,
        ..queue(3, 1, 0)
    };
    shown(&[paused]).keeps();
}

#[test]
fn nobody_is_lost_and_no_unit_is_held_twice() {
    for wrong in [
        ResourceGauge {
            arrivals: 10,
            ..queue(2, 2, 5)
        },
        ResourceGauge {
            grants: 6,
            ..queue(2, 2, 5)
        },
        ResourceGauge {
            releases: 6,
            ..queue(2, 2, 5)
        },
        queue(0, 3, 5),
    ] {
        shown(&[wrong]).breaks(&[Invariant::Conservation]);
    }
}

/// Of what is shared, everybody is there or gone, and no more is in use than there is.
#[test]
fn nobody_who_shares_is_lost_and_no_more_is_in_use_than_there_is() {
    // Of ten units each has four at full speed: four have all of them, which is enough for two.
    let four = ResourceGauge {
        units: 10,
        each: 4,
        queue: Level::constant(2),
        busy: Level::constant(10),
        arrivals: 9,
        grants: 9,
        releases: 5,
        ..ResourceGauge::default()
    };
    let shown = |gauge: ResourceGauge| {
        let mut script = Script::new(Profile::V2);
        let mut gauges = Gauges::default();
        gauges.resources[Resource::Bandwidth.index()] = gauge;
        script.checker.gauges(&gauges);
        script
    };
    shown(four).keeps();
    for wrong in [
        ResourceGauge {
            releases: 6,
            ..four
        },
        ResourceGauge {
            arrivals: 4,
            ..four
        },
        ResourceGauge {
            queue: Level::constant(3),
            ..four
        },
        ResourceGauge { units: 9, ..four },
    ] {
        shown(wrong).breaks(&[Invariant::Conservation]);
    }
}
