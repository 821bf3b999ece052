//! The store and the staging area: which files or objects an image has, by asking for exactly its names.

use super::bucket::Bucket;
use super::error::ProbeError;
use crate::answer::ImageId;
use crate::http::Routes;
use crate::system::blocking;
use crate::target::{ProbeTarget, StoreTarget};
use std::fs::{metadata, symlink_metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stormglass_model::history::Held;

/// What a staged file is called besides the image's identifier: while it is decompressed, while it is converted.
const STAGED: [&str; 3] = ["", ".uc", ".converted"];

/// After which a disk is taken to hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// The probed store.
pub(super) struct Store {
    folders: Folders,
    bucket: Option<Bucket>,
}

/// The part of it that is on disk.
#[derive(Clone)]
struct Folders {
    /// One a store.
    images: Vec<PathBuf>,
    staging: Option<PathBuf>,
}

/// What is held of an image: in each store, and in the staging area.
#[derive(Clone, Default)]
pub(super) struct HeldByStore {
    bytes: Vec<Option<u64>>,
    staged: Option<u64>,
}

impl HeldByStore {
    /// The same for an image whose row names these stores; none where no row was read.
    pub fn of_row(&self, named: Option<&[usize]>) -> Held {
        let named_first = named.is_some_and(|named| !named.is_empty());
        let counts = |store: usize| match named {
            Some(named) if named_first => named.contains(&store),
            _ => store == 0,
        };
        let stores = || self.bytes.iter().copied().enumerate();
        let counted = stores().filter(|(store, _)| counts(*store));
        let counted: Vec<Option<u64>> = counted.map(|(_, bytes)| bytes).collect();
        let besides = stores().filter(|(store, _)| !counts(*store));
        let most = counted.iter().copied().max().flatten();
        Held {
            bytes: most,
            lacking: counted.iter().any(|&bytes| bytes != most),
            staged: self.staged,
            // Without a row nobody knows where it should be.
            stray: named.and_then(|_| besides.filter_map(|(_, bytes)| bytes).max()),
        }
    }
}

impl Store {
    /// What `target` names, if it does.
    pub fn of(target: &ProbeTarget, routes: &Routes) -> Result<Option<Store>, ProbeError> {
        let (images, bucket) = match &target.store {
            None => return Ok(None),
            Some(StoreTarget::Folders(images)) => (images.clone(), None),
            Some(StoreTarget::Bucket(bucket)) => (Vec::new(), Some(Bucket::new(bucket, routes)?)),
        };
        let staging = target.staging.clone();
        let folders = Folders { images, staging };
        Ok(Some(Store { folders, bucket }))
    }

    /// What kind of store it is.
    pub fn kind(&self) -> &'static str {
        match self.bucket {
            None => "file store",
            Some(_) => "S3 store",
        }
    }

    /// What is held of each image.
    pub async fn look(&self, images: &[ImageId]) -> Result<Vec<HeldByStore>, ProbeError> {
        let mut held = self.folders.look(images.to_vec()).await?;
        if let Some(bucket) = &self.bucket {
            for (held, id) in held.iter_mut().zip(images) {
                held.bytes = vec![bucket.bytes(*id).await?];
            }
        }
        Ok(held)
    }

    /// Which of the stores a location's URL points into.
    pub fn position(&self, location: &str) -> Option<usize> {
        if let Some(bucket) = &self.bucket {
            return bucket.has(location).then_some(0);
        }
        let path = (location.strip_prefix("file://")).or(location.strip_prefix("filesystem://"))?;
        let mut images = self.folders.images.iter();
        images.position(|images| Path::new(path).starts_with(images))
    }
}

impl Folders {
    /// The disk is waited for on a thread of its own: a share may hang.
    async fn look(&self, images: Vec<ImageId>) -> Result<Vec<HeldByStore>, ProbeError> {
        let Some(folder) = self.images.iter().chain(&self.staging).next() else {
            return Ok(vec![HeldByStore::default(); images.len()]);
        };
        let folders = self.clone();
        let looking = blocking(move || folders.look_now(&images));
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(held) => held,
            Err(_) => Err(ProbeError::store(folder, "it does not answer")),
        }
    }

    fn look_now(&self, images: &[ImageId]) -> Result<Vec<HeldByStore>, ProbeError> {
        // A folder that went away must not look like one whose files did.
        for folder in self.images.iter().chain(&self.staging) {
            present(folder)?;
        }
        let held = |id: &ImageId| {
            let stores = self.images.iter().map(|folder| bytes(folder, id, &[""]));
            let staged = self.staging.as_ref();
            let staged = staged
                .map(|folder| bytes(folder, id, &STAGED))
                .transpose()?;
            Ok(HeldByStore {
                bytes: stores.collect::<Result<_, _>>()?,
                staged: staged.flatten(),
            })
        };
        images.iter().map(held).collect()
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
