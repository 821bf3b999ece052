//! The one integration binary.

// A test that cannot go on should say so at once, in helpers as well.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scenario;
