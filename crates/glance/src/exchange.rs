//! What went over the wire, kept for who reads a finding.

use stormglass_model::lifecycle::Who;
use stormglass_model::units::Time;

/// One HTTP request of a history, and its reply. Holds no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it was sent, from the beginning of the history.
    pub sent: Time,
    /// When its reply had come, or hope was given up; none when it was never known.
    pub ended: Option<Time>,
    /// On whose behalf.
    pub who: Who,
    /// `PUT`, say.
    pub method: String,
    /// From `/v2` on.
    pub path: String,
    /// Headers but those that say who asks, as they were sent.
    pub headers: Vec<(String, String)>,
    /// The body, where it is text.
    pub text: String,
    /// How many bytes of made-up data were declared as the body; none where it is text.
    pub data: Option<u64>,
    /// How many of them were sent.
    pub data_sent: u64,
    /// The status code of the reply; none when there was none.
    pub status: Option<u16>,
    /// The beginning of the reply's text, or why there was none; one line, safe to print.
    pub reply: String,
}
