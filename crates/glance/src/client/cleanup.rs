//! Deleting what the run created, and nothing else.

use super::Client;
use super::hello::Greeting;
use crate::answer::{Answer, ImageId, line};
use crate::clock::{now, since};
use crate::commands::Commands;
use crate::dialect::Page;
use crate::generator::LocalFailure;
use crate::http::Times;
use crate::journal::Journal;
use crate::target::Command;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::time::Duration;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use tokio::task::JoinSet;

/// Deletes under way at once: enough for speed, too few to be a storm of its own.
const AT_ONCE: usize = 8;
/// Passes over what is left. Glance may still be busy with an image when the first one comes.
const PASSES: usize = 4;
const PAUSE: Duration = Duration::from_millis(300);
/// So many deletes in a row without an answer, and the server is given up.
const UNANSWERED_MAX: usize = 16;
/// Pages and images of a list that are read at most; a server that never ends its list is not followed for ever.
const PAGES_MAX: usize = 10_000;
const LISTED_MAX: usize = 1_000_000;
/// Images left behind of which it is said why.
const REASONS_MAX: usize = 20;

/// What came of a cleanup at the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// How many images were deleted, or turned out not to be there.
    pub removed: usize,
    /// The images that may still be there.
    pub left: Vec<ImageId>,
}

/// What came of removing the images of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Images that were there and are gone.
    pub removed: u64,
    /// Images that were not there.
    pub absent: u64,
    /// Images that were left, or may have been.
    pub left: u64,
    /// Some of these, and why, in one line each.
    pub reasons: Vec<(ImageId, String)>,
    /// Whether the server stopped answering, so that the rest was not looked at.
    pub gave_up: bool,
}

/// What became of one image.
enum Fate {
    Removed,
    Absent,
    Left(String),
    Unanswered(String),
}

/// What a cleanup reads of a record.
#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    protected: bool,
}

impl Client {
    /// This client with a journal: no create is sent before the journal says that the image may exist.
    pub fn with_journal(self, journal: &Journal) -> Client {
        journal.opens(self.shared.run);
        let _ = self.shared.journal.set(journal.clone()); // set once, by whoever made the client
        self
    }

    /// This client with something that removes an image which the server does not let anybody delete.
    pub fn with_last_resort(self, commands: &Commands, command: Command) -> Client {
        let resort = (commands.clone(), command);
        let _ = self.shared.last_resort.set(resort); // set once, by whoever made the client
        self
    }

