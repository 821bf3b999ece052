//! Deleting what the run created, and nothing else.

use super::{As, Client, text};
use crate::history::Seen;
use crate::lifecycle::{Operation, Outcome};
use crate::target::glance::answer::{ImageId, line};
use crate::target::glance::dialect::Page;
use crate::target::glance::wire::{Times, Trouble};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;

/// Deletes under way at once: enough for speed, too few to be a storm of its own.
const AT_ONCE: usize = 8;
/// Passes over what is left. Glance may still be busy with an image when the first one comes.
const PASSES: usize = 3;
/// So many deletes in a row without an answer, and the server is given up.
const UNANSWERED_MAX: usize = 16;
/// Pages of a list that are read at most; a server that never ends its list is not followed for ever.
const PAGES_MAX: usize = 10_000;

/// What came of a cleanup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// How many images were deleted, or turned out not to be there.
    pub removed: usize,
    /// The images that may still be there.
    pub left: Vec<ImageId>,
}

impl Client {
    /// Every image this client may have created and has not seen deleted.
    pub fn created(&self) -> Vec<ImageId> {
        self.shared.created.borrow().keys().copied().collect()
    }

    /// Deletes every image this client may have created, whatever came of its create, and nothing else. To be called when no
    /// operation is open. Gives up on a server that no longer answers.
    pub async fn cleanup(&self) -> Cleanup {
        let all: BTreeSet<ImageId> = self.created().into_iter().collect();
        for pass in 0..PASSES {
            if pass > 0 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            // A create that was not answered may still arrive, so its 404 is believed in the last pass only.
            let answered = self.remove_created(pass + 1 == PASSES).await;
            if !answered || self.shared.created.borrow().is_empty() {
                break;
            }
        }
        let left = self.created();
        Cleanup {
            removed: all.len() - left.iter().filter(|id| all.contains(id)).count(),
            left,
        }
    }

    /// One delete of everything created; whether the server still answers.
    async fn remove_created(&self, last: bool) -> bool {
        let mut waiting = self.created().into_iter();
        let mut open = JoinSet::new();
        let mut unanswered = 0;
        loop {
            while open.len() < AT_ONCE && unanswered < UNANSWERED_MAX {
                let Some(id) = waiting.next() else { break };
                let client = self.clone();
                open.spawn_local(async move {
                    let answer = client.delete(id, &mut Times::default()).await;
                    (id, answer)
                });
            }
            let Some(done) = open.join_next().await else {
                return unanswered < UNANSWERED_MAX;
            };
            let Ok((id, answer)) = done else { continue };
            if last && answer.observed == Some(Seen::Gone) {
                self.shared.created.borrow_mut().remove(&id);
            }
            match answer.http_status {
                Some(_) => unanswered = 0,
                None => unanswered += 1,
            }
        }
    }

    /// The images on the server that carry the tag of this client's run, by whichever client they were created.
    pub async fn tagged(&self) -> Result<Vec<ImageId>, String> {
        let mut found = Vec::new();
        let mut path = format!("/images?limit=500&tag={}", self.shared.run.tag());
        for _ in 0..PAGES_MAX {
            let call = self.call("GET", &path, As::Member, text(""), None);
            let reply = match self.shared.wire.exchange(call, &mut Times::default()).await {
                Ok(reply) => reply,
                Err(Trouble::NotSent(detail) | Trouble::NoReply(detail)) => {
                    return Err(line(&detail));
                }
                Err(Trouble::Stopped) => return Err(String::new()),
            };
            if let Some(cut) = reply.cut {
                return Err(line(&cut));
            }
            let status = crate::target::glance::dialect::outcome(Operation::Create, reply.status);
            if status != Outcome::Ok {
                return Err(format!("HTTP {}", reply.status));
            }
            let page: Page = serde_json::from_slice(&reply.text)
                .map_err(|_| "no list of images in the reply".to_owned())?;
            found.extend(page.images.iter().filter_map(|image| image.id()));
            match page
                .next
                .as_deref()
                .and_then(|next| next.strip_prefix("/v2"))
            {
                Some(next) if !page.images.is_empty() => path = next.to_owned(),
                _ => return Ok(found),
            }
        }
        Err(format!("the list has more than {PAGES_MAX} pages"))
    }
}
