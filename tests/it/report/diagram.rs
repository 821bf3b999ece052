//! The lifecycle as it is drawn.

use crate::cli::{stdout, stormglass};
use insta::assert_snapshot;
use std::path::Path;
use stormglass_model::lifecycle::{EDGES, Profile, SubjectStatus, TASK_EDGES};

fn lifecycle(profile: Option<Profile>, format: &str) -> String {
    let mut arguments = vec!["lifecycle", "--format", format];
    if let Some(profile) = profile {
        arguments.extend(["--profile", profile.name()]);
    }
    stdout(&stormglass(&arguments, Path::new(".")))
}

#[test]
fn the_lifecycle_as_lists() {
    assert_snapshot!(lifecycle(None, "table"), @r#"
    The lifecycle: the specification, with the upload rules of v1 and v2

    subject  from            to              name
             (none)          queued          create subject
             queued          active          add location
             queued          saving          upload
             queued          deleted         delete
             saving          active          upload succeeded
             saving          deleted         delete
             saving          killed          [v1] upload fail
             saving          queued          [v2] upload fail
             active          deleted         delete
             active          pending_delete  delayed delete
             active          deactivated     deactivate
             deactivated     active          reactivate
             deactivated     deleted         delete
             killed          deleted         deleted
             pending_delete  deleted         after scrub time

    task     from            to              name
             (none)          pending         create task
             pending         processing      begin processing
             processing      success         succeed
             processing      failure         fail
    "#);
    assert_snapshot!(lifecycle(Some(Profile::V2), "csv"), @r#"
    from,to,name
    ,queued,create subject
    queued,active,add location
    queued,saving,upload
    queued,deleted,delete
    saving,active,upload succeeded
    saving,deleted,delete
    saving,queued,[v2] upload fail
    active,deleted,delete
    active,pending_delete,delayed delete
    active,deactivated,deactivate
    deactivated,active,reactivate
    deactivated,deleted,delete
    killed,deleted,deleted
    pending_delete,deleted,after scrub time
    ,pending,create task
    pending,processing,begin processing
    processing,success,succeed
    processing,failure,fail
    "#);
}

#[test]
fn the_lifecycle_for_graphviz() {
    assert_snapshot!(lifecycle(Some(Profile::V1), "dot"), @r#"
    digraph lifecycle {
      label="The lifecycle: the specification, v1 rules"; labelloc=t; rankdir=LR;
      node [shape=box, style=rounded, fontname="Helvetica"]; edge [fontname="Helvetica", fontsize=10];
      subgraph cluster_subject {
        label="subject"; color=gray;
        subject_none [shape=point, width=0.15, label=""];
        subject_none -> "queued" [label="create subject"];
        "queued" -> "active" [label="add location"];
        "queued" -> "saving" [label="upload"];
        "queued" -> "deleted" [label="delete"];
        "saving" -> "active" [label="upload succeeded"];
        "saving" -> "deleted" [label="delete"];
        "saving" -> "killed" [label="[v1] upload fail"];
        "active" -> "deleted" [label="delete"];
        "active" -> "pending_delete" [label="delayed delete"];
        "active" -> "deactivated" [label="deactivate"];
        "deactivated" -> "active" [label="reactivate"];
        "deactivated" -> "deleted" [label="delete"];
        "killed" -> "deleted" [label="deleted"];
        "pending_delete" -> "deleted" [label="after scrub time"];
      }
      subgraph cluster_task {
        label="task"; color=gray;
        task_none [shape=point, width=0.15, label=""];
        task_none -> "pending" [label="create task"];
        "pending" -> "processing" [label="begin processing"];
        "processing" -> "success" [label="succeed"];
        "processing" -> "failure" [label="fail"];
      }
    }
    "#);
}

#[test]
fn the_lifecycle_for_mermaid() {
    assert_snapshot!(lifecycle(Some(Profile::Glance), "mermaid"), @r#"
    ---
    title: "The lifecycle: what OpenStack Glance 33 permits"
    ---
    stateDiagram-v2
      state subject {
        [*] --> queued : create subject
        queued --> active : add location
        queued --> saving : upload
        queued --> deleted : delete
        saving --> active : upload succeeded
        saving --> deleted : delete
        saving --> queued : [v2] upload fail
        active --> deleted : delete
        active --> pending_delete : delayed delete
        active --> deactivated : deactivate
        deactivated --> active : reactivate
        deactivated --> deleted : delete
        killed --> deleted : deleted
        pending_delete --> deleted : after scrub time
        queued --> uploading : stage
        queued --> importing : web-download import
        uploading --> importing : import staged data
        uploading --> queued : stage fail
        uploading --> deleted : delete
        importing --> active : import succeeded
        importing --> queued : import fail
        importing --> deleted : delete
        pending_delete --> active : restore
      }
      state task {
        [*] --> pending : create task
        pending --> processing : begin processing
        processing --> success : succeed
        processing --> failure : fail
        pending --> failure : could not start
      }
    "#);
}

#[test]
fn the_picture_names_every_status_and_edge_of_its_profile() {
    let shown =
        |profile, name: &str| lifecycle(profile, "svg").contains(&format!(">{name}</text>"));
    let names = |profile| lifecycle(profile, "svg").matches("class=\"name").count();
    for status in &SubjectStatus::ALL[..7] {
        assert!(shown(None, status.name()), "{status}");
    }
    for name in ["[v1] upload fail", "[v2] upload fail"] {
        assert!(shown(None, name));
    }
    assert!(shown(Some(Profile::V1), "[v1] upload fail"));
    assert!(!shown(Some(Profile::V1), "[v2] upload fail"));
    assert!(!shown(Some(Profile::V2), "importing"));
    assert!(shown(Some(Profile::Glance), "importing"));
    assert_eq!(names(None), 15 + 4);
    // Every edge has a way to run.
    for &profile in Profile::ALL {
        let edges = EDGES.iter().filter(|edge| edge.allowed_by(profile)).count();
        let tasks = TASK_EDGES.iter().filter(|edge| edge.allowed_by(profile));
        assert_eq!(names(Some(profile)), edges + tasks.count(), "{profile}");
    }
}
