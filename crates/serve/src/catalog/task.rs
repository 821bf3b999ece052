//! Tasks, as the API shows them.

use super::image::{ImageId, words};
use serde_json::Value;
use stormglass_model::lifecycle::TaskStatus;

words! {
    /// What a task does.
    TaskType { Import = "api_image_import", Location = "location_import", Legacy = "import" }
}

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub id: ImageId,
    pub kind: TaskType,
    pub status: TaskStatus,
    pub image: Option<ImageId>,
    pub owner: String,
    pub user: String,
    pub request: String,
    pub input: Value,
    pub result: Value,
    pub message: String,
    /// Seconds since 1970.
    pub created: u64,
    pub updated: u64,
    /// The order in which it came.
    pub number: u64,
}
