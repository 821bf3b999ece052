//! `[serve]`: what the API of a server has beside the service.

use super::reader::{Fields, Input, Read};
use std::collections::BTreeSet;
use std::fmt;
use stormglass_model::misuse::Misuse;
use stormglass_model::units::{Bytes, Span};

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// Who may log in; nobody named: the usual ones.
    pub users: Vec<ServeUser>,
    /// Bytes of the largest image.
    pub size_cap: Option<Bytes>,
    /// Bytes that a project may store.
    pub quota: Option<Bytes>,
    /// Whether clients see and change the places where data lies.
    pub show_locations: Option<bool>,
    /// Bytes that are kept in memory.
    pub memory: Option<Bytes>,
    /// How long clients are to wait between two looks at what is on its way.
    pub poll: Option<Span>,
    /// Mistakes of clients that are accepted.
    pub accepts: Vec<Misuse>,
}

/// `[[serve.users]]`.
#[derive(Clone, PartialEq, Eq)]
pub struct ServeUser {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The project.
    pub project: String,
    /// The roles on it.
    pub roles: Vec<String>,
}

impl fmt::Debug for ServeUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ServeUser({} on {}: {:?})",
            self.name, self.project, self.roles
        )
    }
}

impl Read for Serve {
    fn read(input: Input) -> Option<Serve> {
        input.table("[serve]", |t| {
            let mut names = BTreeSet::new();
            let users = t.tables("users").into_iter();
            let users: Vec<Option<ServeUser>> = users
                .map(|it| it.table("[[serve.users]]", |t| user(t, &mut names)))
                .collect();
            Some(Serve {
                users: users.into_iter().collect::<Option<_>>().unwrap_or_default(),
                size_cap: t.get("size_cap"),
                quota: t.get("quota"),
                show_locations: t.get("show_locations"),
                memory: t.get("memory"),
                poll: t.get("poll"),
                accepts: t
                    .with("accepts", |input| {
                        input.all("a list of mistakes of clients", "[\"too-fast\"]", |it| {
                            it.one_of("mistake", Misuse::ALL, Misuse::name)
                        })
                    })
                    .unwrap_or_default(),
            })
        })
    }
}

fn user(t: &mut Fields, names: &mut BTreeSet<String>) -> Option<ServeUser> {
    let name = t.need::<String>("name", "\"demo\"");
    if let Some(name) = name.as_ref().filter(|name| !names.insert((*name).clone())) {
        let message = format!("there are two users `{name}`");
        t.wrong("name", message, "give each user a name of its own");
    }
    let password = t.get::<String>("password");
    let project = t.get::<String>("project");
    let roles = t.with("roles", |input| {
        input.all("a list of roles", "[\"member\", \"reader\"]", String::read)
    });
    let name = name?;
    Some(ServeUser {
        password: password.unwrap_or_else(|| name.clone()),
        project: project.unwrap_or_else(|| name.clone()),
        roles: roles.unwrap_or_else(|| ["member", "reader"].map(str::to_owned).into()),
        name,
    })
}
