//! Lists of images: which of them, in which order, and how many at a time.

use super::image::{Image, ImageId, MemberStatus, Visibility};
use super::policy::Requester;
use crate::date;
use crate::refusal::Refusal;
use std::cmp::Ordering;
use stormglass_model::lifecycle::SubjectStatus;

/// How many entries a page has where nothing is said.
pub(crate) const PAGE: usize = 25;
/// And at most.
const LONGEST_PAGE: usize = 1_000;

/// How many entries a page is to have, as a query says it.
pub(crate) fn page_limit(text: &str) -> Result<usize, Refusal> {
    let limit: i64 =
        (text.trim().parse()).map_err(|_| Refusal::bad("limit param must be an integer"))?;
    let limit = usize::try_from(limit).map_err(|_| Refusal::bad("limit param must be positive"))?;
    Ok(limit.min(LONGEST_PAGE))
}

/// A key to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Name,
    Status,
    ContainerFormat,
    DiskFormat,
    Size,
    Id,
    Created,
    Updated,
}

impl Key {
    fn from_name(name: &str) -> Result<Key, Refusal> {
        Ok(match name.trim() {
            "name" => Key::Name,
            "status" => Key::Status,
            "container_format" => Key::ContainerFormat,
            "disk_format" => Key::DiskFormat,
            "size" => Key::Size,
            "id" => Key::Id,
            "created_at" => Key::Created,
            "updated_at" => Key::Updated,
            other => {
                return Err(Refusal::bad(format!(
                    "Invalid sort key: {other}. It must be one of the following: name, status, container_format, disk_format, size, id, created_at, updated_at."
                )));
            }
        })
    }
}

/// A key, and whether the largest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub key: Key,
    pub descending: bool,
}

fn descends(direction: &str) -> Result<bool, Refusal> {
    match direction.trim() {
        "asc" => Ok(false),
        "desc" => Ok(true),
        other => Err(Refusal::bad(format!("Invalid sort direction: {other}"))),
    }
}

/// What a client asks a list for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    pub limit: Option<usize>,
    pub marker: Option<ImageId>,
    order: Vec<Order>,
    tags: Vec<String>,
    visibility: Option<String>,
    hidden: bool,
    protected: Option<bool>,
    /// None: whatever the project has made of the offer.
    member_status: Option<MemberStatus>,
    filters: Vec<(String, String)>,
}

fn truth(name: &str, value: &str) -> Result<bool, Refusal> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::bad(format!(
            "Invalid value '{value}' for '{name}' filter. Valid values are 'true' or 'false'."
        ))),
    }
}

