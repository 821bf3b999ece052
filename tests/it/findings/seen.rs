//! What a person reads: the page, the timeline, the drawing and the summary.

use super::sample::three;
use insta::assert_snapshot;
use stormglass::report::findings;

#[test]
fn the_page() {
    assert_snapshot!("findings-page", findings::page(&three()));
}

#[test]
fn the_summary() {
    assert_snapshot!(
        "findings-summary",
        findings::summary(&three(), Some("results/sweep-42-1"), false)
    );
}
