//! What `stormglass serve --judge` writes and shows at its end.

use super::exit::Exit;
use crate::report::{self, Folder, Judged, Paint};
use anyhow::Context;
use std::path::Path;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::misuse::Misuse;
use stormglass_serve::{ClientReport, Server};

/// A judgement that is to come.
pub struct Judging {
    folder: Folder,
    name: String,
    seed: u64,
    accepts: Vec<Misuse>,
}

impl Judging {
    /// Makes the folder for what will be found.
    pub fn begin(
        out: Option<&Path>,
        name: &str,
        seed: u64,
        accepts: Vec<Misuse>,
    ) -> anyhow::Result<Judging> {
        Ok(Judging {
            folder: super::folder(out, &format!("{name}-clients"), seed)?,
            name: name.to_owned(),
            seed,
            accepts,
        })
    }

    /// Writes and shows what was found.
    pub fn conclude(self, server: &Server, json: bool) -> anyhow::Result<Exit> {
        let judgement = server.judgement().context("cannot keep the history")?;
        let nobody = ClientReport::default();
        let judged = Judged {
            name: &self.name,
            seed: self.seed,
            judgement: &judgement,
            clients: judgement.clients.as_ref().unwrap_or(&nobody),
            accepts: &self.accepts,
        };
        let kept = self
            .folder
            .write(report::clients_files(&judged).into_iter());
        if !kept.lost.is_empty() {
            return Ok(super::report_unwritten(&kept, &self.folder));
        }
        let results = self.folder.path().display().to_string();
        super::show(
            json,
            false,
            || report::clients_json(&judged),
            |colour| report::clients_summary(&judged, &results, Paint { colour }),
        )?;
        Ok(match (judged.verdict(), judged.clients.calls) {
            (Verdict::Invalid, _) => Exit::Invalid,
            (_, 0) | (Verdict::Unknown, _) => Exit::Unknown,
            (Verdict::Valid, _) => Exit::Valid,
        })
    }
}
