//! What a server stores at all, whoever it belongs to: counts alone, and no image by itself.

use super::database::Database;
use super::error::{Cells, ProbeError};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Bytes;

/// What a server holds in one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// The status.
    pub status: SubjectStatus,
    /// How many images.
    pub images: u64,
    /// What their data takes in the stores, each copy by itself. Data that lies elsewhere takes nothing.
    pub bytes: Bytes,
}

/// A row for each image, and one more for each further place of its data: what waits for the scrubber is still there.
const STOCK: &str = "SELECT i.status, CAST(COUNT(DISTINCT i.id) AS CHAR(20)), \
                     CAST(SUM(CASE WHEN l.id IS NULL OR l.value LIKE 'http%' THEN 0 ELSE COALESCE(i.size, 0) END) AS CHAR(40)) \
                     FROM images i LEFT JOIN image_locations l ON l.image_id = i.id \
                     AND (NOT l.deleted OR i.status = 'pending_delete' AND l.status = 'pending_delete') \
                     GROUP BY i.status";

/// Reads it, in the order of the statuses.
pub(super) async fn read(database: &mut Database) -> Result<Vec<Stock>, ProbeError> {
    let mut all = Vec::new();
    for cells in database.select(STOCK, &[]).await? {
        all.push(stock(&cells).ok_or_else(|| database.strange("images", &cells))?);
    }
    all.sort_by_key(|stock| stock.status);
    Ok(all)
}

fn stock(cells: &Cells) -> Option<Stock> {
    let text = |at: usize| cells.get(at)?.as_deref().map(str::trim);
    Some(Stock {
        status: SubjectStatus::from_name(text(0)?)?,
        images: text(1)?.parse().ok()?,
        bytes: Bytes(text(2)?.parse().ok()?),
    })
}
