//! Without a probe nothing is known of the server's database; but its API tells an admin what became of an import's tasks.

use super::{SECOND_LOOK, SECOND_LOOKS, Session};
use stormglass_model::history::{Observation, ProbeReading};

impl Session {
    /// Asks for the tasks of this subject, if its script began any, and tells how many are open. Tasks that a server does not
    /// show to us, or no longer, are no reason to complain.
    pub(super) async fn ask_for_tasks(&self) {
        if self.script.acts().any(|act| act.operation.row().by_task)
            && let Some(open) = self.open_tasks().await
        {
            self.tell(Observation::Probed(ProbeReading {
                row: None,
                data: None,
                tasks_open: Some(open),
            }));
        }
    }

    /// A task ends a moment after its subject has come to rest, so those that are open are looked at again.
    async fn open_tasks(&self) -> Option<u32> {
        let mut looks = 0..SECOND_LOOKS;
        loop {
            let tasks = self.shared.client.tasks(self.image).await.ok()?;
            let open = tasks.iter().filter(|task| !task.ended()).count() as u32;
            if open == 0 || looks.next().is_none() {
                return Some(open);
            }
            tokio::time::sleep(SECOND_LOOK).await;
        }
    }
}
