//! Where a server is, and whether it may be touched.

use super::{Exit, Told};
use stormglass_glance::{GlanceTarget, GuardError, StoreTarget, guard, locate, runtime};
use tokio::task::LocalSet;

/// The target with its URL known, also if only a catalog says it. It ends here if nobody said that this server may be loaded;
/// nothing was sent to it yet.
pub fn reach(target: &GlanceTarget, allowed: bool) -> anyhow::Result<GlanceTarget> {
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
        match guard(&target.routes, url, allowed) {
            Ok(()) => {}
            Err(error @ GuardError::Nowhere(..)) => return Err(error.into()),
            Err(error) => {
                tell!("stormglass: {error}");
                return Err(Told(Exit::Usage).into());
            }
        }
    }
    Ok(target)
}

/// Speaks to a server outside of any storm.
pub fn wait_for<F: Future>(requests: F) -> anyhow::Result<F::Output> {
    let runtime = runtime()?;
    let came = LocalSet::new().block_on(&runtime, requests);
    // A look-up that hangs is not waited for.
    runtime.shutdown_background();
    Ok(came)
}
