//! Who clients are, as the OpenStack ecosystem says it: `clouds.yaml`, `OS_CLOUD` and the `OS_*` variables.
//!
//! Files are laid together as openstacksdk does: `secure.yaml`, which holds what others shall not read, over `clouds.yaml`; a cloud
//! over its profile of `clouds-public.yaml`; the values of its region over both.
//!
//! Which source counts is decided by who asks: a scenario's `cloud` names one of `clouds.yaml`, or `envvars` for the variables;
//! [`crate::target_from_environment`] takes `STORMGLASS_TOKEN`, else `OS_CLOUD`, else the variables. Sources are never mixed: with a cloud
//! of `clouds.yaml`, the other `OS_*` variables are not read.

use super::environment::Environment;
use super::identity::{Cloud, Mistake};
use super::keys::{self, Keys};
use super::yaml::{self, Node, Table};
use crate::input;
use std::path::{Path, PathBuf};
use stormglass_model::units::Bytes;

/// No file of clouds is longer.
const FILE_MAX: Bytes = Bytes(1 << 20);
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What openstacksdk calls the cloud that the `OS_*` variables describe.
pub const ENVVARS: &str = "envvars";

/// The cloud `name` of `clouds.yaml`, or that of the `OS_*` variables if it is [`ENVVARS`] or what `OS_CLOUD_NAME` calls it.
pub fn cloud(environment: &Environment, name: &str) -> Result<Cloud, Mistake> {
    let keys = match name == ENVVARS || environment.said("OS_CLOUD_NAME") == Some(name) {
        true => of_variables(environment)?,
        false => of_file(environment, name)?,
    };
    keys.cloud(environment)
}

/// The cloud that the environment speaks of: `OS_CLOUD`'s, else that of the `OS_*` variables; none if it speaks of none.
pub fn from_environment(environment: &Environment) -> Result<Option<Cloud>, Mistake> {
    let name = match environment.said("OS_CLOUD") {
        Some(name) => name,
        None if keys::are_said(environment) => ENVVARS,
        None => return Ok(None),
    };
    cloud(environment, name).map(Some)
}

/// What the `OS_*` variables say.
fn of_variables(environment: &Environment) -> Result<Keys, Mistake> {
    let source = "the environment".to_owned();
    let mut cloud = keys::of_variables(environment);
    if cloud.is_empty() {
        let help = "source an openrc file, or set OS_AUTH_URL and those beside it";
        return Err(Mistake::new("no OS_* variable says how to log in", help));
    }
    cloud.remove("cloud"); // it chooses among clouds
    if ["auth", "regions"]
        .iter()
        .any(|key| cloud.contains_key(*key))
    {
        let message = "OS_AUTH and OS_REGIONS of the environment cannot hold what they name";
        return Err(Mistake::new(message, "unset them"));
    }
    Ok(Keys {
        variables: true,
        ..laid_together(environment, cloud, source)?
    })
}

/// What `clouds.yaml` says of the cloud `name`.
fn of_file(environment: &Environment, name: &str) -> Result<Keys, Mistake> {
    let Some((path, root)) = file(environment, "OS_CLIENT_CONFIG_FILE", "clouds")? else {
        let searched = environment.places().into_iter();
        let searched: Vec<String> = searched.map(|it| it.display().to_string()).collect();
        let message = format!("no clouds.yaml in {}", searched.join(", "));
        let help = "put one there, or name it with OS_CLIENT_CONFIG_FILE";
        return Err(Mistake::new(message, help));
    };
    let mut clouds = Node::Table(entries(root, "clouds"));
    if let Some((_, root)) = file(environment, "OS_CLIENT_SECURE_FILE", "secure")? {
        lay_over(&mut clouds, Node::Table(entries(root, "clouds")));
    }
    let mut clouds = clouds.into_table();
    let Some(cloud) = clouds.remove(name) else {
        let known: Vec<&str> = clouds.keys().map(String::as_str).collect();
        let help = match known.as_slice() {
            [] => "it has no clouds".to_owned(),
            known => format!("it has: {}", known.join(", ")),
        };
        let message = format!("no cloud `{name}` in {}", path.display());
        return Err(Mistake::new(message, help));
    };
    let source = format!("cloud `{name}` of {}", path.display());
    let Node::Table(cloud) = cloud else {
        let message = format!("{source} is no table of keys");
        return Err(Mistake::new(message, "write `auth:` and what is below it"));
    };
    laid_together(environment, cloud, source)
}

