//! MySQL and MariaDB.

use crate::http::Routes;
use crate::probe::address::{Server, addresses};
use crate::probe::error::{Cells, DatabaseError, ProbeError};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, OptsBuilder, Params, Row, Value};
use std::net::IpAddr;

pub(super) async fn open(server: &Server, routes: &Routes) -> Result<Conn, DatabaseError> {
    let host = server.host.as_deref().unwrap_or("localhost");
    let addresses = match server.socket {
        // What stands in the place of an address is then not used.
        Some(_) => vec![IpAddr::from([127, 0, 0, 1])],
        None => addresses(host, routes).await?,
    };
    let mut opened = Err(DatabaseError::Server(ProbeError::Connect, String::new()));
    for address in addresses {
        opened = open_at(address, server).await;
        if opened.is_ok() {
            break;
        }
    }
    opened
}

async fn open_at(address: IpAddr, server: &Server) -> Result<Conn, DatabaseError> {
    let options = OptsBuilder::default()
        .ip_or_hostname(address.to_string())
        .tcp_port(server.port.unwrap_or(3306))
        .socket(server.socket.clone())
        .prefer_socket(false)
        .user(server.user.clone())
        .pass(server.password.clone())
        .db_name(Some(server.database.clone()))
        .init(vec!["SET SESSION TRANSACTION READ ONLY"]);
    let mut connection = Conn::new(options).await.map_err(explain)?;
    // MariaDB knows the first, in seconds, MySQL the second, in milliseconds.
    let limited = connection
        .query_drop("SET SESSION max_statement_time = 10")
        .await;
    if limited.is_err() {
        let _ = connection
            .query_drop("SET SESSION max_execution_time = 10000")
            .await;
    }
    Ok(connection)
}

pub(super) async fn select(
    connection: &mut Conn,
    query: String,
    values: Vec<String>,
) -> Result<Vec<Cells>, DatabaseError> {
    let values = values.into_iter().map(Value::from).collect();
    let rows: Vec<Row> =
        (connection.exec(query, Params::Positional(values)).await).map_err(explain)?;
    let cell = |value| match value {
        Value::NULL => Ok(None),
        Value::Bytes(bytes) => String::from_utf8(bytes).map(Some),
        number => Ok(Some(number.as_sql(false))),
    };
    let cells = |row: Row| row.unwrap().into_iter().map(cell).collect();
    let rows = rows.into_iter().map(cells).collect::<Result<_, _>>();
    rows.map_err(|_| DatabaseError::Server(ProbeError::Query, "a text is not UTF-8".to_owned()))
}

fn explain(error: Error) -> DatabaseError {
    let Error::Server(said) = &error else {
        return DatabaseError::unanswered(error.to_string(), &error);
    };
    let error = match said.code {
        // An unknown table, the same among those of the server itself, an unknown column.
        1146 | 1109 | 1054 => ProbeError::NotGlance,
        // No right to a table, to a column.
        1142 | 1143 => ProbeError::Denied,
        // Too many connections, who may connect to what, stopping.
        1040 | 1044 | 1045 | 1049 | 1053 | 1203 => ProbeError::Connect,
        _ => ProbeError::Query,
    };
    DatabaseError::Server(error, said.message.clone())
}
