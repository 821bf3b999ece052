//! From what a source says, key by key, to a cloud: as openstacksdk reads it, or a refusal that names the key.

use super::environment::Environment;
use super::identity::{Cloud, Identity, Mistake, is_header};
use super::login::{Credential, Domain, Login, Named, Proof, Scope, Secret};
use super::table::{self, Kind, Use, Way};
use super::yaml::{Node, Table};
use std::path::PathBuf;
use std::sync::Arc;

/// What a source says.
pub(super) struct Keys {
    /// What to call the source.
    pub source: String,
    /// Whether it is the variables.
    pub variables: bool,
    /// What stands below `auth`.
    pub auth: Table,
    /// What stands beside it.
    pub beside: Table,
}

/// The `OS_*` variables, each as a key.
pub(super) fn of_variables(environment: &Environment) -> Table {
    let keys = environment.all().filter_map(|(name, value)| {
        let key = name.strip_prefix("OS_")?;
        let others = ["TEST", "STD", "LOG"].iter().any(|it| key.starts_with(it));
        let key = key.to_ascii_lowercase();
        (!others).then(|| (key, Node::Text(value.to_owned())))
    });
    keys.collect()
}

/// Whether the variables say how to log in; a region, a domain or a CA alone does not.
pub(super) fn are_said(environment: &Environment) -> bool {
    let says = |key: &str| table::says_how_to_log_in(key) && !key.contains("domain");
    let said = |(key, node): (&String, &Node)| says(key) && *node != Node::Text(String::new());
    of_variables(environment).iter().any(said)
}

impl Keys {
    /// The cloud they describe.
    pub fn cloud(mut self, environment: &Environment) -> Result<Cloud, Mistake> {
        let way = self.way()?;
        self.check_braces()?;
        self.settle_ranks(way)?;
        self.share_domain(way);
        self.settle_options(way)?;
        let notes = self.notes(way)?;
        let ca = self.trust(environment)?;
        self.check_service()?;
        Ok(Cloud {
            identity: self.identity(way, &ca)?,
            url: self.endpoint()?,
            ca,
            notes,
        })
    }

