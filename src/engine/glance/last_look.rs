//! The last look at every subject, before what the run made is taken away.

use super::{Inbox, looked};
use crate::engine::actor::Runtime;
use std::time::Duration;
use stormglass_glance::{Answer, Client, ImageId, RunId};
use stormglass_model::history::{Event, Seen, SubjectId};
use stormglass_model::lifecycle::{Outcome, SubjectStatus};
use stormglass_model::load::StoryId;
use stormglass_model::units::Time;
use tokio::task::JoinSet;

/// Looks under way at once.
const AT_ONCE: usize = 16;
/// So many looks in a row without an answer, and the server is given up.
const UNANSWERED_MAX: usize = 32;

/// Looks at every subject once more, a few at a time; what is seen lies in the inbox.
pub(super) async fn last_looks<S: Runtime>(
    client: &Client,
    run: RunId,
    now: Time,
    looks: Vec<(SubjectId, StoryId)>,
    inbox: &Inbox<S>,
) {
    let mut waiting = looks.into_iter();
    let mut open = JoinSet::new();
    let mut unanswered = 0;
    loop {
        // Nobody waits for a server that does not answer, nor when the user wants to stop.
        let goes_on = unanswered < UNANSWERED_MAX && !client.is_interrupted();
        while goes_on && open.len() < AT_ONCE {
            let Some((subject, story)) = waiting.next() else {
                break;
            };
            let client = client.clone();
            open.spawn_local(async move {
                let id = ImageId::new(run, subject.number);
                (subject, story, look(&client, id).await)
            });
        }
        match open.join_next().await {
            Some(Ok((_, _, (answer, _))))
                if answer.outcome == Outcome::Local || answer.broken_off =>
            {
                unanswered += 1;
            }
            Some(Ok((subject, story, (answer, tasks_ended)))) => {
                unanswered = match answer.http_status {
                    Some(_) => 0,
                    None => unanswered + 1,
                };
                inbox.put(move |_, at, out| {
                    // Nobody else is at work by now, so to say it was sent this early is no mistake.
                    let mut sent = now;
                    if tasks_ended {
                        out.record(at, subject, story, Event::TasksEnded);
                        sent = at; // it was looked at after that
                    }
                    out.record(at, subject, story, looked(sent, sent, &answer));
                });
            }
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
