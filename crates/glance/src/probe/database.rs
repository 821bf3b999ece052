//! The database behind a probe: one connection, kept, opened again when it is lost.

mod mysql;
mod postgres;
mod sqlite;

use super::address::Address;
use super::error::{Cells, DatabaseError, ProbeError};
use crate::answer::{ImageId, line};
use crate::clock::now;
use crate::http::Routes;
use std::path::PathBuf;
use std::time::Duration;

/// After which a silent database is given up.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a database that was there before may take to come back, and how often it is tried.
const RETURN: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// A database that is only ever read.
pub(super) struct Database {
    address: Address,
    routes: Routes,
    connection: Option<DatabaseConnection>,
    /// Whether it has answered before, so that it is worth waiting for.
    reached: bool,
}

enum DatabaseConnection {
    Postgres(tokio_postgres::Client),
    Mysql(mysql_async::Conn),
    /// A file is opened for each query, so that nothing of the server's ever waits for us.
    Sqlite(PathBuf),
}

impl Database {
    /// What the URL names. Nothing is opened yet.
    pub fn new(url: &str, routes: &Routes) -> Result<Database, ProbeError> {
        let address = Address::parse(url).map_err(ProbeError::Address)?;
        Ok(Database {
            address,
            routes: routes.clone(),
            connection: None,
            reached: false,
        })
    }

    /// What kind of database it is.
    pub fn kind(&self) -> &'static str {
        match self.address {
            Address::Postgres(_) => "postgresql",
            Address::Mysql(_) => "mysql",
            Address::Sqlite(_) => "sqlite",
        }
    }

    /// The rows that `query` selects for `images`, whose places in it are `{}`. A database that has answered
    /// before and is lost is waited for a little, and connected to again.
    pub async fn select(
        &mut self,
        query: &str,
        images: &[ImageId],
    ) -> Result<Vec<Cells>, ProbeError> {
        let until = now() + if self.reached { RETURN } else { Duration::ZERO };
        loop {
            let ended = self.try_select(query, images).await;
            match ended.map_err(|error| self.told(error)) {
                Err(ProbeError::Connect(..)) if now() < until => tokio::time::sleep(PAUSE).await,
                ended => return ended,
            }
        }
    }

    fn told(&self, error: DatabaseError) -> ProbeError {
        match error {
            DatabaseError::Server(error, why) => error(self.name(), why),
            DatabaseError::Local(failure) => {
                self.routes.generator().failed_by(&failure);
                ProbeError::Local(failure)
            }
        }
    }

    async fn try_select(
        &mut self,
        query: &str,
        images: &[ImageId],
    ) -> Result<Vec<Cells>, DatabaseError> {
        // Taken out, so that a connection of which an answer is still owed is never used again.
        let connection = self.connection.take();
        let asking = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => DatabaseConnection::open(&self.address, &self.routes).await?,
            };
            let query = query.replace("{}", &places(images.len(), connection.numbered()));
            let images = images.iter().map(ImageId::to_string).collect();
            let rows = connection.select(query, images).await?;
            Ok((connection, rows))
        };
        let silent =
            |_| DatabaseError::Server(ProbeError::Connect, "it does not answer".to_owned());
        let (connection, rows) = tokio::time::timeout(TIMEOUT, asking)
            .await
            .map_err(silent)??;
        self.connection = Some(connection);
        self.reached = true;
        Ok(rows)
    }

    /// Says that a row of `table`, of which `cells` can be shown, holds something that an image service never writes.
    pub fn strange(&self, table: &str, cells: &[Option<String>]) -> ProbeError {
        let cells = cells.iter().map(|cell| cell.as_deref().unwrap_or("null"));
        let row = line(&cells.collect::<Vec<_>>().join(", "));
        let why = format!("a row of {table} is not one of an image service: {row}");
        ProbeError::Query(self.name(), why)
    }

    fn name(&self) -> String {
        let kind = self.kind();
        match &self.address {
            Address::Postgres(server) | Address::Mysql(server) => {
                let place = server.socket.as_ref().or(server.host.as_ref());
                let place = place.map_or(String::new(), |place| format!(" at {place}"));
                format!("the {kind} database {}{place}", server.database)
            }
            Address::Sqlite(path) => format!("the {kind} database {}", path.display()),
        }
    }
}

impl DatabaseConnection {
    async fn open(address: &Address, routes: &Routes) -> Result<Self, DatabaseError> {
        Ok(match address {
            Address::Postgres(server) => Self::Postgres(postgres::open(server, routes).await?),
            Address::Mysql(server) => Self::Mysql(mysql::open(server, routes).await?),
            Address::Sqlite(path) => Self::Sqlite(sqlite::open(path).await?),
        })
    }

    /// Whether places in a query carry numbers.
    fn numbered(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    async fn select(
        &mut self,
        query: String,
        values: Vec<String>,
    ) -> Result<Vec<Cells>, DatabaseError> {
        match self {
            Self::Postgres(connection) => postgres::select(connection, query, values).await,
            Self::Mysql(connection) => mysql::select(connection, query, values).await,
            Self::Sqlite(connection) => sqlite::select(connection, query, values).await,
        }
    }
}

/// `$1, $2, …` or `?, ?, …`.
fn places(count: usize, numbered: bool) -> String {
    let place = |number: usize| match numbered {
        true => format!("${number}"),
        false => "?".to_owned(),
    };
    (1..=count).map(place).collect::<Vec<_>>().join(", ")
}
