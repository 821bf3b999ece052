//! The image table as a whole: what images there are and were, of which no name and no id is read.

use super::database::Database;
use super::error::{Cells, ProbeError};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Bytes;

/// A row of the image table, without anything that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// Its status; of one that was deleted, until its row is purged.
    pub status: SubjectStatus,
    /// How large its data is, if that is known.
    pub size: Option<Bytes>,
    /// When it was created, in UTC, as the database writes an instant: `2026-11-29 18:00:07.123456`.
    pub created: Option<String>,
    /// When it was deleted.
    pub deleted: Option<String>,
}

/// The newest ones: more of them say nothing more of sizes and ages.
const IMAGES: &str = "SELECT status, CAST(size AS CHAR(20)), CAST(created_at AS CHAR(26)), CAST(deleted_at AS CHAR(26)) \
                      FROM images ORDER BY created_at DESC LIMIT 100000";

/// Reads it.
pub(super) async fn read(database: &mut Database) -> Result<Vec<ImageRow>, ProbeError> {
    let mut all = Vec::new();
    for cells in database.select(IMAGES, &[]).await? {
        all.push(row(&cells).ok_or_else(|| database.strange("images", &cells))?);
    }
    Ok(all)
}

fn row(cells: &Cells) -> Option<ImageRow> {
    let text = |at: usize| cells.get(at)?.as_deref().map(str::trim);
    let size = match text(1) {
        None => None,
        Some(size) => Some(Bytes(size.parse().ok()?)),
    };
    Some(ImageRow {
        status: SubjectStatus::from_name(text(0)?)?,
        size,
        created: text(2).map(str::to_owned),
        deleted: text(3).map(str::to_owned),
    })
}
