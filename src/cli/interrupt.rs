//! Ctrl-C and SIGTERM: the first one asks the storm to stop, the second one ends the process as soon as nothing is left
//! broken, the third one at once.

use super::{Exit, commands};
use crate::engine::Progress;
use std::sync::Arc;
use std::thread;
use stormglass_glance::Commands;

/// Listens for the rest of the process, on a thread of its own.
pub fn listen(progress: Arc<Progress>, commands: Commands) {
    // Without a thread or a runtime the signal ends the process, as it would without us.
    let _ = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(obey(&progress, &commands));
            }
        });
}

async fn obey(progress: &Progress, commands: &Commands) {
    if signal().await.is_err() {
        return;
    }
    progress.interrupt();
    // After what the terminal shows of the key.
    tell!("");
    tell!("stopping: faults are healed, results so far are kept; once more to stop at once");
    if signal().await.is_ok() {
        let undone = async { drop(commands.abandon().await) };
        tokio::select! {
            () = undone => {}
            _ = signal() => {}
        }
        commands::warn_not_undone(commands);
        std::process::exit(Exit::Interrupted as i32);
    }
}

async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}