/// A cloud over its profile, and the values of its region over both.
fn laid_together(environment: &Environment, cloud: Table, source: String) -> Result<Keys, Mistake> {
    let cloud = plainly_named(cloud, &source)?;
    let profile = match profile_name(&cloud, &source)? {
        Some(name) => profile(environment, &name, &source)?,
        None => Table::new(),
    };
    let region = region(&cloud, &profile, &source)?;
    let mut beside = profile;
    update(&mut beside, cloud);
    // What a region leaves empty it does not say.
    let values = region.values.into_iter();
    let values = values.filter(|(_, value)| *value != Node::Null).collect();
    update(&mut beside, plainly_named(values, &source)?);
    beside.remove("regions");
    beside.insert("region_name".to_owned(), Node::Text(region.name));
    let auth = match beside.remove("auth") {
        None => Table::new(),
        Some(Node::Table(auth)) => auth,
        Some(_) => {
            let message = format!("`auth` of {source} is no table of keys");
            return Err(Mistake::new(
                message,
                "write keys below it, or leave it out",
            ));
        }
    };
    Ok(Keys {
        source,
        variables: false,
        auth,
        beside,
    })
}

/// The name of the profile, which has an older key as well.
fn profile_name(cloud: &Table, source: &str) -> Result<Option<String>, Mistake> {
    match cloud.get("profile").or_else(|| cloud.get("cloud")) {
        Some(Node::Text(name)) if name == ENVVARS || name.is_empty() => Ok(None),
        Some(Node::Text(name)) => Ok(Some(name.clone())),
        None | Some(Node::Null) => Ok(None),
        Some(_) => {
            let message = format!("`profile` of {source} is no name");
            Err(Mistake::new(message, "name an entry of clouds-public.yaml"))
        }
    }
}

/// An entry of `clouds-public.yaml`. The clouds of vendors that openstacksdk has built in, or fetches, change with its version.
fn profile(environment: &Environment, name: &str, source: &str) -> Result<Table, Mistake> {
    let unknown = |place: String| {
        let message = format!("`profile` of {source} names `{name}`, which is not in {place}");
        let help = "what openstacksdk has built in of vendors is not known here; write the profile's auth_url and regions into the cloud";
        Mistake::new(message, help)
    };
    let path = find(&environment.places(), "clouds-public");
    let path = path.ok_or_else(|| unknown("a clouds-public.yaml".to_owned()))?;
    match entries(read(&path, "")?, "public-clouds").remove(name) {
        Some(Node::Table(profile)) if profile.contains_key("region-name") => {
            let message = format!(
                "`region-name` of profile `{name}` of {} is passed over by openstacksdk",
                path.display()
            );
            Err(Mistake::new(message, "write `region_name`"))
        }
        Some(Node::Table(profile)) => {
            plainly_named(profile, &format!("profile `{name}` of {}", path.display()))
        }
        _ => Err(unknown(path.display().to_string())),
    }
}

/// A region, with what holds in it alone.
#[derive(Default)]
struct Region {
    name: String,
    values: Table,
}

impl Region {
    fn named(name: &str) -> Region {
        Region {
            name: name.to_owned(),
            ..Region::default()
        }
    }
}

/// The first region that a cloud names, else its profile: no other can be asked for.
fn region(cloud: &Table, profile: &Table, source: &str) -> Result<Region, Mistake> {
    if let Some(regions) = cloud.get("regions") {
        return Ok(first(regions, source)?.unwrap_or_default());
    }
    match cloud.get("region_name") {
        None => {}
        Some(Node::List(_)) => {
            return Ok(first(&cloud["region_name"], source)?.unwrap_or_default());
        }
        Some(Node::Text(names)) => {
            let name = names.split(',').next().unwrap_or_default();
            return Ok(Region::named(name));
        }
        Some(_) => return Err(no_region("region_name", source)),
    }
    let listed = profile.get("regions").map(|regions| first(regions, source));
    if let Some(region) = listed.transpose()?.flatten() {
        return Ok(region);
    }
    match profile.get("region_name") {
        None | Some(Node::Null) => Ok(Region::default()),
        Some(Node::Text(name)) => Ok(Region::named(name)),
        Some(_) => Err(no_region("region_name", source)),
    }
}

