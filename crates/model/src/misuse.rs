//! What a client of an image service can do wrong.

use crate::named;

named! {
    /// A kind of mistake of a client.
    Misuse {
        /// A call that must not be done twice is sent again after its reply was lost, without a look at what it did.
        BlindRetry = "blind-retry",
        /// A call that was refused with 409 or 410 is sent again without a look at why.
        IgnoredRefusal = "ignored-refusal",
        /// A call is repeated before the time that `Retry-After` says, or a status is asked for more often than was told.
        TooFast = "too-fast",
        /// Data is brought into an image that somebody else has created.
        ForeignUpload = "foreign-upload",
        /// An image is left that nobody will use: without data, or with data of which its creator never heard.
        LeakedImage = "leaked-image",
        /// Data that came cut off or changed is used.
        WrongDataUsed = "wrong-data-used",
        /// A token is sent to another host.
        TokenSentElsewhere = "token-sent-elsewhere",
    }
}

impl Misuse {
    /// What a client is to do.
    pub const fn demand(self) -> &'static str {
        match self {
            Misuse::BlindRetry => {
                "after a lost reply, a client looks at what its call has done before it sends it again"
            }
            Misuse::IgnoredRefusal => {
                "after 409 or 410, a client looks at the image before it sends the same call again"
            }
            Misuse::TooFast => {
                "a client waits as long as Retry-After says, and as long between two looks as it was told"
            }
            Misuse::ForeignUpload => "a client brings data only into images that it has created",
            Misuse::LeakedImage => "a client deletes the images that it has given up",
            Misuse::WrongDataUsed => {
                "a client compares data with its checksum and size before it uses it"
            }
            Misuse::TokenSentElsewhere => "a client sends its token to no other host",
        }
    }
}