    /// What `auth_type` names; if it is not there, what there are the options for.
    fn way(&self) -> Result<&'static Way, Mistake> {
        let said = |key: &str| self.auth.contains_key(key) || self.is_said(key);
        let name = match self.beside.get("auth_type") {
            Some(Node::Text(name)) => name.as_str(),
            Some(Node::Null) => "",
            Some(_) => return Err(self.wrong("auth_type", "is not one name", NAME)),
            None if said("password") => "password",
            None if said("application_credential_secret") => "v3applicationcredential",
            None if said("token") || said("auth_token") => match said("auth_url") {
                true => "token",
                false => "admin_token",
            },
            None => "password",
        };
        let nowhere = [
            "endpoint",
            "url",
            "image_endpoint_override",
            "image_endpoint",
        ];
        if self.beside.contains_key("auth_type")
            && matches!(name, "" | "None")
            && !nowhere.iter().any(|key| said(key))
        {
            let what = "is empty, which means that nobody logs in";
            return Err(self.wrong("auth_type", what, "leave it out, or write `password`"));
        }
        let unknown = || {
            let what = format!("names a way that is not known here: {name}");
            self.wrong("auth_type", &what, format!("known are: {}", Way::names()))
        };
        let way = Way::named(name).ok_or_else(unknown)?;
        // The older name counts for nothing; where it alone is said, its writer meant it.
        let older = self.beside.get("auth_plugin").and_then(text);
        let agrees = |older| Way::named(older).is_some_and(|it| it.kind == way.kind);
        if !self.beside.contains_key("auth_type") && older.is_some_and(|older| !agrees(older)) {
            let what = "is passed over by openstacksdk";
            return Err(self.wrong("auth_plugin", what, "write auth_type"));
        }
        Ok(way)
    }

    /// Whether a key beside `auth` says something.
    fn is_said(&self, key: &str) -> bool {
        let said = |node: &Node| *node != Node::Null && *node != Node::Text(String::new());
        self.beside.get(key).is_some_and(said)
    }

    /// openstacksdk fills the name of the region into `auth.auth_url`, and into no other option.
    fn check_braces(&self) -> Result<(), Mistake> {
        for (option, below) in [("auth_url", false), ("endpoint", false), ("endpoint", true)] {
            let table = if below { &self.auth } else { &self.beside };
            let url = table.get(option).and_then(text);
            if url.is_some_and(|url| url.contains(['{', '}'])) {
                let help = "nothing is filled in here; write it out";
                return Err(self.wrong_at(option, below, "holds braces", help));
            }
        }
        Ok(())
    }

    /// Moves below `auth` the options that count beside it first, under the names that they have now.
    fn settle_ranks(&mut self, way: &Way) -> Result<(), Mistake> {
        for (option, names) in table::OUTRANKED {
            let mut last = None;
            for name in names {
                for (below, table) in [(true, &mut self.auth), (false, &mut self.beside)] {
                    let node = table.remove(*name).map(|node| (*name, below, node));
                    last = node.or(last);
                }
            }
            let Some((name, below, node)) = last else {
                continue;
            };
            let wrong = |what, help| Err(self.wrong_at(name, below, what, help));
            match node {
                Node::Text(text) if text.is_empty() => {}
                Node::Text(_) if !way.has(option) => return wrong(OTHER_WAY.0, OTHER_WAY.1),
                Node::Text(_) => {
                    self.auth.insert(option.to_owned(), node);
                }
                _ => {
                    let what = "is not a text, and openstacksdk would take it for one";
                    return wrong(what, "write it in quotes, or leave it out");
                }
            }
        }
        Ok(())
    }

    /// Leaves below `auth` the options of the way alone.
    fn settle_options(&mut self, way: &Way) -> Result<(), Mistake> {
        let mut settled = Table::new();
        for option in way.options() {
            let names = [Some(option), table::older(option)];
            let take = |table: &mut Table| {
                let nodes = names.iter().flatten().map(|name| table.remove(*name));
                nodes.collect::<Vec<_>>().into_iter().flatten().next()
            };
            let nodes = [take(&mut self.auth), take(&mut self.beside)];
            let says = |node: &Node| !matches!(node, Node::Null | Node::Flag(false));
            for node in nodes.into_iter().flatten().filter(says) {
                let Node::Text(text) = node else {
                    return Err(self.wrong(
                        option,
                        "is not one text",
                        "write a text, in quotes if YAML takes it for something else",
                    ));
                };
                if !text.is_empty() && !settled.contains_key(option) {
                    settled.insert(option.to_owned(), Node::Text(text));
                }
            }
        }
        if let Some(key) = self.auth.keys().next() {
            let (what, help) = match table::is_option(key) {
                true => OTHER_WAY,
                false => (
                    "is not a key that is known there",
                    "leave it out, or correct its name",
                ),
            };
            return Err(self.wrong_at(key, true, what, help));
        }
        self.auth = settled;
        Ok(())
    }

    /// A domain that is said for everything is the user's and the project's, where there is a project.
    fn share_domain(&mut self, way: &Way) {
        if !["project_id", "project_name"]
            .iter()
            .any(|key| self.auth.contains_key(*key))
        {
            return;
        }
        for by in ["id", "name"] {
            let Some(domain) = self.auth.remove(&format!("domain_{by}")) else {
                continue;
            };
            for whose in ["user", "project"] {
                let key = format!("{whose}_domain_{by}");
                if way.has(&key) {
                    self.auth.entry(key).or_insert(domain.clone());
                }
            }
        }
    }

    /// What the user should know of keys that are passed over; fails for those that must not be.
    fn notes(&self, way: &Way) -> Result<Vec<String>, Mistake> {
        let mut notes = Vec::new();
        for key in self.beside.keys().filter(|key| self.is_said(key)) {
            match table::use_of(key) {
                Use::Read | Use::Harmless => {}
                // An option of the way was taken already.
                Use::Refused(help) if !way.has(key) => {
                    return Err(self.wrong(key, "is not obeyed", help));
                }
                Use::Refused(_) => {}
                Use::Unknown => match table::meant(key) {
                    Some(meant) => {
                        let help = format!("write `{}` if that is meant", self.spelled(meant));
                        return Err(self.wrong(key, "is not a key that is known", help));
                    }
                    None => notes.push(format!(
                        "`{}` of {} is not a key that is known, and is passed over",
                        self.spelled(key),
                        self.source
                    )),
                },
            }
        }
        Ok(notes)
    }

    /// A key as its writer knows it.
    fn spelled(&self, key: &str) -> String {
        let below = table::is_option(key) && !self.beside.contains_key(key);
        self.spelled_at(key, below)
    }

    fn spelled_at(&self, key: &str, below: bool) -> String {
        match (self.variables, below) {
            (true, _) => format!("OS_{}", key.to_ascii_uppercase()),
            (false, true) => format!("auth.{key}"),
            (false, false) => key.to_owned(),
        }
    }

    fn wrong_at(&self, key: &str, below: bool, what: &str, help: &str) -> Mistake {
        let message = format!(
            "`{}` of {} {what}",
            self.spelled_at(key, below),
            self.source
        );
        Mistake::new(message, help)
    }

    fn missing(&self, key: &str, help: &str) -> Mistake {
        let message = format!("{} lacks `{}`", self.source, self.spelled(key));
        Mistake::new(message, help)
    }

    pub(super) fn wrong(&self, key: &str, what: &str, help: impl Into<String>) -> Mistake {
        let message = format!("`{}` of {} {what}", self.spelled(key), self.source);
        Mistake::new(message, help)
    }

    pub(super) fn option(&self, option: &str) -> Option<&str> {
        text(self.auth.get(option)?)
    }

    fn need(&self, option: &str, help: &str) -> Result<String, Mistake> {
        let text = self.option(option).map(str::to_owned);
        text.ok_or_else(|| self.missing(option, help))
    }

    /// A setting that is one text; none if it is empty.
    pub(super) fn setting(&self, key: &str) -> Result<Option<&str>, Mistake> {
        match self.beside.get(key) {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.wrong(key, "is not one text", NAME)),
        }
    }

    fn identity(&self, way: &Way, ca: &Option<PathBuf>) -> Result<Identity, Mistake> {
        match way.kind {
            Kind::Nothing => return Ok(Identity::Anonymous),
            Kind::PlainToken => {
                let token = self.need("token", "write it, or choose another auth_type")?;
                if !is_header(&token) {
                    let help = "it takes printable ASCII only";
                    return Err(self.wrong("token", "cannot be sent in an HTTP header", help));
                }
                return Ok(Identity::Token(token));
            }
            Kind::Password | Kind::Token | Kind::ApplicationCredential => {}
        }
        let help = "write the URL of Keystone, for example https://cloud:5000/v3";
        let auth_url = self.expanded("auth_url", &self.need("auth_url", help)?)?;
        if auth_url.trim_end_matches('/').ends_with("/v2.0") {
            let what = "is that of Keystone's version 2, which nobody speaks any more";
            return Err(self.wrong("auth_url", what, "write /v3 in its place"));
        }
        let proof = self.proof(way)?;
        Ok(Identity::Keystone(Arc::new(Login {
            image: self.catalog_entry()?,
            ca: ca.clone(),
            ..Login::new(auth_url, proof, self.scope()?)
        })))
    }

    fn proof(&self, way: &Way) -> Result<Proof, Mistake> {
        // A way that knows no default domain wants the name's own, also where an id makes the name needless.
        if !way.has("default_domain_id") && self.option("username").is_some() {
            self.domain_of("user")?;
        }
        match way.kind {
            Kind::ApplicationCredential => {
                let help = "Keystone showed it when the credential was made";
                let secret = self.need("application_credential_secret", help)?;
                let credential = match self.option("application_credential_id") {
                    Some(id) => Credential::Id(id.to_owned()),
                    None => {
                        let help = "write the credential's id, or its name and its user";
                        let name = self.need("application_credential_name", help)?;
                        Credential::Name(name, self.user(help)?)
                    }
                };
                Ok(Proof::ApplicationCredential(
                    credential,
                    Secret::new(secret),
                ))
            }
            Kind::Token => {
                let token = self.need("token", "write it, or choose another auth_type")?;
                Ok(Proof::Token(Secret::new(token)))
            }
            _ => {
                let user = self.user("write who logs in")?;
                let password = self.need("password", "write it, or put it into secure.yaml")?;
                Ok(Proof::Password(user, Secret::new(password)))
            }
        }
    }

    fn user(&self, help: &str) -> Result<Named, Mistake> {
        if let Some(id) = self.option("user_id") {
            return Ok(Named::Id(id.to_owned()));
        }
        let name = self.need("username", help)?;
        Ok(Named::Name(name, self.domain_of("user")?))
    }

    /// What the token is to be good for: one thing at most.
    fn scope(&self) -> Result<Scope, Mistake> {
        let project = ["project_id", "project_name"];
        let kinds: [&[&str]; 4] = [
            &project,
            &["domain_id", "domain_name"],
            &["trust_id"],
            &["system_scope"],
        ];
        let said = |keys: &&[&'static str]| {
            let first = keys.iter().find(|key| self.option(key).is_some());
            first.copied()
        };
        let mut said = kinds.iter().filter_map(said);
        if let (Some(one), Some(other)) = (said.next(), said.next()) {
            let what = format!("asks for another scope than `{}`", self.spelled(one));
            return Err(self.wrong(other, &what, "keep one of the two"));
        }
        let owned = |key| self.option(key).map(str::to_owned);
        if let Some(id) = owned("project_id") {
            return Ok(Scope::Project(Named::Id(id)));
        }
        if let Some(name) = owned("project_name") {
            let domain = self.domain_of("project")?;
            return Ok(Scope::Project(Named::Name(name, domain)));
        }
        if let Some(trust) = owned("trust_id") {
            return Ok(Scope::Trust(trust));
        }
        match self.option("system_scope") {
            Some("all") => return Ok(Scope::System),
            Some(_) => return Err(self.wrong("system_scope", "is not understood", "write `all`")),
            None => {}
        }
        let domain = self.domain(["domain_id", "domain_name"]);
        Ok(domain.map_or(Scope::Unsaid, Scope::Domain))
    }

    /// The domain of the user or the project, or the default one; an id counts before a name.
    fn domain_of(&self, what: &str) -> Result<Domain, Mistake> {
        let [id, name] = ["id", "name"].map(|by| {
            let own = self.option(&format!("{what}_domain_{by}"));
            own.or_else(|| self.option(&format!("default_domain_{by}")))
        });
        let help = "write the domain of the name, most often `Default`";
        match (id, name) {
            (Some(id), _) => Ok(Domain::Id(id.to_owned())),
            (None, Some(name)) => Ok(Domain::Name(name.to_owned())),
            (None, None) => Err(self.missing(&format!("{what}_domain_name"), help)),
        }
    }

    fn domain(&self, [id, name]: [&str; 2]) -> Option<Domain> {
        let id = self.option(id).map(|id| Domain::Id(id.to_owned()));
        id.or_else(|| self.option(name).map(|name| Domain::Name(name.to_owned())))
    }
}

const NAME: &str = "write a text";
const OTHER_WAY: (&str, &str) = (
    "does not go with this auth_type",
    "leave it out, or correct auth_type",
);

pub(super) fn text(node: &Node) -> Option<&str> {
    match node {
        Node::Text(text) => Some(text),
        _ => None,
    }
}
