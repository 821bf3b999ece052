//! Where a server is, and whether it may be touched.

use super::Exit;
use anyhow::Context;
use stormglass_glance::{GlanceTarget, ProbeTarget, StoreTarget};
use stormglass_glance::{guard, locate};
use tokio::task::LocalSet;

/// The target with its URL known, also if only a catalog says it; or how the process ends, since nobody said that this server may
/// be loaded. Nothing was sent to it yet.
pub(super) fn reach(
    target: &GlanceTarget,
    allowed: bool,
) -> anyhow::Result<Result<GlanceTarget, Exit>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let target = LocalSet::new().block_on(&runtime, locate(target))?;
    // What is created in a server lands in its bucket.
    let bucket = target.probe.as_ref().and_then(endpoint);
    for url in std::iter::once(target.url.as_deref().unwrap_or_default()).chain(bucket) {
        if let Err(error) = guard(url, allowed) {
            eprintln!("stormglass: {error}");
            return Ok(Err(Exit::Usage));
        }
    }
    Ok(Ok(target))
}

fn endpoint(probe: &ProbeTarget) -> Option<&str> {
    match &probe.store {
        Some(StoreTarget::Bucket(bucket)) => Some(&bucket.endpoint),
        _ => None,
    }
}
