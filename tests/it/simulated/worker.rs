//! One request at work in the server, step by step.

use super::glance::{Asked, Came, State};
use super::world::World;
use crate::clients::server::{self, Work};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::sync::Arc;
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::random::unit;
use tokio::sync::oneshot;

/// How often a step goes another way than the usual one.
const UNUSUAL: f64 = 0.06;

/// A request at work. It goes on to its end, also when its client, and all that waits for anything, is gone.
pub struct Worker {
    world: Arc<World>,
    asked: Asked,
    work: Work,
    /// Whether all of its data has come.
    whole: bool,
    /// Whether there is nothing left to do.
    over: bool,
    /// Its place among the tasks of its image.
    task: Option<usize>,
    sender: Option<oneshot::Sender<Came>>,
}

impl Worker {
    pub fn new(world: Arc<World>, asked: Asked, sender: oneshot::Sender<Came>) -> Worker {
        let serial = {
            let mut state = world.glance.state();
            let image = state.images.entry(asked.id).or_default();
            image.operations = image.operations.wrapping_add(1);
            image.operations
        };
        Worker {
            work: Work::new(serial, asked.operation, asked.who, (0, 0)),
            world,
            whole: !asked.operation.sends_data(),
            asked,
            over: false,
            task: None,
            sender: Some(sender),
        }
    }

    /// Goes step by step; tells the reply as soon as there is one, after which there may be more to do.
    pub async fn work(mut self, mut body: Option<Incoming>) {
        // What is staged is taken in as a whole; an upload shows that it has begun.
        let mut takes = self.asked.operation == Operation::Stage;
        while !self.over {
            if let Some(body) = body.take_if(|_| takes)
                && let Ok(body) = body.collect().await
            {
                self.work.data = self.world.glance.state().take_in(body.to_bytes());
                self.whole = true;
            }
            self.world.glance.pause().await;
            self.step();
            takes = true;
        }
    }

    fn step(&mut self) {
        let glance = &self.world.glance;
        let mut state = glance.state();
        let State { rng, images, .. } = &mut *state;
        let image = images.entry(self.asked.id).or_default();
        let mut steps = server::steps(&glance.world, image.subject, self.work);
        let is_ok = |work: &Work| work.reply.is_some_and(|it| it.outcome == Outcome::Ok);
        // Without all of its data an upload fails in the end, and nothing is staged.
        let (whole, stages) = (self.whole, self.asked.operation == Operation::Stage);
        steps.retain(|(_, work)| whole || !is_ok(work) && (!stages || work.reply.is_some()));
        let usual = steps.iter().position(|(_, work)| is_ok(work));
        let at = match unit(rng) < UNUSUAL {
            true => (unit(rng) * steps.len() as f64) as usize,
            false => usual.unwrap_or(0),
        };
        // Where a body broke off there may be nothing else left to do.
        let Some((subject, next)) = steps.get(at).copied() else {
            self.over = true;
            return;
        };
        (image.subject, self.work, self.over) = (subject, next, next.over);
        if is_ok(&next) {
            if self.asked.note.is_some() {
                image.note.clone_from(&self.asked.note);
            }
            if self.asked.operation == Operation::Create {
                image.tags.clone_from(&self.asked.tags);
            }
            if self.asked.operation.row().by_task {
                let tasks = &mut image.tasks;
                let task = *self.task.get_or_insert_with(|| {
                    tasks.push(false);
                    tasks.len() - 1
                });
                tasks[task] = next.over;
            }
        }
        if let Some(reply) = next.reply
            && let Some(sender) = self.sender.take()
        {
            let _ = sender.send(state.came(&self.asked, reply)); // whoever asked may have gone
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        while !self.over {
            self.step();
        }
    }
}