impl ListQuery {
    /// Reads what stands after the question mark.
    pub fn parse(pairs: &[(String, String)]) -> Result<ListQuery, Refusal> {
        let mut query = ListQuery {
            member_status: Some(MemberStatus::Accepted),
            ..ListQuery::default()
        };
        let (mut keys, mut directions) = (Vec::new(), Vec::new());
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => {
                    query.limit = Some(page_limit(value)?);
                }
                "marker" => {
                    let id = ImageId::parse(value);
                    query.marker =
                        Some(id.ok_or_else(|| {
                            Refusal::bad(format!("No image found with ID {value}"))
                        })?);
                }
                "sort" => {
                    for part in value.split(',') {
                        let (key, direction) = part.split_once(':').unwrap_or((part, "desc"));
                        query.order.push(Order {
                            key: Key::from_name(key)?,
                            descending: descends(direction)?,
                        });
                    }
                }
                "sort_key" => keys.push(Key::from_name(value)?),
                "sort_dir" => directions.push(descends(value)?),
                "tag" => query.tags.push(value.trim().to_owned()),
                "visibility" => {
                    if Visibility::from_name(value).is_none() && value != "all" {
                        return Err(Refusal::bad(format!("Invalid visibility value: {value}")));
                    }
                    query.visibility = Some(value.clone());
                }
                "changes-since" => {
                    return Err(Refusal::bad(
                        "The \"changes-since\" filter is no longer available on v2.",
                    ));
                }
                "os_hidden" => query.hidden = truth(name, &value.to_lowercase())?,
                "protected" => query.protected = Some(truth(name, value)?),
                "member_status" => {
                    let status = MemberStatus::from_name(value);
                    if status.is_none() && value != "all" {
                        return Err(Refusal::bad(format!("Invalid status: {value}")));
                    }
                    query.member_status = status;
                }
                _ => query.filters.push((name.clone(), value.clone())),
            }
        }
        query.classic(&keys, &directions)?;
        query.check_filters()?;
        Ok(query)
    }

    /// Takes over what `sort_key` and `sort_dir` say.
    fn classic(&mut self, keys: &[Key], directions: &[bool]) -> Result<(), Refusal> {
        if !self.order.is_empty() {
            return match keys.is_empty() && directions.is_empty() {
                true => Ok(()),
                false => Err(Refusal::bad(
                    "Old and new sorting syntax cannot be combined",
                )),
            };
        }
        if directions.len() > 1 && directions.len() != keys.len() {
            return Err(Refusal::bad(
                "Number of sort dirs does not match the number of sort keys",
            ));
        }
        let keys = if keys.is_empty() {
            &[Key::Created]
        } else {
            keys
        };
        let directions = directions.iter().copied().chain(
            // One stands for all.
            std::iter::repeat(directions.last().copied().unwrap_or(true)),
        );
        self.order = (keys.iter().zip(directions))
            .map(|(&key, descending)| Order { key, descending })
            .collect();
        Ok(())
    }

    /// Filters that compare need something to compare with.
    fn check_filters(&self) -> Result<(), Refusal> {
        for (name, value) in &self.filters {
            match name.as_str() {
                "size_min" | "size_max" => {
                    value.parse::<u64>().map_err(|_| {
                        Refusal::bad(format!(
                            "Unable to filter on a range with a non-numeric value: {value}"
                        ))
                    })?;
                }
                "created_at" | "updated_at" => {
                    let (operator, date) = operator(value);
                    if !COMPARISONS.contains(&operator) {
                        return Err(Refusal::bad(format!(
                            "Unable to filter by operator '{operator}'."
                        )));
                    }
                    date::parse(date)
                        .ok_or_else(|| Refusal::bad(format!("Invalid time format: {date}.")))?;
                }
                "name" | "status" | "id" | "container_format" | "disk_format" => {
                    let (operator, rest) = operator(value);
                    if operator == "in" && !rest.contains('"') && rest.is_empty() {
                        return Err(Refusal::bad("an `in` filter needs values"));
                    }
                    if value.matches('"').count() % 2 == 1 {
                        return Err(Refusal::bad(format!(
                            "Invalid filter value {value}. The quote is not closed."
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether an image is in the list of whoever asks.
    pub fn takes(&self, image: &Image, status: SubjectStatus, requester: &Requester) -> bool {
        let visible = match self.visibility.as_deref() {
            None => image.visibility != Visibility::Community,
            Some("all") => true,
            Some(name) => image.visibility.name() == name,
        };
        visible
            && self.is_shown(image, requester)
            && image.hidden == self.hidden
            && self.protected.is_none_or(|it| it == image.protected)
            && self.tags.iter().all(|tag| image.tags.contains(tag))
            && (self.filters.iter()).all(|(name, value)| fits(image, status, name, value))
    }

    /// What is shared is listed once the offer is accepted.
    fn is_shown(&self, image: &Image, requester: &Requester) -> bool {
        if requester.is_admin() || requester.owns(image) {
            return true;
        }
        match image.visibility {
            Visibility::Public | Visibility::Community => true,
            Visibility::Private => false,
            Visibility::Shared => image
                .members
                .get(&requester.project)
                .is_some_and(|it| self.member_status.is_none_or(|wanted| wanted == it.status)),
        }
    }

    fn compare(&self, a: &(&Image, SubjectStatus), b: &(&Image, SubjectStatus)) -> Ordering {
        let size = |(image, status): &(&Image, SubjectStatus)| match status {
            SubjectStatus::Queued | SubjectStatus::Saving => None,
            _ => image.facts.size,
        };
        let by = |key: Key| match key {
            Key::Name => a.0.name.cmp(&b.0.name),
            Key::Status => a.1.name().cmp(b.1.name()),
            Key::ContainerFormat => a.0.container_format.cmp(&b.0.container_format),
            Key::DiskFormat => a.0.disk_format.cmp(&b.0.disk_format),
            Key::Size => size(a).cmp(&size(b)),
            Key::Id => a.0.id.cmp(&b.0.id),
            Key::Created => (a.0.created.cmp(&b.0.created)).then(a.0.number.cmp(&b.0.number)),
            Key::Updated => a.0.updated.cmp(&b.0.updated),
        };
        let directed = |order: &Order| match order.descending {
            true => by(order.key).reverse(),
            false => by(order.key),
        };
        let descends = self.order.first().is_some_and(|it| it.descending);
        let last = match descends {
            true => b.0.number.cmp(&a.0.number),
            false => a.0.number.cmp(&b.0.number),
        };
        self.order
            .iter()
            .map(directed)
            .find(|it| *it != Ordering::Equal)
            .unwrap_or(last)
    }
}

/// An image, and its status.
pub(crate) type Listed<'a> = (&'a Image, SubjectStatus);

/// A page of images, and whether it is as long as a page may be.
pub(crate) fn page<'a>(
    query: &ListQuery,
    mut images: Vec<Listed<'a>>,
) -> Result<(Vec<Listed<'a>>, bool), Refusal> {
    images.sort_by(|a, b| query.compare(a, b));
    if let Some(marker) = query.marker {
        let at = images.iter().position(|(image, _)| image.id == marker);
        let at = at.ok_or_else(|| Refusal::bad(format!("No image found with ID {marker}")))?;
        images.drain(..=at);
    }
    let limit = query.limit.unwrap_or(PAGE);
    images.truncate(limit);
    let full = images.len() == limit && limit > 0;
    Ok((images, full))
}

const COMPARISONS: [&str; 6] = ["gt", "gte", "lt", "lte", "neq", "eq"];

/// The operator of a filter's value and the rest of it; `eq` where it has none.
fn operator(value: &str) -> (&str, &str) {
    let known = |(operator, _): &(&str, &str)| COMPARISONS.contains(operator) || *operator == "in";
    value.split_once(':').filter(known).unwrap_or(("eq", value))
}

fn fits(image: &Image, status: SubjectStatus, name: &str, value: &str) -> bool {
    let text = |own: Option<&str>| {
        let own = own.unwrap_or_default();
        match operator(value) {
            ("in", list) => listed(list).any(|it| it == own),
            (_, one) => one.trim_matches('"') == own,
        }
    };
    let date = |own: u64| {
        let (operator, date) = operator(value);
        let Some(date) = date::parse(date) else {
            return false;
        };
        match operator {
            "gt" => own > date,
            "gte" => own >= date,
            "lt" => own < date,
            "lte" => own <= date,
            "neq" => own != date,
            _ => own == date,
        }
    };
    let size = image.facts.size;
    match name {
        "name" => text(image.name.as_deref()),
        "status" => text(Some(status.name())),
        "id" => text(Some(&image.id.to_string())),
        "container_format" => text(image.container_format.as_deref()),
        "disk_format" => text(image.disk_format.as_deref()),
        "owner" => image.owner.as_deref() == Some(value),
        "checksum" => image.facts.checksum.as_deref() == Some(value),
        "os_hash_algo" => image.facts.hash_algo.as_deref() == Some(value),
        "os_hash_value" => image.facts.hash_value.as_deref() == Some(value),
        "size" => value.parse().ok() == size,
        "size_min" => value
            .parse::<u64>()
            .is_ok_and(|least| size.is_some_and(|it| it >= least)),
        "size_max" => value
            .parse::<u64>()
            .is_ok_and(|most| size.is_some_and(|it| it <= most)),
        "min_ram" => value.parse() == Ok(image.min_ram),
        "min_disk" => value.parse() == Ok(image.min_disk),
        "created_at" => date(image.created),
        "updated_at" => date(image.updated),
        _ => image.properties.get(name).is_some_and(|it| it == value),
    }
}

/// The values of an `in` filter; what is quoted may hold commas.
fn listed(list: &str) -> impl Iterator<Item = String> {
    let (mut values, mut quoted) = (vec![String::new()], false);
    for c in list.chars() {
        match (c, quoted) {
            ('"', _) => quoted = !quoted,
            (',', false) => values.push(String::new()),
            _ => {
                if let Some(last) = values.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    values.into_iter()
}
