//! Where a server is, and whether it may be touched.

use super::{Exit, Told};
use anyhow::Context;
use stormglass_glance::{GlanceTarget, StoreTarget, guard, locate, room_for};
use tokio::task::LocalSet;

/// Files that the runtime and the first connections take.
const FILES: usize = 8;

/// The target with its URL known, also if only a catalog says it. It ends here if nobody said that this server may be loaded;
/// nothing was sent to it yet.
pub fn reach(target: &GlanceTarget, allowed: bool) -> anyhow::Result<GlanceTarget> {
    room_for(FILES)?;
    for note in &target.notes {
        tell!("stormglass: {note}");
    }
    let target = wait_for(locate(target))??;
    // What is created in a server lands in its bucket.
    let store = target.probe.as_ref().and_then(|probe| probe.store.as_ref());
    let bucket = match store {
        Some(StoreTarget::Bucket(bucket)) => Some(bucket.endpoint.as_str()),
        _ => None,
    };
    let url = target.url.as_deref().unwrap_or_default();
    for url in [Some(url), bucket].into_iter().flatten() {
        if let Err(error) = guard(&target.routes, url, allowed) {
            tell!("stormglass: {error}");
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
    let came = LocalSet::new().block_on(&runtime, requests);
    // A look-up that hangs is not waited for.
    runtime.shutdown_background();
    Ok(came)
}
