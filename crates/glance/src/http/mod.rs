//! HTTP/1.1 over connections of our own, with faults at a chosen byte. Nothing here knows who asks.

mod connection;
mod content;
mod endpoint;
mod proxy;
mod reply;
mod routes;
mod stream;
mod tls;
mod trouble;
mod watch;

pub(crate) use connection::{Call, Connections, Times};
pub use content::content_of;
pub(crate) use content::{Payload, leading_of_hex, md5_of, sha512_of};
pub(crate) use endpoint::Endpoint;
pub use endpoint::{ConfigError, check_url};
pub(crate) use reply::Reply;
pub use routes::Routes;
pub(crate) use trouble::Trouble;
pub use watch::Watch;
