//! Who may do what: Glance's own defaults, which know the roles admin, member, reader and service.

use super::image::{Image, Visibility, no_image};
use crate::refusal::Refusal;

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requester {
    pub user: String,
    pub project: String,
    pub roles: Vec<String>,
}

/// A right that a role gives on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// To change it, its data, its members or its status.
    Modify,
    /// To read its data.
    Download,
    /// To say where its data lies, by the newer call.
    AddLocation,
    /// To take a place of its data away, or to copy it.
    Admin,
    /// To list where its data lies, by the newer call.
    Service,
}

impl Requester {
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|it| it.eq_ignore_ascii_case(role))
    }

    pub fn is_admin(&self) -> bool {
        self.has("admin")
    }

    pub fn is_service(&self) -> bool {
        self.has("service") || self.is_admin()
    }

    pub fn owns(&self, image: &Image) -> bool {
        image.owner.as_deref() == Some(self.project.as_str())
    }

    /// Whether an image is there for whoever asks.
    pub fn sees(&self, image: &Image) -> bool {
        self.is_admin() || self.has("reader") && self.is_shown(image)
    }

    /// The same without a look at roles.
    fn is_shown(&self, image: &Image) -> bool {
        // Nobody's is everybody's.
        self.owns(image)
            || image.owner.is_none()
            || match image.visibility {
                Visibility::Public | Visibility::Community => true,
                Visibility::Shared => image.members.contains_key(&self.project),
                Visibility::Private => false,
            }
    }

    /// Whether whoever asks has a right on an image. What may not be seen is not there.
    pub fn may(&self, rights: Rights, image: &Image) -> Result<(), Refusal> {
        let owner = self.has("member") && self.owns(image);
        let granted = match rights {
            Rights::Modify => owner || self.is_admin(),
            Rights::Download => self.is_admin() || self.has("member") && self.is_shown(image),
            Rights::AddLocation => owner || self.is_service(),
            Rights::Admin => self.is_admin(),
            Rights::Service => self.is_service(),
        };
        match granted {
            true => Ok(()),
            false if self.sees(image) => Err(Refusal::forbidden(
                "You are not authorized to complete this action.",
            )),
            false => Err(no_image(image.id)),
        }
    }

    /// Whether whoever asks may give an image this visibility.
    pub fn may_make(&self, visibility: Visibility) -> Result<(), Refusal> {
        match visibility {
            Visibility::Public if !self.is_admin() => Err(Refusal::forbidden(
                "You are not authorized to complete publicize_image action.",
            )),
            _ => Ok(()),
        }
    }
}
