//! PostgreSQL.

use crate::http::Routes;
use crate::probe::address::{Server, addresses};
use crate::probe::error::{Cells, DatabaseError, ProbeError};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls};

/// Where Debian and Red Hat keep the server's socket.
const SOCKET: &str = "/var/run/postgresql";
/// Nothing can be written, and no query outlives its asker by much.
const SESSION: &str =
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET statement_timeout = '10s'";

pub(super) async fn open(server: &Server, routes: &Routes) -> Result<Client, DatabaseError> {
    let mut config = Config::new();
    let host = server.host.as_deref().unwrap_or(SOCKET);
    match host.starts_with('/') {
        true => _ = config.host(host),
        false => {
            for address in addresses(host, routes).await? {
                config.host(host).hostaddr(address);
            }
        }
    }
    config.dbname(&server.database);
    config.application_name("stormglass");
    server.port.map(|port| config.port(port));
    server.user.as_ref().map(|user| config.user(user));
    (server.password.as_ref()).map(|password| config.password(password));
    let (client, connection) = config.connect(NoTls).await.map_err(explain)?;
    // It ends with the client, and tells the client what went wrong with it.
    tokio::spawn(connection);
    client.batch_execute(SESSION).await.map_err(explain)?;
    Ok(client)
}

pub(super) async fn select(
    client: &Client,
    query: String,
    values: Vec<String>,
) -> Result<Vec<Cells>, DatabaseError> {
    let typed = |value| (value as &(dyn ToSql + Sync), Type::VARCHAR);
    let values: Vec<_> = values.iter().map(typed).collect();
    let rows = client.query_typed(&query, &values).await;
    let cells = |row: &tokio_postgres::Row| (0..row.len()).map(|at| row.try_get(at)).collect();
    let rows = rows.and_then(|rows| rows.iter().map(cells).collect());
    rows.map_err(explain)
}

fn explain(error: Error) -> DatabaseError {
    let Some(said) = error.as_db_error() else {
        // Its own text says which step failed, and its cause what happened.
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let why = format!("{error}{}", cause.unwrap_or_default());
        return DatabaseError::unanswered(why, &error);
    };
    let error = match said.code() {
        &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN => ProbeError::NotGlance,
        &SqlState::INSUFFICIENT_PRIVILEGE => ProbeError::Denied,
        // It is stopping or starting, or the password is wrong.
        code if ["57P", "28", "3D", "53", "08"]
            .iter()
            .any(|class| code.code().starts_with(class)) =>
        {
            ProbeError::Connect
        }
        _ => ProbeError::Query,
    };
    DatabaseError::Server(error, said.message().to_owned())
}
