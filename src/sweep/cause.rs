//! Why a violation is there, as far as the history of its subject tells: which request's save overwrote what another had changed, which
//! error the server did not map, what was not cleaned up. It is a function of the history alone, so that the same defect has the
//! same name in every sweep, whichever script came first.

use case::Case;
pub use name::{Cause, Mechanism};
use stormglass_model::checker::concurrent::{Severity, SubjectViolation, Symptom};
use stormglass_model::history::SubjectHistory;
use stormglass_model::lifecycle::SubjectStatus::{Active, Deactivated};

mod case;
mod name;

/// How bad a violation is, by what follows from it.
pub(super) fn severity(history: &SubjectHistory, violation: &SubjectViolation) -> Severity {
    let at = violation.at;
    let case = Case::until(history, at);
    let readable = matches!(case.seen, Some(Active | Deactivated));
    match violation.symptom {
        // Everybody may read it again who may read the image.
        Symptom::Undone | Symptom::WrongStatus
            if case.seen == Some(Active) && case.deactivated() =>
        {
            Severity::DataExposed
        }
        // A status was reset, and nobody can read more than before.
        Symptom::Trespass | Symptom::Revived if case.seen.is_some() && !readable => {
            Severity::WrongAnswer
        }
        symptom => symptom.severity(),
    }
}

/// The cause of a violation in a history.
pub(super) fn cause(history: &SubjectHistory, violation: &SubjectViolation) -> Cause {
    let case = Case::until(history, violation.at);
    let asked = case.asked();
    let answered = match violation.symptom {
        Symptom::ServerError => Some(Mechanism::ServerError),
        Symptom::NoAnswer | Symptom::Malformed => Some(Mechanism::BadAnswer),
        Symptom::Refused => Some(Mechanism::WrongRefusal),
        _ => None,
    };
    match (answered, case.broken_off) {
        (Some(mechanism), _) => Cause::of(mechanism, asked),
        (None, Some(call)) => Cause::of(Mechanism::NoRecovery, call),
        (None, None) => case.effect(violation.symptom),
    }
}
