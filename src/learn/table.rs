//! What a server's image table says of images that the logs do not: sizes, and how long images lived.

use super::line::stamp;
use crate::report::number::{counted, thousands};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use stormglass_glance::{ImageRow, Stock};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::{Bytes, Span};

/// What the table comes to.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The size of each image whose size is known, in bytes.
    pub sizes: Vec<f64>,
    /// How long each image lived that was deleted, in order.
    lives: Vec<Span>,
    by_status: BTreeMap<SubjectStatus, u64>,
    /// What all images take.
    stock: Bytes,
}

impl Table {
    /// Of its rows, and of what is stored.
    pub fn of(rows: &[ImageRow], stock: &[Stock]) -> Table {
        let mut table = Table {
            stock: Bytes(
                stock
                    .iter()
                    .fold(0, |sum, it| sum.saturating_add(it.bytes.0)),
            ),
            ..Table::default()
        };
        for row in rows {
            *table.by_status.entry(row.status).or_default() += 1;
            table.sizes.extend(row.size.map(|size| size.0 as f64));
            let instant =
                |text: &Option<String>| text.as_deref().and_then(stamp::iso).map(|it| it.at);
            if let (Some(created), Some(deleted)) = (instant(&row.created), instant(&row.deleted)) {
                table.lives.push(deleted.since(created));
            }
        }
        table.lives.sort_unstable();
        table
    }

    /// What of it a scenario says: the stock, and what else a reader should know.
    pub fn forecast(&self) -> String {
        let images: u64 = self.by_status.values().sum();
        let mut text = format!(
            "[forecast]\n# {} of the image table:",
            counted(images, "row")
        );
        for (status, count) in &self.by_status {
            let _ = write!(text, " {} {status},", thousands(*count));
        }
        text.pop();
        text += ".\n";
        let at = |share: f64| self.lives.get((self.lives.len() as f64 * share) as usize);
        if let (Some(median), Some(high)) = (at(0.5), at(0.95)) {
            let _ = writeln!(
                text,
                "# {} were deleted and are not purged: they lived for {median} in the median, 95 % of them for less than {high}.",
                thousands(self.lives.len() as u64)
            );
        }
        let _ = writeln!(
            text,
            "stock = \"{}\"  # {} in the stores, by the database",
            self.stock.exact(),
            self.stock
        );
        text
    }
}
