//! Tasks, which are for admins.

use super::context::{Context, with_query};
use crate::answer::{Answer, Result, request_id};
use crate::catalog::{ImageId, PAGE, Requester, Task, TaskType, page_limit, task_stub, task_view};
use crate::refusal::Refusal;
use serde_json::{Value, json};
use stormglass_model::lifecycle::TaskStatus;

fn for_admins(requester: &Requester) -> Result<()> {
    match requester.is_admin() {
        true => Ok(()),
        false => Err(Refusal::forbidden(
            "You are not authorized to complete tasks_api_access action.",
        )),
    }
}

pub(crate) fn list(context: &Context, requester: &Requester) -> Result {
    for_admins(requester)?;
    let mut twin = context.shared.borrow_mut();
    twin.run_due();
    let (mut limit, mut marker, mut descending) = (PAGE, None, true);
    let mut filters = Vec::new();
    for (name, value) in &context.query {
        match name.as_str() {
            "limit" => {
                limit = page_limit(value)?;
            }
            "marker" => {
                let id = ImageId::parse(value);
                marker = Some(id.ok_or_else(|| Refusal::bad("Invalid marker format"))?);
            }
            "sort_dir" if value == "asc" => descending = false,
            "sort_dir" if value == "desc" => descending = true,
            "sort_dir" => return Err(Refusal::bad(format!("Invalid sort direction: {value}"))),
            "sort_key" => {}
            "status" if TaskStatus::from_name(value).is_none() => {
                return Err(Refusal::bad(format!("Invalid status value: {value}")));
            }
            "type" if value != "import" => {
                return Err(Refusal::bad(format!("Invalid type value: {value}")));
            }
            _ => filters.push((name.as_str(), value.as_str())),
        }
    }
    let fits = |task: &&Task| {
        filters.iter().all(|(name, value)| match *name {
            "status" => task.status.name() == *value,
            "type" => task.kind.name() == *value,
            "owner" => task.owner == *value,
            _ => true,
        })
    };
    let mut tasks: Vec<&Task> = twin.catalog.tasks().filter(fits).collect();
    tasks.sort_by_key(|task| task.number);
    if descending {
        tasks.reverse();
    }
    if let Some(marker) = marker {
        let at = tasks.iter().position(|task| task.id == marker);
        let at = at.ok_or_else(|| Refusal::bad(format!("No task found with ID {marker}")))?;
        tasks.drain(..=at);
    }
    tasks.truncate(limit);
    let next = tasks
        .last()
        .filter(|_| tasks.len() == limit)
        .map(|it| it.id);
    let shown: Vec<Value> = tasks.into_iter().map(task_stub).collect();
    let mut document = json!({
        "tasks": shown,
        "first": with_query("/v2/tasks", &context.query, None),
        "schema": "/v2/schemas/tasks",
    });
    if let Some(next) = next {
        document["next"] = json!(with_query("/v2/tasks", &context.query, Some(next)));
    }
    Ok(Answer::json(200, &document))
}

/// The tasks of one image.
pub(crate) fn of_image(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let mut twin = context.shared.borrow_mut();
    twin.run_due();
    twin.image(requester, id)?;
    let tasks = twin.catalog.tasks().filter(|task| task.image == Some(id));
    let shown: Vec<Value> = tasks.map(task_view).collect();
    Ok(Answer::json(200, &json!({ "tasks": shown })))
}

fn no_task(id: ImageId) -> Refusal {
    Refusal::missing(format!("No task found with ID {id}"))
}

pub(crate) fn show(context: &Context, requester: &Requester, id: ImageId) -> Result {
    for_admins(requester)?;
    let mut twin = context.shared.borrow_mut();
    twin.run_due();
    let task = twin.catalog.task(id).ok_or_else(|| no_task(id))?;
    Ok(Answer::json(200, &task_view(task)))
}

pub(crate) fn delete(_: &Context, requester: &Requester, _: ImageId) -> Result {
    for_admins(requester)?;
    Err(Refusal {
        text: "This operation is currently not permitted on Glance Tasks. They are auto deleted after reaching the time based on their expires_at property.".to_owned(),
        ..Refusal::method("GET")
    })
}

/// The old way to import, which needs no image beforehand. Its tasks fail, as they do behind most servers of today's Glance.
pub(crate) async fn create(context: Context, requester: Requester) -> Result {
    for_admins(&requester)?;
    let (shared, number) = (context.shared.clone(), context.number);
    let body = context.json().await?;
    for name in ["type", "input"] {
        if body.get(name).is_none() {
            return Err(Refusal::bad(format!("Task '{name}' is required")));
        }
    }
    let kind = body["type"].as_str().and_then(TaskType::from_name);
    let kind = kind.ok_or_else(|| Refusal::bad("Provided object does not match schema 'task'"))?;
    let mut twin = shared.borrow_mut();
    let (id, now) = (twin.fresh_id(), twin.clock.unix());
    let task = Task {
        id,
        kind,
        status: TaskStatus::Pending,
        image: None,
        owner: requester.project,
        user: requester.user,
        request: request_id(number),
        input: body["input"].clone(),
        result: Value::Null,
        message: String::new(),
        created: now,
        updated: now,
        number: twin.next_operation(),
    };
    let shown = task_view(&task);
    twin.catalog.add_task(Task {
        status: TaskStatus::Failure,
        message: "This server imports by POST /v2/images/ID/import.".to_owned(),
        ..task
    });
    Ok(Answer::json(201, &shown).with("location", format!("/v2/tasks/{id}")))
}
