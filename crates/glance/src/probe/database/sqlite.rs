//! SQLite.

use crate::probe::error::{Cells, DatabaseError, ProbeError};
use crate::system::blocking;
use rusqlite::{Error, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the server may hold its lock.
const BUSY: Duration = Duration::from_secs(5);

pub(super) async fn open(path: &Path) -> Result<PathBuf, DatabaseError> {
    match path.is_file() {
        true => Ok(path.to_owned()),
        false => Err(DatabaseError::Server(
            ProbeError::Connect,
            "there is no such file; an absolute path has four slashes, sqlite:////…".to_owned(),
        )),
    }
}

pub(super) async fn select(
    path: &Path,
    query: String,
    values: Vec<String>,
) -> Result<Vec<Cells>, DatabaseError> {
    let path = path.to_owned();
    blocking(move || read(&path, &query, values).map_err(|error| explain(error, &path))).await
}

fn read(path: &Path, query: &str, values: Vec<String>) -> Result<Vec<Cells>, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let mut statement = connection.prepare(query)?;
    let columns = statement.column_count();
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
        (0..columns).map(|at| row.get(at)).collect()
    })?;
    rows.collect()
}

fn explain(error: Error, path: &Path) -> DatabaseError {
    let why = error.to_string();
    // SQLite does not say why it cannot open a file; whoever opens it as well is told.
    if error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        && let Err(error) = std::fs::File::open(path)
        && error.kind() != std::io::ErrorKind::PermissionDenied
    {
        return DatabaseError::unanswered(why, &error);
    }
    let missing = ["no such table", "no such column"];
    let error = match error.sqlite_error_code() {
        _ if missing.iter().any(|it| why.contains(it)) => ProbeError::NotGlance,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ProbeError::Connect,
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => ProbeError::Denied,
        _ => ProbeError::Query,
    };
    DatabaseError::Server(error, why)
}
