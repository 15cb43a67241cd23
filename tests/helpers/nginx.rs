//! A stock nginx before the service.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::eventually::eventually;

/// An nginx of one process, in a folder of its own. Killed when dropped.
pub(crate) struct Nginx {
    process: Child,
    /// What clients take for the service.
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// Passes everything on to the service, with these lines in its configuration beside `proxy_pass`.
    pub(crate) async fn before(service: SocketAddr, lines: &str) -> Self {
        Self::start(service, "", lines).await
    }

    /// Passes on what comes encrypted, with the certificate of this folder.
    pub(crate) async fn encrypting(service: SocketAddr, certificates: &Path) -> Self {
        let folder = certificates.display();
        let tls = format!(
            "ssl; ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem"
        );
        Self::start(service, &tls, "").await
    }

    /// `listening` follows the address that it listens on.
    async fn start(service: SocketAddr, listening: &str, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago. If somebody else is quicker, nginx says so and ends.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;
             events {{}}
             http {{
                 access_log off;
                 client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                 uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                 server {{
                     listen {address} {listening};
                     location / {{
                         proxy_pass http://{service};
                         {lines}
                     }}
                 }}
             }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut process = Command::new("nginx")
            // Debian keeps it where only root looks.
            .env("PATH", "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("nginx: {error}; run: apt-get install nginx"));
        eventually("nginx listens", async || {
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none(), "nginx: {ended:?}, see above");
            TcpStream::connect(address).ok()
        })
        .await;
        Self {
            process,
            address,
            _folder: folder,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
