//! Answers that refuse, in the shape in which Glance writes them.

use stormglass_model::units::Span;

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// One sentence for whoever asked.
    pub text: String,
    /// What a header says beside, where the status needs one.
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    fn of(status: u16, text: impl Into<String>) -> Refusal {
        Refusal {
            status,
            text: text.into(),
            header: None,
        }
    }

    /// 400: the request is wrong.
    pub(crate) fn bad(text: impl Into<String>) -> Refusal {
        Refusal::of(400, text)
    }

    /// 401: nobody knows who asks.
    pub(crate) fn unknown() -> Refusal {
        Refusal::of(
            401,
            "This server could not verify that you are authorized to access the document you requested.",
        )
    }

    /// 403: whoever asks may not, or the image is in the way.
    pub(crate) fn forbidden(text: impl Into<String>) -> Refusal {
        Refusal::of(403, text)
    }

    /// 404: there is no such thing, as far as whoever asks may know.
    pub(crate) fn missing(text: impl Into<String>) -> Refusal {
        Refusal::of(404, text)
    }

    /// 405: it is there and takes other methods.
    pub(crate) fn method(allowed: &'static str) -> Refusal {
        Refusal {
            header: Some(("allow", allowed.to_owned())),
            ..Refusal::of(405, "The method is not allowed for this resource.")
        }
    }

    /// 409: not in this status.
    pub(crate) fn conflict(text: impl Into<String>) -> Refusal {
        Refusal::of(409, text)
    }

    /// 503, and when to ask again.
    pub(crate) fn busy(retry_after: Span) -> Refusal {
        Refusal {
            header: Some(("retry-after", (retry_after.0 / 1_000_000_000).to_string())),
            ..Refusal::unavailable("The server has too much to do; ask again later.")
        }
    }

    /// 410: it was taken away meanwhile.
    pub(crate) fn gone(text: impl Into<String>) -> Refusal {
        Refusal::of(410, text)
    }

    /// 413: more than there is room for.
    pub(crate) fn too_large(text: impl Into<String>) -> Refusal {
        Refusal::of(413, text)
    }

    /// 415: not the media type or format that is taken.
    pub(crate) fn media(text: impl Into<String>) -> Refusal {
        Refusal::of(415, text)
    }

    /// 416: no such part.
    pub(crate) fn range(text: impl Into<String>) -> Refusal {
        Refusal::of(416, text)
    }

    /// 500 of a planted fault.
    pub(crate) fn error() -> Refusal {
        Refusal::of(
            500,
            "The server has either erred or is incapable of performing the requested operation.",
        )
    }

    /// 503: not now.
    pub(crate) fn unavailable(text: impl Into<String>) -> Refusal {
        Refusal::of(503, text)
    }

    /// 504: a place that was to be read does not answer.
    pub(crate) fn unreachable(text: impl Into<String>) -> Refusal {
        Refusal::of(504, text)
    }
}
