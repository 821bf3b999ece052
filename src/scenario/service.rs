//! The embedded service, as `[service]` describes it.

use super::reader::{Fields, Input, Read};
use super::value::{bandwidth, lasting, share};
use std::num::NonZeroU64;
use stormglass_model::config::{
    CpuConfig, Defect, Defects, FailureRule, RegistryConfig, ServiceConfig, StoreConfig,
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
            Some(StoreConfig {
                bandwidth: t.with("bandwidth", bandwidth),
                shared_bandwidth: t.with("shared_bandwidth", bandwidth),
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
            let bandwidth = t.with("bandwidth", bandwidth);
            let data_lock = t.or("data_lock", true);
            Some(CpuConfig {
                thousandths: thousandths?,
                lock: lock.unwrap_or(0.0),
                contention,
                turn,
                request,
                by_operation: by_operation.unwrap_or_default(),
                bandwidth,
                data_lock,
            })
        })
    }
}

/// What the request of each operation takes, of those that are named.
fn operations(t: &mut Fields) -> Vec<(Operation, Distribution<Span>)> {
    let known = Operation::ALL.iter().filter(|it| !it.row().only_glance);
    known
        .filter_map(|operation| Some((*operation, t.get(operation.name())?)))
        .collect()
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
