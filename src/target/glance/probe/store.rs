//! The file system store and the staging area: which files an image has, by asking for exactly its names.

use super::ProbeError;
use crate::history::Held;
use crate::scenario::ProbeTarget;
use crate::target::glance::ImageId;
use std::fs::{metadata, symlink_metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a staged file is called besides the image's identifier: while it is decompressed, while it is converted.
const STAGED: [&str; 3] = ["", ".uc", ".converted"];

/// After which a disk is taken to hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// The probed folders.
#[derive(Clone, Debug)]
pub(super) struct Store {
    images: PathBuf,
    staging: Option<PathBuf>,
}

impl Store {
    /// The folders that `target` names, if it does.
    pub fn of(target: &ProbeTarget) -> Option<Store> {
        let (images, staging) = (target.store.clone()?, target.staging.clone());
        Some(Store { images, staging })
    }

    /// What is held of each image. The disk is waited for on a thread of its own: a share may hang.
    pub async fn look(&self, images: Vec<ImageId>) -> Result<Vec<Held>, ProbeError> {
        let (store, folder) = (self.clone(), &self.images);
        let looking = tokio::task::spawn_blocking(move || store.look_now(&images));
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(Ok(held)) => held,
            Ok(Err(_)) => Err(ProbeError::store(folder, "the look was broken off")),
            Err(_) => Err(ProbeError::store(folder, "it does not answer")),
        }
    }

    fn look_now(&self, images: &[ImageId]) -> Result<Vec<Held>, ProbeError> {
        // A folder that went away must not look like one whose files did.
        present(&self.images)?;
        self.staging.as_deref().map_or(Ok(()), present)?;
        let held = |id: &ImageId| {
            let staged = |staging: &Path| bytes(staging, id, &STAGED);
            Ok(Held {
                bytes: bytes(&self.images, id, &[""])?,
                staged: self.staging.as_deref().map_or(Ok(None), staged)?,
            })
        };
        images.iter().map(held).collect()
    }

    /// Whether a location's URL points into the folder of images.
    pub fn has(&self, location: &str) -> bool {
        let path = (location.strip_prefix("file://")).or(location.strip_prefix("filesystem://"));
        path.is_some_and(|path| Path::new(path).starts_with(&self.images))
    }
}

fn present(folder: &Path) -> Result<(), ProbeError> {
    let wrong = |why: &str| Err(ProbeError::store(folder, why));
    match metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => wrong("it is not a folder"),
        Err(error) if error.kind() == ErrorKind::NotFound => wrong("it is not there"),
        Err(error) => wrong(&error.to_string()),
    }
}

/// The bytes of all of an image's files; none when it has none. Links are not followed: they may lead anywhere.
fn bytes(folder: &Path, id: &ImageId, endings: &[&str]) -> Result<Option<u64>, ProbeError> {
    let mut sum = None;
    for ending in endings {
        let path = folder.join(format!("{id}{ending}"));
        match symlink_metadata(&path) {
            Ok(found) if found.is_file() => sum = Some(sum.unwrap_or(0) + found.len()),
            Ok(_) => return Err(ProbeError::store(&path, "it is not a file")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(ProbeError::store(&path, error.to_string())),
        }
    }
    Ok(sum)
}
