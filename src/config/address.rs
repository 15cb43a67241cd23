//! Where standalone mode listens.

use std::net::{SocketAddr, ToSocketAddrs};

use super::error::{ConfigError, wrong};

/// Takes an address and a port, or a host's name and a port, and looks the name up. What leaves the
/// address out (`:8080`, `*:8080`) is refused: that a service is open to all the world is said in
/// full, or not meant.
pub(super) fn bind_address(text: &str) -> Result<SocketAddr, ConfigError> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if !is_name_and_port(text) {
        return Err(wrong(
            "BIND_ADDRESS",
            "is not an address and a port, such as 127.0.0.1:7071, or 0.0.0.0:7071 to be reached \
             from other machines",
        ));
    }
    let found: Vec<_> = text.to_socket_addrs().into_iter().flatten().collect();
    // `localhost` has two addresses, and whoever writes 127.0.0.1 means the older one.
    let older = found.iter().find(|address| address.is_ipv4());
    older.or(found.first()).copied().ok_or_else(|| {
        wrong(
            "BIND_ADDRESS",
            "names a host that has no address on this network",
        )
    })
}

fn is_name_and_port(text: &str) -> bool {
    let part_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    text.rsplit_once(':').is_some_and(|(name, port)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() < 256
            && name.chars().all(part_of_a_name)
            && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up() {
        let address = bind_address("localhost:8080").unwrap();
        assert!(address.ip().is_loopback(), "{address}");
        assert_eq!(address.port(), 8080);
        assert_eq!(
            bind_address("[::]:80").unwrap(),
            SocketAddr::from(([0_u16; 8], 80))
        );
    }

    #[test]
    fn what_is_no_address_says_how_to_write_one() {
        for text in [
            "7071",
            ":8080",
            "*:8080",
            "localhost",
            "localhost:http",
            "http://localhost:8080",
            "127.0.0.1",
        ] {
            let refusal = bind_address(text).unwrap_err().to_string();
            assert!(refusal.contains("0.0.0.0:7071"), "{text}: {refusal}");
        }
        let refusal = bind_address("no-such-host.invalid:80").unwrap_err();
        assert!(refusal.reason.contains("no address"), "{refusal}");
    }
}
