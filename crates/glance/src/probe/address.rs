//! Where a database is, as operators write it in `glance-api.conf`: SQLAlchemy's URLs.

use super::error::DatabaseError;
use crate::http::Routes;
use crate::shown::is_hidden;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use std::path::PathBuf;

/// A database's address, taken apart. It may hold a password, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    Postgres(Server),
    Mysql(Server),
    /// The file.
    Sqlite(PathBuf),
}

/// A database on a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub user: Option<String>,
    pub password: Option<String>,
    /// A name, an address, or the folder of a socket; none: this machine's usual place.
    pub host: Option<String>,
    pub port: Option<u16>,
    /// MySQL: the socket itself.
    pub socket: Option<String>,
    pub database: String,
}

impl Address {
    /// Reads `postgresql://`, `mysql://` or `sqlite://`, each perhaps with a driver (`mysql+pymysql://`). An error says what is
    /// wrong without showing the text.
    pub fn parse(url: &str) -> Result<Address, &'static str> {
        let (scheme, rest) = (url.trim().split_once("://"))
            .ok_or("it begins with postgresql://, mysql:// or sqlite://")?;
        match scheme.split('+').next() {
            Some("postgresql" | "postgres") => Server::parse(rest).map(Address::Postgres),
            Some("mysql" | "mariadb") => Server::parse(rest).map(Address::Mysql),
            Some("sqlite") => {
                let path = rest.split('?').next().and_then(|it| it.strip_prefix('/'));
                let path = path.filter(|path| !path.is_empty() && *path != ":memory:");
                let path = path.ok_or("sqlite:/// is followed by a file's path")?;
                Ok(Address::Sqlite(path.into()))
            }
            _ => Err("it begins with postgresql://, mysql:// or sqlite://"),
        }
    }
}

impl Server {
    fn parse(text: &str) -> Result<Server, &'static str> {
        let mut server = Server::default();
        // A password may hold anything but an `@` as it is.
        let (who, place) = text.rsplit_once('@').unwrap_or(("", text));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        (server.user, server.password) = (decoded(user)?, decoded(password)?);
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (host, database) = (place.split_once('/')).ok_or("the database's name is missing")?;
        (server.host, server.port) = host_and_port(host)?;
        server.database = decoded(database)?.ok_or("the database's name is missing")?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value)?;
            match key {
                "host" => server.host = value,
                "port" => server.port = value.as_deref().map(port).transpose()?,
                "user" => server.user = value,
                "password" => server.password = value,
                "unix_socket" => server.socket = value,
                "sslmode" if matches!(value.as_deref(), Some("disable" | "allow" | "prefer")) => {}
                _ if key.starts_with("ssl") => {
                    return Err("TLS to a database is not spoken: use its socket or a tunnel");
                }
                _ => {} // meant for the driver that Glance uses
            }
        }
        Ok(server)
    }
}

/// The addresses of a database's server.
pub(super) async fn addresses(host: &str, routes: &Routes) -> Result<Vec<IpAddr>, DatabaseError> {
    let found = routes.resolved(host).await;
    found.map_err(|error| DatabaseError::unanswered(error.to_string(), &error))
}

fn host_and_port(text: &str) -> Result<(Option<String>, Option<u16>), &'static str> {
    let colon = text.rfind(':').filter(|&at| !text[at..].contains(']'));
    let (host, digits) = colon.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
    let host = decoded(host.trim_start_matches('[').trim_end_matches(']'))?;
    let odd = |c: char| c == '\\' || c.is_whitespace() || is_hidden(c);
    if host.as_ref().is_some_and(|host| host.contains(odd)) {
        return Err("its host holds a character that no host has");
    }
    Ok((host, digits.map(port).transpose()?))
}

fn port(digits: &str) -> Result<u16, &'static str> {
    let port: Option<u16> = digits.parse().ok();
    port.filter(|&port| port > 0)
        .ok_or("its port is no number from 1 to 65535")
}

/// The text behind `%40` and the like; none when it is empty.
fn decoded(text: &str) -> Result<Option<String>, &'static str> {
    let text = (percent_decode_str(text).decode_utf8()).map_err(|_| "it is not UTF-8")?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(user: &str, password: &str, host: &str, port: u16, database: &str) -> Server {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Server {
            user: some(user),
            password: some(password),
            host: some(host),
            port: (port > 0).then_some(port),
            socket: None,
            database: database.to_owned(),
        }
    }

    #[test]
    fn what_stands_in_glances_own_settings_is_understood() {
        let check = |url: &str, address: Address| {
            assert!(Address::parse(url) == Ok(address), "{url}");
        };
        check(
            "postgresql+psycopg2://glance@/glance?host=/tmp/pg",
            Address::Postgres(server("glance", "", "/tmp/pg", 0, "glance")),
        );
        check(
            "postgresql://glance:p%40ss/w?rd@[::1]:5433/images",
            Address::Postgres(server("glance", "p@ss/w?rd", "::1", 5433, "images")),
        );
        check(
            "postgres:///glance?sslmode=prefer",
            Address::Postgres(server("", "", "", 0, "glance")),
        );
        check(
            "mysql+pymysql://glance:secret@controller:3306/glance?charset=utf8",
            Address::Mysql(server("glance", "secret", "controller", 3306, "glance")),
        );
        check(
            "mariadb://glance@localhost/glance?unix_socket=/run/mysqld.sock",
            Address::Mysql(Server {
                socket: Some("/run/mysqld.sock".to_owned()),
                ..server("glance", "", "localhost", 0, "glance")
            }),
        );
        check(
            "sqlite:////var/lib/glance/glance.sqlite?timeout=5",
            Address::Sqlite("/var/lib/glance/glance.sqlite".into()),
        );
        check("sqlite:///glance.db", Address::Sqlite("glance.db".into()));
    }
    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_it() {
        for url in [
            "mysql://me:swordfish@host:99999/glance",
            "mysql://me:swordfish@host:0/glance",
            "mysql://me:swordfish@host:/glance",
            "postgresql://me:swordfish@ho st/glance",
            "postgresql://me:swordfish@ho\\st/glance",
            "postgresql://me:swordfish@ho%0ast/glance",
            "postgresql:/me:swordfish@host/glance",
        ] {
            let error = Address::parse(url).err().unwrap();
            assert!(!error.contains("swordfish"), "{error}");
        }
    }
}
