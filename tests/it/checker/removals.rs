//! Whose bytes were removed: no record says it, so everybody they may have belonged to is tried.

use std::collections::{BTreeMap, BTreeSet};
use stormglass_model::history::{Event, OpId};
use stormglass_model::lifecycle::SubjectStatus::{self, *};

/// Who has how many bytes in the store.
type Store = BTreeMap<OpId, u64>;

/// Whether the removals of one subject's events can have been right: each took all that one upload had written;
/// what the upload that made it active had written was there by then, and went only after a delete; after a scrub
/// nothing was left but what open uploads had written, and with nothing open only what the status keeps.
pub fn explained(events: impl Iterator<Item = Event>) -> bool {
    let mut stores = BTreeSet::from([Store::new()]);
    let mut status: Option<SubjectStatus> = None;
    let mut data: Option<OpId> = None;
    let (mut writers, mut open) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match event {
            Event::Stored { op, bytes } => {
                writers.insert(op);
                let stored = stores.into_iter().map(|mut store| {
                    *store.entry(op).or_default() += bytes;
                    store
                });
                stores = stored.collect();
            }
            Event::Removed { bytes } => {
                let mut left = BTreeSet::new();
                let kept = data.filter(|_| !matches!(status, Some(PendingDelete | Deleted)));
                for store in stores {
                    let whole = store.iter().filter(|(_, held)| **held == bytes);
                    for (op, _) in whole.filter(|(op, _)| Some(**op) != kept) {
                        let mut store = store.clone();
                        store.remove(op);
                        left.insert(store);
                    }
                }
                stores = left;
            }
            Event::Moved { from, to, op, .. } => {
                match (from, to) {
                    (Some(Saving), Active) => {
                        data = op;
                        let wrote = op.filter(|op| writers.contains(op));
                        stores.retain(|store| wrote.is_none_or(|op| store.contains_key(&op)));
                    }
                    (Some(PendingDelete), Deleted) => {
                        let littered = |op: &OpId| Some(*op) != data && open.contains(op);
                        stores.retain(|store| store.keys().all(littered));
                    }
                    _ => {}
                }
                status = Some(to);
            }
            Event::Invoked { op, .. } => drop(open.insert(op)),
            Event::Completed { op, .. } => {
                open.remove(&op);
                if open.is_empty() {
                    let kept = data.filter(|_| status.is_some_and(SubjectStatus::keeps_data));
                    stores.retain(|store| store.keys().all(|op| Some(*op) == kept));
                }
            }
            Event::TaskMoved { .. }
            | Event::Forgotten
            | Event::Sent { .. }
            | Event::Property { .. }
            | Event::Looked { .. }
            | Event::TasksEnded => {}
        }
    }
    !stores.is_empty()
}
