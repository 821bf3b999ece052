//! What faults do: to requests, by their own client, and to the server, by commands.

use super::Remote;
use crate::engine::actor::Runtime;
use std::rc::Rc;
use stormglass_glance::Watch;
use stormglass_model::fault::FaultId;
use stormglass_model::history::Record;
use stormglass_model::lifecycle::Operation;
use stormglass_model::script::{ClientFault, Point};
use stormglass_model::units::{Bytes, Span};
use tokio::task::spawn_local;

/// Whether a fault that concerns the data can strike the operation.
pub(super) fn has_data(operation: Operation) -> bool {
    operation == Operation::Upload || operation.reads()
}

/// Where the connection of an operation with so many bytes of data is watched when its client spoils it.
pub(super) fn spoil(
    operation: Operation,
    size: u64,
    fault: Option<(ClientFault, f64)>,
) -> Option<Rc<Watch>> {
    // An abort goes away by itself.
    let (fault, after) = fault.filter(|_| operation != Operation::AbortUpload)?;
    let goes = matches!(
        fault,
        ClientFault::Close | ClientFault::Reset | ClientFault::HalfClose
    );
    // With its last byte an upload would be whole.
    let cut = goes && operation == Operation::Upload && size > 0;
    let bytes = ((size as f64 * after) as u64).min(size - u64::from(cut));
    let point = match fault {
        ClientFault::CloseReply => Point::FirstByte,
        _ => Point::After(Bytes(bytes)),
    };
    Some(Watch::new(point, Span::ZERO, Some(fault)))
}

impl<S: Runtime> Remote<S> {
    /// Has a fault's command run, or undone; nobody waits for it but the end of the run.
    pub(super) fn command(&mut self, fault: FaultId, open: bool) {
        let Some(name) = self.faults.command(fault).map(str::to_owned) else {
            return;
        };
        self.open += 1;
        let (commands, inbox) = (self.commands.clone(), self.inbox.clone());
        spawn_local(async move {
            let done = match open {
                true => commands.run(&name, None).await,
                false => commands.undo(&name).await,
            };
            inbox.put(move |remote, at, out| {
                remote.open -= 1;
                // A fault is open until what its command did is undone.
                if !open && done.is_ok() {
                    out.records.push(Record::Fault { at, fault, open });
                }
                if let Err(error) = done {
                    remote.client.hears_of(&error);
                    out.notes.push(error.to_string());
                }
            });
        });
    }
}
