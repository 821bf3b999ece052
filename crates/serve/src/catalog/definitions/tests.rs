//! Who may define what, and what becomes of it.

use super::namespace::Result;
use super::{Definitions, Kind, Requester};
use crate::date::iso;
use serde_json::json;

fn requester(project: &str, roles: &[&str]) -> Requester {
    Requester {
        user: project.to_owned(),
        project: project.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    }
}

fn status<T>(result: Result<T>) -> u16 {
    result.map_or_else(|refusal| refusal.status, |_| 200)
}

#[test]
fn a_namespace_holds_what_it_defines_until_it_is_deleted() {
    let (admin, other) = (
        requester("admin", &["admin"]),
        requester("other", &["member", "reader"]),
    );
    let mut all = Definitions::default();
    let document = json!({
        "namespace": "N", "visibility": "public", "protected": true, "tags": [{ "name": "a" }],
        "properties": { "p": { "title": "P", "type": "string" } }, "resource_type_associations": [{ "name": "OS::X" }],
    });
    assert_eq!(
        status(all.create(&other, &document, 1)),
        403,
        "only admins define"
    );
    let made = all.create(&admin, &document, 1).unwrap();
    assert_eq!(
        (&made["namespace"], &made["owner"]),
        (&json!("N"), &json!("admin"))
    );
    assert_eq!(status(all.create(&admin, &document, 1)), 409, "it is there");
    let shown = all.show(&other, "N").unwrap();
    assert_eq!(made, shown);
    assert_eq!(shown["properties"]["p"]["title"], "P");
    assert_eq!(shown["tags"], json!([{ "name": "a" }]));
    assert!(all.resource_types().to_string().contains("OS::X"));
    assert_eq!(status(all.delete(&admin, "N")), 403, "it is protected");
    assert_eq!(
        status(all.delete_part(&admin, "N", Kind::Tags, Some("a"))),
        403,
        "and so is what it defines"
    );
    let free = json!({ "namespace": "M", "visibility": "private" });
    assert_eq!(
        all.update(&admin, "N", &free, 2).unwrap()["created_at"],
        iso(1)
    );
    assert_eq!(status(all.show(&other, "M")), 404, "it is private now");
    assert_eq!(status(all.show(&admin, "N")), 404, "it has another name");
    assert_eq!(
        all.show(&admin, "M").unwrap()["tags"],
        json!([{ "name": "a" }])
    );
    all.delete(&admin, "M").unwrap();
    assert_eq!(all.list(&admin, None, 9, None), Ok(Vec::new()));
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let admin = requester("admin", &["admin"]);
    let mut all = Definitions::default();
    for wrong in [
        json!([]),
        json!({}),
        json!({ "namespace": "" }),
        json!({ "namespace": "N", "visibility": "shared" }),
        json!({ "namespace": "N", "tags": [{}] }),
    ] {
        assert_eq!(status(all.create(&admin, &wrong, 1)), 400, "{wrong}");
    }
    all.create(
        &admin,
        &json!({ "namespace": "N", "tags": [{ "name": "a" }] }),
        1,
    )
    .unwrap();
    let twice = json!({ "tags": [{ "name": "b" }, { "name": "b" }] });
    assert_eq!(
        status(all.add_part(&admin, "N", Kind::Tags, &twice, 2)),
        409
    );
    assert_eq!(
        status(all.add_part(&admin, "N", Kind::Properties, &json!({ "name": "p" }), 2)),
        400,
        "it has no type"
    );
    assert_eq!(
        status(all.add_part(
            &admin,
            "N",
            Kind::Objects,
            &json!({ "name": "o", "colour": 1 }),
            2
        )),
        400
    );
    assert_eq!(
        status(all.update_part(&admin, "N", Kind::Tags, "a", &json!({ "name": 3 }), 2)),
        400
    );
    assert_eq!(
        status(all.delete_part(&admin, "N", Kind::Tags, Some("z"))),
        404
    );
    assert_eq!(
        all.show(&admin, "N").unwrap()["tags"],
        json!([{ "name": "a" }])
    );
}

#[test]
fn a_part_keeps_its_age_when_it_is_renamed() {
    let admin = requester("admin", &["admin"]);
    let mut all = Definitions::default();
    all.create(&admin, &json!({ "namespace": "N" }), 1).unwrap();
    all.add_part(&admin, "N", Kind::Objects, &json!({ "name": "a" }), 5)
        .unwrap();
    let renamed = all
        .update_part(&admin, "N", Kind::Objects, "a", &json!({ "name": "b" }), 9)
        .unwrap();
    assert_eq!(
        (
            &renamed["name"],
            &renamed["created_at"],
            &renamed["updated_at"]
        ),
        (&json!("b"), &json!(iso(5)), &json!(iso(9)))
    );
    assert_eq!(renamed["self"], "/v2/metadefs/namespaces/N/objects/b");
    assert_eq!(status(all.show_part(&admin, "N", Kind::Objects, "a")), 404);
}

#[test]
fn lists_come_in_pages() {
    let admin = requester("admin", &["admin"]);
    let mut all = Definitions::default();
    for (name, visibility) in [("a", "public"), ("b", "private"), ("c", "public")] {
        all.create(
            &admin,
            &json!({ "namespace": name, "visibility": visibility }),
            1,
        )
        .unwrap();
    }
    let names = |all: &Definitions, after, most, visibility| -> Vec<String> {
        let list = all.list(&admin, after, most, visibility).unwrap();
        list.iter()
            .map(|it| it["namespace"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&all, None, 2, None), ["a", "b"]);
    assert_eq!(names(&all, Some("b"), 2, None), ["c"]);
    assert_eq!(names(&all, None, 9, Some("public")), ["a", "c"]);
    assert_eq!(status(all.list(&admin, Some("z"), 2, None)), 404);
}
