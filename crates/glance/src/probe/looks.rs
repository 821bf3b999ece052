//! How a person looks at what a probe reads.

use crate::answer::ImageId;
use crate::target::{ProbeTarget, StoreTarget};
use std::path::Path;

impl ProbeTarget {
    /// Shell commands that show what the database and the store hold of `$IMAGE`.
    pub fn looks(&self) -> Vec<String> {
        let row = "select status, deleted, size, checksum from images where id = '$IMAGE'";
        let places = "select status, deleted, value from image_locations where image_id = '$IMAGE'";
        let scheme = self.database.as_ref().map(|url| url.reveal());
        let database = match scheme.and_then(|url| url.split([':', '+']).next()) {
            Some("mysql" | "mariadb") => Some(format!("mysql -e \"{row}; {places}\" glance")),
            Some("sqlite") => Some(format!("sqlite3 glance.sqlite \"{row}; {places}\"")),
            Some(_) => Some(format!(
                "psql \"$DATABASE\" -c \"{row}\" -c \"{places}\"  # DATABASE is its URL: postgresql://…"
            )),
            None => None,
        };
        let quoted = |folder: &Path| folder.display().to_string().replace('\'', "'\\''");
        let store = self.store.as_ref().map(|store| match store {
            StoreTarget::Folders(folders) => {
                let files = folders
                    .iter()
                    .map(|folder| format!(" '{}'/$IMAGE", quoted(folder)));
                format!("ls -l{}", files.collect::<String>())
            }
            StoreTarget::Bucket(bucket) => {
                format!(
                    "aws s3 ls s3://{}/$IMAGE --endpoint-url {}",
                    bucket.bucket, bucket.endpoint
                )
            }
        });
        let staging = self.staging.as_ref();
        let staging = staging.map(|folder| format!("ls -l '{}'/$IMAGE*", quoted(folder)));
        database.into_iter().chain(store).chain(staging).collect()
    }

    /// The files that hold data of an image now, in every store; of a bucket the object, whether or not it is there.
    pub fn files(&self, image: ImageId) -> Vec<String> {
        match &self.store {
            None => Vec::new(),
            Some(StoreTarget::Folders(folders)) => {
                let files = folders.iter().map(|folder| folder.join(image.to_string()));
                let there = files.filter(|file| file.symlink_metadata().is_ok());
                there.map(|file| file.display().to_string()).collect()
            }
            Some(StoreTarget::Bucket(bucket)) => vec![format!("s3://{}/{image}", bucket.bucket)],
        }
    }
}
