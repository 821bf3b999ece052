//! The embedded service, as `[service]` describes it.

use super::reader::{Fields, Input, Read};
use super::value::{bandwidth, lasting, share};
use std::num::NonZeroU64;
use stormglass_model::config::{
    Balance, CpuConfig, Defect, Defects, FailureRule, RegistryConfig, ServiceConfig, StoreConfig,
    Weight,
};
use stormglass_model::lifecycle::Operation;
use stormglass_model::random::Distribution;
use stormglass_model::units::{Bytes, Span};

impl Read for ServiceConfig {
    fn read(input: Input) -> Option<ServiceConfig> {
        let default = ServiceConfig::default();
        let or = |span: Option<Span>, default| span.unwrap_or(default);
        input.table("[service]", |t| {
            Some(ServiceConfig {
                rules: (t.with("profile", |it| {
                    it.one_of("profile", FailureRule::ALL, FailureRule::name)
                }))
                .unwrap_or(default.rules),
                workers: t.or("workers", default.workers),
                backlog: t.get("backlog"),
                keep_alive: t.with("keep_alive", lasting),
                processes: t.or("processes", default.processes),
                balance: (t.with("balance", |it| {
                    it.one_of("balance", Balance::ALL, Balance::name)
                }))
                .unwrap_or_default(),
                cpu: t.get("cpu"),
                delayed_delete: t.or("delayed_delete", default.delayed_delete),
                scrub_time: t.or("scrub_time", default.scrub_time),
                scrub_interval: or(t.with("scrub_interval", lasting), default.scrub_interval),
                scrub_workers: t.or("scrub_workers", default.scrub_workers),
                scrub_read: t.or("scrub_read", default.scrub_read),
                task_workers: t.or("task_workers", default.task_workers),
                purge_after: t.get("purge_after"),
                retry: or(t.with("retry", lasting), default.retry),
                defects: t.or("defects", default.defects),
                registry: t.or("registry", default.registry),
                store: t.or("store", default.store),
            })
        })
    }
}

impl Read for Defects {
    fn read(input: Input) -> Option<Defects> {
        let one = |item: Input| item.one_of("defect", Defect::ALL, Defect::name);
        let defects = input.all("a list of defects", "[\"lost-create\"]", one)?;
        Some(defects.into_iter().collect())
    }
}

impl Read for RegistryConfig {
    fn read(input: Input) -> Option<RegistryConfig> {
        let default = ServiceConfig::default().registry;
        input.table("[service.registry]", |t| {
            Some(RegistryConfig {
                connections: t.or("connections", default.connections),
                commit: t.or("commit", default.commit),
                read: t.get("read"),
            })
        })
    }
}

impl Read for StoreConfig {
    fn read(input: Input) -> Option<StoreConfig> {
        let default = ServiceConfig::default().store;
        input.table("[service.store]", |t| {
            let shared_bandwidth = t.with("shared_bandwidth", bandwidth);
            let get_bandwidth = t.with("get_bandwidth", bandwidth);
            if get_bandwidth.is_some() && shared_bandwidth.is_some() {
                let message = "reads have no bandwidth of their own where all transfers share one";
                let help = "leave `get_bandwidth` out, or `shared_bandwidth`";
                t.wrong("get_bandwidth", message, help);
            }
            Some(StoreConfig {
                bandwidth: t.with("bandwidth", bandwidth),
                get_bandwidth,
                shared_bandwidth,
                chunk: t.with("chunk", some_bytes),
                chunk_time: t.or("chunk_time", default.chunk_time),
                slots: t.or("slots", default.slots),
                put: t.or("put", default.put),
                get: t.or("get", default.get),
                delete: t.or("delete", default.delete),
                delete_bandwidth: t.with("delete_bandwidth", bandwidth),
                capacity: t.get("capacity"),
                watched: None,
            })
        })
    }
}

