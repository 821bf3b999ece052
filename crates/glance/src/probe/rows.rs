//! The rows that an image service keeps of an image, read and put together.

use super::database::Database;
use super::error::{Cells, ProbeError};
use crate::answer::ImageId;
use crate::http::leading_of_hex;
use std::collections::BTreeMap;
use stormglass_model::history::{Content, PresentRow, Row};
use stormglass_model::lifecycle::SubjectStatus;

// Databases differ in the types of flags and numbers; all of them can show either as text. `{}` are the images asked for.
const IMAGES: &str = "SELECT id, status, CAST(deleted AS CHAR(5)), CAST(size AS CHAR(20)), checksum \
                      FROM images WHERE id IN ({})";
const LOCATIONS: &str = "SELECT image_id, value, status, CAST(deleted AS CHAR(5)) \
                         FROM image_locations WHERE image_id IN ({})";
const TASKS: &str = "SELECT image_id FROM tasks \
                     WHERE status IN ('pending', 'processing') AND image_id IN ({})";

/// What the tables say of some images.
#[derive(Default)]
pub(super) struct Registry {
    images: BTreeMap<ImageId, ImageRow>,
    locations: BTreeMap<ImageId, Vec<LocationRow>>,
    tasks_open: BTreeMap<ImageId, u32>,
}

/// What they say of one image.
pub(super) struct Entry {
    pub row: Row,
    /// The probed stores that its locations point into.
    pub stores: Vec<usize>,
    /// How many of its tasks are open.
    pub tasks_open: u32,
}

struct ImageRow {
    status: SubjectStatus,
    deleted: bool,
    content: Option<Content>,
}

struct LocationRow {
    url: String,
    deleted: bool,
    /// It goes when the scrubber comes.
    pending_delete: bool,
}

impl Registry {
    /// Reads what there is of `images`.
    pub async fn read(database: &mut Database, images: &[ImageId]) -> Result<Registry, ProbeError> {
        let mut read = Registry::default();
        for cells in database.select(IMAGES, images).await? {
            let (id, image) =
                image(&cells).ok_or_else(|| database.strange("images", &cells[..2]))?;
            read.images.insert(id, image);
        }
        for cells in database.select(LOCATIONS, images).await? {
            // Not the URL: some stores write credentials into it.
            let (id, place) =
                location(&cells).ok_or_else(|| database.strange("image_locations", &cells[..1]))?;
            read.locations.entry(id).or_default().push(place);
        }
        for cells in database.select(TASKS, images).await? {
            let id = id(&cells).ok_or_else(|| database.strange("tasks", &cells))?;
            *read.tasks_open.entry(id).or_default() += 1;
        }
        Ok(read)
    }

    /// What there is of one image; `store_of` tells which of the probed stores a location's URL points into.
    pub fn entry(&self, id: ImageId, store_of: impl Fn(&str) -> Option<usize>) -> Entry {
        let mut stores = Vec::new();
        let row = self.images.get(&id).map_or(Row::Absent, |image| {
            // A delayed delete marks an image's locations at once, and its data stays there until it is scrubbed.
            let waits = image.status == SubjectStatus::PendingDelete;
            let kept = |it: &&LocationRow| !it.deleted || waits && it.pending_delete;
            let locations = self.locations.get(&id).into_iter().flatten();
            let kept: Vec<&LocationRow> = locations.filter(kept).collect();
            stores.extend(kept.iter().filter_map(|it| store_of(&it.url)));
            Row::Present(PresentRow {
                status: image.status,
                deleted: image.deleted,
                content: image.content,
                locations: kept.len() as u32,
                in_store: !stores.is_empty(),
            })
        });
        Entry {
            row,
            stores,
            tasks_open: self.tasks_open.get(&id).copied().unwrap_or(0),
        }
    }
}

fn image(cells: &Cells) -> Option<(ImageId, ImageRow)> {
    let size = match cells.get(3)? {
        Some(digits) => Some(digits.trim().parse().ok()?),
        None => None,
    };
    let checksum = match cells.get(4)? {
        Some(hex) => Some(leading_of_hex(hex.trim())?),
        None => None,
    };
    let image = ImageRow {
        status: SubjectStatus::from_name(text(cells, 1)?)?,
        deleted: flag(cells, 2)?,
        content: (size.zip(checksum)).map(|(size, checksum)| Content { size, checksum }),
    };
    Some((id(cells)?, image))
}

fn location(cells: &Cells) -> Option<(ImageId, LocationRow)> {
    let location = LocationRow {
        url: text(cells, 1)?.to_owned(),
        deleted: flag(cells, 3)?,
        pending_delete: text(cells, 2)? == SubjectStatus::PendingDelete.name(),
    };
    Some((id(cells)?, location))
}

fn id(cells: &Cells) -> Option<ImageId> {
    ImageId::parse(text(cells, 0)?)
}

fn text(cells: &Cells, at: usize) -> Option<&str> {
    cells.get(at)?.as_deref().map(str::trim)
}

/// A flag as PostgreSQL shows it, or as the number that it is elsewhere.
fn flag(cells: &Cells, at: usize) -> Option<bool> {
    match text(cells, at)? {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}
