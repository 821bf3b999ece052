//! Work that blocks.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread::Builder;
use tokio::sync::oneshot;

/// Does it on a thread of its own, to its end even if nobody waits for it any more. Where the system has no thread left it is done on
/// this one: a runtime's own pool of threads would panic, and what takes a command back must not be left undone.
pub(crate) async fn blocking<T, W>(work: W) -> T
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let (give, given) = mpsc::channel::<W>();
    let (sender, receiver) = oneshot::channel();
    let thread = Builder::new().spawn(move || {
        if let Ok(work) = given.recv() {
            // Whoever asked may have gone.
            let _ = sender.send(work());
        }
    });
    let Ok(thread) = thread else {
        return work();
    };
    // It waits for this, and so it is there.
    let _ = give.send(work);
    match receiver.await {
        Ok(result) => result,
        Err(_) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => std::future::pending().await,
        },
    }
}