impl Read for CpuConfig {
    fn read(input: Input) -> Option<CpuConfig> {
        input.table("[service.cpu]", |t| {
            let thousandths = t.need_with("cores", "4", cores);
            let lock = t.with("lock", share);
            let contention = t.or("contention", 0.0);
            let turn = t.with("turn", lasting);
            if turn.is_some() && lock != Some(1.0) {
                let message = "threads take turns only where the lock is held all the time";
                t.wrong("turn", message, "write `lock = 1`, or leave `turn` out");
            }
            let request = t.or("request", Distribution::constant(0));
            let by_operation = t.with("operations", |it| {
                it.table("[service.cpu.operations]", |t| Some(operations(t)))
            });
            let get_bandwidth = t.with("get_bandwidth", bandwidth);
            let bandwidth = t.with("bandwidth", bandwidth);
            let data_lock = t.or("data_lock", true);
            let weights = t.with("weights", |it| {
                it.table("[service.cpu.weights]", |t| Some(weights(t)))
            });
            let unbroken = t.with("unbroken", |it| {
                it.table("[service.cpu.unbroken]", |t| Some(unbroken(t)))
            });
            let unbroken_weight = t.with("unbroken_weight", weight);
            let put_weight = t.with("put_weight", weight);
            let get_weight = t.with("get_weight", weight);
            let handover = t.with("handover", weight);
            let burst = t.with("burst", lasting);
            let given = [
                ("weights", weights.as_ref().is_some_and(|it| !it.is_empty())),
                (
                    "unbroken",
                    unbroken.as_ref().is_some_and(|it| !it.is_empty()),
                ),
                ("unbroken_weight", unbroken_weight.is_some()),
                ("put_weight", put_weight.is_some()),
                ("get_weight", get_weight.is_some()),
                ("handover", handover.is_some()),
                ("burst", burst.is_some()),
            ];
            let given = given.into_iter().filter_map(|(key, is)| is.then_some(key));
            refuse_idle_weights(t, given, lock == Some(1.0) && turn.is_none(), data_lock);
            Some(CpuConfig {
                thousandths: thousandths?,
                lock: lock.unwrap_or(0.0),
                contention,
                turn,
                request,
                by_operation: by_operation.unwrap_or_default(),
                bandwidth,
                get_bandwidth,
                data_lock,
                weights: weights.unwrap_or_default(),
                unbroken: unbroken.unwrap_or_default(),
                unbroken_weight: unbroken_weight.unwrap_or(Weight::UNBROKEN),
                put_weight: put_weight.unwrap_or(Weight::ONE),
                get_weight: get_weight.unwrap_or(Weight::ONE),
                handover,
                burst: burst.unwrap_or(Span::ZERO),
            })
        })
    }
}

/// Refuses those of these keys that would weigh nothing, for want of a lock that is always held or that is held over data.
fn refuse_idle_weights(
    t: &mut Fields,
    given: impl Iterator<Item = &'static str>,
    shared: bool,
    data_lock: bool,
) {
    for key in given {
        if !shared {
            let message = "weights count only where threads share a lock that is held all the time";
            let help = format!("write `lock = 1` and no `turn`, or leave `{key}` out");
            t.wrong(key, message, &help);
        }
        if !data_lock && ["put_weight", "get_weight"].contains(&key) {
            let message = "bytes that are handled without the lock have no part of it";
            let help = format!("leave `{key}` out, or `data_lock`");
            t.wrong(key, message, &help);
        }
    }
}

/// What the request of each operation takes, of those that are named.
fn operations(t: &mut Fields) -> Vec<(Operation, Distribution<Span>)> {
    known()
        .filter_map(|operation| Some((operation, t.get(operation.name())?)))
        .collect()
}

/// What the request of each operation weighs, of those that are named.
fn weights(t: &mut Fields) -> Vec<(Operation, Weight)> {
    known()
        .filter_map(|operation| Some((operation, t.with(operation.name(), weight)?)))
        .collect()
}

/// Which share of the request of each operation is unbroken, of those that are named.
fn unbroken(t: &mut Fields) -> Vec<(Operation, f64)> {
    known()
        .filter_map(|operation| Some((operation, t.with(operation.name(), share)?)))
        .collect()
}

/// The operations that the embedded service has.
fn known() -> impl Iterator<Item = Operation> {
    let all = Operation::ALL.iter().copied();
    all.filter(|it| !it.row().only_glance)
}

/// What one who shares something weighs.
fn weight(input: Input) -> Option<Weight> {
    let number = f64::read(input)?;
    Weight::new(number).or_else(|| {
        input.refuse(
            "a weight is a number from 0.001 to 1000",
            "write for example `0.5` for half as large a part as usual",
        )
    })
}

/// A number of processors, in thousandths.
fn cores(input: Input) -> Option<NonZeroU64> {
    let cores = f64::read(input)?;
    let thousandths = NonZeroU64::new((cores.min(1e9) * 1000.0).round() as u64);
    thousandths.or_else(|| {
        input.refuse(
            "without a processor nothing is done",
            "write for example `cores = 2`, or `cores = 0.5`",
        )
    })
}

/// A size above zero.
fn some_bytes(input: Input) -> Option<Bytes> {
    let bytes = Bytes::read(input)?;
    if bytes == Bytes(0) {
        let help = "write a size, for example `\"8MiB\"`; leave the key out where writes go whole";
        return input.refuse("a piece of no bytes moves nothing", help);
    }
    Some(bytes)
}
