//! The little server of the tests, the histories that it makes, and the slow reference that explains them.

#[path = "../../tests/it/clients/crowds.rs"]
#[allow(unused_imports, dead_code, reason = "the tests in it are left out")]
pub mod crowds;
#[path = "../../tests/it/clients/legal.rs"]
#[allow(dead_code, reason = "tests use the rest")]
pub mod legal;
#[path = "../../tests/it/clients/reference.rs"]
pub mod reference;
#[path = "../../tests/it/clients/server.rs"]
#[allow(dead_code, reason = "tests use the rest")]
pub mod server;
