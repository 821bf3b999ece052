//! The last look at every subject, before what the run made is taken away.

use super::{Arrival, Inbox};
use std::time::Duration;
use stormglass_glance::{Answer, Client, ImageId, RunId};
use stormglass_model::history::{Seen, SubjectId};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::load::StoryId;
use stormglass_model::units::Time;
use tokio::task::JoinSet;

/// Looks under way at once.
const AT_ONCE: usize = 16;

/// What a last look brought.
pub(super) struct LastLook {
    pub subject: SubjectId,
    pub story: StoryId,
    /// No later than it was sent: nobody else is at work by then.
    pub sent: Time,
    /// Whether all of its import tasks are known to have ended when it was sent.
    pub tasks_ended: bool,
    pub answer: Box<Answer>,
}

/// Looks at every subject once more, a few at a time; what is seen lies in the inbox.
pub(super) async fn last_looks(
    client: &Client,
    run: RunId,
    now: Time,
    looks: Vec<(SubjectId, StoryId)>,
    inbox: &Inbox,
) {
    let mut waiting = looks.into_iter();
    let mut open = JoinSet::new();
    loop {
        while open.len() < AT_ONCE {
            let Some((subject, story)) = waiting.next() else {
                break;
            };
            let client = client.clone();
            open.spawn_local(async move {
                let id = ImageId::new(run, subject.number);
                let (answer, tasks_ended) = look(&client, id).await;
                Arrival::Last(LastLook {
                    subject,
                    story,
                    sent: now,
                    tasks_ended,
                    answer: Box::new(answer),
                })
            });
        }
        match open.join_next().await {
            Some(Ok(arrival)) => inbox.put(arrival),
            Some(Err(_)) => {}
            None => return,
        }
    }
}

/// Looks at one image. Where it is in an import, its tasks are asked for, and then it is looked at once more: what is importing
/// though all its tasks have ended will stay so.
async fn look(client: &Client, id: ImageId) -> (Answer, bool) {
    let answer = client.show(id).await;
    let importing = [SubjectStatus::Importing, SubjectStatus::Uploading];
    let imports = importing.map(|status| Some(Seen::Status(status)));
    if !imports.contains(&answer.observed) {
        return (answer, false);
    }
    let Ok(tasks) = client.tasks(id).await else {
        return (answer, false);
    };
    let ended = !tasks.is_empty() && tasks.iter().all(|task| task.ended());
    // A task is marked as ended a moment before or after its image is.
    tokio::time::sleep(Duration::from_millis(200)).await;
    (client.show(id).await, ended)
}