fn first(regions: &Node, source: &str) -> Result<Option<Region>, Mistake> {
    let wrong = || no_region("regions", source);
    let Node::List(regions) = regions else {
        return Err(wrong());
    };
    match regions.first() {
        None => Ok(None),
        Some(Node::Text(name)) => Ok(Some(Region::named(name))),
        Some(Node::Table(region)) => {
            let known = (region.keys()).all(|key| matches!(key.as_str(), "name" | "values"));
            let (Some(Node::Text(name)), true) = (region.get("name"), known) else {
                return Err(wrong());
            };
            let values = match region.get("values") {
                None => Table::new(),
                Some(Node::Table(values)) => values.clone(),
                Some(_) => return Err(wrong()),
            };
            Ok(Some(Region {
                name: name.clone(),
                values,
            }))
        }
        Some(_) => Err(wrong()),
    }
}

fn no_region(key: &str, source: &str) -> Mistake {
    let message = format!("`{key}` of {source} names no region");
    let help = "write names, in quotes where YAML takes one for a number or a yes or no, or tables of `name` and `values`";
    Mistake::new(message, help)
}

/// Keys with underscores, as openstacksdk reads those with hyphens; those that it does not are refused.
fn plainly_named(table: Table, source: &str) -> Result<Table, Mistake> {
    let mut named = Table::new();
    for (key, node) in table {
        let plain = key.replace('-', "_");
        let passed_over = matches!(plain.as_str(), "auth_type" | "auth_plugin")
            || plain.ends_with("endpoint_type");
        if key != plain && passed_over {
            let message = format!("`{key}` of {source} is passed over by openstacksdk");
            return Err(Mistake::new(message, format!("write `{plain}`")));
        }
        let node = match node {
            Node::Table(table) if plain == "auth" => Node::Table(plainly_named(table, source)?),
            node => node,
        };
        let other = named.insert(plain.clone(), node.clone());
        if other.is_some_and(|other| other != node) {
            let message =
                format!("`{plain}` of {source} is there twice, with a hyphen and without");
            return Err(Mistake::new(message, "keep one of the two"));
        }
    }
    Ok(named)
}

/// Takes over what `over` says, also that a key is empty; below `auth`, key by key.
fn update(table: &mut Table, over: Table) {
    for (key, node) in over {
        match (key.as_str(), table.get_mut(&key), node) {
            ("auth", Some(Node::Table(auth)), Node::Table(over)) => auth.extend(over),
            (_, _, node) => {
                table.insert(key, node);
            }
        }
    }
}

fn lay_over(place: &mut Node, over: Node) {
    match (place, over) {
        (Node::Table(table), Node::Table(over)) => {
            for (key, node) in over {
                lay_over(table.entry(key).or_default(), node);
            }
        }
        (place, over) => *place = over,
    }
}

/// The file that a variable names, or the first that there is of this name.
fn file(
    environment: &Environment,
    variable: &str,
    name: &str,
) -> Result<Option<(PathBuf, Node)>, Mistake> {
    let (path, why) = match environment.path(variable) {
        Some(path) => (Some(path), format!(", which `{variable}` names")),
        None => (find(&environment.places(), name), String::new()),
    };
    path.map(|path| read(&path, &why).map(|root| (path, root)))
        .transpose()
}

fn find(places: &[PathBuf], name: &str) -> Option<PathBuf> {
    let mut paths = (places.iter())
        .flat_map(|folder| ENDINGS.map(|ending| folder.join(format!("{name}.{ending}"))));
    paths.find(|path| path.is_file())
}

/// What a file says, and why it is read. Mistakes in it are told by their line, never by its text.
fn read(path: &Path, reason: &str) -> Result<Node, Mistake> {
    let unreadable = |why: String| {
        let message = format!("cannot read {}{reason}: {why}", path.display());
        Mistake::new(message, "name a file of clouds that can be read")
    };
    let text = input::text(path, FILE_MAX).map_err(|error| unreadable(error.to_string()))?;
    yaml::parse(&text).map_err(|yaml::Wrong { line, what }| {
        let message = format!("line {line} of {} {what}", path.display());
        Mistake::new(message, "check its indentation, quotes and brackets")
    })
}

/// What stands below a key of a file.
fn entries(root: Node, key: &str) -> Table {
    let section = root.into_table().remove(key);
    section.unwrap_or_default().into_table()
}
