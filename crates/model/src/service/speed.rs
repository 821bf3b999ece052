//! How fast things go: how long bytes take, and what is shared by whom.

use super::operation::Handle;
use super::shared::{Limit, Shared};
use crate::config::{ServiceConfig, StoreConfig, Weight};
use crate::units::{Bytes, Span};

/// The store's bandwidth, if all transfers share it.
pub(super) fn bandwidth_of(config: &ServiceConfig) -> Option<Shared<Handle>> {
    let Bytes(all) = config.store.shared_bandwidth?;
    let Bytes(each) = full_speed(config)?;
    Some(Shared::new(all, each, 1, Limit::NONE))
}

/// The processors, if requests take their time.
pub(super) fn cores_of(config: &ServiceConfig) -> Option<Shared<Handle>> {
    let cpu = config.cpu.as_ref()?;
    let processes = config.processes.get() as usize;
    let shared = Shared::new(
        cpu.thousandths.get(),
        THREAD,
        processes,
        Limit {
            most: cpu.most_of_process(),
            contention: cpu.contention,
            handover: cpu.handover.unwrap_or(Weight::NONE),
            turn: cpu.turn,
        },
    );
    Some(match cpu.data_lock {
        true => shared,
        false => shared.with_a_free_group(),
    })
}

/// Thousandths of a processor that one thread uses at most.
const THREAD: u64 = 1000;

/// The most bandwidth that one transfer has.
pub(super) fn full_speed(config: &ServiceConfig) -> Option<Bytes> {
    let all = config.store.shared_bandwidth?;
    Some(config.store.bandwidth.map_or(all, |own| own.min(all)))
}

/// How long so many bytes take at a bandwidth; no time without one.
#[inline]
pub(super) fn transfer(bandwidth: Option<Bytes>, size: f64) -> Span {
    bandwidth.map_or(Span::ZERO, |bandwidth| {
        Span::from_secs_f64(size / bandwidth.0 as f64)
    })
}

/// What the pieces of a write take beside their bytes.
#[inline]
pub(super) fn pieces(store: &StoreConfig, size: f64) -> Span {
    let count = store
        .chunk
        .map_or(0.0, |chunk| (size / chunk.0 as f64).ceil());
    Span((count * store.chunk_time.0 as f64) as u64)
}
