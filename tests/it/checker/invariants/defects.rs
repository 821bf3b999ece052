//! Each defect that can be planted, as the service would write it: found under the name of what it breaks.

use super::*;
use crate::storms::broken_by;
use stormglass_model::config::Defect;

/// A result and a message.
const BOTH: (bool, bool) = (true, true);

fn history_with(defect: Defect) -> Script {
    match defect {
        Defect::LateUploadRevivesDeleted => saving(Profile::V1)
            .sent(2, Delete)
            .moved(Saving, Deleted, 2)
            .done(2, Delete)
            .moved(Deleted, Killed, 1),
        Defect::DeactivateQueued => {
            created(Profile::V2)
                .sent(1, Deactivate)
                .moved(Queued, Deactivated, 1)
        }
        Defect::TaskRunTwice => importing()
            .moved(Saving, Active, 1)
            .task(PROCESSING, TaskStatus::Success, 1)
            .task(Some(TaskStatus::Success), TaskStatus::Processing, 1),
        Defect::LocationPassesSaving => Script::new(Profile::V2)
            .sent(0, CreateWithLocation)
            .moves(None, Queued, Some(0))
            .moved(Queued, Saving, 0),
        Defect::SecondUploadAccepted => {
            uploaded()
                .sent(2, Upload)
                .stored(2, SIZE)
                .answered(2, Upload, Ok, Some(OTHER))
        }
        Defect::RefusedUploadOverwrites => uploaded()
            .sent(2, Upload)
            .removed(SIZE)
            .stored(2, SIZE)
            .answered(2, Upload, Refused, None),
        Defect::UploadCorrupted => {
            uploaded()
                .sent(2, DownloadAsAdmin)
                .answered(2, DownloadAsAdmin, Ok, Some(OTHER))
        }
        Defect::LostCreate => Script::new(Profile::V2).sent(0, Create).done(0, Create),
        Defect::LostDelete => uploaded().sent(2, Delete).done(2, Delete),
        Defect::LastLocationRequeues => located()
            .sent(1, RemoveLocation)
            .moved(Active, Queued, 1)
            .done(1, RemoveLocation),
        Defect::DeactivatedDownloadAllowed => {
            deactivated()
                .invoked(3, Download, true)
                .answered(3, Download, Ok, Some(DATA))
        }
        Defect::ScrubTooEarly => pending()
            .removed(SIZE)
            .moves(Some(PendingDelete), Deleted, None),
        Defect::DeleteLeavesBytes => saving(Profile::V2)
            .sent(2, Delete)
            .moved(Saving, Deleted, 2)
            .done(2, Delete)
            .answered(1, Upload, Fail, None),
        Defect::DataLost => uploaded().gauges(&[(Active, 1)], 0),
        Defect::FailedUploadStaysSaving => saving(Profile::V2)
            .removed(SIZE)
            .answered(1, Upload, Fail, None),
        Defect::FailedTaskHasResult => {
            importing()
                .moved(Saving, Queued, 1)
                .task_with(PROCESSING, TaskStatus::Failure, 1, BOTH)
        }
        Defect::TaskStuck => importing()
            .moved(Saving, Queued, 1)
            .removed(SIZE)
            .answered(1, Import, Fail, None),
    }
}

#[test]
fn every_defect_is_found_under_its_name() {
    for &defect in Defect::ALL {
        let judgement = history_with(defect).judged();
        let found = judgement.counts[broken_by(defect).index()];
        assert!(found > 0, "{defect}: {:#?}", judgement.violations);
    }
}
