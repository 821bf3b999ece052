//! Where a server is, and whether it may be touched.

use super::{Exit, Told};
use anyhow::Context;
use stormglass_glance::{GlanceTarget, ProbeTarget, StoreTarget};
use stormglass_glance::{guard, locate};
use tokio::task::LocalSet;

/// The target with its URL known, also if only a catalog says it. It ends here if nobody said that this server may be loaded;
/// nothing was sent to it yet.
pub fn reach(target: &GlanceTarget, allowed: bool) -> anyhow::Result<GlanceTarget> {
    let target = wait_for(locate(target))??;
    // What is created in a server lands in its bucket.
    let bucket = target.probe.as_ref().and_then(endpoint);
    for url in std::iter::once(target.url.as_deref().unwrap_or_default()).chain(bucket) {
        if let Err(error) = guard(url, allowed) {
            eprintln!("stormglass: {error}");
            return Err(Told(Exit::Usage).into());
        }
    }
    Ok(target)
}

/// Speaks to a server outside of any storm.
pub fn wait_for<F: Future>(requests: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    Ok(LocalSet::new().block_on(&runtime, requests))
}

fn endpoint(probe: &ProbeTarget) -> Option<&str> {
    match &probe.store {
        Some(StoreTarget::Bucket(bucket)) => Some(&bucket.endpoint),
        _ => None,
    }
}
