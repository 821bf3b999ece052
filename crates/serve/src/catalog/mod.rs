//! What the API keeps of images beside their status: names, formats, properties, tags, members, places of the data, and the tasks.
//!
//! Pure: no I/O and no clock. What decides the life of an image is not here; the service has it.

mod create;
mod definitions;
mod image;
mod list;
mod patch;
mod policy;
mod schema;
mod task;
mod view;

pub(crate) use create::{Origin, registration, tag};
pub(crate) use definitions::{Definitions, Kind};
pub use image::ImageId;
pub(crate) use image::{
    Facts, Image, Import, Location, Member, MemberStatus, Visibility, no_image,
};
pub(crate) use list::{ListQuery, PAGE, page, page_limit};
pub use patch::{Change, PatchVersion, parse_patch};
pub(crate) use patch::{Effect, apply};
pub(crate) use policy::{Requester, Rights};
pub(crate) use schema::schema;
pub(crate) use task::{Task, TaskType};
pub(crate) use view::{View, image_view, member_view, task_stub, task_view};

use crate::refusal::Refusal;
use std::collections::{BTreeMap, VecDeque};

/// Tasks that are kept; older ones that have ended go.
const TASKS: usize = 10_000;

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    images: BTreeMap<ImageId, Image>,
    tasks: BTreeMap<ImageId, Task>,
    task_order: VecDeque<ImageId>,
}

impl Catalog {
    /// An image that whoever asks may see.
    pub fn seen_by(&self, requester: &Requester, id: ImageId) -> Result<&Image, Refusal> {
        let image = self.images.get(&id).filter(|it| requester.sees(it));
        image.ok_or_else(|| no_image(id))
    }

    pub fn image(&self, id: ImageId) -> Option<&Image> {
        self.images.get(&id)
    }

    pub fn image_mut(&mut self, id: ImageId) -> Option<&mut Image> {
        self.images.get_mut(&id)
    }

    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.values()
    }

    pub fn add(&mut self, image: Image) {
        self.images.insert(image.id, image);
    }

    pub fn remove(&mut self, id: ImageId) {
        self.images.remove(&id);
    }

    pub fn add_task(&mut self, task: Task) {
        self.task_order.push_back(task.id);
        self.tasks.insert(task.id, task);
        while self.tasks.len() > TASKS
            && let Some(oldest) = self.task_order.pop_front()
        {
            self.tasks.remove(&oldest);
        }
    }

    pub fn task(&self, id: ImageId) -> Option<&Task> {
        self.tasks.get(&id)
    }

    pub fn task_mut(&mut self, id: ImageId) -> Option<&mut Task> {
        self.tasks.get_mut(&id)
    }

    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }
}
