//! HTTP/1.1 over connections of our own, with faults at a chosen byte. Nothing here knows who asks.

mod connection;
mod content;
mod endpoint;
mod proxy;
mod reply;
mod stream;
mod tls;
mod watch;

pub(crate) use connection::{Call, Connections, Times, Trouble};
pub use content::content_of;
pub(crate) use content::{Payload, leading_of_hex, md5_of, sha512_of};
pub use endpoint::ConfigError;
pub(crate) use endpoint::{Endpoint, host};
pub use proxy::Proxies;
pub(crate) use reply::Reply;
pub use watch::Watch;
