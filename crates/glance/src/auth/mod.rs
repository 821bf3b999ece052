//! Who asks: identities, where they are written down, and logins at a Keystone whose tokens are shared and renewed.

mod caller;
mod clouds;
mod endpoint;
mod environment;
mod identity;
mod keys;
mod keystone;
mod login;
mod session;
mod table;
mod yaml;

pub(crate) use caller::Caller;
pub use clouds::{ENVVARS, cloud, from_environment};
pub use environment::Environment;
pub use identity::{Cloud, Identity, Mistake, is_header};
pub(crate) use keystone::TOKEN;
pub(crate) use login::LoginError;
pub use login::{CatalogEntry, Credential, Domain, Interface, Login, Named, Proof, Scope, Secret};
pub(crate) use session::Session;
