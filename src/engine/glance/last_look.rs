//! The last look at every subject, before what the run made is taken away.

use super::tracker::Ticket;
use super::{Arrival, Inbox};
use stormglass_glance::Client;
use stormglass_glance::{ImageId, RunId};
use stormglass_model::history::SubjectId;
use tokio::task::JoinSet;

/// Looks under way at once.
const AT_ONCE: usize = 16;

/// Looks at every subject once more, a few at a time; what is seen lies in the inbox.
pub(super) async fn last_looks(
    client: &Client,
    run: RunId,
    looks: Vec<(SubjectId, Ticket)>,
    inbox: &Inbox,
) {
    let mut waiting = looks.into_iter();
    let mut open = JoinSet::new();
    loop {
        while open.len() < AT_ONCE {
            let Some((subject, ticket)) = waiting.next() else {
                break;
            };
            let client = client.clone();
            open.spawn_local(async move {
                let answer = Box::new(client.show(ImageId::new(run, subject.number)).await);
                Arrival::Last {
                    subject,
                    ticket,
                    answer,
                }
            });
        }
        match open.join_next().await {
            Some(Ok(arrival)) => inbox.put(arrival),
            Some(Err(_)) => {}
            None => return,
        }
    }
}
