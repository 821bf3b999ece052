//! What surrounds a run, read in this one place: the variables of the process, and where configuration may lie.

use crate::http::Routes;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Variables and folders. Values are never shown: any of them may be a secret.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The folder that the run was started in.
    here: PathBuf,
    /// Where those who run the machine keep what is everybody's.
    everybodys: PathBuf,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// That of this process. Variables that are not Unicode are left out.
    pub fn of_process() -> Environment {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let here = std::env::current_dir().unwrap_or_default();
        Environment::new(
            std::env::vars_os().filter_map(text),
            &here,
            Path::new("/etc"),
        )
    }

    /// One made of these: for tests.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        here: &Path,
        everybodys: &Path,
    ) -> Environment {
        Environment {
            variables: variables.into_iter().collect(),
            here: here.to_owned(),
            everybodys: everybodys.to_owned(),
        }
    }

    /// Every variable, in the order of names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        (self.variables.iter()).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A variable as it is.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A variable that says something: an empty one is as good as none, as in every `openrc`.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The ways to servers, through the proxies that it names.
    pub fn routes(&self) -> Routes {
        Routes::of_variables(|name| self.variable(name))
    }

    /// A variable that names a file.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.said(name).map(|path| self.resolved(path))
    }

    /// A path as its writer meant it: from here, `~` being home.
    pub(crate) fn resolved(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.said("HOME")) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => self.here.join(path),
        }
    }

    /// Where `clouds.yaml` is looked for, in order; as openstacksdk does.
    pub(crate) fn places(&self) -> Vec<PathBuf> {
        let home = |name| self.said(name).map(|home| Path::new(home).join(".config"));
        let folders = [
            self.said("XDG_CONFIG_HOME").map(PathBuf::from),
            home("SNAP_REAL_HOME").or_else(|| home("HOME")),
            // A list of folders is taken for one, which is not there.
            Some(match self.said("XDG_CONFIG_DIRS") {
                Some(folders) => PathBuf::from(folders),
                None => self.everybodys.join("xdg"),
            }),
            Some(self.everybodys.clone()),
        ];
        let mut places = vec![self.here.clone()];
        for place in folders
            .into_iter()
            .flatten()
            .map(|folder| folder.join("openstack"))
        {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}
