//! Where others report the end of an attempt, and what their tokens are signed with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::api::Access;
use crate::config::{Config, Mode};
use engine::Callbacks;

/// The first of these keys signs: those of the settings, then those of the routes, which standalone mode has
/// by itself. The base is `PUBLIC_BASE_URL`; without it, standalone mode gives the address on which it
/// listens, and under the Functions host, whose address nobody tells, there are no callbacks.
pub(super) fn callbacks(
    config: &Config,
    access: &Access,
    address: SocketAddr,
) -> Option<Callbacks> {
    let mut keys = config.callback_secrets.clone();
    if let Access::Checked(routes) = access {
        keys.extend(routes.api.iter().cloned());
    }
    let base = match (&config.public_base_url, config.mode) {
        (Some(base), _) => base.clone(),
        (None, Mode::Standalone(_)) => format!("http://{}", reachable(address)),
        (None, Mode::Hosted(_)) => return None,
    };
    Callbacks::new(&keys, &format!("{base}/api/callbacks"))
}

/// An address that can be called from this machine, where "any" is listened on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_told_as_one_that_can_be_called() {
        for (listened, told) in [
            ("0.0.0.0:7071", "127.0.0.1:7071"),
            ("[::]:7071", "[::1]:7071"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listened.parse().unwrap()), told.parse().unwrap());
        }
    }
}
