//! From what a source says, key by key, to a cloud. The keys are those of `clouds.yaml`; a variable is its key behind `OS_`.

use super::environment::Environment;
use super::identity::{Cloud, Identity, Mistake, is_header};
use super::login::{Credential, Domain, Interface, Login, Named, Proof, Scope, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The keys that are read below `auth`.
const IN_AUTH: [&str; 23] = [
    "auth_url",
    "username",
    "user_id",
    "password",
    "token",
    "endpoint",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "project_name",
    "project_id",
    "tenant_name",
    "tenant_id",
    "domain_name",
    "domain_id",
    "default_domain",
    "default_domain_name",
    "default_domain_id",
    "user_domain_name",
    "user_domain_id",
    "project_domain_name",
    "project_domain_id",
    "system_scope",
];
/// The keys that are read beside it. Any other says nothing of how to log in.
const BESIDE_AUTH: [&str; 8] = [
    "auth_type",
    "region_name",
    "interface",
    "endpoint_type",
    "cacert",
    "verify",
    "insecure",
    "image_endpoint_override",
];

/// What a source says.
pub(crate) struct Keys {
    /// What to call the source.
    pub source: String,
    /// Whether it is the variables.
    pub variables: bool,
    /// Only what says something.
    pub values: BTreeMap<String, String>,
}

/// What the `OS_*` variables say.
pub(crate) fn of_variables(environment: &Environment) -> Result<Keys, Mistake> {
    let values: BTreeMap<String, String> = (IN_AUTH.iter().chain(&BESIDE_AUTH))
        .filter_map(|key| {
            let value = environment.said(&variable(key))?;
            Some(((*key).to_owned(), value.to_owned()))
        })
        .collect();
    if values.is_empty() {
        let help = "source an openrc file, or set OS_AUTH_URL and those beside it";
        return Err(Mistake::new("no OS_* variable says how to log in", help));
    }
    Ok(Keys {
        source: "the environment".to_owned(),
        variables: true,
        values,
    })
}

/// Whether the variables say how to log in; a region or a CA alone does not.
pub(crate) fn are_said(environment: &Environment) -> bool {
    let auth = IN_AUTH.iter().filter(|key| !key.contains("domain"));
    let mut keys = auth.chain(["auth_type", "image_endpoint_override"].iter());
    keys.any(|key| environment.said(&variable(key)).is_some())
}

fn variable(key: &str) -> String {
    format!("OS_{}", key.to_ascii_uppercase())
}

impl Keys {
    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    fn first(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.get(key)).map(str::to_owned)
    }

    /// A key as its writer knows it.
    fn spelled(&self, key: &str) -> String {
        match self.variables {
            true => variable(key),
            false if IN_AUTH.contains(&key) => format!("auth.{key}"),
            false => key.to_owned(),
        }
    }

    fn need(&self, key: &str, help: &str) -> Result<String, Mistake> {
        self.first(&[key]).ok_or_else(|| self.missing(key, help))
    }

    fn missing(&self, key: &str, help: &str) -> Mistake {
        let message = format!("{} lacks `{}`", self.source, self.spelled(key));
        Mistake::new(message, help)
    }

    fn wrong(&self, key: &str, what: &str, help: impl Into<String>) -> Mistake {
        let message = format!("`{}` of {} {what}", self.spelled(key), self.source);
        Mistake::new(message, help)
    }

    /// The cloud they describe.
    pub fn cloud(&self, environment: &Environment) -> Result<Cloud, Mistake> {
        self.check_that_certificates_are_checked()?;
        let ca = self.get("cacert").map(|path| environment.resolved(path));
        Ok(Cloud {
            identity: self.identity(&ca)?,
            url: self.first(&["image_endpoint_override", "endpoint"]),
            ca,
        })
    }

    fn identity(&self, ca: &Option<PathBuf>) -> Result<Identity, Mistake> {
        let auth_type = self.auth_type();
        match (auth_type, self.get("token"), self.get("auth_url")) {
            ("none", ..) => return Ok(Identity::Anonymous),
            ("token" | "v3token" | "admin_token", Some(token), None) if is_header(token) => {
                return Ok(Identity::Token(token.to_owned()));
            }
            ("token" | "v3token" | "admin_token", Some(_), None) => {
                let help = "it takes printable ASCII only";
                return Err(self.wrong("token", "cannot be sent in an HTTP header", help));
            }
            _ => {}
        }
        let auth_url = self.need(
            "auth_url",
            "write the URL of Keystone, for example https://cloud:5000/v3",
        )?;
        let proof = self.proof(auth_type)?;
        let scope = match proof {
            Proof::ApplicationCredential(..) => Scope::Unsaid,
            _ => self.scope()?,
        };
        Ok(Identity::Keystone(Arc::new(Login {
            region: self.first(&["region_name"]),
            interface: self.interface()?,
            ca: ca.clone(),
            ..Login::new(auth_url, proof, scope)
        })))
    }

    /// What is not said follows from what there is.
    fn auth_type(&self) -> &str {
        let said = |key| self.get(key).is_some();
        match self.get("auth_type") {
            Some(name) => name,
            None if said("application_credential_secret") => "v3applicationcredential",
            None if said("token") && !said("password") => "token",
            None => "password",
        }
    }

    fn proof(&self, auth_type: &str) -> Result<Proof, Mistake> {
        match auth_type {
            "password" | "v3password" => {
                let user = self.user("write who logs in")?;
                let password = self.need("password", "write it, or put it into secure.yaml")?;
                Ok(Proof::Password(user, Secret::new(password)))
            }
            "v3applicationcredential" => {
                let secret = "application_credential_secret";
                let secret =
                    self.need(secret, "Keystone showed it when the credential was made")?;
                let credential = match self.get("application_credential_id") {
                    Some(id) => Credential::Id(id.to_owned()),
                    None => {
                        let help = "write the credential's id, or its name and its user";
                        let name = self.need("application_credential_name", help)?;
                        Credential::Name(name, self.user(help)?)
                    }
                };
                let secret = Secret::new(secret);
                Ok(Proof::ApplicationCredential(credential, secret))
            }
            "token" | "v3token" => {
                let token = self.need("token", "write it, or choose another auth_type")?;
                Ok(Proof::Token(Secret::new(token)))
            }
            _ => {
                let help = "known here: password, v3password, v3applicationcredential, token, v3token, none";
                let what = format!("names a way that is not known: {auth_type}");
                Err(self.wrong("auth_type", &what, help))
            }
        }
    }

    fn user(&self, help: &str) -> Result<Named, Mistake> {
        if let Some(id) = self.get("user_id") {
            return Ok(Named::Id(id.to_owned()));
        }
        let name = self.need("username", help)?;
        Ok(Named::Name(name, self.domain_of("user")?))
    }

    fn scope(&self) -> Result<Scope, Mistake> {
        if let Some(scope) = self.get("system_scope") {
            return match scope {
                "all" | "true" => Ok(Scope::System),
                _ => Err(self.wrong("system_scope", "is not understood", "write `all`")),
            };
        }
        if let Some(id) = self.first(&["project_id", "tenant_id"]) {
            return Ok(Scope::Project(Named::Id(id)));
        }
        if let Some(name) = self.first(&["project_name", "tenant_name"]) {
            return Ok(Scope::Project(Named::Name(
                name,
                self.domain_of("project")?,
            )));
        }
        let domain = self.domain(&["domain_id", "domain_name"]);
        Ok(domain.map_or(Scope::Unsaid, Scope::Domain))
    }

    /// The domain of the user or the project; one that is said for everything counts for both.
    fn domain_of(&self, what: &str) -> Result<Domain, Mistake> {
        let (id, name) = (format!("{what}_domain_id"), format!("{what}_domain_name"));
        let domain = self.domain(&[
            &id,
            &name,
            "domain_id",
            "domain_name",
            "default_domain_id",
            "default_domain_name",
            "default_domain",
        ]);
        let help = "write the domain of the name, most often `Default`";
        domain.ok_or_else(|| self.missing(&name, help))
    }

    /// The domain that the first of these keys names of those that say something.
    fn domain(&self, keys: &[&str]) -> Option<Domain> {
        keys.iter().find_map(|key| {
            let domain = self.get(key)?.to_owned();
            Some(match key.ends_with("_name") {
                true => Domain::Name(domain),
                false => Domain::Id(domain),
            })
        })
    }

    fn interface(&self) -> Result<Interface, Mistake> {
        let key = match self.get("interface") {
            None if self.get("endpoint_type").is_some() => "endpoint_type",
            _ => "interface",
        };
        let Some(name) = self.get(key) else {
            return Ok(Interface::Public);
        };
        let name = name.strip_suffix("URL").unwrap_or(name);
        let help = "write `public`, `internal` or `admin`";
        Interface::from_name(name).ok_or_else(|| self.wrong(key, "is no interface", help))
    }

    /// A password sent to whoever answers is given away, so a source that asks for that is refused.
    fn check_that_certificates_are_checked(&self) -> Result<(), Mistake> {
        let is = |key, words: &[&str]| {
            (self.get(key))
                .is_some_and(|value| words.contains(&value.to_ascii_lowercase().as_str()))
        };
        let key = match () {
            () if is("verify", &["false", "no", "off", "0"]) => "verify",
            () if is("insecure", &["true", "yes", "on", "1"]) => "insecure",
            () => return Ok(()),
        };
        let help = format!(
            "leave it out, and name the certificate of who signed the server's with `{}`",
            self.spelled("cacert")
        );
        Err(self.wrong(key, "asks to trust any server, which is not done", help))
    }

    /// Whether a key is read at all.
    pub fn is_known(key: &str) -> bool {
        IN_AUTH.contains(&key) || BESIDE_AUTH.contains(&key)
    }
}
