//! The socket that clients connect to: what the operating system does about those that are gone.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Connections that the system takes in for us before we accept them, as actix-web has it: with the
/// standard library's 128, a burst of clients waits for seconds until their machines ask again.
const BACKLOG: i32 = 2_048;

/// Lets a crowd of clients wait to be accepted, as far as the system allows.
pub(super) fn widen_backlog(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).listen(BACKLOG)
}

/// Makes the system end connections whose client takes nothing of what is sent to it for so long,
/// or whose machine is gone. Accepted connections inherit this from the socket that listens.
///
/// On Linux a client that is there and never reads counts as well. Elsewhere there is no such option:
/// only the machine that is gone is found, and what a client does not read stays until it hangs up.
pub(super) fn end_dead_connections(listener: &TcpListener, unread: Duration) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(unread))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(unread))?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_client_that_never_reads_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        end_dead_connections(&listener, Duration::from_secs(1)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        // Blocks once the buffers of both ends are full, and for ever without the option.
        accepted
            .set_write_timeout(Some(Duration::from_secs(60)))
            .unwrap();

        let error = loop {
            if let Err(error) = accepted.write_all(&[0; 64 * 1024]) {
                break error;
            }
        };

        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        drop(client);
    }
}