    /// Enters an image that is about to be created. The time for the disk is not the server's doing.
    pub(super) fn enter(&self, id: ImageId, times: &mut Times) -> Result<(), LocalFailure> {
        let Some(journal) = self.shared.journal.get() else {
            return Ok(());
        };
        let endpoint = self.shared.connections.endpoint();
        let server = format!("{endpoint}{}", endpoint.prefix);
        let began = now();
        let entered = journal.enter(self.shared.run, &server, id);
        times.waited += since(began);
        entered.map_err(|error| {
            let failure = LocalFailure::of_journal(&error);
            self.shared.generator.failed_by(&failure);
            // No image can be created any more.
            self.shared.generator.interruption().tell();
            failure
        })
    }

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
                tokio::time::sleep(PAUSE).await;
            }
            // A create that was not answered may still arrive, so its 404 is believed late. One pass more is for what comes back.
            let answered = self.remove_created(pass + 2 >= PASSES).await;
            if answered {
                self.readopt().await;
            }
            if !answered || self.shared.created.borrow().is_empty() {
                break;
            }
        }
        let left = self.created();
        if let Some(journal) = self.shared.journal.get() {
            // A journal that says too little costs a second look, and no more.
            let _ = journal.closes(self.shared.run, &left);
        }
        Cleanup {
            removed: all.len() - left.iter().filter(|id| all.contains(id)).count(),
            left,
        }
    }

    /// Takes images for created that this run's journal knows and the server still has, although their delete was
    /// acknowledged: a server may bring them back.
    async fn readopt(&self) {
        let Some(journal) = self.shared.journal.get() else {
            return;
        };
        let Ok(listed) = self.tagged().await else {
            return;
        };
        let own = journal.own(self.shared.run, &listed.into_iter().collect());
        let mut created = self.shared.created.borrow_mut();
        created.extend(own.into_iter().map(|id| (id, true)));
    }

    /// One delete of everything created; whether the server still answers.
    async fn remove_created(&self, last: bool) -> bool {
        let delete = |id| {
            let client = self.clone();
            async move { (id, client.delete_with_fallback(id, last).await) }
        };
        a_few_at_once(self.created().into_iter(), delete, |(id, answer)| {
            if last && answer.observed == Some(Seen::Gone) {
                self.shared.created.borrow_mut().remove(&id);
            }
            answer.http_status.is_some()
        })
        .await
    }

    /// Deletes an image that this client created. What is still refused at `last` is left to the scenario's last resort.
    async fn delete_with_fallback(&self, id: ImageId, last: bool) -> Answer {
        let answer = self.delete_as_anyone(id, last).await;
        let is_refused = answer.outcome == Outcome::Refused && answer.observed != Some(Seen::Gone);
        match last && is_refused && self.force_delete(id).await {
            true => self.delete_as_anyone(id, last).await,
            false => answer,
        }
    }

    /// Deletes an image: as the member, and where he may not, or sees nothing, as the admin.
    async fn delete_as_anyone(&self, id: ImageId, last: bool) -> Answer {
        let answer = self.delete_unblocked(id, Who::Member, last).await;
        let has_admin = self.shared.identities[Who::Admin.index()].is_some();
        if answer.outcome != Outcome::Refused || !has_admin {
            return answer;
        }
        let admins = self.perform_as(Who::Admin, id, Operation::Delete).await;
        if admins.outcome != Outcome::Ok && admins.observed != Some(Seen::Gone) {
            // It is there, though the member does not see it.
            self.shared.created.borrow_mut().insert(id, true);
        }
        admins
    }

    /// Deletes an image, once more if what is in the way can be taken away. A status that is in the way may pass by itself until `last`.
    async fn delete_unblocked(&self, id: ImageId, who: Who, last: bool) -> Answer {
        let mut answer = self.perform_as(who, id, Operation::Delete).await;
        if answer.http_status == Some(403) && self.unprotect(id, who).await {
            answer = self.perform_as(who, id, Operation::Delete).await;
        }
        if last && answer.http_status == Some(400) {
            self.unblock_delete(id).await;
            answer = self.perform_as(who, id, Operation::Delete).await;
        }
        answer
    }

    /// A status can hinder a delete (400: no such transition): where deletes are delayed, an admin's of a deactivated image, and anybody's
    /// of one that is queued and has a location, as some defects of the server leave it. Glance takes one in the middle of something back to queued when a reader is refused
    /// an upload, and makes it active when a location is added; that can be deleted. What of it works is shown by the delete that follows.
    async fn unblock_delete(&self, id: ImageId) {
        for (operation, who) in [
            (Operation::Reactivate, Who::Admin),
            (Operation::Upload, Who::Reader),
            (Operation::AddLocation, Who::Member),
        ] {
            self.perform_as(who, id, operation).await;
        }
    }

    /// Has the scenario's last resort remove an image; whether there is one, and it has ended well.
    async fn force_delete(&self, id: ImageId) -> bool {
        match self.shared.last_resort.get() {
            Some((commands, command)) => commands.run_for_good(command, id).await.is_ok(),
            None => false,
        }
    }

    /// Takes the protection of an image away; whether that was acknowledged.
    async fn unprotect(&self, id: ImageId, who: Who) -> bool {
        let answer = self.perform_as(who, id, Operation::Unprotect).await;
        answer.http_status == Some(200)
    }

    /// Removes those of `ids` that are there and carry the tag of this client's run: the images of a journal, after the run.
    /// `greeting` is what the server said to [`Client::hello`]; `progress` hears how far it is. To be called when nothing else of
    /// the run is under way.
    pub async fn remove(
        &self,
        greeting: Greeting,
        ids: impl Iterator<Item = ImageId>,
        mut progress: impl FnMut(&Removal),
    ) -> Removal {
        // An admin sees every image there is; a member sees his own.
        let who = match greeting.admin_is_admin {
            true => Who::Admin,
            false => Who::Member,
        };
        let mut removal = Removal::default();
        let remove = |id| {
            let client = self.clone();
            async move { (id, client.remove_one(id, who).await) }
        };
        let answers = a_few_at_once(ids, remove, |(id, fate)| {
            let is_answered = !matches!(fate, Fate::Unanswered(_));
            match fate {
                Fate::Removed => removal.removed += 1,
                Fate::Absent => removal.absent += 1,
                Fate::Left(reason) | Fate::Unanswered(reason) => {
                    removal.left += 1;
                    if removal.reasons.len() < REASONS_MAX {
                        removal.reasons.push((id, reason));
                    }
                }
            }
            progress(&removal);
            is_answered
        })
        .await;
        removal.gave_up = !answers;
        removal
    }

    async fn remove_one(&self, id: ImageId, who: Who) -> Fate {
        let mut fate = Fate::Absent;
        for pass in 0..PASSES {
            if pass > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            fate = self.try_to_remove(id, who, pass + 1 == PASSES).await;
            // What was refused or failed may be over in a moment; a wrong tag and silence are not.
            if !matches!(&fate, Fate::Left(reason) if reason.starts_with("HTTP")) {
                break;
            }
        }
        fate
    }

    /// Looks, deletes, and looks again. What is still refused at `last` is left to the scenario's last resort.
    async fn try_to_remove(&self, id: ImageId, who: Who, last: bool) -> Fate {
        let record = match self.record(id, who).await {
            Ok(Some(record)) => record,
            Ok(None) => return Fate::Absent,
            Err(fate) => return fate,
        };
        let tag = self.shared.run.tag();
        if ImageId::parse(&record.id) != Some(id) {
            return Fate::Left("the server shows another image in its place".to_owned());
        }
        if !record.tags.contains(&tag) {
            return Fate::Left(format!("it does not carry the tag {tag}"));
        }
        if record.protected {
            self.unprotect(id, who).await; // the delete shows whether that helped
        }
        let mut deleted = self.delete_unblocked(id, who, last).await;
        let is_refused = matches!(deleted.http_status, Some(400..404 | 409));
        if last && is_refused && self.force_delete(id).await {
            deleted = self.perform_as(who, id, Operation::Delete).await;
        }
        match deleted.http_status {
            None => Fate::Unanswered(deleted.note),
            Some(404) => Fate::Removed,
            Some(200..300) => match self.record(id, who).await {
                Ok(None) => Fate::Removed,
                Ok(Some(_)) => Fate::Left("it is there after its delete was acknowledged".into()),
                Err(fate) => fate,
            },
            Some(status) => Fate::Left(line(&format!("HTTP {status} {}", deleted.note))),
        }
    }

    /// The record of an image; none if there is no such image.
    async fn record(&self, id: ImageId, who: Who) -> Result<Option<Record>, Fate> {
        let reply = self.get(who, &format!("/images/{id}")).await;
        let reply = reply.map_err(|trouble| Fate::Unanswered(line(trouble.text())))?;
        match (reply.status, &reply.cut) {
            (404, _) => Ok(None),
            (200, None) => serde_json::from_slice(&reply.text)
                .map(Some)
                .map_err(|_| Fate::Left("the server shows no image in its place".to_owned())),
            (200, Some(cut)) => Err(Fate::Left(line(cut))),
            (status, _) => {
                let said = String::from_utf8_lossy(&reply.text);
                Err(Fate::Left(line(&format!("HTTP {status} {said}"))))
            }
        }
    }

    /// The images on the server that carry the tag of this client's run, by whichever client they were created, as far as the
    /// admin sees them, or without one the member.
    pub async fn tagged(&self) -> Result<Vec<ImageId>, String> {
        let mut found = BTreeSet::new();
        let mut path = format!("/images?limit=500&tag={}", self.shared.run.tag());
        for _ in 0..PAGES_MAX {
            let page: Page = self.list(&path, "images").await?;
            let before = found.len();
            found.extend(page.images.iter().filter_map(|image| image.id()));
            let next = page.next.as_deref();
            match next.and_then(|next| next.strip_prefix("/v2")) {
                // A page without news is the last, or the list runs in a circle.
                Some(next) if found.len() > before => path = next.to_owned(),
                _ => return Ok(found.into_iter().collect()),
            }
            if found.len() > LISTED_MAX {
                break;
            }
        }
        Err("the list has no end".to_owned())
    }
}

/// Does something with each, a few at once, until too many in a row were not answered, as `is_answered` says; what has begun is
/// waited for. Whether the server still answers.
async fn a_few_at_once<F, T>(
    mut ids: impl Iterator<Item = ImageId>,
    act: impl Fn(ImageId) -> F,
    mut is_answered: impl FnMut(T) -> bool,
) -> bool
where
    F: Future<Output = T> + 'static,
    T: 'static,
{
    let mut open = JoinSet::new();
    let (mut unanswered, mut gave_up) = (0, false);
    loop {
        while !gave_up && open.len() < AT_ONCE {
            let Some(id) = ids.next() else { break };
            open.spawn_local(act(id));
        }
        match open.join_next().await {
            Some(Ok(done)) => {
                unanswered = if is_answered(done) { 0 } else { unanswered + 1 };
                gave_up |= unanswered >= UNANSWERED_MAX;
            }
            Some(Err(_)) => {}
            None => return unanswered < UNANSWERED_MAX,
        }
    }
}
