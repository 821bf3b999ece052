//! What is said of this server's answers, and of its clients.

use crate::clients::ClientReport;
use crate::twin::Twin;
use std::io;
use stormglass_model::checker::concurrent;
use stormglass_model::history::file::Header;
use stormglass_model::lifecycle::{Invariant, Verdict};

/// Violations that are told.
const TOLD: usize = 100;

/// What is said at the end.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Of this server's own answers.
    pub answers: Answers,
    /// Of its clients, if they were judged.
    pub clients: Option<ClientReport>,
    /// What clients asked and were answered: a file that `stormglass check` reads.
    pub history: Vec<u8>,
}

/// What the concurrent checker says of the answers.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The worst of all images.
    pub verdict: Verdict,
    /// How many images were judged.
    pub images: u64,
    /// The first violation of each image, of the first hundred.
    pub violations: Vec<Violation>,
}

/// An answer that no service without a defect gives.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which image, by its number.
    pub subject: u64,
    /// What is violated.
    pub invariant: Invariant,
    /// How.
    pub sentence: String,
}

pub(crate) fn of_answers(twin: &Twin) -> Answers {
    let rules = concurrent::Rules::of(&header(twin));
    let mut answers = Answers {
        verdict: Verdict::Valid,
        images: 0,
        violations: Vec::new(),
    };
    for history in twin.history.subjects() {
        let judgement = concurrent::judge(history, &rules);
        answers.images += 1;
        answers.verdict = answers.verdict.max(judgement.verdict);
        if let Some(first) = judgement.violations.first()
            && answers.violations.len() < TOLD
        {
            answers.violations.push(Violation {
                subject: history.subject,
                invariant: first.invariant,
                sentence: first.sentence.clone(),
            });
        }
    }
    answers
}

pub(crate) fn history(twin: &Twin) -> io::Result<Vec<u8>> {
    twin.history.file(&header(twin))
}

fn header(twin: &Twin) -> Header {
    let service = &twin.config.service;
    Header {
        scenario: twin.config.name.clone(),
        seed: twin.config.seed.0,
        profile: service.rules.profile(),
        delayed_delete: Some(service.delayed_delete),
        one_identity: false,
    }
}
