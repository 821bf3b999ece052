//! What tools read: each file must be well-formed whatever a server said, and the same for the same result.
