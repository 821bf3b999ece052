//! Rivals that are sent at a point of an operation.

use super::Remote;
use crate::engine::actor::Runtime;
use crate::engine::clock::WallClock;
use std::rc::Rc;
use std::time::Duration;
use stormglass_glance::{ImageId, Watch};
use stormglass_model::history::Seen;
use stormglass_model::invocation::Invocation;
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::random::{Seed, unit};
use stormglass_model::script::Point;
use stormglass_model::units::{Span, Time};
use tokio::task::spawn_local;
use tokio::time::timeout;

/// The pause between two looks for a status.
const PAUSE: Duration = Duration::from_millis(2);

/// How long a status is waited for.
const ENTERS: Span = Span::from_secs(3);

/// How long data is held back at a point at most, so that the rival comes to pass inside the operation.
const HELD: Span = Span::from_millis(20);

/// What is watched of an operation whose rival is sent at a point of it.
pub(super) fn watch(invocation: &Invocation) -> Option<Rc<Watch>> {
    let at = match invocation.rival_at? {
        // Looks at the record tell that, until the operation has ended.
        Point::Enters(_) => Point::Answer,
        at => at,
    };
    let part = unit(&mut Seed(invocation.op.0).named("held").rng());
    let held = Span((part * HELD.0 as f64) as u64);
    Some(Watch::new(at, held, None))
}

impl<S: Runtime> Remote<S> {
    /// Tells the driver when the operation has come to the point, or has ended.
    pub(super) fn call_rival(&self, invocation: &Invocation, at: Point, watch: Rc<Watch>) {
        let (subject, cursor) = (invocation.subject, invocation.cursor);
        let (client, inbox) = (self.client.clone(), self.inbox.clone());
        let id = ImageId::new(self.run, subject.number);
        spawn_local(async move {
            match at {
                Point::Enters(status) => {
                    let ended = async || timeout(PAUSE, watch.passed()).await.is_ok();
                    let look = async || client.show(id).await.observed;
                    enters(status, ended, look).await;
                }
                _ => watch.passed().await,
            }
            inbox.put(move |_, _, out| out.passed.push((subject, cursor)));
        });
    }
}

/// Looks until the subject is seen in the status, or will not get there any more: the operation that should bring it there has
/// ended, and nothing goes on after its answer. Three seconds at most.
pub async fn enters(
    status: SubjectStatus,
    ended: impl AsyncFn() -> bool,
    look: impl AsyncFn() -> Option<Seen>,
) {
    let clock = WallClock::start();
    loop {
        let ended = ended().await;
        let shown = look().await;
        let hopeless = ended && shown.is_some_and(|seen| at_rest(seen, status));
        if shown == Some(Seen::Status(status)) || hopeless || clock.now() > Time::ZERO + ENTERS {
            return;
        }
    }
}

/// Whether a subject seen like this will not get into `status` by itself.
fn at_rest(seen: Seen, status: SubjectStatus) -> bool {
    match seen {
        Seen::Gone => true,
        Seen::Status(SubjectStatus::Active | SubjectStatus::Deactivated) => true,
        Seen::Status(SubjectStatus::Queued) => status == SubjectStatus::Saving,
        Seen::Status(_) => false,
    }
}
