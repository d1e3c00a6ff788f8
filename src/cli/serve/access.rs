//! Which requests are answered.
//!
//! A page in a browser can send requests to this server from any site, and a name of its own that resolves to 127.0.0.1 even lets it read
//! the answers (DNS rebinding). So the `Host` header must be one that only this server has: an address, `localhost`, or this machine's name.

use std::net::IpAddr;

use hyper::{Method, StatusCode};

/// The rules for requests.
#[derive(Clone, Debug)]
pub struct Access {
    /// The port.
    pub port: u16,
    /// The token that a request's query must have; `None` where only this machine can connect.
    pub token: Option<String>,
    /// The name of this machine; only with a token.
    pub hostname: Option<String>,
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// The page.
    Page,
    /// The events.
    Events,
}

impl Access {
    /// The route of a request; else the status of the refusal.
    pub fn route(
        &self,
        method: &Method,
        host: Option<&str>,
        path: &str,
        query: Option<&str>,
    ) -> Result<Route, StatusCode> {
        let host = host.ok_or(StatusCode::BAD_REQUEST)?;
        if !self.is_own(host) {
            return Err(StatusCode::FORBIDDEN);
        }
        if let Some(token) = &self.token
            && !query.is_some_and(|query| has_token(query, token))
        {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if method != Method::GET && method != Method::HEAD {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        match path {
            "/" => Ok(Route::Page),
            "/events" => Ok(Route::Events),
            _ => Err(StatusCode::NOT_FOUND),
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse::<IpAddr>();
        let is_known = match address {
            Ok(address) => self.token.is_some() || address.is_loopback(),
            Err(_) => {
                let is = |own: &str| name.eq_ignore_ascii_case(own);
                is("localhost") || self.hostname.as_deref().is_some_and(is)
            }
        };
        is_known && port == Some(self.port)
    }
}

/// Whether `query` has `token=` with this token, whose characters need no escapes. Compares in constant time.
fn has_token(query: &str, token: &str) -> bool {
    let given = query.split('&').find_map(|part| part.strip_prefix("token=")).unwrap_or_default();
    let differences = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(access: &Access, host: &str, path: &str, query: Option<&str>) -> Result<Route, u16> {
        access.route(&Method::GET, Some(host), path, query).map_err(|status| status.as_u16())
    }

    #[test]
    fn only_hosts_of_this_machine_are_answered() {
        let access = Access { port: 8517, token: None, hostname: None };
        for own in ["127.0.0.1:8517", "localhost:8517", "LOCALHOST:8517", "[::1]:8517"] {
            assert_eq!(route(&access, own, "/", None), Ok(Route::Page), "{own}");
        }
        let foreign = [
            "evil.example:8517",
            "127.0.0.1.evil.example:8517",
            "127.0.0.1",
            "localhost:80",
            "localhost:8517:8517",
            "192.168.1.2:8517",
            "localhost.:8517",
            "",
            ":8517",
            "evil@localhost:8517",
        ];
        for foreign in foreign {
            assert_eq!(route(&access, foreign, "/", None), Err(403), "{foreign}");
        }
        assert_eq!(access.route(&Method::GET, None, "/", None), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn with_a_token_addresses_and_this_machine_are_known() {
        let token = Some("abcdefgh12345678".to_owned());
        let access = Access { port: 80, token, hostname: Some("box".into()) };
        let right = Some("x=1&token=abcdefgh12345678");
        for own in ["192.168.1.2", "box", "Box:80", "[fe80::1]:80"] {
            assert_eq!(route(&access, own, "/events", right), Ok(Route::Events), "{own}");
        }
        assert_eq!(route(&access, "evil.example", "/", right), Err(403));
        for wrong in [None, Some(""), Some("token="), Some("token=abcdefgh1234567"), Some("token=abcdefgh12345679")] {
            assert_eq!(route(&access, "box", "/", wrong), Err(401), "{wrong:?}");
        }
    }

    #[test]
    fn everything_but_reading_is_refused() {
        let access = Access { port: 8517, token: None, hostname: None };
        let host = Some("localhost:8517");
        assert_eq!(access.route(&Method::POST, host, "/", None), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(access.route(&Method::DELETE, host, "/events", None), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(access.route(&Method::GET, host, "/../etc/passwd", None), Err(StatusCode::NOT_FOUND));
    }
}
